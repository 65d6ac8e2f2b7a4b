// The one parser and the one renderer of XML. Parsing is strict: a body is UTF-8 text with one root of
// a known name, without DOCTYPE, mixed content or foreign entities, bounded in depth and in number of
// elements, attributes and references, and every leaf is the text as it was sent. Everything else is MalformedXML.
import assert from 'node:assert/strict'
import { XMLParser } from 'fast-xml-parser'
import type { z } from 'zod'
import { S3Error } from '../translate/s3-error.ts'
import type { XmlValue } from './operation.ts'
import { checkXmlBounds, malformedXml } from './xml-bounds.ts'

export const XML_DECLARATION = Buffer.from('<?xml version="1.0" encoding="UTF-8"?>\n')
export const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** What is left of an element: its text when it has no elements inside, else its elements by name. */
type Element = string | { [name: string]: Element | Element[] }

export type XmlShape<T> = {
  readonly root: string
  /** Names of elements that are lists even when there is only one of them. */
  readonly arrays: readonly string[]
  /** Of the root's content; text leaves are strings. An element with no content is ''. */
  readonly schema: z.ZodType<T>
  /** Opening and closing tags together; the default fits small configurations. */
  readonly maxTags?: number
  /** Where keys may come in thousands, each of their characters as a reference. */
  readonly maxReferences?: number
}

const maxTagsDefault = 200
/** Fifty tags with names and values of nothing but references. */
const maxReferencesDefault = 20_000
const maxDepth = 16

/** Reads one document. Attributes (so also namespace declarations) are not looked at. Throws MalformedXML. */
export function parseXml<T>(text: string, shape: XmlShape<T>): T {
  const { maxTags = maxTagsDefault, maxReferences = maxReferencesDefault } = shape
  // The parser takes from 50 to 100 ms for each megabyte of text, and some microseconds for each tag, attribute and
  // reference: what a body costs is bounded by its length only together with this.
  checkXmlBounds(text, {
    ...{ maxTags, maxReferences },
    // One for each entry of a list, as some clients repeat the namespace, or two for each grantee of an ACL.
    maxAttributes: 100 + Math.floor(maxTags / 8),
  })
  // The parser overlooks text behind a root that closes itself.
  if (!text.trimEnd().endsWith('>')) throw malformedXml('text stands behind the root')
  const document = withoutMixedContent(parseStrictly(text, shape.arrays))
  if (typeof document === 'string') throw malformedXml('no root element')
  const names = Object.keys(document)
  const content = names.length === 1 ? document[shape.root] : undefined
  if (content === undefined || Array.isArray(content))
    throw malformedXml(`the root is not ${shape.root}`)
  const result = shape.schema.safeParse(content)
  if (!result.success) throw malformedXml('it does not match the schema', result.error)
  return result.data
}

function parseStrictly(text: string, arrays: readonly string[]): unknown {
  const parser = new XMLParser({
    ignoreAttributes: true,
    ignoreDeclaration: true,
    ignorePiTags: true,
    // The defaults turn '007' into 7, '5e3' into 5000, 'true' into a boolean, and trim.
    parseTagValue: false,
    trimValues: false,
    isArray: (name) => arrays.includes(name),
    maxNestedTags: maxDepth,
    entityDecoder: {
      addInputEntities: () => {
        throw malformedXml('DOCTYPE is not allowed')
      },
      setExternalEntities: () => undefined,
      setXmlVersion: () => undefined,
      reset: () => undefined,
      decode: decodeReferences,
    },
  })
  try {
    // The second argument has broken documents refused; without it they are mended.
    return parser.parse(text.startsWith('\uFEFF') ? text.slice(1) : text, true)
  } catch (error) {
    throw error instanceof S3Error ? error : malformedXml('it is not well-formed', error)
  }
}

/** White space between elements goes, other text between elements is an error. */
function withoutMixedContent(parsed: unknown): Element {
  if (typeof parsed === 'string') return parsed
  assert(typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
  const result: { [name: string]: Element | Element[] } = Object.create(null)
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '#text') {
      if (typeof value !== 'string' || /[^ \t\r\n]/.test(value)) {
        throw malformedXml('text stands between elements')
      }
    } else if (name.startsWith('!')) {
      // The parser takes <!ELEMENT> and its kind for elements.
      throw malformedXml('declarations are not allowed')
    } else {
      result[name] = Array.isArray(value)
        ? value.map(withoutMixedContent)
        : withoutMixedContent(value)
    }
  }
  return result
}

const namedReferences: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])
const longestReference = '&#x0010FFFF;'.length

/**
 * The five names of XML and numeric references. References to control characters are taken, although
 * XML 1.0 forbids them: lists carry keys with such characters, so clients must be able to send them.
 * Without a regular expression, since a list of keys may be references throughout.
 */
function decodeReferences(text: string): string {
  let decoded = ''
  let done = 0
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', done)) {
    const end = text.indexOf(';', at) + 1
    if (end === 0 || end - at > longestReference) throw malformedXml('a reference is not known')
    decoded += text.slice(done, at) + characterNamed(text.slice(at + 1, end - 1))
    done = end
  }
  return done === 0 ? text : decoded + text.slice(done)
}

