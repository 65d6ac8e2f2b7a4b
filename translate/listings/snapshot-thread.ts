// The thread that reads listings: it gets their bytes, reads several at once as they come, and answers with
// rows or with a file of them. It makes no request and knows no secret.
import assert from 'node:assert/strict'
import { getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { JottaError } from '../../jotta/jotta-error.ts'
import { toDiskError } from '../disk-error.ts'
import { type Failure, type Feed, type FromThread, type ToThread, takenAtOnce } from './job.ts'
import { SnapshotBuilder } from './snapshot-builder.ts'

assert(parentPort !== null, 'this file is the start of a thread')
const port = parentPort

// Requests that are answered meanwhile come first. Only Linux takes it for this thread alone, and it lets nobody but
// root go back from where the process has been put.
const nice = 10
if (process.platform === 'linux' && getPriority() < nice) setPriority(nice)

type RunningJob = {
  readonly builder: SnapshotBuilder
  readonly feeds: Map<number, ByteQueue>
}

const jobs = new Map<number, RunningJob>()

port.on('message', (message: ToThread) => {
  if (message.type === 'start') {
    const { job, work } = message
    const builder = new SnapshotBuilder(work, (sizeBytes) => tell({ type: 'size', job, sizeBytes }))
    jobs.set(job, { builder, feeds: new Map() })
    return
  }
  const running = jobs.get(message.job)
  // What was sent before the news of a failure came.
  if (running === undefined) return
  switch (message.type) {
    case 'feed':
      void read(message.job, running, message.feed)
      break
    case 'bytes':
      running.feeds.get(message.feed)?.push(message.bytes)
      break
    case 'finish':
      finish(message.job, running)
      break
    case 'cancel':
      end(message.job, running)
      break
  }
})

async function read(job: number, running: RunningJob, feed: Feed): Promise<void> {
  const queue = new ByteQueue(() => tell({ type: 'taken', job, feed: feed.id }))
  running.feeds.set(feed.id, queue)
  try {
    const inside = await running.builder.read(feed, queue, (folders) => {
      if (jobs.get(job) === running) tell({ type: 'saw', job, feed: feed.id, folders })
    })
    if (jobs.get(job) === running) tell({ type: 'fed', job, feed: feed.id, inside })
  } catch (error) {
    fail(job, running, error)
  } finally {
    running.feeds.delete(feed.id)
  }
}

function finish(job: number, running: RunningJob): void {
  try {
    const made = running.builder.finish()
    tell({ type: 'done', job, made }, made.kind === 'packed' ? [made.run.bytes.buffer] : [])
    end(job, running)
  } catch (error) {
    fail(job, running, error)
  }
}

function fail(job: number, running: RunningJob, error: unknown): void {
  if (jobs.get(job) !== running) return
  tell({ type: 'failed', job, failure: failureOf(error) })
  end(job, running)
}

function end(job: number, running: RunningJob): void {
  if (!jobs.delete(job)) return
  for (const queue of running.feeds.values()) queue.cancel()
  running.builder.close()
  tell({ type: 'ended', job })
}

function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof JottaError) return { kind: error.kind, message }
  return { kind: toDiskError(error) === undefined ? 'defect' : 'disk', message }
}

function tell(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

/** Bytes that came, until they are read. The sender bounds how many wait. */
class ByteQueue implements AsyncIterable<Uint8Array> {
  readonly #onTaken: () => void
  readonly #waiting: (Uint8Array | undefined)[] = []
  #wake: (() => void) | undefined
  #isCancelled = false
  #taken = 0

  /** Tells once of every `takenAtOnce`. */
  constructor(onTaken: () => void) {
    this.#onTaken = onTaken
  }

  push(bytes: Uint8Array | undefined): void {
    this.#waiting.push(bytes)
    this.#wake?.()
  }

  cancel(): void {
    this.#isCancelled = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      if (this.#isCancelled) throw new Error('the job was cancelled')
      if (this.#waiting.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wake = resolve
        await promise
        continue
      }
      const bytes = this.#waiting.shift()
      if (bytes === undefined) return
      this.#taken += 1
      if (this.#taken % takenAtOnce === 0) this.#onTaken()
      yield bytes
    }
  }
}
