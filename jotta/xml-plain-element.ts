// The plain elements of which Jottacloud's listings consist, read twenty times faster than by a parser of all
// of XML. Pure. It takes only what every parser would read alike; whatever else it meets, it leaves.
import { plainText, plainValue, readShape, type Shape, shapeOf } from './xml-shape.ts'
import type { XmlElement } from './xml-stream.ts'

/** An element while it is read. */
export type Draft = {
  name: string
  attributes: Record<string, string>
  children: Draft[]
  text: string
}

/** An element and where it ends. */
export type PlainElement<Element = XmlElement> = {
  readonly element: Element
  readonly end: number
}

/** Deeper ones are left. In a listing: file, currentRevision, size. */
const DEPTH_MAX = 4
const CHILDREN_MAX = 64

/** A shape is dear to make, and of no use for a few elements or for those that all look different. */
const LEARN_EVERY = 8
const SHAPES_LEARNT_MAX = 32
const SHAPES_KEPT_MAX = 6

const start = new RegExp(`<([A-Za-z][\\w.-]*)((?: [A-Za-z][\\w.-]*="${plainValue}")*) ?(/?)>`, 'y')
const attribute = / ([A-Za-z][\w.-]*)="([^"]*)"/g
const texts = new RegExp(plainText, 'y')
const blanks = /[ \t\n]*/y

/** Reads the elements of one document, which mostly look alike. */
export class PlainElements {
  #readSingly = 0
  /** The one that was of use last comes first. */
  readonly #shapes: Shape[] = []

  /** As `readPlainElement`, and three times as fast for what looks like others before. */
  read(text: string, at: number): PlainElement | undefined {
    for (const [place, shape] of this.#shapes.entries()) {
      const element = readShape(shape, text, at)
      if (element === undefined) continue
      if (place > 0) this.#shapes.unshift(...this.#shapes.splice(place, 1))
      return { element, end: shape.pattern.lastIndex }
    }
    const plain = readPlainElement(text, at)
    if (plain !== undefined) this.#learn(text.slice(at, plain.end))
    return plain
  }

  #learn(source: string): void {
    this.#readSingly += 1
    const isTime = this.#readSingly % LEARN_EVERY === 0
    if (!isTime || this.#readSingly > LEARN_EVERY * SHAPES_LEARNT_MAX) return
    const shape = shapeOf(source)
    if (shape === undefined) return
    this.#shapes.unshift(shape)
    this.#shapes.splice(SHAPES_KEPT_MAX)
  }
}

/** Skips white space from `at`. */
export function skipBlanks(text: string, at: number): number {
  blanks.lastIndex = at
  blanks.test(text)
  return blanks.lastIndex
}

/**
 * The element that begins at `at` and where it ends. `undefined` when it is not plain, or not all of it
 * is in `text`.
 */
export function readPlainElement(
  text: string,
  at: number,
  depth = 1,
): PlainElement<Draft> | undefined {
  start.lastIndex = at
  const opened = start.exec(text)
  if (opened === null || depth > DEPTH_MAX) return undefined
  const [tag, name = '', list = '', isEmpty] = opened
  const attributes = list === '' ? {} : readAttributes(list)
  if (attributes === undefined) return undefined
  const element: Draft = { name, attributes, children: [], text: '' }
  let end = at + tag.length
  if (isEmpty === '/') return { element, end }
  const close = `</${name}>`
  for (;;) {
    texts.lastIndex = end
    texts.test(text)
    // Nearly always there is nothing but the text.
    if (texts.lastIndex > end) element.text += text.slice(end, texts.lastIndex)
    end = texts.lastIndex
    if (text.startsWith(close, end)) return { element, end: end + close.length }
    if (element.children.length === CHILDREN_MAX) return undefined
    const child = readPlainElement(text, end, depth + 1)
    if (child === undefined) return undefined
    element.children.push(child.element)
    end = child.end
  }
}

/** `undefined` when a name is there twice. */
function readAttributes(list: string): Record<string, string> | undefined {
  const attributes: Record<string, string> = {}
  for (const [, name = '', value = ''] of list.matchAll(attribute)) {
    if (Object.hasOwn(attributes, name)) return undefined
    attributes[name] = value
  }
  return attributes
}
