// Rows of a snapshot on the disk, in SQLite: sorted runs, each cut into blocks that are found by their first
// name. Written once, then only read. Neither side holds more than one block of each run.
import { closeSync, openSync, statSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { compareKeys } from '../key-order.ts'
import { compareRows, type Row } from './row.ts'

/** A page of 1000 rows reads one block of each run, and then the run that it is in. */
const blockRows = 128

export interface RunWriter {
  /** Sorts the rows in place and writes them. */
  add(rows: Row[]): void
  sizeBytes(): number
  close(): void
}

/** Throws when the file is there. Not synced: after a crash it is rubbish. */
export function writeRuns(file: string): RunWriter {
  closeSync(openSync(file, 'wx', 0o600))
  const database = new DatabaseSync(file)
  database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA cache_size = -4096;
    CREATE TABLE blocks (run INTEGER, first BLOB, rows TEXT, PRIMARY KEY (run, first)) STRICT`)
  const insert = database.prepare('INSERT INTO blocks VALUES (?, ?, ?)')
  let run = 0
  let last: Row | undefined
  return {
    add(rows) {
      const sorted = rows
        .sort(compareRows)
        .filter(([name], at) => at === 0 || name !== rows[at - 1]?.[0])
      const first = sorted[0]
      if (first === undefined) return
      // What comes in order needs no further run.
      if (last === undefined || compareKeys(last[0], first[0]) >= 0) run += 1
      last = sorted.at(-1)
      database.exec('BEGIN')
      for (let at = 0; at < sorted.length; at += blockRows) {
        const block = sorted.slice(at, at + blockRows)
        insert.run(run, Buffer.from(block[0]?.[0] ?? ''), JSON.stringify(block))
      }
      database.exec('COMMIT')
    },
    sizeBytes: () => statSync(file).size,
    close: () => database.close(),
  }
}

export interface RunReader {
  /** The first row at or above a name. */
  seek(name: string): Row | undefined
  /** The row after the one given last. */
  next(): Row | undefined
}

/** Of a snapshot that is small enough for the memory; `rows` in order. */
export function readRows(rows: readonly Row[]): RunReader {
  let at = -1
  return {
    seek(name) {
      at = Math.max(at, 0)
      for (let end = rows.length; at < end; ) {
        const middle = (at + end) >> 1
        if (compareKeys(rows[middle]?.[0] ?? '', name) < 0) at = middle + 1
        else end = middle
      }
      return rows[at]
    },
    next() {
      at += 1
      return rows[at]
    },
  }
}

export class RunFile {
  readonly #database: DatabaseSync
  readonly #runs: number
  readonly #blocks: Blocks

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { readOnly: true })
    const row = this.#database.prepare('SELECT ifnull(max(run), 0) AS runs FROM blocks').get()
    this.#runs = Number(row?.runs)
    const find = (where: string): StatementSync =>
      this.#database.prepare(`SELECT rows FROM blocks WHERE run = ? AND ${where} LIMIT 1`)
    this.#blocks = {
      upTo: find('first <= ? ORDER BY first DESC'),
      after: find('first > ? ORDER BY first'),
    }
  }

  reader(): RunReader {
    const runs = Array.from({ length: this.#runs }, (_, at) => new Run(this.#blocks, at + 1))
    let current: Row | undefined
    const least = (): Row | undefined => {
      current = undefined
      for (const { row } of runs) {
        if (row === undefined) continue
        if (current === undefined || compareRows(row, current) < 0) current = row
      }
      return current
    }
    return {
      seek(name) {
        for (const run of runs) run.seek(name)
        return least()
      },
      next() {
        const given = current?.[0]
        // Others of the same name are deeper, and are not listed.
        for (const run of runs) if (run.row?.[0] === given) run.advance()
        return least()
      },
    }
  }

  close(): void {
    this.#database.close()
  }
}

/** The block of a run that a name is in or before, and the block after it. */
type Blocks = { readonly upTo: StatementSync; readonly after: StatementSync }

/** One run and where a reader is in it; it only goes forward. */
class Run {
  readonly #blocks: Blocks
  readonly #number: number
  #block: readonly Row[] = []
  #at = 0

  constructor(blocks: Blocks, number: number) {
    this.#blocks = blocks
    this.#number = number
  }

  get row(): Row | undefined {
    return this.#block[this.#at]
  }

  advance(): void {
    const last = this.#block.at(-1)
    this.#at += 1
    if (this.#at < this.#block.length || last === undefined) return
    this.#load(this.#blocks.after, last[0])
  }

  seek(name: string): void {
    const last = this.#block.at(-1)
    if (last === undefined || compareKeys(last[0], name) < 0) {
      this.#load(this.#blocks.upTo, name)
      if (this.#block.length === 0) this.#load(this.#blocks.after, name)
    }
    while (this.row !== undefined && compareKeys(this.row[0], name) < 0) this.advance()
  }

  #load(find: StatementSync, name: string): void {
    const found = find.get(this.#number, Buffer.from(name))
    // The text is the writer's own.
    this.#block = found === undefined ? [] : (JSON.parse(String(found.rows)) as Row[])
    this.#at = 0
  }
}
