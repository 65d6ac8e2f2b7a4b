// What elements of one look have in common, as a pattern that reads the next such element in one go: a listing
// is thousands of elements that differ in nothing but their values. Pure.
import type { XmlElement } from './xml-stream.ts'

// Without references, carriage returns, controls and what XML cannot carry: those need rules.
export const plainValue = '[^"<>&\\0-\\x1f\\ufffe\\uffff]*'
export const plainText = '[^<>&\\r\\0-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]*'

export type Shape = {
  /** Sticky. Its groups are the values of attributes and the texts, in the order of the document. */
  readonly pattern: RegExp
  readonly root: Part
}

type Part = {
  readonly name: string
  readonly attributes: readonly string[]
  readonly children: Part[]
  /** What stands between its children; `undefined` of one that has a text of its own and no children. */
  blanks: string | undefined
}

const token = /<(\/?)([\w.-]+)([^>]*?)( ?\/?)>([^<]*)/g
const attribute = / ([\w.-]+)="[^"]*"/g

/** The shape of a plain element, given whole. `undefined` when it has a text beside children. */
export function shapeOf(source: string): Shape | undefined {
  const tokens = [...source.matchAll(token)]
  const open: Part[] = []
  let root: Part | undefined
  let pattern = ''
  for (const [at, [, slash = '', name = '', list = '', tail = '', text = '']] of tokens.entries()) {
    if (slash === '/') open.pop()
    else {
      const attributes = [...list.matchAll(attribute)].map(
        ([, attributeName = '']) => attributeName,
      )
      const part: Part = { name, attributes, children: [], blanks: '' }
      open.at(-1)?.children.push(part)
      root ??= part
      if (!tail.endsWith('/')) open.push(part)
    }
    pattern += `<${slash}${literal(name)}${valuesOf(list)}${tail}>`
    const inside = open.at(-1)
    const isLeaf = slash === '' && !tail.endsWith('/') && tokens[at + 1]?.[1] === '/'
    if (isLeaf && inside !== undefined) {
      pattern += `(${plainText})`
      inside.blanks = undefined
    } else {
      if (!/^[ \t\n]*$/.test(text)) return undefined
      pattern += text
      if (inside !== undefined) inside.blanks += text
    }
  }
  return root && { pattern: new RegExp(pattern, 'y'), root }
}

/** The element of this shape that begins at `at`; it ends at the pattern's `lastIndex`. */
export function readShape(shape: Shape, text: string, at: number): XmlElement | undefined {
  const { pattern, root } = shape
  pattern.lastIndex = at
  const values = pattern.exec(text)
  if (values === null) return undefined
  let last = 0
  const next = (): string => {
    last += 1
    return values[last] ?? ''
  }
  const attributesOf = (names: readonly string[]): XmlElement['attributes'] => {
    if (names.length === 0) return noAttributes
    const attributes: Record<string, string> = {}
    for (const name of names) attributes[name] = next()
    return attributes
  }
  const fill = ({ name, attributes, children, blanks }: Part): XmlElement => ({
    name,
    attributes: attributesOf(attributes),
    children: children.length === 0 ? noChildren : children.map(fill),
    text: blanks ?? next(),
  })
  return fill(root)
}

/** Nearly all elements have neither: one of each is enough for all. */
const noAttributes: XmlElement['attributes'] = Object.freeze({})
const noChildren: XmlElement['children'] = Object.freeze([])

function valuesOf(list: string): string {
  return list.replace(attribute, (_, name: string) => ` ${literal(name)}="(${plainValue})"`)
}

/** Of a name, nothing but a dot means something in a pattern. */
function literal(name: string): string {
  return name.replaceAll('.', '\\.')
}
