// Who may talk to the console at all: a browser that has it open under one of its own names. Pure.
// Against DNS rebinding (Host), requests that other pages make (Origin, Sec-Fetch-Site), and frames.
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

/** Of everything that the console answers. Nothing from elsewhere, nothing inline, nothing in frames. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/** Of what S3 answers through the console: should anything of it ever be shown as a page, it is a dead one. */
export const objectHeaders: Readonly<Record<string, string>> = {
  ...securityHeaders,
  'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
}

/**
 * Whether a Host header is one that this console is meant by. An address always is: a page elsewhere can point
 * a name of its own here, but never an address. `names` are in lower case.
 */
export function isOwnHost(host: string | undefined, names: readonly string[]): boolean {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(host ?? '')
  if (match === null) return false
  const [, bracketed, plain = ''] = match
  if (bracketed !== undefined) return isIP(bracketed) === 6
  const name = plain.toLowerCase().replace(/\.$/, '')
  return isIP(name) === 4 || name === 'localhost' || names.includes(name)
}

/**
 * Whether a request comes from the console's own page, by what its browser says of it. Programs that are no
 * browsers say nothing; they cannot be made to ask by somebody else's page either.
 */
export function isOwnRequest(headers: IncomingHttpHeaders): boolean {
  const { origin, host } = headers
  if (origin !== undefined && !isOriginOf(origin, host)) return false
  const site = headers['sec-fetch-site']
  return site === undefined || site === 'same-origin'
}

/** The same of a page or a file that a person opens, perhaps by typing its address. */
export function isOwnVisit(headers: IncomingHttpHeaders): boolean {
  return isOwnRequest(headers) || headers['sec-fetch-site'] === 'none'
}

function isOriginOf(origin: string, host: string | undefined): boolean {
  const [, authority] = /^https?:\/\/([^/]+)$/i.exec(origin) ?? []
  return authority !== undefined && authority.toLowerCase() === host?.toLowerCase()
}

/** The value of a cookie, where there is exactly one of that name. */
export function readCookie(headers: IncomingHttpHeaders, name: string): string | undefined {
  const values = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
  return values.length === 1 ? values[0]?.slice(name.length + 1) : undefined
}
