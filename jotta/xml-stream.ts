// XML as it arrives: a document is cut into the elements right below its containers, each handed on
// when it closes and then forgotten. Memory depends on the largest element, never on the document.
import { SaxesParser } from 'saxes'
import { JottaError } from './jotta-error.ts'
import { type Draft, PlainElements, skipBlanks } from './xml-plain-element.ts'

export type XmlElement = {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  /** Its own text, untrimmed, without that of its children. */
  readonly text: string
}

/**
 * - `open`: a container begins; its attributes are known, its children follow as events.
 * - `element`: a whole element inside a container.
 * - `close`: a container ends.
 *
 * `container` is '' for the root, else the name of the container right below the root.
 */
export type XmlEvent =
  | { readonly type: 'open'; readonly container: string; readonly element: XmlElement }
  | { readonly type: 'element'; readonly container: string; readonly element: XmlElement }
  | { readonly type: 'close'; readonly container: string }

/** Far above anything that Jottacloud sends, far below what would hurt. */
const DEPTH_MAX = 16
const ATTRIBUTES_MAX = 64
const ELEMENT_NODES_MAX = 2_000
const ELEMENT_CHARS_MAX = 256 * 1024
/** The longest text, attribute, tag or comment; also the slice in which text is fed. */
const TOKEN_CHARS_MAX = 64 * 1024

/**
 * Reads a document. The root and the children of the root named in `containers` are containers.
 * Throws JottaError `protocol` on what is not well-formed UTF-8 XML, is cut short, declares a
 * document type, or is larger in any one place than the limits above. `source` is what fails for
 * other reasons (cut connections, aborts).
 */
export async function* readXml(
  source: AsyncIterable<Uint8Array>,
  containers: readonly string[],
  subject: string,
): AsyncGenerator<XmlEvent, void, undefined> {
  for await (const events of readXmlPieces(source, containers, subject)) yield* events
}

/** As `readXml`, with all events of a chunk at once: waiting for each would take as long as reading it. */
export async function* readXmlPieces(
  source: AsyncIterable<Uint8Array>,
  containers: readonly string[],
  subject: string,
): AsyncGenerator<readonly XmlEvent[], void, undefined> {
  const splitter = new XmlSplitter(containers, subject)
  for await (const chunk of source) {
    splitter.write(chunk)
    yield splitter.take()
  }
  splitter.end()
  yield splitter.take()
}

/** The whole of a small document, from text. Throws like `readXml`. */
export function parseXml(text: string, subject: string): XmlElement {
  const splitter = new XmlSplitter([], subject)
  splitter.write(Buffer.from(text))
  splitter.end()
  return rootOf(splitter.take())
}

/** Collects the events of a document that is known to be small, such as a file's, into one element. */
export async function readElement(
  source: AsyncIterable<Uint8Array>,
  subject: string,
): Promise<XmlElement> {
  const events: XmlEvent[] = []
  for await (const event of readXml(source, [], subject)) {
    if (events.length >= ELEMENT_NODES_MAX) {
      throw new JottaError('protocol', `${subject}: the XML reply has too many elements`)
    }
    events.push(event)
  }
  return rootOf(events)
}

export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name)
}

/** Text of a child, untrimmed; `undefined` when there is no such child. */
export function textOf(element: XmlElement, name: string): string | undefined {
  return childOf(element, name)?.text
}

function rootOf(events: Iterable<XmlEvent>): XmlElement {
  const children: XmlElement[] = []
  let root: XmlElement | undefined
  for (const event of events) {
    if (event.type === 'open') root = event.element
    if (event.type === 'element') children.push(event.element)
  }
  return { name: '', attributes: {}, text: '', ...root, children }
}

