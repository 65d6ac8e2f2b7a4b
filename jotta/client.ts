// What the rest of the house knows of Jottacloud: one object with one method per thing the service can do.
// Nothing here knows S3. Facts and section numbers refer to the protocol reference, cited as "API n.n".
import type { Readable } from 'node:stream'
import { createDevice, customer, device, drive } from './account.ts'
import { toCalls, type UpstreamCall } from './call-kind.ts'
import { copyFile, moveFile } from './copy-move.ts'
import { type Content, type DownloadService, open } from './download.ts'
import { createByHash, createFolder, removeFile, removeFolder, stat } from './files.ts'
import { createHttp, type HttpOptions, realEnvironment } from './http.ts'
import { list, listTree, openListing } from './list.ts'
import { createMountpoint, mountpoints, removeMountpoint } from './mountpoints.ts'
import { createReadAhead, type ReadAheadOptions } from './read-ahead.ts'
import type { OpenListing } from './read-listing.ts'
import { createSemaphore } from './semaphore.ts'
import { apiBaseUrl, jfsBaseUrl } from './service.ts'
import { createSingleFlight } from './single-flight.ts'
import type { TokenSource } from './token.ts'
import {
  listTrash,
  listTrashedFolder,
  type Purged,
  purgeTrash,
  purgeTrashedFile,
  purgeTrashedFolder,
  type TrashEntry,
  type TrashedChild,
} from './trash.ts'
import {
  type Restored,
  type RestoreFolderOptions,
  restoreFile,
  restoreFolder,
} from './trash-restore.ts'
import { type UploadService, upload } from './upload.ts'
import type { Customer, Device, Drive, Entry, FileEntry, Mountpoint, TreeEntry } from './wire.ts'

/**
 * A place below a mountpoint. `device` and `mountpoint` in the exact casing that Jottacloud lists,
 * `path` as stored (encoded) names without slashes; an empty `path` is the mountpoint itself.
 */
export type Location = {
  readonly device: string
  readonly mountpoint: string
  readonly path: readonly string[]
}

/** Belongs to one unit of work (an S3 request, a command). */
export type CallOptions = {
  /** Ends every wait, request and stream of the call. */
  readonly signal: AbortSignal
  /**
   * With it, a request that may change what is stored, and was sent when `signal` ends, is waited for until it is
   * answered, its own limit is over or this ends. The call may then still succeed. What only reads ends with `signal`.
   */
  readonly answerSignal?: AbortSignal | undefined
  /** Raised by one for each HTTP request sent upstream, retries included. */
  readonly counter?: { upstreamCalls: number }
}

export type ByteRange = { readonly start: number; readonly endInclusive: number }

export type UploadInput = {
  readonly sizeBytes: number
  /** Lower-case hex MD5 of the whole content. */
  readonly md5: string
  readonly created: Date
  readonly modified: Date
  /** `reject` fails with JottaError `conflict` when a live file is there (API 5.1). */
  readonly onExisting: 'new-revision' | 'reject'
  /**
   * Opens the content from an offset. Called once per attempt, with the resume position that
   * Jottacloud gave; never called when Jottacloud has the content already. The client consumes or
   * destroys what it gets.
   */
  readonly openContent: (offset: number) => Readable | Promise<Readable>
}

export interface JottaClient {
  customer(options: CallOptions): Promise<Customer>
  drive(options: CallOptions): Promise<Drive>
  /** `undefined` when there is no such device. Matches the name without regard to case. */
  device(name: string, options: CallOptions): Promise<Device | undefined>
  createDevice(name: string, options: CallOptions): Promise<void>
  /** Live mountpoints of a device; `undefined` when there is no such device. */
  mountpoints(device: string, options: CallOptions): Promise<Mountpoint[] | undefined>
  /** Creates or finds. Throws JottaError `conflict` on the built-in device `Jotta`. */
  createMountpoint(device: string, name: string, options: CallOptions): Promise<void>
  removeMountpoint(
    device: string,
    name: string,
    mode: 'trash' | 'permanent',
    options: CallOptions,
  ): Promise<'removed' | 'missing'>

