// One snapshot from the moment that somebody wants it to its removal.
import { rm } from 'node:fs/promises'
import { compareKeys } from '../key-order.ts'
import type { OrderedSource } from '../listing.ts'
import type { Made } from './job.ts'
import { entryOf, type WalkedObject } from './row.ts'
import { type RunReader, readRuns, unpackRun } from './run-blocks.ts'
import { RunFile } from './run-file.ts'

export class Snapshot {
  readonly source: string
  state: 'queued' | 'running' | 'ready' | 'gone' = 'queued'
  /**
   * Of the state's order, from before its upstream request was sent: it is not older than listings of this moment
   * or an earlier one. Infinite until then, and `-Infinity` when there was none to be had.
   */
  moment = Number.POSITIVE_INFINITY
  usedMs: number
  /** On the disk. */
  sizeBytes = 0
  /** In the memory. */
  heldBytes = 0
  /** Requests that wait for it or read from it now. */
  users = 0
  /** Listings that began with it and have not come to their end. */
  listings = 0
  /** Finish it also when nobody waits at this moment. */
  isKept = false
  readonly ready = Promise.withResolvers<void>()
  readonly #stopping = new AbortController()
  #open: { reader(): RunReader; readonly isEmpty: boolean; close(): void } | undefined
  #file: string | undefined

  constructor(source: string, nowMs: number) {
    this.source = source
    this.usedMs = nowMs
    // Everybody may have left before it fails.
    this.ready.promise.catch(() => {})
  }

  get stopSignal(): AbortSignal {
    return this.#stopping.signal
  }

  get isEmpty(): boolean {
    return this.#open?.isEmpty ?? true
  }

  finish(made: Made, file: string): void {
    if (made.kind === 'packed') {
      const run = unpackRun(made.run)
      const isEmpty = made.run.ends.length === 0
      this.#open = { reader: () => readRuns([run]), isEmpty, close: () => {} }
      this.heldBytes = made.run.bytes.byteLength
    } else {
      this.#file = file
      const runs = new RunFile(file)
      this.#open = { reader: () => runs.reader(), isEmpty: false, close: () => runs.close() }
      this.sizeBytes = made.sizeBytes
    }
    this.state = 'ready'
    this.ready.resolve()
  }

  fail(error: unknown): void {
    this.state = 'gone'
    this.sizeBytes = 0
    this.ready.reject(error)
  }

  /** Ends the making of it. */
  stop(reason: Error): void {
    this.#stopping.abort(reason)
  }

  entries(): OrderedSource<WalkedObject> {
    const reader = this.#open?.reader()
    let given: string | undefined
    return {
      next(from) {
        // Past the name that was given last, `from` leaves something out.
        const isSeek = given === undefined || compareKeys(from, given) > 0
        const row = isSeek ? reader?.seek(from) : reader?.next()
        given = row?.[0]
        return row === undefined ? undefined : entryOf(row)
      },
      async close() {
        given = undefined
      },
    }
  }

  async remove(): Promise<void> {
    this.state = 'gone'
    this.#open?.close()
    this.#open = undefined
    if (this.#file !== undefined) await rm(this.#file, { force: true })
    this.sizeBytes = 0
  }
}
