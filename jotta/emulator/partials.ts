// Rows of unfinished uploads: the `latestRevision` of API 4.4 and the bytes behind `resume_pos`.
import { type Connection, numberOf, type Row, textOf } from './store.ts'

export type Partial = {
  readonly id: string
  readonly node: number
  /** The revision number that it reserved. */
  readonly number: number
  /** Folded names from the device on, as asked for. */
  readonly path: string
  readonly state: 'INCOMPLETE' | 'CORRUPT'
  readonly md5: string
  readonly sizeBytes: number
  readonly created: number
  readonly modified: number
  readonly updated: number
}

export const partialColumns =
  'p.id, p.node, p.number, p.path, p.state, p.md5, p.size, p.created, p.modified, p.updated'

export function toPartial(row: Row): Partial {
  return {
    id: textOf(row, 'id'),
    node: numberOf(row, 'node'),
    number: numberOf(row, 'number'),
    path: textOf(row, 'path'),
    state: row.state === 'CORRUPT' ? 'CORRUPT' : 'INCOMPLETE',
    md5: textOf(row, 'md5'),
    sizeBytes: numberOf(row, 'size'),
    created: numberOf(row, 'created'),
    modified: numberOf(row, 'modified'),
    updated: numberOf(row, 'updated'),
  }
}

/** The newest unfinished upload to a file, unless a later revision is complete. */
export function latestPartial(
  connection: Connection,
  node: { readonly id: number; readonly current: number | null },
): Partial | undefined {
  const row = connection.get(
    `SELECT ${partialColumns} FROM partials p WHERE node = ? AND number > ? ORDER BY number DESC LIMIT 1`,
    node.id,
    node.current ?? 0,
  )
  return row === undefined ? undefined : toPartial(row)
}

export function partialById(connection: Connection, id: string): Partial | undefined {
  const row = connection.get(`SELECT ${partialColumns} FROM partials p WHERE id = ?`, id)
  return row === undefined ? undefined : toPartial(row)
}
