// Multipart uploads and their parts in SQLite.
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { S3Error } from '../s3-error.ts'
import {
  parsePartChecksums,
  parseUploadData,
  parseUploadResult,
  renderPartChecksums,
  renderUploadData,
  renderUploadResult,
} from './record-json.ts'
import type { PartRecord, UploadRecord } from './records.ts'
import { fromKeyBytes, inTransaction, toKeyBytes, unsynced } from './sqlite-database.ts'
import type { State } from './state.ts'

export function createUploads(database: DatabaseSync): State['uploads'] {
  const sql = prepareUploads(database)
  const filesOf = (uploadId: string) => sql.filesOf.all(uploadId).map(parseFileName)

  return {
    async create(record) {
      sql.create.run(
        record.uploadId,
        record.bucket,
        toKeyBytes(record.key),
        record.initiated.getTime(),
        renderUploadData(record),
      )
    },

    async find(uploadId) {
      const row = sql.find.get(uploadId)
      return row === undefined ? undefined : parseUpload(row)
    },

    async markCompleting(uploadId) {
      // Whatever a power cut takes of these two, nobody completes the upload after it.
      return unsynced(database, () => sql.markCompleting.run(uploadId).changes > 0)
    },

    async markOpen(uploadId) {
      unsynced(database, () => sql.markOpen.run(uploadId))
    },

    async markCompleted(uploadId, result, completedAt) {
      const text = renderUploadResult(result)
      return inTransaction(database, () => {
        // Does nothing when it was completed or removed before; then there are no parts either.
        sql.markCompleted.run(text, completedAt.getTime(), uploadId)
        const fileNames = filesOf(uploadId)
        sql.removeParts.run(uploadId)
        return fileNames
      })
    },

    async remove(uploadId) {
      return inTransaction(database, () => {
        const fileNames = filesOf(uploadId)
        sql.remove.run(uploadId)
        return fileNames
      })
    },

    async removeBucket(bucket) {
      return inTransaction(database, () => {
        const fileNames = sql.filesOfBucket.all(bucket).map(parseFileName)
        sql.removeBucket.run(bucket)
        return fileNames
      })
    },

    async list(bucket, options) {
      const { prefix, keyMarker, uploadIdMarker, limit } = options
      const marker = uploadIdMarker === '' ? undefined : sql.findMarker.get(uploadIdMarker, bucket)
      const rows = sql.list.all({
        bucket,
        prefix: toKeyBytes(prefix),
        end: endOfPrefixBytes(prefix),
        keyMarker: toKeyBytes(keyMarker),
        initiatedMarker: uploadIdMarker === '' ? latestMs : initiatedOf(marker, keyMarker),
        uploadIdMarker,
        limit,
      })
      return rows.map(parseUpload)
    },

    async expired(openBefore, completedBefore) {
      const rows = sql.expired.all(openBefore.getTime(), completedBefore.getTime())
      return rows.map((row) => {
        const { upload_id, status } = expiredRow.parse(row)
        return { uploadId: upload_id, status }
      })
    },

    async countUnfinished() {
      return countRow.parse(sql.countUnfinished.get()).count
    },
  }
}

export function createParts(database: DatabaseSync): State['parts'] {
  const sql = prepareParts(database)

  return {
    async put(part) {
      const checksums = renderPartChecksums(part.checksums)
      return inTransaction(database, () => {
        if (sql.isOpen.get(part.uploadId) === undefined) {
          throw new S3Error('NoSuchUpload', { elements: { UploadId: part.uploadId } })
        }
        const row = sql.find.get(part.uploadId, part.partNumber)
        sql.put.run(
          part.uploadId,
          part.partNumber,
          part.sizeBytes,
          part.md5,
          part.modified.getTime(),
          checksums,
          part.fileName,
        )
        const replaced = row === undefined ? undefined : parseFileName(row)
        // Recorded twice, a file replaces nothing: its name must not come back for removal.
        return replaced === part.fileName ? undefined : replaced
      })
    },

    async list(uploadId, { afterPartNumber, limit }) {
      return sql.list.all(uploadId, afterPartNumber, limit).map(parsePart)
    },

    async isRecorded(fileName) {
      return sql.isRecorded.get(fileName) !== undefined
    },
  }
}

/** Before and after every time that a Date can hold. */
const earliestMs = -8.64e15 - 1
const latestMs = 8.64e15 + 1

const uploadColumns = 'upload_id, bucket, key, initiated_ms, status, data, result'

