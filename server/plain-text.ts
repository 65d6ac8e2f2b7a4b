// What commands print for people: amounts, times, columns, and names that cannot play with a terminal. Pure.

/** `1.5 MiB (1572864 bytes)`; what is unknown is said so. */
export function describeBytes(bytes: number | undefined): string {
  if (bytes === undefined) return 'unknown'
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  const power = Math.min(units.length, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const unit = units[power - 1]
  if (unit === undefined) return `${bytes} bytes`
  return `${(bytes / 1024 ** power).toFixed(1)} ${unit} (${bytes} bytes)`
}

/** `2026-03-01 08:00:00Z`; a dash for no time. */
export function describeTime(time: Date | undefined): string {
  return time === undefined ? '-' : `${time.toISOString().slice(0, 19).replace('T', ' ')}Z`
}

/** With what a terminal would obey, or show in another order, as escapes. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}

/** Rows of equally many cells as lines, each column as wide as its widest cell. */
export function renderColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

/** One object a line, for scripts. What is `undefined` is null: every line has every field. */
export function jsonLine(fields: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(fields, (_, value: unknown) => (value === undefined ? null : value))}\n`
}
