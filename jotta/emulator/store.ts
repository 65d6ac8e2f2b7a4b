// The SQLite database of a data folder: connection, transactions, snapshots for long reads. Only one
// process has a data folder open; the lock is the operating system's and ends with the process.
import assert from 'node:assert/strict'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { schema } from './schema.ts'

export type Row = Readonly<Record<string, unknown>>

/** A connection with its prepared statements. */
export class Connection {
  readonly database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #idle = new Map<string, StatementSync[]>()

  constructor(database: DatabaseSync) {
    this.database = database
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values)
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values)
  }

  /** How many rows were changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes)
  }

  /** Row by row; several may run at once over one text, as a walk down a tree needs. */
  *iterate(sql: string, ...values: SQLInputValue[]): Generator<Row> {
    const idle = this.#idle.get(sql) ?? []
    this.#idle.set(sql, idle)
    const statement = idle.pop() ?? this.database.prepare(sql)
    try {
      yield* statement.iterate(...values)
    } finally {
      idle.push(statement)
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/**
 * `durable` is on the disk when it returns. `relaxed` survives the process but not a power cut: for
 * what nobody was promised.
 */
export type Durability = 'durable' | 'relaxed'

export class Store extends Connection {
  readonly #path: string
  readonly #lock: DatabaseSync
  readonly #readers = new Set<Connection>()
  readonly #idleReaders: Connection[] = []
  #inTransaction = false

  constructor(dataDirectory: string) {
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 })
    const lock = takeLock(join(dataDirectory, 'lock.sqlite'))
    const path = join(dataDirectory, 'jotta.sqlite')
    createPrivately(path)
    super(new DatabaseSync(path))
    this.#path = path
    this.#lock = lock
    this.database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    this.transaction('durable', () => this.database.exec(schema))
  }

  /** All of `work` or nothing. Not nested; `work` is synchronous, so nothing comes in between. */
  transaction<Result>(durability: Durability, work: () => Result): Result {
    assert(!this.#inTransaction, 'transactions do not nest')
    const synchronous = durability === 'durable' ? 'FULL' : 'NORMAL'
    this.database.exec(`PRAGMA synchronous = ${synchronous}; BEGIN IMMEDIATE`)
    this.#inTransaction = true
    try {
      const result = work()
      this.database.exec('COMMIT')
      return result
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK')
      throw error
    } finally {
      this.#inTransaction = false
    }
  }

  /** The state at this moment, unmoved by later writes, until `release`. */
  snapshot(): { readonly reader: Connection; readonly release: () => void } {
    const reader = this.#idleReaders.pop() ?? this.#openReader()
    reader.database.exec('BEGIN')
    // Only a first read fixes the state.
    reader.get('SELECT 1 FROM settings LIMIT 1')
    const release = () => {
      if (!this.#readers.has(reader)) return
      reader.database.exec('ROLLBACK')
      if (this.#idleReaders.length < 4) {
        this.#idleReaders.push(reader)
        return
      }
      this.#readers.delete(reader)
      reader.database.close()
    }
    return { reader, release }
  }

  setting(name: string): string | undefined {
    const row = this.get('SELECT value FROM settings WHERE name = ?', name)
    return row === undefined ? undefined : textOf(row, 'value')
  }

  close(): void {
    for (const reader of this.#readers) reader.database.close()
    this.#readers.clear()
    this.database.close()
    this.#lock.close()
  }

  #openReader(): Connection {
    const reader = new Connection(new DatabaseSync(this.#path, { readOnly: true }))
    this.#readers.add(reader)
    return reader
  }
}

export function numberOf(row: Row, column: string): number {
  const value = row[column]
  assert(typeof value === 'number', `${column} is not a number`)
  return value
}

export function textOf(row: Row, column: string): string {
  const value = row[column]
  assert(typeof value === 'string', `${column} is not text`)
  return value
}

export function optionalNumberOf(row: Row, column: string): number | null {
  return row[column] === null ? null : numberOf(row, column)
}

export function optionalTextOf(row: Row, column: string): string | null {
  return row[column] === null ? null : textOf(row, column)
}

/** Held as an open transaction, which no other process can begin on the same file. */
function takeLock(path: string): DatabaseSync {
  createPrivately(path)
  const lock = new DatabaseSync(path)
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    throw new Error(`${path}: the data folder is in use by another process`, { cause })
  }
  return lock
}

/** Tokens and the owner's file names are nobody else's business; SQLite's side files inherit this. */
function createPrivately(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
}
