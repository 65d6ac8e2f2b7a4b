// Jottacloud's two ways of writing a time, both of one second's precision. Pure. API 4.1.
import assert from 'node:assert/strict'

/** Nothing is known of times outside these years, so they are held inside (API 8, row 18). */
const EARLIEST_MS = 0
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59)

const timePattern =
  /^(\d{4}-\d{2}-\d{2})-?T(\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(?:Z|([+-]\d{2}):?(\d{2}))$/

/** In UTC, of this century, and on a day that every month has. */
const commonPattern =
  /^20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])-?T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/

/** `2026-03-01T08:00:00Z`, for allocations. */
export function renderRfc3339(time: Date): string {
  const timeMs = time.getTime()
  assert(!Number.isNaN(timeMs), 'not a time')
  const heldMs = Math.min(LATEST_MS, Math.max(EARLIEST_MS, timeMs))
  return `${new Date(heldMs).toISOString().slice(0, 19)}Z`
}

/** `2026-03-01-T08:00:00Z`, with a dash before the T, for JFS headers. */
export function renderJfsTime(time: Date): string {
  return renderRfc3339(time).replace('T', '-T')
}

/** Either form, fractions dropped. What is no time is `undefined`: one odd entry spoils no listing. */
export function parseTime(text: string | undefined): Date | undefined {
  return parseCommonTime(text) ?? parseAnyTime(text)
}

/** What nearly all times look like, of which a listing has three for each file: read in place, four times as fast. */
function parseCommonTime(text = ''): Date | undefined {
  if (!commonPattern.test(text)) return undefined
  const shift = text[10] === '-' ? 1 : 0
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  const [month, day] = [twoDigits(text, 5), twoDigits(text, 8)]
  const hour = twoDigits(text, 11 + shift)
  const minute = twoDigits(text, 14 + shift)
  const second = twoDigits(text, 17 + shift)
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second))
}

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48
}

function parseAnyTime(text: string | undefined): Date | undefined {
  const match = timePattern.exec(text?.trim() ?? '')
  if (match === null) return undefined
  const [, day, time, hours, minutes] = match
  const offset = hours === undefined ? 'Z' : `${hours}:${minutes}`
  const date = new Date(`${day}T${time}${offset}`)
  return Number.isNaN(date.getTime()) ? undefined : date
}
