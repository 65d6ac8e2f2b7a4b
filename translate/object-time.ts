// The time that a write gives its object: that of the upload, or the one that a client keeps in the
// user metadata `mtime`. Pure.
import type { ObjectMetadata } from './bridge.ts'
import type { BucketBehaviour } from './bucket-place.ts'

/** `modified` of a new object, and `created` of its file; the same in every reply and listing. */
export function modifiedOf(
  place: Pick<BucketBehaviour, 'modifiedFrom'>,
  metadata: ObjectMetadata,
  nowMs: number,
): Date {
  if (place.modifiedFrom === 'upload') return wholeSecond(nowMs)
  // What is no time is no reason to refuse an object: it is kept in the metadata, as everything is.
  return wholeSecond(parseMtime(metadata.user.mtime ?? '') ?? nowMs)
}

/** Jottacloud's times are whole seconds; a later one would differ between reply and listing. */
export function wholeSecond(timeMs: number): Date {
  return new Date(Math.floor(timeMs / 1000) * 1000)
}

/** Jottacloud holds no others for certain (jottacloud-api.md 8, row 18). */
const latestMs = Date.UTC(9999, 11, 31, 23, 59, 59)

/** Seconds since 1970, as rclone (with a fraction) and s3fs (without) write them. */
const secondsPattern = /^([+-]?)(\d{1,15})(?:\.\d{0,20})?$/
/** RFC 3339, which lets the letters be small and the T be a blank. */
const datePattern =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.\d{1,20})?([Zz]|[+-]\d{2}:\d{2})$/

/**
 * The time that `x-amz-meta-mtime` gives, in milliseconds, without its fraction of a second and held
 * between 1970 and 9999; `undefined` when it is none.
 */
export function parseMtime(text: string): number | undefined {
  const trimmed = text.trim()
  const seconds = secondsPattern.exec(trimmed)
  if (seconds !== null) return seconds[1] === '-' ? 0 : held(Number(seconds[2]) * 1000)
  const date = datePattern.exec(trimmed)
  if (date === null) return undefined
  const [, day = '', time = '', zone = ''] = date
  // Dates that do not exist, such as a 30th of February, would be taken for a later day.
  if (new Date(`${day}T00:00:00Z`).toJSON()?.slice(0, 10) !== day) return undefined
  const timeMs = Date.parse(`${day}T${time}${zone.toUpperCase()}`)
  return Number.isNaN(timeMs) ? undefined : held(timeMs)
}

function held(timeMs: number): number {
  return Math.min(latestMs, Math.max(0, timeMs))
}
