// The canonical request of Signature Version 4 as S3 has it: the text whose hash is signed. Pure.
//
// NOTE: aws4 can make this text too, but not for every request that arrives here: of a repeated query
// name it keeps the first value only (AWS signs all), it loses an empty name and `__proto__`, stops at
// 1000 parameters, turns a `+` of the path into a blank, drops Range, Expect and User-Agent unless
// told, and takes UNSIGNED-PAYLOAD for every presigned request. A server must see all that was sent, so
// the text is made here and aws4 does the rest (authenticate.ts); tests hold the two against each other.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
import { decodePercent, encodePercent } from './percent.ts'
import type { QueryPair } from './query.ts'

export type CanonicalRequestInput = {
  readonly method: string
  /** As sent. */
  readonly rawPath: string
  /** Decoded; X-Amz-Signature left out. */
  readonly queryPairs: readonly QueryPair[]
  /** Names and values alternating, as Node gives them. */
  readonly rawHeaders: readonly string[]
  /** Lower-case names. */
  readonly signedHeaders: readonly string[]
  readonly payloadHash: string
}

/** Throws InvalidURI when the path cannot be decoded. */
export function renderCanonicalRequest(input: CanonicalRequestInput): string {
  const names = input.signedHeaders.toSorted(compareText)
  return [
    input.method,
    renderPath(input.rawPath),
    renderQuery(input.queryPairs),
    ...renderHeaders(input.rawHeaders, names),
    '',
    names.join(';'),
    input.payloadHash,
  ].join('\n')
}

/** Decoded and encoded again, so that every spelling of a key signs alike; slashes stay, doubled too. */
function renderPath(rawPath: string): string {
  return encodePercent(decodePercent(rawPath)).replaceAll('%2F', '/')
}

function renderQuery(pairs: readonly QueryPair[]): string {
  return pairs
    .map(([name, value]) => [encodePercent(name), encodePercent(value)] as const)
    .sort((a, b) => compareText(a[0], b[0]) || compareText(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function renderHeaders(rawHeaders: readonly string[], names: readonly string[]): string[] {
  const values = new Map<string, string[]>(names.map((name) => [name, []]))
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    values.get(rawHeaders[at]?.toLowerCase() ?? '')?.push(renderValue(rawHeaders[at + 1] ?? ''))
  }
  return names.map((name) => `${name}:${values.get(name)?.join(',') ?? ''}`)
}

function renderValue(value: string): string {
  return decodeHeaderValue(value).trim().replace(/\s+/g, ' ')
}

/**
 * Node gives a header value as one character per byte; clients sign the text, nearly always UTF-8.
 * Bytes that are not UTF-8 are what Node's own client sends for `é`, having signed the letter.
 */
export function decodeHeaderValue(value: string): string {
  if (/^[\0-\x7f]*$/.test(value)) return value
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(value, 'latin1'),
    )
  } catch {
    return value
  }
}

/** By code unit; everything compared is ASCII, so by byte. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
