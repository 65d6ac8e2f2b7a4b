// One account's part of the server: its state, its spool, its bridge, and the work that goes on beside
// requests.
import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bridge } from '../translate/bridge.ts'
import type { BucketPlacement } from '../translate/bucket-place.ts'
import { findOddBuckets } from '../translate/buckets.ts'
import { createBridge, type OwnBridge } from '../translate/create-bridge.ts'
import { keepDaily } from '../translate/daily-chore.ts'
import { createKeyLocks } from '../translate/key-locks.ts'
import { createLeases } from '../translate/leases.ts'
import { openSnapshots, type SnapshotsUsage } from '../translate/listings/snapshots.ts'
import { createQuota, type Quota } from '../translate/quota/quota.ts'
import { withQuotas } from '../translate/quota/quota-bridge.ts'
import { openSpool } from '../translate/spool.ts'
import type { SpaceUsage } from '../translate/spool-room.ts'
import { openSqliteState } from '../translate/state/sqlite.ts'
import type { State } from '../translate/state/state.ts'
import { type ExpiryParts, sweepUploads } from '../translate/upload-expiry.ts'
import { type OpenAccount, stateFileName } from './account.ts'
import { placementOf, quotasOf } from './bucket-settings.ts'
import type { Clock } from './clock.ts'
import { accessOf, type Config } from './config.ts'
import type { Log } from './log.ts'

export type AccountInUse = {
  readonly name: string
  readonly jotta: OpenAccount['jotta']
  readonly state: State
  /** For the spool and listings. */
  readonly directory: string
}

/** What a bridge holds on this machine. */
export type BridgeUsage = {
  readonly spool: SpaceUsage
  readonly listings: SnapshotsUsage
  readonly unfinishedUploads: number
}

export type OpenBridge = { readonly bridge: Bridge; usage(): Promise<BridgeUsage> }

const sweepIntervalMs = 60 * 60_000
/** At most a page of a listing in a second, and five removals. */
const lifecyclePausesMs = { page: 1000, removal: 200 }
/** At most five keys in a second. */
const leftRecordPauseMs = 200
const inspectionTimeoutMs = 5 * 60_000

/** Made in the directory, and that too, when it is missing; closed by `parts`. */
export async function openState(directory: string, parts: AsyncDisposableStack): Promise<State> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const state = openSqliteState({ file: join(directory, stateFileName) })
  parts.defer(() => state.close())
  return state
}

export type Surroundings = {
  readonly log: Log
  readonly clock: Clock
  readonly stopSignal: AbortSignal
}

/** What it opens is closed by `parts`. */
export async function openBridge(
  config: Config,
  account: AccountInUse,
  { log, clock, stopSignal }: Surroundings,
  parts: AsyncDisposableStack,
): Promise<OpenBridge> {
  const { now } = clock
  const { jotta, state, directory } = account
  const spool = await openSpool({
    directory: join(directory, 'spool'),
    memoryLimitBytes: config.uploadMemoryLimit,
    memoryTotalBytes: config.uploadMemoryTotal,
    maxBytes: config.spoolMaxBytes,
    now: () => performance.now(),
  })
  const warn = (message: string, cause: unknown): void => log.warn({ err: cause }, message)
  const snapshots = await openSnapshots({
    directory: join(directory, 'listings'),
    maxBytes: config.listingMaxBytes,
    now,
    nextMoment: () => state.listings.nextMoment(now()),
    warn,
  })
  parts.defer(() => snapshots.close())
  const placement = placementOf(config, account.name)
  const own = createBridge({
    jotta,
    state,
    spool,
    snapshots,
    placement,
    access: accessOf(config),
    multipartEtag: config.etagMultipart,
    memoryLimitBytes: config.uploadMemoryLimit,
    maxConcurrentUploads: config.maxConcurrentUploads,
    folderMaxEntries: config.folderMaxEntries,
    now,
    warn,
    stopSignal,
  })
  // Before the state is closed: a completion whose client left still has a word to write there.
  parts.defer(() => own.settled())
  const quotas = quotasOf(config, account.name)
  const quota = await openQuota(quotas, { state, bridge: own, now, warn, stopSignal }, parts)
  const bridge = withQuotas(own, quota)
  if (accessOf(config) === 'full') {
    const locks = createKeyLocks(createLeases({ leases: state.leases, now, warn }))
    await keepSwept(config, { state, spool, locks, log, clock }, parts)
    const chores = [
      lifecycleChore(account, bridge, { log, clock }),
      leftRecordsChore(account, bridge, { log, clock }),
    ]
    if (quotas.size > 0) chores.push(quotaChore([...quotas.keys()], quota))
    for (const chore of chores) keepChore(chore, account, { log, clock }, parts)
  }
  logEncodings(account, placement, log)
  inspectBuckets(account, placement, log, parts)
  return {
    bridge,
    usage: async () => ({
      spool: await spool.usage(),
      listings: snapshots.usage(),
      unfinishedUploads: await state.uploads.countUnfinished(),
    }),
  }
}

type Told = Pick<Surroundings, 'log' | 'clock'>

