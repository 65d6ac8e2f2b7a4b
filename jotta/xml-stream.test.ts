import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JottaError } from './jotta-error.ts'
import { parseXml, readElement, readXml, textOf, type XmlEvent } from './xml-stream.ts'

const test = suite('xml stream')

async function* inPieces(text: string, pieceBytes: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

async function eventsOf(text: string, containers: string[], pieceBytes = 7): Promise<XmlEvent[]> {
  const events: XmlEvent[] = []
  for await (const event of readXml(inPieces(text, pieceBytes), containers, 'GET /x')) {
    events.push(event)
  }
  return events
}

async function failureOf(text: string, pieceBytes = 1000): Promise<unknown> {
  try {
    await eventsOf(text, ['files'], pieceBytes)
  } catch (error) {
    return error
  }
  return undefined
}

const document = `<?xml version="1.0" encoding="UTF-8"?>
<folder name="a &amp; b"><path>/u/d</path>
<files><file name="x"><rev><md5>ab</md5></rev></file><file name="y😀"/></files><metadata total="2"/></folder>`

test('a document is cut the same however it arrives', async () => {
  const whole = await eventsOf(document, ['files'], 10_000)
  for (const pieceBytes of [1, 2, 3, 5, 64]) {
    assert.equal(await eventsOf(document, ['files'], pieceBytes), whole)
  }
  assert.equal(
    whole.map((event) => [event.type, event.container, 'element' in event && event.element.name]),
    [
      ['open', '', 'folder'],
      ['element', '', 'path'],
      ['open', 'files', 'files'],
      ['element', 'files', 'file'],
      ['element', 'files', 'file'],
      ['close', 'files', false],
      ['element', '', 'metadata'],
      ['close', '', false],
    ],
  )
  const file = whole[3]
  assert.ok(file?.type === 'element')
  assert.is(file.element.attributes.name, 'x')
  assert.is(file.element.children[0]?.children[0]?.text, 'ab')
})

/** Elements as Jottacloud writes them, and what only a parser of all of XML may judge, valid or not. */
const fragments = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('<file name="a b"><rev><md5>ab</md5></rev></file>') },
  fc.constantFrom(
    ...[
      '<a/>',
      '<a b="1" c="2"/>',
      '<a b="1" b="2"/>',
      "<a b='1'/>",
      '<a b="x>y"/>',
      '<a b="\n"/>',
    ],
    ...['<a>x</a >', '<a>&lt;&#65;</a>', '<a b="&amp;"/>', '<a>]]></a>', '<a><![CDATA[<b/>]]></a>'],
    ...[
      '<!-- a> <b/> -->',
      '<?p <b/> ?>',
      '<files><b/></files>',
      '<files/>',
      '</files>',
      '<files>',
    ],
    ...['text', ' \n', '<a>\r\n</a>', '<a>\u0001</a>', '<a>\ufffe</a>', '<é/>', '<a><b></a></b>'],
    ...['<a>1<b/>2<c>3</c>4</a>', '<a><a><a><a><a>x</a></a></a></a></a>', '&x;', '<', '</r>'],
  ),
)

test('plain elements are read as the whole parser reads them', async () => {
  const read = async (text: string, pieceBytes: number) =>
    await eventsOf(text, ['files'], pieceBytes).catch((error: unknown) => {
      assert.instance(error, JottaError)
      return 'refused'
    })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fragments, { maxLength: 6 }),
      fc.integer({ min: 2, max: 40 }),
      async (list, size) => {
        const text = `<r>${list.join('')}</r>`
        // Byte by byte, no element is ever there as a whole, and so the parser reads them all.
        const expected = await read(text, 1)
        assert.equal(await read(text, 1_000), expected, text)
        assert.equal(await read(text, size), expected, text)
      },
    ),
    { numRuns: 1500 },
  )
})

