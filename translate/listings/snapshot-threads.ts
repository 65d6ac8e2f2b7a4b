// The threads that read listings, and what feeds them: replies are requested here and their bytes handed
// over with back-pressure. A thread reads several jobs at once; one that has none for a while ends.
import assert from 'node:assert/strict'
import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { JottaError } from '../../jotta/jotta-error.ts'
import type { OpenListing } from '../../jotta/read-listing.ts'
import type { FolderSeen } from '../folder-marks.ts'
import { orAborted } from '../key-locks.ts'
import {
  type Failure,
  type FromThread,
  type Job,
  type Made,
  type ToThread,
  takenAtOnce,
} from './job.ts'

export type Upstream = {
  /** Names from the bucket's root down to each folder that is listed, as they are found. */
  readonly folders: (signal: AbortSignal) => AsyncIterable<readonly string[]>
  readonly open: (path: readonly string[], signal: AbortSignal) => Promise<OpenFolder>
}

export type OpenFolder = OpenListing<Readable> & {
  /** Is told what was met of this folder and of those in it, some at a time, before the job is done. */
  readonly saw: (folders: readonly FolderSeen[]) => Promise<void>
}

/** A snapshot cannot be kept: there is no room within the limits, or the disk does not take it. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError'
}

export interface SnapshotThreads {
  /**
   * Makes one snapshot. Nothing goes on in the thread, and its file is closed, when this settles. Throws
   * JottaError, NoRoomError, or the signal's reason.
   */
  run(
    job: Job,
    upstream: Upstream,
    options: { readonly signal: AbortSignal; readonly onSize: (sizeBytes: number) => void },
  ): Promise<Made>
  /** How many threads there are, for tests. */
  count(): number
  /** Ends them; jobs under way fail. */
  close(): Promise<void>
}

const threadsMax = 2
/** Messages of bytes on their way to a feed, or read and not yet told of: a megabyte at the most. */
const windowMessages = 16
const feedsAtOnce = 4
const idleMs = 30_000
/** A thread that needs more ends with an error, and not the process. */
const resourceLimits = { maxOldGenerationSizeMb: 128 }
/** Of either half of a thread's young generation. */
const semiSpaceMib = 8

export function createSnapshotThreads(): SnapshotThreads {
  const threads = new Set<Thread>()
  const take = (): Thread => {
    const least = [...threads].sort((a, b) => a.jobs.size - b.jobs.size)[0]
    if (least !== undefined && (least.jobs.size === 0 || threads.size >= threadsMax)) return least
    const thread = new Thread((gone) => threads.delete(gone))
    threads.add(thread)
    return thread
  }
  return {
    run: async (job, upstream, options) => await runJob(take(), job, upstream, options),
    count: () => threads.size,
    async close() {
      await Promise.all([...threads].map((thread) => thread.end()))
    },
  }
}

let lastJob = 0

async function runJob(
  thread: Thread,
  work: Job,
  upstream: Upstream,
  options: { signal: AbortSignal; onSize: (sizeBytes: number) => void },
): Promise<Made> {
  lastJob += 1
  const running = new RunningJob(lastJob, options.onSize)
  const signal = AbortSignal.any([options.signal, running.failed])
  thread.begin(running, work)
  try {
    signal.throwIfAborted()
    await feedAll(thread, running, upstream, signal)
    thread.tell({ type: 'finish', job: running.id })
    return await orAborted(running.made.promise, signal)
  } finally {
    thread.tell({ type: 'cancel', job: running.id })
    await running.ended.promise
    thread.forget(running)
  }
}

/** Each folder, and then those that belong to it. */
async function feedAll(
  thread: Thread,
  running: RunningJob,
  upstream: Upstream,
  signal: AbortSignal,
): Promise<void> {
  const waiting: (readonly string[])[] = []
  const under = new Set<Promise<void>>()
  const stopping = new AbortController()
  const either = AbortSignal.any([signal, stopping.signal])
  const start = (work: Promise<readonly (readonly string[])[]>): void => {
    const settled = work.then((paths) => {
      waiting.push(...paths)
      under.delete(settled)
    })
    under.add(settled)
  }
  const found = upstream.folders(either)[Symbol.asyncIterator]()
  let isFinding = true
  const findNext = async (): Promise<readonly (readonly string[])[]> => {
    const { done, value } = await found.next()
    if (done === true) isFinding = false
    else start(findNext())
    return done === true ? [] : [value]
  }
  let feeds = 0
  try {
    start(findNext())
    while (waiting.length + under.size > 0) {
      const feeding = under.size - (isFinding ? 1 : 0)
      const path = feeding < feedsAtOnce ? waiting.shift() : undefined
      if (path === undefined) {
        await Promise.race(under)
        continue
      }
      feeds += 1
      start(feedOne(thread, running, { id: feeds, path }, upstream, either))
    }
  } catch (error) {
    stopping.abort(error)
    await Promise.allSettled(under)
    throw error
  }
}

async function feedOne(
  thread: Thread,
  running: RunningJob,
  { id, path }: { readonly id: number; readonly path: readonly string[] },
  upstream: Upstream,
  signal: AbortSignal,
): Promise<readonly (readonly string[])[]> {
  const { bytes, subject, rootSegments, saw } = await upstream.open(path, signal)
  const stop = (): void => {
    bytes.destroy()
  }
  signal.addEventListener('abort', stop)
  try {
    signal.throwIfAborted()
    const feed = running.feed(id, saw)
    thread.tell({ type: 'feed', job: running.id, feed: { id, subject, rootSegments, path } })
    for await (const chunk of bytes) {
      assert(chunk instanceof Uint8Array)
      while (feed.onTheWay >= windowMessages) await orAborted(feed.taken(), signal)
      await feed.told
      feed.onTheWay += 1
      // A copy: a chunk may be a piece of a larger buffer, all of which would be sent.
      const copy = new Uint8Array(chunk)
      thread.tell({ type: 'bytes', job: running.id, feed: id, bytes: copy }, [copy.buffer])
    }
    signal.throwIfAborted()
    thread.tell({ type: 'bytes', job: running.id, feed: id, bytes: undefined })
    const inside = await orAborted(feed.inside.promise, signal)
    await feed.told
    return inside
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    bytes.destroy()
  }
}

