// Writes of object metadata in SQLite: staged, and then committed, discarded or left.
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import type { ObjectAddress, ObjectPart } from '../bridge.ts'
import { renderObjectData, renderPartChecksums } from './record-json.ts'
import type { NewObjectRecord } from './records.ts'
import { fromKeyBytes, inTransaction, toKeyBytes, unsynced } from './sqlite-database.ts'
import type { Turns } from './sqlite-turns.ts'
import type { State } from './state.ts'

/** The record that describes a content; the committed one before staged ones. */
export const ofContent = `FROM object_records
  WHERE bucket = ? AND key = ? AND md5 = ? AND size_bytes = ?
  ORDER BY is_staged, write_id DESC LIMIT 1`

type Staged = Pick<
  State['objects'],
  'stage' | 'commit' | 'discard' | 'leave' | 'leftStaged' | 'settle'
>

export function createStaged(database: DatabaseSync, turns: Turns): Staged {
  const sql = prepare(database)
  const commitStaged = createCommit(database)

  return {
    async stage(record, nowMs = Date.now()) {
      const { bucket, md5, sizeBytes, parts = [] } = record
      const data = renderObjectData({ ...record, partCount: parts.length || undefined })
      return inTransaction(database, () => {
        const key = toKeyBytes(record.key)
        const { lastInsertRowid } = sql.stage.run(bucket, key, md5, sizeBytes, data, nowMs)
        for (const part of placeParts(parts)) {
          const checksums = renderPartChecksums(part.checksums)
          sql.addPart.run(lastInsertRowid, part.partNumber, part.start, part.sizeBytes, checksums)
        }
        return String(lastInsertRowid)
      })
    },

    async commit(writeId) {
      const id = parseWriteId(writeId)
      if (id === undefined) return
      const commit = (): void => inTransaction(database, () => commitStaged(id))
      // After a power cut a record whose commit is lost is staged still, and is found as that, unless the one that
      // it replaces would be.
      if (sql.findRival.get(id) === undefined) unsynced(database, commit)
      else commit()
    },

    async discard(writeId) {
      const id = parseWriteId(writeId)
      if (id !== undefined) sql.discard.run(id)
    },

    async leave(writeId) {
      const id = parseWriteId(writeId)
      if (id !== undefined) sql.removeHidden.run(id, id)
    },

    leftStaged: (beforeMs, now, after) => leftStaged({ database, turns }, beforeMs, now, after),

    async settle(bucket, key, content, beforeMs) {
      const keyBytes = toKeyBytes(key)
      inTransaction(database, () => {
        const row = content && sql.findId.get(bucket, keyBytes, content.md5, content.sizeBytes)
        if (row !== undefined) commitStaged(idRow.parse(row).write_id)
        sql.removeLeft.run(bucket, keyBytes, beforeMs)
      })
    },
  }
}

/** Commits a record within a transaction, if it is staged. */
export function createCommit(database: DatabaseSync): (id: number) => void {
  const isStaged = database.prepare(
    'SELECT 1 FROM object_records WHERE write_id = ? AND is_staged = 1',
  )
  // Not the later ones: they may belong to writes of other processes that still go on.
  const removeEarlier = database.prepare(
    `DELETE FROM object_records
     WHERE (bucket, key) = (SELECT bucket, key FROM object_records WHERE write_id = ?)
       AND (is_staged = 0 OR write_id < ?)`,
  )
  const commit = database.prepare('UPDATE object_records SET is_staged = 0 WHERE write_id = ?')
  return (id) => {
    if (isStaged.get(id) === undefined) return
    removeEarlier.run(id, id)
    commit.run(id)
  }
}

/** Of an index: few milliseconds, in which nobody else is served. */
const scanSize = 5000

