// A whole bridge for tests of its acts: a real local Jottacloud in a folder of its own, a real client, a
// second client that stands for the owner's other devices, SQLite, a spool and a clock that tests move.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { createJottaClient, type JottaClient, type Location } from '../jotta/client.ts'
import {
  type Emulator,
  type EmulatorOptions,
  type Hold,
  startEmulator,
} from '../jotta/emulator/emulator.ts'
import { loginWithToken } from '../jotta/login.ts'
import { createTokenSource } from '../jotta/token.ts'
import type {
  Bridge,
  ListObjectsInput,
  ObjectBody,
  ObjectMetadata,
  PutObjectInput,
  PutObjectResult,
  RequestContext,
} from './bridge.ts'
import type { BucketBehaviour, BucketPlacement, NamedBucket } from './bucket-place.ts'
import { type BridgeOptions, createBridge, type OwnBridge } from './create-bridge.ts'
import { openSnapshots, type Snapshots, type SnapshotsOptions } from './listings/snapshots.ts'
import { currentEncoding } from './name-encoding.ts'
import { S3Error } from './s3-error.ts'
import { openSpool, type Spool } from './spool.ts'
import { openSqliteState } from './state/sqlite.ts'
import type { State } from './state/state.ts'

/** Of the bucket that every world begins with. */
export const bucket = 'bucket'

/** Where the bucket of a world is. */
const layouts = {
  /** A mountpoint of the bridge's device. */
  mountpoint: { device: 'S3', mountpoint: bucket, path: [] },
  /** A folder of a mountpoint, written in another casing than it has. */
  alias: { device: 'Jotta', mountpoint: 'Archive', path: ['My Backups', 'S3'] },
  /** A folder below the one whose folders are buckets. */
  folder: { device: 'Jotta', mountpoint: 'Archive', path: ['Buckets', bucket] },
} as const satisfies Record<string, Location>
export type Layout = keyof typeof layouts

export type WorldOptions = Partial<
  Pick<
    BridgeOptions,
    'multipartEtag' | 'memoryLimitBytes' | 'folderMaxEntries' | 'lockWaitMs' | 'folderWaitMs'
  >
> &
  Partial<BucketBehaviour> & {
    readonly emulator?: Omit<EmulatorOptions, 'dataDirectory'>
    readonly layout?: Layout
    /** How the patience of a listing is waited for. */
    readonly wait?: SnapshotsOptions['wait']
    readonly named?: Readonly<Record<string, NamedBucket>>
  }

export type World = {
  readonly bridge: OwnBridge
  readonly emulator: Emulator
  /** Changes Jottacloud without the bridge. */
  readonly foreign: JottaClient
  readonly state: State
  readonly spool: Spool
  readonly spoolDirectory: string
  /** Of the first bridge. */
  readonly snapshots: Snapshots
  readonly snapshotDirectory: string
  readonly clock: { nowMs: number }
  /** A place in the bucket. */
  readonly at: (...path: string[]) => Location
  readonly placement: BucketPlacement
  /** What the bridge told its operator. */
  readonly warnings: { message: string; cause: unknown }[]
  /**
   * A further bridge over the same state, spool folder and account, as another process would be; over a state
   * that never answers again at some point, as one that is killed there.
   */
  readonly startAgain: (changed?: BucketPlacement, over?: State) => Promise<OwnBridge>
  /** The same, that writes nothing to Jottacloud. */
  readonly startReadOnly: () => Promise<OwnBridge>
  /** A further bridge whose state and spool are empty, as on another disk. */
  readonly startElsewhere: () => Promise<OwnBridge>
  /** Ends work that outlives its request, as stopping the server does. */
  readonly stop: () => void
}

