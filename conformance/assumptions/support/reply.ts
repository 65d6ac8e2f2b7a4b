// Replies of Jottacloud, taken apart without the bridge's own client: status, exception, XML or JSON.
import { XMLParser, XMLValidator } from 'fast-xml-parser'

export type Tag = { readonly [name: string]: unknown }

export type Reply = {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** Name of the root element; empty for what is not well-formed XML. */
  readonly root: string
  /** The root element; attributes begin with `@`. */
  readonly xml: Tag
  readonly json: Tag
}

const lists =
  /(folders\.folder|files\.file|devices\.device|mountPoints\.mountPoint|revisions\.revision|filedirlist\.(file|folder))$/
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  isArray: (_name, path) => lists.test(String(path)),
})

export function parseReply(
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string,
): Reply {
  const type = headers['content-type'] ?? ''
  const [root = '', xml = {}] = /^\s*</.test(text) ? parseXml(text) : []
  const json = type.includes('json') ? parseJson(text) : {}
  return { status, headers, text, root, xml, json }
}

function parseXml(text: string): [root: string, tag: Tag] | [] {
  if (XMLValidator.validate(text) !== true) return []
  const parsed: unknown = parser.parse(text)
  const found = Object.entries(tagOf(parsed)).find(([name]) => /^\w/.test(name))
  return found === undefined ? [] : [found[0], tagOf(found[1])]
}

function parseJson(text: string): Tag {
  try {
    return tagOf(JSON.parse(text))
  } catch {
    // Announced as JSON and none: shown as text.
    return {}
  }
}

function tagOf(value: unknown): Tag {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** The tag or list at a path of names; undefined when any of them is missing. */
export function at(tag: unknown, ...names: readonly string[]): unknown {
  let value = tag
  for (const name of names) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Object.entries(value).find(([key]) => key === name)?.[1]
  }
  return value
}

/** The text of an element, with attributes or without; undefined when it is missing. */
export function textAt(tag: unknown, ...names: readonly string[]): string | undefined {
  const value = at(tag, ...names)
  if (typeof value === 'string') return value
  const text = at(value, '#text')
  return typeof text === 'string' ? text : undefined
}

export function listAt(tag: unknown, ...names: readonly string[]): readonly unknown[] {
  const value = at(tag, ...names)
  return Array.isArray(value) ? value : []
}

export function isOk({ status }: Reply): boolean {
  return status >= 200 && status < 300
}

/** What a refusal says of itself: exception and message, or the text as it is. */
export function refusalOf({ xml, json, text, root }: Reply): string {
  if (root === 'error') return textAt(xml, 'message') ?? ''
  const said = [json.error, json.error_description, json.message ?? json.error_id]
  const words = said.filter((word): word is string => typeof word === 'string')
  return words.length > 0 ? words.join(': ') : text
}
