// Dates as S3 writes them. Lists and headers must agree to the second: clients compare the two.

/** For XML: ISO 8601 in UTC, at a full second. */
export function renderXmlDate(date: Date): string {
  return new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString()
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