/** Goes through the index, since one of its own would have to be written twice by each write of an object. */
async function* leftStaged(
  { database, turns }: { readonly database: DatabaseSync; readonly turns: Turns },
  beforeMs: number,
  now: () => number,
  start: ObjectAddress | undefined,
): ReturnType<State['objects']['leftStaged']> {
  const after = '(bucket, key, is_staged, write_id) > (?, ?, ?, ?)'
  const columns = 'bucket, key, is_staged, write_id'
  const findEnd = database.prepare(
    `SELECT ${columns} FROM object_records WHERE ${after} ORDER BY ${columns} LIMIT 1 OFFSET ?`,
  )
  const scanned = `(
    SELECT ${columns} FROM object_records WHERE ${after} ORDER BY ${columns} LIMIT ?
  ) AS scanned`
  const date = database.prepare(
    `UPDATE object_records SET staged_ms = ?
     WHERE staged_ms = 0 AND write_id IN (SELECT write_id FROM ${scanned} WHERE is_staged = 1)`,
  )
  const find = database.prepare(
    `SELECT DISTINCT bucket, key FROM ${scanned}
     WHERE is_staged = 1
       AND (SELECT staged_ms FROM object_records WHERE write_id = scanned.write_id) < ?
     ORDER BY bucket, key`,
  )
  // After all records of that key, whose `is_staged` is 1 at the most.
  let last: SQLInputValue[] =
    start === undefined ? ['', Buffer.alloc(0), 0, 0] : [start.bucket, toKeyBytes(start.key), 2, 0]
  for (;;) {
    const after = last
    const { end, rows } = await turns.take('write', () => {
      const next = findEnd.get(...after, scanSize - 1)
      date.run(now(), ...after, scanSize)
      return { end: next, rows: find.all(...after, scanSize, beforeMs) }
    })
    yield* rows.map((row) => scannedRow.pick({ bucket: true, key: true }).parse(row))
    if (end === undefined) return
    const { bucket, key, is_staged, write_id } = scannedRow.parse(end)
    last = [bucket, toKeyBytes(key), is_staged, write_id]
    await setImmediate()
  }
}

function prepare(database: DatabaseSync) {
  return {
    stage: database.prepare(
      `INSERT INTO object_records (bucket, key, is_staged, md5, size_bytes, data, staged_ms)
       VALUES (?, ?, 1, ?, ?, ?, ?)`,
    ),
    // Both describe the content, or differ in what is asked for whatever the content is (`latest`).
    findRival: database.prepare(
      `SELECT 1 FROM object_records AS staged JOIN object_records AS rival
         ON rival.bucket = staged.bucket AND rival.key = staged.key AND rival.is_staged = 0
       WHERE staged.write_id = ? AND (
         (rival.md5 = staged.md5 AND rival.size_bytes = staged.size_bytes)
         OR rival.data -> '$.acl' IS NOT staged.data -> '$.acl'
         OR rival.data -> '$.tags' IS NOT staged.data -> '$.tags'
         OR rival.data -> '$.storageClass' IS NOT staged.data -> '$.storageClass'
       )`,
    ),
    discard: database.prepare('DELETE FROM object_records WHERE write_id = ? AND is_staged = 1'),
    removeHidden: database.prepare(
      `DELETE FROM object_records
       WHERE (bucket, key, md5, size_bytes) =
           (SELECT bucket, key, md5, size_bytes FROM object_records WHERE write_id = ? AND is_staged = 1)
         AND is_staged = 1 AND write_id < ?`,
    ),
    removeLeft: database.prepare(
      `DELETE FROM object_records
       WHERE bucket = ? AND key = ? AND is_staged = 1 AND staged_ms BETWEEN 1 AND ? - 1`,
    ),
    addPart: database.prepare(
      `INSERT INTO object_parts (write_id, part_number, start, size_bytes, checksums)
       VALUES (?, ?, ?, ?, ?)`,
    ),
    findId: database.prepare(`SELECT write_id ${ofContent}`),
  }
}

const idRow = z.object({ write_id: z.int() })
const scannedRow = idRow.extend({
  bucket: z.string(),
  key: z.instanceof(Uint8Array).transform(fromKeyBytes),
  is_staged: z.int(),
})

function* placeParts(parts: NonNullable<NewObjectRecord['parts']>): Generator<ObjectPart> {
  let start = 0
  for (const [index, { sizeBytes, checksums }] of parts.entries()) {
    yield { partNumber: index + 1, start, sizeBytes, checksums }
    start += sizeBytes
  }
}

/** Ids are what `stage` gave; everything else is unknown. */
function parseWriteId(writeId: string): number | undefined {
  const id = Number(writeId)
  return /^[0-9]+$/.test(writeId) && Number.isSafeInteger(id) ? id : undefined
}
