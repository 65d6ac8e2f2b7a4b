// Names and paths: which names are the same, which are refused, how a request target is decoded
// (API 1.3, 7.1). Pure.
import { badRequest, EmulatorError, invalidArgument } from './emulator-error.ts'
import type { Switches } from './options.ts'

/** Far above any real path; bounds the depth of the tree. */
const pathMaxUnits = 8192
/** Control characters, and what XML 1.0 cannot carry. */
const uncarriable = /[\u0000-\u001f\u007f\ufffe\uffff]/
const forbidden = /["*:<>?|]/

/** Two names are one name when their folds are equal: NFC and simple lower case by default. */
export function foldName(name: string, matching: Switches['nameMatching']): string {
  if (matching === 'exact') return name
  if (matching === 'ascii') return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  if (/^[\u0000-\u007f]*$/.test(name)) return name.toLowerCase()
  return Array.from(name.normalize('NFC'), lowerCaseOf).join('').normalize('NFC')
}

/** One code point at a time: the simple mapping, without the rules of context (final sigma). */
function lowerCaseOf(character: string): string {
  return Array.from(character.toLowerCase())[0] ?? character
}

/** For a name about to be stored. Throws 400. */
export function checkNewName(name: string, switches: Switches): void {
  const length = switches.nameLimit === 'utf8-bytes' ? Buffer.byteLength(name, 'utf8') : name.length
  if (length > 255) {
    throw invalidArgument(`The filename is too long: ${length}, at most 255 are allowed`)
  }
  if (switches.forbiddenCharacters === 'refuse' && forbidden.test(name)) {
    throw invalidArgument('The filename contains an illegal character')
  }
}

/** For every name that comes in, new or not. Throws 400. */
function checkSegment(name: string): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) {
    throw invalidArgument('The path is not normalized')
  }
  if (uncarriable.test(name) || !name.isWellFormed()) {
    throw invalidArgument('The path contains a control character')
  }
}

/** Splits a decoded path, `/a/b/c` or `a/b/c`, into checked names. */
export function splitPath(path: string): string[] {
  if (path.length > pathMaxUnits) throw invalidArgument('The path is too long')
  const names = (path.startsWith('/') ? path.slice(1) : path).split('/')
  for (const name of names) checkSegment(name)
  return names
}

export type JfsPath = {
  /** User, device, mountpoint, folders and name, as far as they go. */
  readonly names: readonly string[]
  /** `mvDir` wants its source so (API 6.4). */
  readonly trailingSlash: boolean
}

/** Decodes what follows `/jfs/` in a request target. Throws 400, plain text where the front end does. */
export function decodeJfsPath(rawPath: string, switches: Switches): JfsPath {
  if (switches.percentInPath === 'refuse' && rawPath.includes('%25')) throw badRequest()
  if (switches.rawSemicolon === 'not-found' && rawPath.includes(';')) {
    throw new EmulatorError(404, 'NoSuchPathException', 'path parameters are not a path')
  }
  const trailingSlash = rawPath.endsWith('/')
  const trimmed = trailingSlash ? rawPath.slice(0, -1) : rawPath
  if (trimmed === '') return { names: [], trailingSlash }
  const names = trimmed.split('/').map(decodeSegment)
  return { names: splitPath(names.join('/')), trailingSlash }
}

/** A blank is written `+` also in paths (API 1.3). An escaped slash is refused, as by its front end. */
function decodeSegment(segment: string): string {
  let name: string
  try {
    name = decodeURIComponent(segment.replaceAll('+', ' '))
  } catch {
    // Broken escapes and bytes that are not UTF-8.
    throw badRequest()
  }
  if (name.includes('/')) throw badRequest()
  return name
}

const mimeTypes: Readonly<Record<string, string>> = {
  avi: 'video/x-msvideo',
  bmp: 'image/bmp',
  css: 'text/css',
  csv: 'text/csv',
  doc: 'application/msword',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  gif: 'image/gif',
  gz: 'application/gzip',
  htm: 'text/html',
  html: 'text/html',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'application/javascript',
  json: 'application/json',
  md: 'text/markdown',
  mov: 'video/quicktime',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  tar: 'application/x-tar',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  txt: 'text/plain',
  wav: 'audio/x-wav',
  webp: 'image/webp',
  xls: 'application/vnd.ms-excel',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  xml: 'application/xml',
  zip: 'application/zip',
}

/** The service guesses from the name; nobody can set it (API 4.3). */
export function mimeTypeOf(name: string): string {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return Object.hasOwn(mimeTypes, extension)
    ? (mimeTypes[extension] ?? 'application/octet-stream')
    : 'application/octet-stream'
}