export async function withWorld(
  options: WorldOptions,
  act: (world: World) => Promise<void>,
): Promise<void> {
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'acts-'))
  resources.defer(() => rm(folder, { recursive: true, force: true }))
  const clock = { nowMs: Date.parse('2026-03-01T08:00:00.700Z') }
  const emulator = await startEmulator({
    ...options.emulator,
    now: () => new Date(clock.nowMs),
    dataDirectory: join(folder, 'jottacloud'),
  })
  resources.defer(() => emulator.close())
  const jotta = await connect(emulator, join(folder, 'own.json'), resources)
  const foreign = await connect(emulator, join(folder, 'foreign.json'), resources)
  const state = openSqliteState({ file: join(folder, 'state.sqlite') })
  resources.defer(() => state.close())
  const spoolDirectory = join(folder, 'spool')
  const warnings: World['warnings'] = []
  const stopping = new AbortController()
  const memoryLimitBytes = options.memoryLimitBytes ?? 64 * 1024
  const layout = options.layout ?? 'mountpoint'
  const placement = placementOf(options, layout)
  const snapshotDirectory = join(folder, 'listings')
  const open = async (
    placement: BucketPlacement,
    access: 'full' | 'read-only',
    { state, spoolDirectory }: { state: State; spoolDirectory: string },
  ) => {
    const limits = { memoryLimitBytes, memoryTotalBytes: 2 ** 24, maxBytes: 2 ** 30 }
    const spool = await openSpool({
      directory: spoolDirectory,
      ...limits,
      now: () => clock.nowMs,
    })
    const snapshots = await openSnapshots({
      ...{ directory: snapshotDirectory, maxBytes: 2 ** 30 },
      ...(options.wait && { wait: options.wait }),
      nextMoment: () => state.listings.nextMoment(clock.nowMs),
      ...{ now: () => clock.nowMs, warn: (message, cause) => warnings.push({ message, cause }) },
    })
    resources.defer(() => snapshots.close())
    const bridge = createBridge({
      folderMaxEntries: options.folderMaxEntries ?? 5000,
      ...{ jotta, state, spool, snapshots, memoryLimitBytes, maxConcurrentUploads: 6, placement },
      access,
      // By themselves far longer than here: a loaded machine must not look like somebody who stays.
      lockWaitMs: options.lockWaitMs ?? 300_000,
      folderWaitMs: options.folderWaitMs ?? 300_000,
      multipartEtag: options.multipartEtag ?? 's3',
      now: () => clock.nowMs,
      warn: (message, cause) => warnings.push({ message, cause }),
      stopSignal: stopping.signal,
    })
    return { bridge, spool, snapshots }
  }
  const { bridge, spool, snapshots } = await open(placement, 'full', { state, spoolDirectory })
  const root = layouts[layout]
  if (layout === 'alias') await foreign.createFolder(root, contextOf())
  else await bridge.createBucket(bucket, contextOf())
  await act({
    ...{ bridge, emulator, foreign, state, spool, spoolDirectory, clock, warnings, placement },
    ...{ snapshots, snapshotDirectory },
    at: (...path) => ({ ...root, path: [...root.path, ...path] }),
    startAgain: async (changed = placement, over = state) =>
      (await open(changed, 'full', { state: over, spoolDirectory })).bridge,
    startReadOnly: async () =>
      (await open(placement, 'read-only', { state, spoolDirectory })).bridge,
    async startElsewhere() {
      const elsewhere = await mkdtemp(join(folder, 'elsewhere-'))
      const other = openSqliteState({ file: join(elsewhere, 'state.sqlite') })
      resources.defer(() => other.close())
      const directory = join(elsewhere, 'spool')
      return (await open(placement, 'full', { state: other, spoolDirectory: directory })).bridge
    },
    stop: () => stopping.abort(new Error('stopped')),
  })
}

function placementOf(options: WorldOptions, layout: Layout): BucketPlacement {
  const { mountpoint, path } = layouts.alias
  const written = { device: 'jotta', mountpoint, path: path.map((name) => name.toUpperCase()) }
  const named = new Map(Object.entries(options.named ?? {}))
  if (layout === 'alias') named.set(bucket, { ...named.get(bucket), path: written })
  const folder = { ...layouts.folder, path: layouts.folder.path.slice(0, -1) }
  return {
    home: layout === 'folder' ? { kind: 'folder', folder } : { kind: 'device', device: 'S3' },
    defaults: {
      encoding: options.encoding ?? currentEncoding,
      deleteMode: options.deleteMode ?? 'trash',
      versions: options.versions ?? 'keep',
      modifiedFrom: options.modifiedFrom ?? 'upload',
    },
    named,
  }
}

async function connect(
  emulator: Emulator,
  tokenFile: string,
  resources: AsyncDisposableStack,
): Promise<JottaClient> {
  const { signal } = contextOf()
  await loginWithToken({ loginToken: emulator.loginToken(), tokenFile, signal })
  const client = createJottaClient({
    tokens: createTokenSource({ tokenFile }),
    jfsUrl: emulator.jfsUrl,
    apiUrl: emulator.apiUrl,
    environment: {
      random: () => 0.5,
      // Retries come at once, and still let others go first.
      wait: async (_delayMs, abort) => {
        await setImmediate()
        abort.throwIfAborted()
      },
    },
  })
  resources.defer(() => client.close())
  return client
}

/**
 * Belongs to one request of a test; ends by itself, so that what hangs is a failure. The limit is far above the
 * client's own: a key of 500 folders is a thousand calls, which take minutes on a machine at a tenth of its speed.
 */
