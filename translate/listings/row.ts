// One entry of a snapshot, as small as it can be: between threads, and on the disk as JSON.
import type { ListedPrefix } from '../bridge.ts'
import { compareKeys } from '../key-order.ts'
import type { StoredObject } from '../stored-object.ts'

export type WalkedObject = {
  readonly kind: 'object'
  readonly key: string
  readonly object: StoredObject
}

/**
 * Key or common prefix; how many names lie on its path; and, of an object, MD5 in hex, bytes, Unix
 * milliseconds. A prefix has the MD5 ''.
 */
export type Row = readonly [
  name: string,
  depth: number,
  md5: string,
  sizeBytes: number,
  modifiedMs: number,
]

export function objectRow(key: string, depth: number, object: StoredObject): Row {
  return [key, depth, object.md5, object.sizeBytes, object.modified.getTime()]
}

export function prefixRow(prefix: string, depth: number): Row {
  return [prefix, depth, '', 0, 0]
}

export function entryOf([name, , md5, sizeBytes, modifiedMs]: Row): WalkedObject | ListedPrefix {
  if (md5 === '') return { kind: 'prefix', prefix: name }
  const listed = { md5, sizeBytes, modified: new Date(modifiedMs) }
  const object = { ...listed, updated: undefined, mime: undefined }
  return { kind: 'object', key: name, object }
}

/**
 * By name. Of one name the shallowest first, which is the one that is listed: two files can have one key only
 * when another program put one of them where the bridge would not look first.
 */
export function compareRows(a: Row, b: Row): number {
  return compareKeys(a[0], b[0]) || a[1] - b[1]
}