class XmlSplitter {
  readonly #subject: string
  readonly #containers: ReadonlySet<string>
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  readonly #parser = new SaxesParser({
    xmlns: false,
    fragment: false,
    position: false,
    // Whatever it says it is: 1.1 has further line ends, which plain elements would keep.
    defaultXMLVersion: '1.0',
    forceXMLVersion: true,
  })
  readonly #plain = new PlainElements()
  #events: XmlEvent[] = []
  /** Open elements from the root down; the first ones are containers. */
  #stack: Draft[] = []
  #containerDepth = 0
  #nodes = 0
  #chars = 0
  #attributes = 0
  #charsSinceToken = 0
  /** The parser stands right behind a tag, in a container, so that an element may follow. */
  #isBetweenElements = false

  constructor(containers: readonly string[], subject: string) {
    this.#containers = new Set(containers)
    this.#subject = subject
    this.#parser.on('error', (error) => this.#fail(error.message))
    this.#parser.on('doctype', () => this.#fail('it declares a document type'))
    this.#parser.on('opentagstart', () => {
      this.#charsSinceToken = 0
      this.#attributes = 0
    })
    this.#parser.on('attribute', ({ value }) => {
      this.#charsSinceToken = 0
      this.#attributes += 1
      this.#chars += value.length
      if (this.#attributes > ATTRIBUTES_MAX) this.#fail('a tag has too many attributes')
    })
    this.#parser.on('opentag', ({ name, attributes }) => this.#open(name, attributes))
    this.#parser.on('text', (text) => this.#text(text))
    this.#parser.on('cdata', (text) => this.#text(text))
    this.#parser.on('closetag', () => this.#close())
  }

  write(chunk: Uint8Array): void {
    this.#feed(() => this.#decoder.decode(chunk, { stream: true }))
  }

  end(): void {
    this.#feed(() => this.#decoder.decode())
    this.#parser.close()
  }

  /** The events since the last call. */
  take(): XmlEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  #feed(decode: () => string): void {
    let text: string
    try {
      text = decode()
    } catch (cause) {
      throw new JottaError('protocol', `${this.#subject}: the reply is not UTF-8`, { cause })
    }
    for (let at = 0; at < text.length; ) {
      if (this.#isBetweenElements) at = this.#takePlainElements(text, at)
      // One tag at most, so that what its handlers say of the parser's place holds at its end.
      const tagEnd = text.indexOf('>', at) + 1
      const end = Math.min(tagEnd === 0 ? text.length : tagEnd, at + TOKEN_CHARS_MAX)
      const slice = text.slice(at, end)
      if (slice === '') break
      at = end
      this.#isBetweenElements = false
      this.#charsSinceToken += slice.length
      this.#parser.write(slice)
      if (this.#charsSinceToken > 2 * TOKEN_CHARS_MAX) this.#fail('a text or tag is too long')
    }
  }

  /** Hands on what can be read without the parser, which then never sees it. Returns where that ends. */
  #takePlainElements(text: string, from: number): number {
    const container = this.#containerDepth === 2 ? (this.#stack[1]?.name ?? '') : ''
    for (let at = from; ; ) {
      const plain = this.#plain.read(text, skipBlanks(text, at))
      if (plain === undefined) return at
      const { element, end } = plain
      if (this.#containerDepth === 1 && this.#containers.has(element.name)) return at
      if (end - at > TOKEN_CHARS_MAX) return at
      this.#events.push({ type: 'element', container, element })
      at = end
    }
  }

  #open(name: string, attributes: Record<string, string>): void {
    const element: Draft = { name, attributes: { ...attributes }, children: [], text: '' }
    const depth = this.#stack.length
    this.#charsSinceToken = 0
    if (depth >= DEPTH_MAX) this.#fail('elements are nested too deeply')
    const isContainer =
      depth === 0 || (depth === 1 && this.#containerDepth === 1 && this.#containers.has(name))
    if (isContainer) {
      this.#containerDepth = depth + 1
      this.#isBetweenElements = true
      this.#events.push({ type: 'open', container: depth === 0 ? '' : name, element })
    } else {
      this.#nodes += 1
      if (this.#nodes > ELEMENT_NODES_MAX) this.#fail('an element has too many children')
      if (depth > this.#containerDepth) this.#stack.at(-1)?.children.push(element)
    }
    this.#stack.push(element)
  }

  #text(text: string): void {
    this.#charsSinceToken = 0
    if (this.#stack.length <= this.#containerDepth) return
    this.#chars += text.length
    if (this.#chars > ELEMENT_CHARS_MAX) this.#fail('an element is too large')
    const element = this.#stack.at(-1)
    if (element !== undefined) element.text += text
  }

  #close(): void {
    const element = this.#stack.pop()
    const depth = this.#stack.length
    this.#charsSinceToken = 0
    if (element === undefined) return
    const container = this.#containerDepth === 2 ? (this.#stack[1]?.name ?? '') : ''
    if (depth < this.#containerDepth) {
      this.#containerDepth = depth
      this.#isBetweenElements = depth > 0
      this.#events.push({ type: 'close', container: depth === 0 ? '' : element.name })
    } else if (depth === this.#containerDepth) {
      this.#isBetweenElements = true
      this.#events.push({ type: 'element', container, element })
      this.#nodes = 0
      this.#chars = 0
    }
  }

  #fail(reason: string): never {
    throw new JottaError('protocol', `${this.#subject}: the XML reply is not usable: ${reason}`)
  }
}
