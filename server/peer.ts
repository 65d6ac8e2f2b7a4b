// Where a request comes from, and whether over TLS: as the connection says, or, where that ends at a proxy that
// the settings trust, as the proxy says. What anybody else says of it is not believed.
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { TLSSocket } from 'node:tls'
import { createNetworks, plainAddress } from './access/network.ts'

export type Peer = {
  /** `undefined` when the connection is gone already. */
  readonly address: string | undefined
  readonly isSecure: boolean
}

export type FindPeer = (req: Pick<IncomingMessage, 'socket' | 'headers'>) => Peer

/** `trustedProxies` are addresses and networks; none trusts nobody. */
export function createFindPeer(trustedProxies: readonly string[]): FindPeer {
  const isTrusted = createNetworks(trustedProxies)
  return ({ socket, headers }) => {
    const { remoteAddress } = socket
    const address = remoteAddress === undefined ? undefined : plainAddress(remoteAddress)
    const isSecure = socket instanceof TLSSocket
    if (address === undefined || !isTrusted(address)) return { address, isSecure }
    return {
      address: forwardedFor(headers['x-forwarded-for']?.toString(), address, isTrusted),
      isSecure: forwardedProto(headers['x-forwarded-proto']?.toString()) ?? isSecure,
    }
  }
}

/**
 * Each proxy appends whom it heard from, so the list is believed from its end on: up to the first that is no
 * proxy of ours, who may have written everything before it.
 */
function forwardedFor(
  header: string | undefined,
  proxy: string,
  isTrusted: (address: string) => boolean,
): string {
  let nearest = proxy
  for (const entry of (header ?? '').split(',').reverse()) {
    const address = readAddress(entry.trim())
    if (address === undefined) return nearest
    nearest = address
    if (!isTrusted(address)) return address
  }
  return nearest
}

/** Some proxies add a port. */
function readAddress(entry: string): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(entry) ?? /^([\d.]+):\d+$/.exec(entry)
  const address = plainAddress(bare?.[1] ?? entry)
  return isIP(address) === 0 ? undefined : address
}

/** The last proxy's word; `undefined` when it says nothing that is known. */
function forwardedProto(header: string | undefined): boolean | undefined {
  const last = header?.split(',').at(-1)?.trim().toLowerCase()
  return last === 'https' ? true : last === 'http' ? false : undefined
}