  /**
   * What is at a location, tombstones and unfinished files included: look at `deleted` and at
   * `current`. `undefined` on 404. Of a folder only the head is read, never its listing. A folder that is
   * too large to be listed is looked for in its parent; throws `unlistable` when that is too large as well.
   */
  stat(location: Location, options: CallOptions): Promise<Entry | undefined>
  /**
   * The direct children of a live folder, in the order they arrive, tombstones and unfinished files
   * included. Throws JottaError `not-found` when the folder is missing or trashed and `conflict`
   * when a file is there, `unlistable` when it has too many. Holds one entry at a time. Throws `protocol` at the end when fewer came than
   * the folder says it has.
   */
  list(location: Location, options: CallOptions): AsyncIterable<Entry>
  /**
   * Everything live below a folder (`mode=liststream`, API 4.7). Throws JottaError `protocol` at the
   * end when the stats are missing or do not match: until the iteration ends without an error, the
   * tree may be incomplete.
   */
  listTree(location: Location, options: CallOptions): AsyncIterable<TreeEntry>
  /**
   * The bytes of what `list` or `listTree` would read, for `readFolderListing` and `readTreeListing`, which
   * may run in another thread. The head of the reply has arrived; the caller reads `bytes` to the end or
   * destroys them.
   */
  openListing(
    location: Location,
    kind: 'folder' | 'tree',
    options: CallOptions,
  ): Promise<OpenListing<Readable>>
  /**
   * The bytes of the current revision. The response head has arrived when this returns. With `content`,
   * what the file is known to hold, a body that is cut or falls silent is gone on with by a new request,
   * as long as the file still holds just that; without, it is an error. Of the whole of it, also when the file was
   * written over meanwhile and still has the content as an older revision: whoever asks for the whole judges it by its
   * MD5. A long range may come by several requests at once, each of which holds to the same.
   */
  open(
    location: Location,
    options: CallOptions & { readonly range?: ByteRange; readonly content?: Content },
  ): Promise<{ readonly stream: Readable; readonly sizeBytes: number | undefined }>

  /**
   * Allocates, sends what Jottacloud lacks, resumes after a cut, and returns only when the new
   * revision is seen COMPLETED with this MD5 and size (API 5.1, 5.2).
   */
  upload(location: Location, input: UploadInput, options: CallOptions): Promise<FileEntry>
  /** Makes or touches a file by content that Jottacloud knows; `undefined` when it does not (API 5.3). */
  createByHash(
    location: Location,
    input: Pick<UploadInput, 'sizeBytes' | 'md5' | 'created' | 'modified'>,
    options: CallOptions,
  ): Promise<FileEntry | undefined>
  createFolder(location: Location, options: CallOptions): Promise<void>
  /** The verb must match what is there (API 6.1): stat first. 404 is `missing`. */
  removeFile(
    location: Location,
    mode: 'trash' | 'permanent',
    options: CallOptions,
  ): Promise<'removed' | 'missing'>
  removeFolder(
    location: Location,
    mode: 'trash' | 'permanent',
    options: CallOptions,
  ): Promise<'removed' | 'missing'>
  /** Server-side copy of a file; the result is live also when a tombstone was at `to` (API 6.4). */
  copyFile(from: Location, to: Location, options: CallOptions): Promise<FileEntry>
  /** Never call it with a live file at `to`: what Jottacloud does then is unknown (API 8, row 2). */
  moveFile(from: Location, to: Location, options: CallOptions): Promise<FileEntry>

  /** What was put into the trash, on whatever device; not what is inside it. Names may repeat (API 6.2). */
  listTrash(options: CallOptions): AsyncIterable<TrashEntry>
  /**
   * The direct children of a folder or mountpoint in the trash. Throws JottaError `not-found` when nothing
   * is there and `conflict` when a file is or when it is not in the trash. Holds one entry at a time.
   */
  listTrashedFolder(location: Location, options: CallOptions): AsyncIterable<TrashedChild>
  /**
   * A file in the trash, live again at its place with its times. Throws JottaError `conflict` when something
   * live is there, `not-found` when nothing is or when Jottacloud does not have the content any more.
   */
  restoreFile(location: Location, options: CallOptions): Promise<FileEntry>
  /**
   * All that is in a folder or mountpoint in the trash, live again: tells of each file as it is settled,
   * then of the folders that no file came back into, and of the folder itself. Goes on past what cannot
   * be restored; throws as `restoreFile` for the folder itself, and when the account or the connection
   * fails. Plans in memory, and refuses a folder of a million entries with `conflict`.
   */
  restoreFolder(location: Location, options: RestoreFolderOptions): AsyncIterable<Restored>
  /** Empties the trash of the whole account, whoever filled it. */
  purgeTrash(options: CallOptions): Promise<Purged>
  /**
   * Removes one file or folder in the trash for good. Throws JottaError `conflict`, and removes nothing, when
   * something live or of the other kind is there, `not-found` when nothing is.
   */
  purgeTrashedFile(location: Location, options: CallOptions): Promise<'removed' | 'missing'>
  purgeTrashedFolder(location: Location, options: CallOptions): Promise<'removed' | 'missing'>

  /** Milliseconds since the epoch by Jottacloud's clock; `undefined` before it has answered anything. */
  serviceNow(): number | undefined
  /** Closes pooled connections. Calls under way fail. */
  close(): Promise<void>
}

