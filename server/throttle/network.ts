// Whose an address is, for counting: one machine may have a great many of them. Pure.
import { isIPv6 } from 'node:net'
import { plainAddress } from '../access/network.ts'

/** Whoever has one address of IPv6 has all others of its network. */
export function networkOf(address = 'unknown'): string {
  const plain = plainAddress(address)
  if (!isIPv6(plain)) return plain
  const [head = '', tail = ''] = plain.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const missing = Math.max(0, 8 - groups(head).length - groups(tail).length)
  const all = [...groups(head), ...Array.from({ length: missing }, () => '0'), ...groups(tail)]
  const network = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
