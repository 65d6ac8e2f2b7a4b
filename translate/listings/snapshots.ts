// Snapshots of listings: made once, read page by page, shared by equal listings, bounded in number, time and
// disk. A listing that begins now never gets one whose upstream request was sent before it began.
import { setTimeout as delay } from 'node:timers/promises'
import { JottaError } from '../../jotta/jotta-error.ts'
import type { RequestContext } from '../bridge.ts'
import { orAborted } from '../key-locks.ts'
import type { OrderedSource } from '../listing.ts'
import { S3Error } from '../s3-error.ts'
import { cursorAt, momentOf } from './cursor.ts'
import type { Job } from './job.ts'
import type { WalkedObject } from './row.ts'
import { Snapshot } from './snapshot.ts'
import { openSnapshotDirectory, type SnapshotDirectory } from './snapshot-directory.ts'
import {
  createSnapshotThreads,
  NoRoomError,
  type SnapshotThreads,
  type Upstream,
} from './snapshot-threads.ts'

export type SnapshotSource = Omit<Job, 'file'> & {
  /** Equal for sources whose snapshots are interchangeable. */
  readonly name: string
  /** Of the request that it is made for first. */
  readonly upstream: (request: Pick<RequestContext, 'requestId' | 'counter'>) => Upstream
}

export type OpenSnapshot = {
  /** Names the moment that the listing began, for `goOn`. */
  readonly cursor: string
  readonly isEmpty: boolean
  readonly entries: OrderedSource<WalkedObject>
  /** To be called once. */
  leave(listing: Leaving): void
}

/** `ended`: there is no further page. `perhaps-ended`: nor here, but others may be in its place. */
export type Leaving = 'goes-on' | 'ended' | 'perhaps-ended'

/** Making a snapshot takes longer than the patience. It is made all the same, for who comes with the cursor. */
export class NotYetError extends Error {
  override readonly name = 'NotYetError'
  readonly cursor: string

  constructor(cursor: string) {
    super('the snapshot is still being made')
    this.cursor = cursor
  }
}

export interface Snapshots {
  /**
   * For a listing that begins now. Throws NotYetError after `patienceMs`, S3Error ServiceUnavailable,
   * NoRoomError, and what upstream throws.
   */
  begin(source: SnapshotSource, context: RequestContext, patienceMs?: number): Promise<OpenSnapshot>
  /** For a further page of a listing: any snapshot will do that is not older than the listing. */
  goOn(
    source: SnapshotSource,
    cursor: string,
    context: RequestContext,
    patienceMs?: number,
  ): Promise<OpenSnapshot>
  /** Whether a further page would begin no snapshot. */
  canGoOn(source: SnapshotSource, cursor: string): boolean
  /** What there is now. */
  usage(): SnapshotsUsage
  close(): Promise<void>
}

export type SnapshotsUsage = {
  readonly snapshots: number
  readonly sizeBytes: number
  readonly limitBytes: number
  readonly threads: number
  /** Those that are being made. */
  readonly running: number
}

export type SnapshotsOptions = {
  /** Made when missing; may be shared by processes. */
  readonly directory: string
  /** All files together. */
  readonly maxBytes: number
  /** Default 64. */
  readonly maxSnapshots?: number
  /** Of those in the memory, which are small, all together. Default 16 MiB. */
  readonly maxHeldBytes?: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Later than all that were given before, in every process that goes on with the listings of this one. */
  readonly nextMoment: () => Promise<number>
  /** How patience is waited for; tests do not. Rejects when the signal aborts. */
  readonly wait?: (delayMs: number, signal: AbortSignal) => Promise<unknown>
  readonly warn: (message: string, cause: unknown) => void
}

const realWait = async (delayMs: number, signal: AbortSignal): Promise<unknown> =>
  await delay(delayMs, undefined, { signal })

const buildsAtOnce = 6
const attempts = 3
const idleMaxMs = 5 * 60_000
const sweepEveryMs = 30_000

export async function openSnapshots(options: SnapshotsOptions): Promise<Snapshots> {
  const directory = await openSnapshotDirectory(options.directory)
  return new SnapshotStore(options, directory, createSnapshotThreads())
}

class SnapshotStore implements Snapshots {
  readonly #options: SnapshotsOptions
  readonly #directory: SnapshotDirectory
  readonly #threads: SnapshotThreads
  readonly #all = new Set<Snapshot>()
  readonly #starts = new Map<Snapshot, () => Promise<void>>()
  readonly #running = new Set<Promise<void>>()
  readonly #sweeping: NodeJS.Timeout

