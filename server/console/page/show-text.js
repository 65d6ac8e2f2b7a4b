// Amounts, times and names as people read them.
import { el } from './elements.js'

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

export function size(bytes) {
  if (bytes === undefined || bytes === null || Number.isNaN(bytes)) return '–'
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const amount = bytes / 1024 ** power
  const digits = power === 0 || amount >= 100 ? 0 : 1
  return `${amount.toFixed(digits)} ${power === 0 && bytes === 1 ? 'byte' : units[power]}`
}

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** A `time` element; a dash for no time. */
export function time(text) {
  const date = new Date(text ?? Number.NaN)
  if (Number.isNaN(date.getTime())) return '–'
  return el('time', { datetime: date.toISOString(), title: date.toISOString() }, day.format(date))
}

export function duration(ms) {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return 'less than a minute'
  if (minutes < 60) return count(minutes, 'minute')
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${count(hours, 'hour')} ${count(minutes % 60, 'minute')}`
  return count(Math.floor(hours / 24), 'day')
}

export function count(number, noun) {
  return `${number.toLocaleString()} ${noun}${number === 1 ? '' : 's'}`
}

/** With what would not be seen, or would be shown in another order, as escapes. */
export function printable(text) {
  return text.replace(
    /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu,
    (character) => `\\u{${character.codePointAt(0).toString(16)}}`,
  )
}

/** A name from outside: kept apart from the direction of what is around it. */
export function name(text) {
  return el('bdi', {}, printable(text))
}

/** The last piece of a key, with its slash where it has one. */
export function lastPiece(key) {
  return /[^/]*\/?$/.exec(key)?.[0] || key
}