/** Removes uploads that expired, now and each hour. */
async function keepSwept(
  { uploadExpiryDays }: Config,
  { log, clock, ...expiring }: Told & ExpiryParts,
  parts: AsyncDisposableStack,
): Promise<void> {
  const sweep = async (): Promise<void> => {
    try {
      const uploadExpiryMs = uploadExpiryDays * 24 * 60 * 60_000
      const removed = await sweepUploads(expiring, { uploadExpiryMs, nowMs: clock.now() })
      if (removed.uploads + removed.strayFiles > 0) log.info(removed, 'expired uploads removed')
    } catch (error) {
      log.warn({ err: error }, 'expired uploads could not be removed')
    }
  }
  await sweep()
  const ending = new AbortController()
  const keepSweeping = async (): Promise<void> => {
    for (;;) {
      await clock.wait(sweepIntervalMs, ending.signal)
      await sweep()
    }
  }
  const sweeping = keepSweeping().catch((error: unknown) => {
    if (!ending.signal.aborted)
      log.error({ err: error }, 'expired uploads are not removed any more')
  })
  parts.defer(async () => {
    ending.abort()
    await sweeping
  })
}

type Chore = {
  readonly name: string
  readonly work: (signal: AbortSignal) => Promise<void>
}

/** Does it once a day, beside everything else. */
function keepChore(
  { name, work }: Chore,
  account: AccountInUse,
  { log, clock }: Told,
  parts: AsyncDisposableStack,
): void {
  const ending = new AbortController()
  const { signal } = ending
  const about = { account: account.name, chore: name }
  const warn = (message: string, cause: unknown): void =>
    log.warn({ ...about, err: cause }, message)
  const { state } = account
  const leases = createLeases({ leases: state.leases, now: clock.now, warn })
  const keeping = keepDaily({
    ...{ state, leases, name, work, warn, signal, ...clock },
  }).catch((error: unknown) => log.error({ ...about, err: error }, 'a chore is not done any more'))
  parts.defer(async () => {
    ending.abort()
    await keeping
  })
}

/** Carries lifecycle rules out, slowly. */
function lifecycleChore({ name }: AccountInUse, bridge: OwnBridge, { log, clock }: Told): Chore {
  return {
    name: 'lifecycle',
    async work(signal) {
      const context = { requestId: randomUUID(), signal, counter: { upstreamCalls: 0 } }
      const pause = async (before: 'page' | 'removal'): Promise<void> => {
        await clock.wait(lifecyclePausesMs[before], signal)
      }
      const counts = await bridge.runLifecycle({ pause }, context)
      const { upstreamCalls } = context.counter
      log.info({ account: name, ...counts, upstreamCalls }, 'lifecycle rules carried out')
    },
  }
}

/** Settles the metadata that failed and killed writes left, slowly. */
function leftRecordsChore({ name }: AccountInUse, bridge: OwnBridge, { log, clock }: Told): Chore {
  return {
    name: 'left records',
    async work(signal) {
      const context = { requestId: randomUUID(), signal, counter: { upstreamCalls: 0 } }
      const pause = async (): Promise<void> => await clock.wait(leftRecordPauseMs, signal)
      const counts = await bridge.settleLeftRecords(pause, context)
      if (counts.keys + counts.failures === 0) return
      log.info({ account: name, ...counts }, 'metadata that failed writes left was settled')
    },
  }
}

/** Counts buckets anew that have a quota, for what others store in them. */
function quotaChore(buckets: readonly string[], quota: Quota): Chore {
  return {
    name: 'quota',
    work: (signal) => quota.countAll(buckets, signal),
  }
}

type QuotaParts = Parameters<typeof createQuota>[0]

/** The quota of each bucket that has one; its counts end with `parts`. */
async function openQuota(
  quotas: ReadonlyMap<string, number>,
  given: Omit<QuotaParts, 'quotaOf' | 'state'> & { readonly state: State },
  parts: AsyncDisposableStack,
): Promise<Quota> {
  const ending = new AbortController()
  const stopSignal = AbortSignal.any([given.stopSignal, ending.signal])
  const quotaOf = (bucket: string) => quotas.get(bucket)
  const quota = createQuota({ ...given, quotaOf, stopSignal })
  parts.defer(async () => {
    ending.abort(new Error('the server is stopping'))
    await quota.settled()
  })
  await given.state.usage.keepOnly(new Set(quotas.keys()))
  return quota
}

/** Should they ever be changed, what they were is in the log. */
function logEncodings({ name }: AccountInUse, placement: BucketPlacement, log: Log): void {
  const own = [...placement.named].flatMap(([bucket, { encoding }]) =>
    encoding === undefined ? [] : [[bucket, encoding.flags]],
  )
  const encoding = placement.defaults.encoding.flags
  const buckets = Object.fromEntries(own)
  log.info({ account: name, encoding, buckets }, 'names are encoded with')
}

/** Beside the start, which must not wait for Jottacloud. */
function inspectBuckets(
  { name, jotta }: AccountInUse,
  placement: BucketPlacement,
  log: Log,
  parts: AsyncDisposableStack,
): void {
  if ([...placement.named.values()].every(({ path }) => path === undefined)) return
  const ending = new AbortController()
  const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(inspectionTimeoutMs)])
  const context = { requestId: randomUUID(), signal, counter: { upstreamCalls: 0 } }
  const inspection = findOddBuckets(jotta, placement, context).then(
    (findings) => {
      for (const finding of findings) log.warn({ account: name }, finding)
    },
    (error: unknown) => {
      if (ending.signal.aborted) return
      log.warn({ account: name, err: error }, 'the configured buckets could not be looked at')
    },
  )
  parts.defer(async () => {
    ending.abort()
    await inspection
  })
}