export type JottaClientOptions = Omit<HttpOptions, 'tokens' | 'keepAlive' | 'onSent'> & {
  readonly tokens: TokenSource
  /** Defaults are those of the real service (API 1.1). */
  readonly jfsUrl?: string | undefined
  readonly apiUrl?: string | undefined
  /** Sends at once; default 6, the most that Jottacloud's own client makes (API 7.4). */
  readonly maxConcurrentUploads?: number | undefined
  /** Downloads of known content by several requests at once; none without it. */
  readonly readAhead?: ReadAheadOptions | undefined
  /** How often the login is used at least, so that it does not lapse; default every 12 hours. */
  readonly keepLoginAliveMs?: number | undefined
  /** Told of each request to the service; must not throw. */
  readonly onCall?: ((call: UpstreamCall) => void) | undefined
}

const USERNAME_LIMIT_MS = 90_000
/** Whose caller has gone while their answer is waited for. Each holds one of the connections that downloads use too. */
const LEFT_UPLOADS_MAX = 24
const KEEP_LOGIN_ALIVE_MS = 12 * 3600 * 1000

/** Makes no request by itself. Throws TypeError when a URL is none. */
export function createJottaClient(options: JottaClientOptions): JottaClient {
  const service = createService(options)
  const stopKeepingAlive = keepLoginAlive(options)
  return {
    customer: (call) => customer(service, call),
    drive: (call) => drive(service, call),
    device: (name, call) => device(service, name, call),
    createDevice: (name, call) => createDevice(service, name, call),
    mountpoints: (name, call) => mountpoints(service, name, call),
    createMountpoint: (on, name, call) => createMountpoint(service, on, name, call),
    removeMountpoint: (on, name, mode, call) => removeMountpoint(service, on, name, mode, call),
    stat: (at, call) => stat(service, at, call),
    list: (at, call) => list(service, at, call),
    listTree: (at, call) => listTree(service, at, call),
    openListing: (at, kind, call) => openListing(service, at, kind, call),
    open: (at, call) => open(service, at, call),
    upload: (at, input, call) => upload(service, at, input, call),
    createByHash: (at, input, call) => createByHash(service, at, input, call),
    createFolder: (at, call) => createFolder(service, at, call),
    removeFile: (at, mode, call) => removeFile(service, at, mode, call),
    removeFolder: (at, mode, call) => removeFolder(service, at, mode, call),
    copyFile: (from, to, call) => copyFile(service, from, to, call),
    moveFile: (from, to, call) => moveFile(service, from, to, call),
    listTrash: (call) => listTrash(service, call),
    listTrashedFolder: (at, call) => listTrashedFolder(service, at, call),
    restoreFile: (at, call) => restoreFile(service, at, call),
    restoreFolder: (at, call) => restoreFolder(service, at, call),
    purgeTrash: (call) => purgeTrash(service, call),
    purgeTrashedFile: (at, call) => purgeTrashedFile(service, at, call),
    purgeTrashedFolder: (at, call) => purgeTrashedFolder(service, at, call),
    serviceNow: () => service.http.serviceNow(),
    close: async () => {
      stopKeepingAlive()
      await service.http.close()
    },
  }
}

function createService(options: JottaClientOptions): UploadService & DownloadService {
  const { onCall, readAhead } = options
  const onSent = onCall && toCalls(onCall)
  const http = createHttp({ ...options, onSent })
  const apiUrl = apiBaseUrl(options.apiUrl)
  let known: string | undefined
  const ask = createSingleFlight(
    'asking for the user name',
    USERNAME_LIMIT_MS,
    async (call: CallOptions) => {
      known = (await customer({ http, apiUrl }, call)).username
      return known
    },
  )
  return {
    http,
    apiUrl,
    jfsUrl: jfsBaseUrl(options.jfsUrl),
    environment: { ...realEnvironment, ...options.environment },
    username: async (call) => known ?? (await ask(call)),
    readAhead: readAhead && createReadAhead(readAhead),
    uploads: createSemaphore(options.maxConcurrentUploads ?? 6, LEFT_UPLOADS_MAX),
  }
}

/** A refresh token that is not used may lapse (API 2.2), and a quiet server makes no request. */
function keepLoginAlive(options: JottaClientOptions): () => void {
  const timer = setInterval(() => {
    const signal = AbortSignal.timeout(60_000)
    // The next request meets the same failure, and has someone to tell.
    options.tokens.accessToken({ signal }).catch(() => {})
  }, options.keepLoginAliveMs ?? KEEP_LOGIN_ALIVE_MS)
  timer.unref()
  return () => clearInterval(timer)
}
