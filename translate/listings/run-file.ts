// Runs of a snapshot that is too large for the memory, in an SQLite file. Written once, then only read.
import { closeSync, openSync, statSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { compareKeys } from '../key-order.ts'
import type { Row } from './row.ts'
import {
  blocksOf,
  parseBlock,
  type RunBlocks,
  type RunReader,
  readRuns,
  sortRows,
} from './run-blocks.ts'

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
  let last: string | undefined
  return {
    add(rows) {
      database.exec('BEGIN')
      let isFirst = true
      for (const { first, json } of blocksOf(sortRows(rows))) {
        // What comes in order needs no further run.
        if (isFirst && (last === undefined || compareKeys(last, first) >= 0)) run += 1
        isFirst = false
        insert.run(run, Buffer.from(first), json)
      }
      database.exec('COMMIT')
      last = rows.at(-1)?.[0] ?? last
    },
    sizeBytes: () => statSync(file).size,
    close: () => database.close(),
  }
}

export class RunFile {
  readonly #database: DatabaseSync
  readonly #runs: readonly RunBlocks[]

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { readOnly: true })
    const row = this.#database.prepare('SELECT ifnull(max(run), 0) AS runs FROM blocks').get()
    const prepare = (where: string): StatementSync =>
      this.#database.prepare(`SELECT rows FROM blocks WHERE run = ? AND ${where} LIMIT 1`)
    const upTo = prepare('first <= ? ORDER BY first DESC')
    const after = prepare('first > ? ORDER BY first')
    const find = (statement: StatementSync, run: number, name: string): readonly Row[] => {
      const found = statement.get(run, Buffer.from(name))
      return found === undefined ? [] : parseBlock(String(found.rows))
    }
    this.#runs = Array.from({ length: Number(row?.runs) }, (_, at) => ({
      upTo: (name) => find(upTo, at + 1, name),
      after: (name) => find(after, at + 1, name),
    }))
  }

  reader(): RunReader {
    return readRuns(this.#runs)
  }

  close(): void {
    this.#database.close()
  }
}
