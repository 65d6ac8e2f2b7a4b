// Addresses and networks, as policies and settings write them: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
// IPv4 in the clothes of IPv6 is IPv4. Pure.
import { BlockList, isIP } from 'node:net'

export function isNetwork(text: string): boolean {
  const [network = '', bits, ...more] = text.split('/')
  const family = isIP(network)
  if (family === 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsOf(family))
}

/** Whether an address is in one of them. What is no network holds nothing. */
export function createNetworks(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const text of networks.filter(isNetwork)) {
    const [network = '', bits] = text.split('/')
    const family = isIP(network)
    list.addSubnet(network, Number(bits ?? bitsOf(family)), typeOf(family))
  }
  return (text) => {
    const address = plainAddress(text)
    const family = isIP(address)
    return family !== 0 && list.check(address, typeOf(family))
  }
}

export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
}

function bitsOf(family: number): number {
  return family === 4 ? 32 : 128
}

function typeOf(family: number): 'ipv4' | 'ipv6' {
  return family === 4 ? 'ipv4' : 'ipv6'
}