function characterNamed(name: string): string {
  const named = namedReferences.get(name)
  if (named !== undefined) return named
  const codePoint = /^#x[0-9a-f]{1,8}$/i.test(name)
    ? Number.parseInt(name.slice(2), 16)
    : /^#[0-9]{1,8}$/.test(name)
      ? Number.parseInt(name.slice(1), 10)
      : Number.NaN
  const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff
  if (codePoint >= 0 && codePoint <= 0x10ffff && !isSurrogate)
    return String.fromCodePoint(codePoint)
  throw malformedXml('a reference is not known')
}

/** Text as UTF-8, in pieces: in one, a page of a list would be a quarter of a megabyte, and copied to be that. */
export type XmlBytes = readonly Buffer[]

/**
 * One element without declaration. Not made by the parser's own builder, which leaves control characters
 * raw and is marked deprecated there.
 */
export function renderXml(
  root: string,
  content: XmlValue,
  namespace: 's3' | 'none' = 's3',
): XmlBytes {
  const attribute = namespace === 's3' ? ` xmlns="${S3_NAMESPACE}"` : ''
  const into = new PieceByPiece()
  into.write(`<${root}${attribute}>`)
  writeContent(content, into)
  into.write(`</${root}>`)
  return into.end()
}

/** Elements of one name as UTF-8, made one by one, so that what they are made of need not be held until the last. */
export class RenderedElements {
  readonly name: string
  readonly #into = new PieceByPiece()

  constructor(name: string) {
    this.name = name
  }

  add(content: XmlValue): void {
    writeElement(this.name, content, this.#into)
  }

  /** What stands within one of them, rendered by who adds it. */
  addRendered(inside: string): void {
    this.#into.write(`<${this.name}>${inside}</${this.name}>`)
  }

  writeTo(into: PieceByPiece): void {
    into.append(this.#into)
  }
}

/** What stands within an element. */
export function renderContent(content: XmlValue): string {
  const into = new PieceByPiece()
  writeContent(content, into)
  return Buffer.concat(into.end()).toString()
}

/** What `renderXml` made, with its declaration. */
export function toXmlDocument(element: XmlBytes): XmlBytes {
  return [XML_DECLARATION, ...element]
}

/** A page of a list held as text until its end would be twenty thousand strings, which the collector copies around. */
class PieceByPiece {
  #text = ''
  readonly #pieces: Buffer[] = []

  write(text: string): void {
    this.#text += text
    if (this.#text.length >= 16_000) this.#cut()
  }

  append(other: PieceByPiece): void {
    this.#cut()
    other.#cut()
    this.#pieces.push(...other.#pieces)
  }

  end(): XmlBytes {
    this.#cut()
    return this.#pieces
  }

  #cut(): void {
    if (this.#text === '') return
    this.#pieces.push(Buffer.from(this.#text))
    this.#text = ''
  }
}

function writeContent(content: XmlValue, into: PieceByPiece): void {
  if (content === undefined) return
  if (typeof content !== 'object') {
    into.write(textOf(content))
    return
  }
  assert(isTree(content), 'a list stands under a name')
  for (const name in content) {
    const value: XmlValue = content[name]
    if (name.startsWith('@')) continue
    if (value instanceof RenderedElements) {
      assert.equal(value.name, name)
      value.writeTo(into)
    } else if (!isList(value)) writeElement(name, value, into)
    else for (const item of value) writeElement(name, item, into)
  }
}

function writeElement(name: string, content: XmlValue, into: PieceByPiece): void {
  if (content === undefined) return
  if (typeof content === 'object') {
    into.write(`<${name}${renderAttributes(content)}>`)
    writeContent(content, into)
    into.write(`</${name}>`)
  } else {
    // A page of a list is seven thousand of these.
    into.write(`<${name}>${textOf(content)}</${name}>`)
  }
}

function textOf(leaf: string | number | boolean): string {
  return typeof leaf === 'string' ? escapeText(leaf) : String(leaf)
}

/** Of an element whose content has names that begin with `@`. */
function renderAttributes(content: XmlValue): string {
  if (!isTree(content)) return ''
  let text = ''
  for (const name in content) {
    if (name.startsWith('@')) text += ` ${name.slice(1)}="${escapeText(String(content[name]))}"`
  }
  return text
}

function isList(content: XmlValue): content is readonly XmlValue[] {
  return Array.isArray(content)
}

function isTree(content: XmlValue): content is { readonly [name: string]: XmlValue } {
  return typeof content === 'object' && !isList(content) && !(content instanceof RenderedElements)
}

// CR and the other control characters are lost or refused when they stand raw. As numeric references
// XML 1.0 refuses most of them too, but that is how AWS writes them, and its clients read them.
// Tab and line feed survive in text. U+FFFE, U+FFFF and lone surrogates are not characters at all.
const special = /[&<>"'\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]/g
const hasSpecial = new RegExp(special.source)

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

export function escapeText(text: string): string {
  // Nearly always there is nothing to do.
  if (!hasSpecial.test(text) && text.isWellFormed()) return text
  return text
    .toWellFormed()
    .replace(
      special,
      (character) =>
        references[character] ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`,
    )
}