export function contextOf(signal: AbortSignal = AbortSignal.timeout(600_000)): RequestContext {
  return { requestId: 'test', signal, counter: { upstreamCalls: 0 } }
}

export function placeOf(...path: string[]): Location {
  return { device: 'S3', mountpoint: bucket, path }
}

export function md5Of(content: string | Buffer): string {
  return createHash('md5').update(content).digest('hex')
}

/** Until a request that is held has come; fails at once when `act`, which was to send it, ends without it. */
export async function reachedBy(act: Promise<unknown>, held: Hold): Promise<void> {
  const without = act.then(() => {
    throw new Error('it ended without the request that is waited for')
  })
  await Promise.race([held.reached(), without])
}

/** Content that no other call gives. */
export function freshBytes(sizeBytes: number): Buffer {
  return randomBytes(sizeBytes)
}

/** How a body reaches Jottacloud. With the limit of 64 KiB, these sizes take each of the ways. */
export const waysOfPut = [
  { way: 'in memory', sizeBytes: 1000, announceMd5: false },
  { way: 'spooled', sizeBytes: 200_000, announceMd5: false },
  { way: 'staged', sizeBytes: 200_000, announceMd5: true },
] as const

export type BodyOptions = Partial<ObjectBody> & { readonly announceMd5?: boolean }

export function bodyOf(content: string | Buffer, options: BodyOptions = {}): ObjectBody {
  const bytes = Buffer.from(content)
  const { announceMd5 = false, ...rest } = options
  return {
    stream: streamOf(bytes),
    sizeBytes: bytes.length,
    checksums: () => ({}),
    ...(announceMd5 && { md5: md5Of(bytes) }),
    ...rest,
  }
}

function streamOf(bytes: Buffer): Readable {
  return Readable.from(chunksOf(bytes), { objectMode: false })
}

export function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 16 * 1024) yield bytes.subarray(at, at + 16 * 1024)
}

export type PutOptions = BodyOptions & {
  readonly metadata?: Partial<ObjectMetadata>
  readonly tags?: PutObjectInput['tags']
  readonly conditions?: PutObjectInput['conditions']
  readonly context?: RequestContext
}

export async function put(
  bridge: Bridge,
  key: string,
  content: string | Buffer,
  options: PutOptions = {},
): Promise<PutObjectResult> {
  const { metadata, tags = [], conditions = {}, context = contextOf(), ...body } = options
  return await bridge.putObject(
    {
      ...{ bucket, key, conditions, tags },
      body: bodyOf(content, body),
      metadata: { user: {}, ...metadata },
    },
    context,
  )
}

export async function get(bridge: Bridge, key: string, range?: string): Promise<Buffer> {
  const input = { bucket, key, conditions: {}, range }
  const { stream } = await bridge.getObject(input, contextOf())
  return await bytesOf(stream)
}

/** What a HEAD shows of an object: its user metadata under `user`. */
export async function head(bridge: Bridge, key: string) {
  const input = { bucket, key, conditions: {}, range: undefined }
  return (await bridge.headObject(input, contextOf())).object
}

export async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function list(
  bridge: Bridge,
  input: Partial<ListObjectsInput> = {},
): Promise<string[]> {
  const full = { bucket, prefix: '', delimiter: '', after: '', maxKeys: 1000, ...input }
  const { entries } = await bridge.listObjects(full, contextOf())
  return entries.map((entry) => (entry.kind === 'object' ? entry.key : entry.prefix))
}

/** Stores a file as another of the owner's devices would; with another MD5 it becomes CORRUPT. */
export async function storeForeign(
  client: JottaClient,
  location: Location,
  content: string | Buffer,
  announcedMd5 = md5Of(content),
): Promise<void> {
  const bytes = Buffer.from(content)
  const time = new Date('2025-01-01T00:00:00Z')
  await client.upload(
    location,
    {
      sizeBytes: bytes.length,
      md5: announcedMd5,
      created: time,
      modified: time,
      onExisting: 'new-revision',
      openContent: (offset) => streamOf(bytes.subarray(offset)),
    },
    contextOf(),
  )
}

/** The code of the S3Error, or `no error`; everything else is passed on. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await failureOf(promise)
  if (error === undefined) return 'no error'
  if (error instanceof S3Error) return error.code
  throw error
}

export async function failureOf(promise: Promise<unknown>): Promise<Error | undefined> {
  try {
    await promise
    return undefined
  } catch (error) {
    assert(error instanceof Error)
    return error
  }
}