  constructor(options: SnapshotsOptions, directory: SnapshotDirectory, threads: SnapshotThreads) {
    this.#options = options
    this.#directory = directory
    this.#threads = threads
    this.#sweeping = setInterval(() => this.#sweep(), sweepEveryMs)
    this.#sweeping.unref()
  }

  async begin(source: SnapshotSource, context: RequestContext, patienceMs?: number) {
    this.#sweep()
    let snapshot = [...this.#all].find(
      (one) => one.source === source.name && one.state === 'queued',
    )
    if (snapshot === undefined) {
      const made = new Snapshot(source.name, this.#options.now())
      snapshot = made
      this.#all.add(made)
      this.#starts.set(made, () => this.#make(made, source, context))
    }
    snapshot.listings += 1
    this.#startNext()
    return await this.#use(snapshot, context, patienceMs)
  }

  async goOn(source: SnapshotSource, cursor: string, context: RequestContext, patienceMs?: number) {
    this.#sweep()
    const usable = this.#usable(source, cursor)
    if (usable === undefined) return await this.begin(source, context, patienceMs)
    return await this.#use(usable, context, patienceMs)
  }

  canGoOn(source: SnapshotSource, cursor: string): boolean {
    this.#sweep()
    return this.#usable(source, cursor) !== undefined
  }

  usage() {
    return {
      snapshots: this.#all.size,
      sizeBytes: this.#sizeBytes(),
      limitBytes: this.#options.maxBytes,
      threads: this.#threads.count(),
      running: this.#running.size,
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeping)
    for (const snapshot of this.#all) snapshot.stop(new Error('the bridge stops'))
    this.#startNext()
    await Promise.all(this.#running)
    for (const snapshot of this.#all) await this.#remove(snapshot)
    await this.#threads.close()
    await this.#directory.close()
  }

  #usable(source: SnapshotSource, cursor: string): Snapshot | undefined {
    const begun = momentOf(cursor)
    if (begun === undefined) return undefined
    return [...this.#all]
      .filter((one) => one.source === source.name && one.state !== 'gone' && one.moment >= begun)
      .sort((a, b) => a.moment - b.moment)[0]
  }

  async #use(snapshot: Snapshot, context: RequestContext, patienceMs: number | undefined) {
    snapshot.users += 1
    snapshot.isKept = false
    let isLeft = false
    const leave = (listing: Leaving): void => {
      if (isLeft) return
      isLeft = true
      snapshot.users -= 1
      snapshot.usedMs = this.#options.now()
      if (listing === 'ended') snapshot.listings -= 1
      // Kept for a shorter time, and the first to make way.
      if (listing === 'perhaps-ended') snapshot.usedMs -= idleMaxMs / 2
      this.#dropUnused(snapshot)
    }
    try {
      if (!(await this.#isReadyWithin(snapshot, patienceMs, context.signal))) {
        snapshot.isKept = true
        leave('goes-on')
        throw new NotYetError(cursorAt(snapshot.moment))
      }
    } catch (error) {
      leave('ended')
      throw error
    }
    return {
      cursor: cursorAt(snapshot.moment),
      isEmpty: snapshot.isEmpty,
      entries: snapshot.entries(),
      leave,
    }
  }

  async #isReadyWithin(
    { ready, state }: Snapshot,
    patienceMs: number | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    const isReady = orAborted(ready.promise, signal).then(() => true)
    if (patienceMs === undefined || state === 'ready') return await isReady
    const over = new AbortController()
    const { wait = realWait } = this.#options
    try {
      const patience = wait(patienceMs, over.signal).then(
        () => false,
        () => false,
      )
      return await Promise.race([isReady, patience])
    } finally {
      over.abort()
      // When the patience ended first, nobody waits for the other.
      isReady.catch(() => {})
    }
  }

  /** As many as may run at once, and one of a source at a time: those that come meanwhile share the next. */
  #startNext(): void {
    for (const [snapshot, start] of this.#starts) {
      if (this.#running.size >= buildsAtOnce && !snapshot.stopSignal.aborted) return
      const isBusy = [...this.#all].some(
        (one) => one.source === snapshot.source && one.state === 'running',
      )
      if (isBusy && !snapshot.stopSignal.aborted) continue
      this.#starts.delete(snapshot)
      // From here on nobody joins it: others may get a later moment before its request is sent.
      snapshot.state = 'running'
      const running = start().finally(() => {
        this.#running.delete(running)
        this.#startNext()
      })
      this.#running.add(running)
    }
  }

  /** Never throws: whoever waits is told. */
  async #make(
    snapshot: Snapshot,
    source: SnapshotSource,
    request: Pick<RequestContext, 'requestId' | 'counter'>,
  ): Promise<void> {
    try {
      snapshot.moment = await this.#nextMoment()
      // What could not even be begun was tried as often as it is of use.
      let refusal: unknown
      const upstream = source.upstream(request)
      const open: Upstream['open'] = async (path, signal) => {
        try {
          return await upstream.open(path, signal)
        } catch (error) {
          refusal = error
          throw error
        }
      }
      for (let attempt = 1; ; attempt += 1) {
        snapshot.stopSignal.throwIfAborted()
        const file = this.#directory.newFile()
        try {
          const { kind, prefix, encodingFlags } = source
          const made = await this.#threads.run(
            { kind, prefix, encodingFlags, file },
            { ...upstream, open },
            { signal: snapshot.stopSignal, onSize: (size) => this.#grow(snapshot, size) },
          )
          snapshot.finish(made, file)
          this.#dropUnused(snapshot)
          return
        } catch (error) {
          await this.#directory.remove(file)
          snapshot.sizeBytes = 0
          snapshot.stopSignal.throwIfAborted()
          const isFinal = error === refusal || !isPassing(error) || attempt === attempts
          if (isFinal) throw refusalOf(error)
        }
      }
    } catch (error) {
      this.#all.delete(snapshot)
      snapshot.fail(error)
    }
  }

  /** Without one, a snapshot serves those who wait for it, and their next pages begin another. */
  async #nextMoment(): Promise<number> {
    try {
      return await this.#options.nextMoment()
    } catch (error) {
      this.#options.warn('the beginning of a listing could not be written down', error)
      return Number.NEGATIVE_INFINITY
    }
  }

  #grow(snapshot: Snapshot, sizeBytes: number): void {
    snapshot.sizeBytes = sizeBytes
    this.#makeRoom()
    if (this.#sizeBytes() <= this.#options.maxBytes) return
    snapshot.stop(new NoRoomError('snapshots of listings may not take more disk space'))
  }

  #makeRoom(): void {
    const { maxBytes, maxSnapshots = 64, maxHeldBytes = 16 * 1024 ** 2 } = this.#options
    const idle = [...this.#all]
      .filter(({ state, users }) => state === 'ready' && users === 0)
      .sort((a, b) => a.usedMs - b.usedMs)
    for (const oldest of idle) {
      const isRoom = this.#sizeBytes() <= maxBytes && this.#heldBytes() <= maxHeldBytes
      if (isRoom && this.#all.size <= maxSnapshots) return
      this.#discard(oldest)
    }
  }

  #sweep(): void {
    const before = this.#options.now() - idleMaxMs
    for (const snapshot of this.#all) {
      if (snapshot.state === 'ready' && snapshot.users === 0 && snapshot.usedMs < before) {
        this.#discard(snapshot)
      }
    }
    this.#makeRoom()
  }

  /** Nobody waits for it, or all that began with it have ended. */
  #dropUnused(snapshot: Snapshot): void {
    if (snapshot.users > 0 || snapshot.isKept) return
    if (snapshot.state === 'ready') {
      if (snapshot.listings <= 0) this.#discard(snapshot)
      return
    }
    if (snapshot.state === 'gone') return
    snapshot.stop(new Error('nobody waits for this listing'))
    this.#startNext()
  }

  #discard(snapshot: Snapshot): void {
    this.#remove(snapshot).catch((error: unknown) => {
      this.#options.warn('the snapshot of a listing could not be removed', error)
    })
  }

  async #remove(snapshot: Snapshot): Promise<void> {
    this.#all.delete(snapshot)
    await snapshot.remove()
  }

  #heldBytes(): number {
    return [...this.#all].reduce((sum, { heldBytes }) => sum + heldBytes, 0)
  }

  #sizeBytes(): number {
    return [...this.#all].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }
}

/** What another try may well not meet again: a reply that was cut, or whose stats do not match. */
function isPassing(error: unknown): boolean {
  return error instanceof JottaError && (error.kind === 'protocol' || error.kind === 'unavailable')
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof JottaError) || error.kind !== 'protocol') return error
  return new S3Error('ServiceUnavailable', {
    message: 'Jottacloud did not give the whole listing. Try again.',
    cause: error,
  })
}
