// Turns at a SQLite database that another program may have locked. SQLite runs in this thread, and would let nobody
// be served while it waits: here what finds the database locked waits outside of it, in a line and with a limit.
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate, setTimeout } from 'node:timers/promises'

/** For the writes of other processes, which take milliseconds, or a program that holds the lock for longer. */
const waitDefaultMs = 10_000
/** Short, since others do not stand in line: who looks seldom finds it locked again. */
const pauseMaxMs = 16

export class Turns {
  readonly #database: DatabaseSync
  readonly #waitMs: number
  /** Settles when the last in line is done; `undefined`: nobody waits. */
  #last: Promise<void> | undefined

  /** From now on SQLite does not wait by itself. */
  constructor(database: DatabaseSync, waitMs = waitDefaultMs) {
    this.#database = database
    this.#waitMs = waitMs
    database.exec('PRAGMA busy_timeout = 0')
  }

  /** A table whose methods each take a turn; those that are named only read. */
  over<T extends object>(table: T, ...reading: readonly (keyof T)[]): T {
    const readingNames: ReadonlySet<PropertyKey> = new Set(reading)
    return new Proxy(table, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        const mode = readingNames.has(name) ? 'read' : 'write'
        return (...values: unknown[]) =>
          this.take(mode, (): unknown => Reflect.apply(method, target, values))
      },
    })
  }

  /**
   * Runs `act` at once and, as long as it fails since the database is locked, again, after those who wait already;
   * what only reads does not wait for those, whose lock lets it read. So `act` must be one that has done nothing
   * when it fails, or may be done twice: it writes in one transaction or with one statement. Throws what `act` does,
   * that the database is locked when that lasts longer than the limit.
   */
  async take<T>(mode: 'read' | 'write', act: () => T | Promise<T>): Promise<T> {
    if (mode === 'read' || this.#last === undefined) {
      try {
        return await act()
      } catch (error) {
        if (!isLocked(error)) throw error
      }
    }
    return await this.#takeInLine(act)
  }

  /** Closes the database, after those who wait. */
  async close(): Promise<void> {
    while (this.#last !== undefined) await this.#last
    if (this.#database.isOpen) this.#database.close()
  }

  async #takeInLine<T>(act: () => T | Promise<T>): Promise<T> {
    const giveUpAt = performance.now() + this.#waitMs
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    try {
      // Those before give up earlier. A long line would let nobody else be served when it moves on.
      await before
      await setImmediate()
      for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, pauseMaxMs)) {
        try {
          return await act()
        } catch (error) {
          if (!isLocked(error) || performance.now() > giveUpAt) throw error
        }
        await setTimeout(pauseMs)
      }
    } finally {
      if (this.#last === promise) this.#last = undefined
      resolve()
    }
  }
}

/** SQLITE_BUSY in all its kinds: others wrote between the two steps of a statement's lock is one of them. */
export function isLocked(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5
}