test('a document that says it is XML 1.1 is read as one of 1.0, however it arrives', async () => {
  const text = '<?xml version="1.1"?><r><a b="x\u0085y">\u2028</a></r>'
  const whole = await eventsOf(text, [], 1_000)
  assert.equal(await eventsOf(text, [], 1), whole)
  assert.ok(JSON.stringify(whole).includes('"x\u0085y"'))
})

test('a container name deeper down, and a file as root, are plain elements', async () => {
  const events = await eventsOf('<folder><a><files><file/></files></a></folder>', ['files'])
  assert.equal(
    events.map((event) => event.type),
    ['open', 'element', 'close'],
  )
  const root = await readElement(inPieces('<file name="n"><md5>1</md5></file>', 4), 'GET /x')
  assert.is(root.name, 'file')
  assert.is(root.attributes.name, 'n')
  assert.is(textOf(root, 'md5'), '1')
})

test('text is kept as it is, character references and CDATA included', () => {
  const root = parseXml('<e><m> a&#229; &lt;<![CDATA[<b>]]> </m></e>', 'GET /x')
  assert.is(textOf(root, 'm'), ' aå <<b> ')
})

const unusable: Record<string, string> = {
  empty: '',
  'plain text': '400 Bad request',
  'cut in a tag': '<folder><files><file na',
  'cut between tags': '<folder><files></files>',
  'cut in text': '<folder><path>/a/b',
  'two roots': '<folder></folder><folder></folder>',
  'wrong nesting': '<folder><files></folder></files>',
  'unknown entity': '<folder><path>&nbsp;</path></folder>',
  'control character': '<folder><path>&#1;</path></folder>',
  doctype: '<!DOCTYPE folder [<!ENTITY a "b">]><folder><path>x</path></folder>',
  'too deep': `${'<a>'.repeat(100)}${'</a>'.repeat(100)}`,
  'long text': `<folder><path>${'x'.repeat(1_000_000)}</path></folder>`,
  'long attribute': `<folder name="${'x'.repeat(1_000_000)}"/>`,
  'long tag': `<${'x'.repeat(1_000_000)}/>`,
  'long comment': `<folder><!--${'x'.repeat(1_000_000)}--></folder>`,
  'many attributes': `<folder ${Array.from({ length: 1000 }, (_, i) => `a${i}="1"`).join(' ')}/>`,
  'wide element': `<folder><files><file>${'<a/>'.repeat(5000)}</file></files></folder>`,
  'much text in an element': `<folder><files><file>${`<a>${'x'.repeat(1000)}</a>`.repeat(1000)}</file></files></folder>`,
}

test('what is cut, broken, hostile or oversized is a protocol error', async () => {
  for (const [name, text] of Object.entries(unusable)) {
    for (const pieceBytes of [1000, 65_536, 10_000_000]) {
      const error = await failureOf(text, pieceBytes)
      assert.instance(error, JottaError, name)
      assert.ok(error instanceof JottaError && error.kind === 'protocol', name)
    }
  }
})

test('bytes that are not UTF-8 are a protocol error', async () => {
  const source = async function* () {
    yield Uint8Array.from([0x3c, 0x61, 0x3e, 0xff, 0x3c])
  }
  let failure: unknown
  try {
    await readElement(source(), 'GET /x')
  } catch (error) {
    failure = error
  }
  assert.ok(failure instanceof JottaError && failure.kind === 'protocol')
})

test('a document of any length passes in little memory', async () => {
  const row = `<file name="${'n'.repeat(100)}"><md5>0123</md5></file>`
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('<folder><files>')
    const chunk = Buffer.from(row.repeat(500))
    for (let i = 0; i < 400; i += 1) yield chunk
    yield Buffer.from('</files></folder>')
  }
  let rows = 0
  for await (const event of readXml(source(), ['files'], 'GET /x')) {
    if (event.type === 'element') rows += 1
  }
  assert.is(rows, 200_000)
})

test.run()