class RunningFeed {
  readonly inside = settledQuietly<readonly (readonly string[])[]>()
  onTheWay = 0
  readonly #saw: OpenFolder['saw']
  #told: Promise<void> = Promise.resolve()
  #wake: (() => void) | undefined

  constructor(saw: OpenFolder['saw']) {
    this.#saw = saw
  }

  /** What was met so far is told; rejects when that failed. */
  get told(): Promise<void> {
    return this.#told
  }

  tell(folders: readonly FolderSeen[]): void {
    this.#told = this.#told.then(() => this.#saw(folders))
    // Whoever feeds meets it at the next step.
    this.#told.catch(() => {})
  }

  async taken(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    await promise
  }

  wake(): void {
    this.onTheWay -= takenAtOnce
    this.#wake?.()
  }
}

class RunningJob {
  readonly id: number
  readonly made = settledQuietly<Made>()
  readonly ended = Promise.withResolvers<void>()
  readonly onSize: (sizeBytes: number) => void
  readonly feeds = new Map<number, RunningFeed>()
  readonly #failing = new AbortController()

  constructor(id: number, onSize: (sizeBytes: number) => void) {
    this.id = id
    this.onSize = onSize
  }

  get failed(): AbortSignal {
    return this.#failing.signal
  }

  feed(id: number, saw: OpenFolder['saw']): RunningFeed {
    const feed = new RunningFeed(saw)
    this.feeds.set(id, feed)
    return feed
  }

  fail(error: Error): void {
    this.#failing.abort(error)
  }
}

class Thread {
  readonly jobs = new Map<number, RunningJob>()
  readonly #worker: Worker
  readonly #onGone: (thread: Thread) => void
  #isGone = false
  #idle: NodeJS.Timeout | undefined

  constructor(onGone: (thread: Thread) => void) {
    this.#onGone = onGone
    const file = new URL('./snapshot-thread.ts', import.meta.url)
    // NOTE: the limits of a thread give way to the process's own flag, which is small for the sake of what passes
    // through buffers (DECISIONS), and a thread that reads listings then spends a third of its time on collecting
    // garbage. A heap looks at the flag once, when it is set up: that of this thread has been.
    setFlagsFromString(`--max-semi-space-size=${semiSpaceMib}`)
    this.#worker = new Worker(file, { resourceLimits, stdin: false, env: environmentOfThread() })
    // A server ends when its connections do; what is open here is closed by whoever closes the listings.
    this.#worker.unref()
    this.#worker.on('message', (message: FromThread) => this.#hear(message))
    this.#worker.on('error', (error) => this.#lose(error))
    this.#worker.on('exit', () => this.#lose(new Error('it has ended')))
  }

  begin(running: RunningJob, work: Job): void {
    clearTimeout(this.#idle)
    this.jobs.set(running.id, running)
    this.tell({ type: 'start', job: running.id, work })
    if (this.#isGone) running.ended.resolve()
    else this.#worker.ref()
  }

  forget(running: RunningJob): void {
    this.jobs.delete(running.id)
    if (this.jobs.size > 0 || this.#isGone) return
    this.#worker.unref()
    this.#idle = setTimeout(() => void this.end(), idleMs)
    this.#idle.unref()
  }

  tell(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  async end(): Promise<void> {
    this.#lose(new Error('it was ended'))
    await this.#worker.terminate()
  }

  #hear(message: FromThread): void {
    const running = this.jobs.get(message.job)
    if (running === undefined) return
    switch (message.type) {
      case 'taken':
        running.feeds.get(message.feed)?.wake()
        break
      case 'saw':
        running.feeds.get(message.feed)?.tell(message.folders)
        break
      case 'fed':
        running.feeds.get(message.feed)?.inside.resolve(message.inside)
        running.feeds.delete(message.feed)
        break
      case 'size':
        running.onSize(message.sizeBytes)
        break
      case 'done':
        running.made.resolve(message.made)
        break
      case 'failed':
        running.fail(errorOf(message.failure))
        break
      case 'ended':
        running.ended.resolve()
        break
    }
  }

  #lose(cause: Error): void {
    if (this.#isGone) return
    this.#isGone = true
    clearTimeout(this.#idle)
    this.#onGone(this)
    for (const running of this.jobs.values()) {
      running.fail(
        new JottaError('unavailable', 'the thread that reads listings is gone', { cause }),
      )
      running.ended.resolve()
    }
  }
}

/**
 * Of the process's environment a thread needs nothing. What the process keeps of the sources it does not share by
 * itself: without it each thread would carry the compiler that strips types.
 */
function environmentOfThread(): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir()
  // Node adds the last part of it, which is named by its version, anew.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) }
}

function errorOf({ kind, message }: Failure): Error {
  if (kind === 'disk') return new NoRoomError(message)
  return kind === 'defect' ? new Error(message) : new JottaError(kind, message)
}

/** Nobody may be waiting when it is settled. */
function settledQuietly<T>(): PromiseWithResolvers<T> {
  const settling = Promise.withResolvers<T>()
  settling.promise.catch(() => {})
  return settling
}
