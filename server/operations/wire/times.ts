// Dates as S3 writes them. Lists and headers must agree to the second: clients compare the two.

const daySeconds = 86_400
const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))
/** The day of the last date that was rendered, which mostly is that of the next. */
let knownDay = { day: 0, text: '1970-01-01' }

/** For XML: ISO 8601 in UTC, at a full second. Throws RangeError for an invalid date. */
export function renderXmlDate(date: Date): string {
  const seconds = Math.floor(date.getTime() / 1000)
  const day = Math.floor(seconds / daySeconds)
  if (day !== knownDay.day) {
    // A page of a list has a thousand dates, and this takes six times as long as the rest.
    const text = new Date(day * daySeconds * 1000).toISOString().replace(/T.*/, '')
    knownDay = { day, text }
  }
  const ofDay = seconds - day * daySeconds
  const [hour, minute] = [Math.floor(ofDay / 3600), Math.floor(ofDay / 60) % 60]
  return `${knownDay.text}T${twoDigits[hour]}:${twoDigits[minute]}:${twoDigits[ofDay % 60]}.000Z`
}

/** For headers (RFC 9110 5.6.7). */
export function renderHttpDate(date: Date): string {
  return date.toUTCString()
}

const httpDateForms = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
]
const ascTimeForm = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/
const isoForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/

/** The three forms of RFC 9110 5.6.7 and, as AWS does, ISO 8601. `undefined` for anything else. */
export function parseHttpDate(text: string): Date | undefined {
  const trimmed = text.trim()
  const known = ascTimeForm.test(trimmed)
    ? `${trimmed} GMT`
    : [...httpDateForms, isoForm].some((form) => form.test(trimmed))
      ? trimmed
      : undefined
  const timeMs = known === undefined ? Number.NaN : Date.parse(known)
  return Number.isNaN(timeMs) ? undefined : new Date(timeMs)
}
