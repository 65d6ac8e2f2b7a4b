// The date formats of Jottacloud (API 4.1). All times are Unix milliseconds cut to whole seconds.

const clientTime = /^(\d{4}-\d\d-\d\d)-?T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-]\d\d):?(\d\d))?$/
const earliestMs = Date.parse('0000-01-01T00:00:00Z')
const latestMs = Date.parse('9999-12-31T23:59:59Z')

export function floorToSecond(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000
}

/** JFS form with a dash before the T, in UTC: `2026-03-01-T08:00:00Z`. No time is an empty string. */
export function renderJfsTime(timeMs: number | null): string {
  if (timeMs === null) return ''
  return new Date(timeMs)
    .toISOString()
    .replace('T', '-T')
    .replace(/\.\d+Z$/, 'Z')
}

/** liststream form: `2026-03-01T08:00:00.000Z`. */
export function renderStreamTime(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

/**
 * What a client sends: JFS form, RFC 3339 with any offset, or Unix milliseconds as a number. What
 * cannot be read, or lies outside years 0 to 9999, is silently `nowMs`, as the service does.
 */
export function parseClientTime(value: unknown, nowMs: number): number {
  const parsed = typeof value === 'number' ? value : parseText(value)
  const usable = Number.isFinite(parsed) && parsed >= earliestMs && parsed <= latestMs
  return floorToSecond(usable ? parsed : nowMs)
}

function parseText(value: unknown): number {
  const parts = typeof value === 'string' ? clientTime.exec(value) : null
  if (parts === null) return Number.NaN
  const zone = parts[3] === undefined ? 'Z' : `${parts[3]}:${parts[4]}`
  return Date.parse(`${parts[1]}T${parts[2]}${zone}`)
}