function prepareUploads(database: DatabaseSync) {
  return {
    create: database.prepare(
      `INSERT INTO uploads (upload_id, bucket, key, initiated_ms, status, data)
       VALUES (?, ?, ?, ?, 'open', ?)`,
    ),
    find: database.prepare(`SELECT ${uploadColumns} FROM uploads WHERE upload_id = ?`),
    findMarker: database.prepare(
      `SELECT ${uploadColumns} FROM uploads WHERE upload_id = ? AND bucket = ?`,
    ),
    markCompleting: database.prepare(
      "UPDATE uploads SET status = 'completing' WHERE upload_id = ? AND status <> 'completed'",
    ),
    markOpen: database.prepare(
      "UPDATE uploads SET status = 'open' WHERE upload_id = ? AND status = 'completing'",
    ),
    markCompleted: database.prepare(
      `UPDATE uploads SET status = 'completed', result = ?, completed_ms = ?
       WHERE upload_id = ? AND status <> 'completed'`,
    ),
    filesOf: database.prepare(
      'SELECT file_name FROM parts WHERE upload_id = ? ORDER BY part_number',
    ),
    removeParts: database.prepare('DELETE FROM parts WHERE upload_id = ?'),
    // Parts go with their upload.
    remove: database.prepare('DELETE FROM uploads WHERE upload_id = ?'),
    filesOfBucket: database.prepare(
      'SELECT file_name FROM uploads JOIN parts USING (upload_id) WHERE bucket = ?',
    ),
    removeBucket: database.prepare('DELETE FROM uploads WHERE bucket = ?'),
    list: database.prepare(
      `SELECT ${uploadColumns} FROM uploads
       WHERE status <> 'completed' AND bucket = :bucket AND key >= :prefix AND key < :end
         AND (key, initiated_ms, upload_id) > (:keyMarker, :initiatedMarker, :uploadIdMarker)
       ORDER BY key, initiated_ms, upload_id LIMIT :limit`,
    ),
    expired: database.prepare(
      `SELECT upload_id, status FROM uploads
       WHERE (status <> 'completed' AND initiated_ms < ?) OR completed_ms < ?`,
    ),
    countUnfinished: database.prepare(
      "SELECT count(*) AS count FROM uploads WHERE status <> 'completed'",
    ),
  }
}

function prepareParts(database: DatabaseSync) {
  return {
    isOpen: database.prepare("SELECT 1 FROM uploads WHERE upload_id = ? AND status = 'open'"),
    find: database.prepare('SELECT file_name FROM parts WHERE upload_id = ? AND part_number = ?'),
    put: database.prepare(
      `INSERT INTO parts
         (upload_id, part_number, size_bytes, md5, modified_ms, checksums, file_name)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (upload_id, part_number) DO UPDATE SET
         size_bytes = excluded.size_bytes, md5 = excluded.md5,
         modified_ms = excluded.modified_ms, checksums = excluded.checksums,
         file_name = excluded.file_name`,
    ),
    list: database.prepare(
      `SELECT upload_id, part_number, size_bytes, md5, modified_ms, checksums, file_name
       FROM parts WHERE upload_id = ? AND part_number > ? ORDER BY part_number LIMIT ?`,
    ),
    isRecorded: database.prepare('SELECT 1 FROM parts WHERE file_name = ?'),
  }
}

const countRow = z.object({ count: z.int() })
const fileNameRow = z.object({ file_name: z.string() })
const uploadRow = z.object({
  upload_id: z.string(),
  bucket: z.string(),
  key: z.instanceof(Uint8Array).transform(fromKeyBytes),
  initiated_ms: z.int(),
  status: z.enum(['open', 'completing', 'completed']),
  data: z.string(),
  result: z.string().nullable(),
})
const expiredRow = uploadRow.pick({ upload_id: true, status: true })
const partRow = z.object({
  upload_id: z.string(),
  part_number: z.int(),
  size_bytes: z.int(),
  md5: z.string(),
  modified_ms: z.int(),
  checksums: z.string(),
  file_name: z.string(),
})

function parseFileName(row: unknown): string {
  return fileNameRow.parse(row).file_name
}

function parseUpload(row: unknown): UploadRecord {
  const { upload_id, bucket, key, initiated_ms, status, data, result } = uploadRow.parse(row)
  return {
    uploadId: upload_id,
    bucket,
    key,
    initiated: new Date(initiated_ms),
    status,
    result: result === null ? undefined : parseUploadResult(result),
    ...parseUploadData(data),
  }
}

function parsePart(row: unknown): PartRecord {
  const part = partRow.parse(row)
  return {
    uploadId: part.upload_id,
    partNumber: part.part_number,
    sizeBytes: part.size_bytes,
    md5: part.md5,
    modified: new Date(part.modified_ms),
    checksums: parsePartChecksums(part.checksums),
    fileName: part.file_name,
  }
}

/** When the marker is gone, its key is listed anew: rather an upload twice than one never. */
function initiatedOf(marker: unknown, keyMarker: string): number {
  if (marker === undefined) return earliestMs
  const upload = parseUpload(marker)
  return upload.key === keyMarker ? upload.initiated.getTime() : earliestMs
}

/** The least bytes above all keys with the prefix: UTF-8 has no byte 0xFF. */
function endOfPrefixBytes(prefix: string): Buffer {
  return Buffer.concat([toKeyBytes(prefix), Buffer.of(0xff)])
}
