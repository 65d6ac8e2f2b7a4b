// Object metadata in SQLite: one table of records, staged and committed.
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { ObjectPart } from '../bridge.ts'
import { compareKeys } from '../key-order.ts'
import {
  listedPaths,
  parseListedData,
  parseObjectData,
  parsePartChecksums,
  renderObjectData,
} from './record-json.ts'
import type { ListedRecord, ObjectRecord } from './records.ts'
import { fromKeyBytes, inTransaction, toKeyBytes } from './sqlite-database.ts'
import { createCommit, createStaged, ofContent } from './sqlite-staged.ts'
import type { Turns } from './sqlite-turns.ts'
import type { State } from './state.ts'

export function createObjects(database: DatabaseSync, turns: Turns): State['objects'] {
  const sql = prepare(database)
  const commitStaged = createCommit(database)

  return {
    ...createStaged(database, turns),

    async find(bucket, key, content) {
      const row = sql.find.get(bucket, toKeyBytes(key), content.md5, content.sizeBytes)
      return row === undefined ? undefined : parseRow(row)
    },

    async findListed(bucket, wanted) {
      const found = new Map<string, ListedRecord>()
      // Of what others stored there are none, and to look for each takes a tenth of a page's time.
      const { least, most } = endsOf(wanted.map(({ key }) => key))
      const isAny = sql.anyBetween.get(bucket, toKeyBytes(least), toKeyBytes(most))
      if (isAny === undefined) return found
      // Keys as hexadecimal, since JSON in SQLite cannot carry every key.
      const contents = wanted.map(({ key, md5, sizeBytes }) => [
        toKeyBytes(key).toString('hex'),
        md5,
        sizeBytes,
      ])
      for (const row of sql.findListed.all(JSON.stringify(contents), bucket)) {
        const { at, listed } = listedRow.parse(row)
        const key = wanted[at]?.key
        if (key !== undefined && !found.has(key)) found.set(key, parseListedData(listed))
      }
      return found
    },

    async parts(bucket, key, { md5, sizeBytes }, { afterPartNumber, limit }) {
      const id = sql.findId.get(bucket, toKeyBytes(key), md5, sizeBytes)
      if (id === undefined) return []
      return sql.parts.all(idRow.parse(id).write_id, afterPartNumber, limit).map(parsePart)
    },

    async setLabels(bucket, key, { md5, sizeBytes }, labels) {
      const keyBytes = toKeyBytes(key)
      return inTransaction(database, () => {
        const row = sql.find.get(bucket, keyBytes, md5, sizeBytes)
        const id = sql.findId.get(bucket, keyBytes, md5, sizeBytes)
        if (row === undefined || id === undefined) return false
        const { write_id } = idRow.parse(id)
        // Else `latest` would tell the labels of the record before it.
        commitStaged(write_id)
        sql.setData.run(renderObjectData({ ...parseRow(row), ...labels }), write_id)
        return true
      })
    },

    async latest(bucket, key) {
      const row = sql.latest.get(bucket, toKeyBytes(key))
      return row === undefined ? undefined : parseRow(row)
    },

    async remove(bucket, key) {
      sql.remove.run(bucket, toKeyBytes(key))
    },

    async removeBucket(bucket) {
      sql.removeBucket.run(bucket)
    },

    async *all() {
      let last: z.output<typeof exportedRow> | undefined
      for (;;) {
        const { bucket = '', key = '', is_staged = 0, write_id = 0 } = last ?? {}
        const after = [bucket, toKeyBytes(key), is_staged, write_id]
        const rows = await turns.take('read', () => sql.page.all(...after, pageSize))
        for (const row of rows) {
          last = exportedRow.parse(row)
          yield { ...parseRow(row), isStaged: last.is_staged === 1 }
        }
        if (rows.length < pageSize) return
      }
    },
  }
}

function endsOf(keys: readonly string[]): { readonly least: string; readonly most: string } {
  let least = keys[0] ?? ''
  let most = least
  for (const key of keys) {
    if (compareKeys(key, least) < 0) least = key
    if (compareKeys(key, most) > 0) most = key
  }
  return { least, most }
}

const pageSize = 500

const columns = 'bucket, key, md5, size_bytes, data'

function prepare(database: DatabaseSync) {
  return {
    find: database.prepare(`SELECT ${columns} ${ofContent}`),
    latest: database.prepare(
      `SELECT ${columns} FROM object_records WHERE bucket = ? AND key = ?
       ORDER BY is_staged, write_id DESC LIMIT 1`,
    ),
    findId: database.prepare(`SELECT write_id ${ofContent}`),
    setData: database.prepare('UPDATE object_records SET data = ? WHERE write_id = ?'),
    parts: database.prepare(
      `SELECT part_number, start, size_bytes, checksums FROM object_parts
       WHERE write_id = ? AND part_number > ? ORDER BY part_number LIMIT ?`,
    ),
    // A cross join, so that SQLite looks up each key rather than read the whole table.
    anyBetween: database.prepare(
      'SELECT 1 FROM object_records WHERE bucket = ? AND key BETWEEN ? AND ? LIMIT 1',
    ),
    findListed: database.prepare(
      `SELECT wanted.at AS at, json_extract(data, ${listedPaths}) AS listed
       FROM (
         SELECT key AS at, unhex(value ->> 0) AS key, value ->> 1 AS md5, value ->> 2 AS size_bytes
         FROM json_each(?)
       ) AS wanted
       CROSS JOIN object_records AS records ON bucket = ? AND records.key = wanted.key
         AND records.md5 = wanted.md5 AND records.size_bytes = wanted.size_bytes
       ORDER BY wanted.at, is_staged, write_id DESC`,
    ),
    remove: database.prepare('DELETE FROM object_records WHERE bucket = ? AND key = ?'),
    removeBucket: database.prepare('DELETE FROM object_records WHERE bucket = ?'),
    page: database.prepare(
      `SELECT ${columns}, is_staged, write_id FROM object_records AS one
       WHERE (bucket, key, is_staged, write_id) > (?, ?, ?, ?) AND write_id = (
         SELECT write_id FROM object_records
         WHERE bucket = one.bucket AND key = one.key AND md5 = one.md5
           AND size_bytes = one.size_bytes
         ORDER BY is_staged, write_id DESC LIMIT 1
       )
       ORDER BY bucket, key, is_staged, write_id LIMIT ?`,
    ),
  }
}

const identityRow = z.object({
  key: z.instanceof(Uint8Array).transform(fromKeyBytes),
  md5: z.string(),
  size_bytes: z.int(),
})
const recordRow = identityRow.extend({ bucket: z.string(), data: z.string() })

function parseRow(row: unknown): ObjectRecord {
  const { bucket, key, md5, size_bytes, data } = recordRow.parse(row)
  return { bucket, key, md5, sizeBytes: size_bytes, ...parseObjectData(data) }
}

const listedRow = z.object({ at: z.int(), listed: z.string() })
const exportedRow = recordRow.pick({ bucket: true, key: true }).extend({
  is_staged: z.int(),
  write_id: z.int(),
})
const idRow = z.object({ write_id: z.int() })
const partRow = z.object({
  part_number: z.int(),
  start: z.int(),
  size_bytes: z.int(),
  checksums: z.string(),
})

function parsePart(row: unknown): ObjectPart {
  const { part_number, start, size_bytes, checksums } = partRow.parse(row)
  const values = parsePartChecksums(checksums)
  return { partNumber: part_number, start, sizeBytes: size_bytes, checksums: values }
}
