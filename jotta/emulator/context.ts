// The parts that every route of one emulator shares, and what a route receives and returns.
import type { IncomingMessage } from 'node:http'
import type { Blobs } from './blobs.ts'
import type { Commands } from './commands.ts'
import type { Faults } from './faults.ts'
import type { GarbageCollector } from './garbage.ts'
import type { Identity } from './identity.ts'
import type { LegacyLogin, Switches } from './options.ts'
import type { Revisions } from './revisions.ts'
import type { Store } from './store.ts'
import type { Tree } from './tree.ts'
import type { Uploads } from './uploads.ts'

export type Context = {
  readonly username: string
  readonly legacyLogin: LegacyLogin | undefined
  readonly switches: Switches
  readonly store: Store
  readonly tree: Tree
  readonly revisions: Revisions
  readonly commands: Commands
  readonly blobs: Blobs
  readonly garbage: GarbageCollector
  readonly identity: Identity
  readonly uploads: Uploads
  readonly faults: Faults
}

/** What a request is, for faults and counters; the JFS commands by the name of their parameter. */
export type Operation =
  | 'discovery'
  | 'authorize'
  | 'token'
  | 'legacyToken'
  | 'userinfo'
  | 'customer'
  | 'allocate'
  | 'upload'
  | 'purge_trash'
  | 'drive'
  | 'device'
  | 'createDevice'
  | 'createMountpoint'
  | 'stat'
  | 'download'
  | 'list'
  | 'liststream'
  | 'enableShare'
  | 'disableShare'
  | 'mkDir'
  | 'dl'
  | 'rm'
  | 'dlDir'
  | 'rmDir'
  | 'cp'
  | 'mv'
  | 'mvDir'
  | 'cphash'
  | 'unknown'

export type Call = {
  readonly request: IncomingMessage
  readonly method: string
  /** As it came, without the query. */
  readonly rawPath: string
  readonly query: URLSearchParams
  readonly operation: Operation
  /** Scheme and host that the client used, or the configured ones. */
  readonly baseUrl: string
  /** Aborts when the client goes away or the emulator closes. */
  readonly signal: AbortSignal
  /** To be called with each piece of body that is read. */
  readonly countBytesIn: (bytes: number) => void
}

export type Body = string | Iterable<string> | AsyncIterable<Buffer | string>

export type Reply = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
  /** Called once when the reply was sent or will not be. */
  readonly release?: () => void
}

export function xmlReply(body: Body, status = 200): Reply {
  return { status, headers: { 'content-type': 'application/xml; charset=UTF-8' }, body }
}

export function jsonReply(value: unknown, status = 200): Reply {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return { status, headers, body: JSON.stringify(value) }
}
