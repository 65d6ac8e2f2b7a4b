import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { z } from 'zod'
import { S3Error } from '../translate/s3-error.ts'
import { parseXml, RenderedElements, renderXml as renderBytes, S3_NAMESPACE } from './xml.ts'

const test = suite('xml')

const parse = (text: string, maxTags?: number) =>
  parseXml(text, { root: 'a', arrays: ['K'], schema: z.unknown(), ...(maxTags && { maxTags }) })

/** Plain objects, for comparison: parsed ones have no prototype. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

const accepted: [what: string, text: string, content: unknown][] = [
  ['numbers stay text', '<a><K>007</K><K>5e3</K><K>0x1F</K></a>', { K: ['007', '5e3', '0x1F'] }],
  ['words stay text', '<a><T>true</T><N>null</N></a>', { T: 'true', N: 'null' }],
  ['white space in a leaf stays', '<a><K>  x </K><K>  </K></a>', { K: ['  x ', '  '] }],
  ['white space between elements goes', '<a>\n  <T>x</T>\r\n</a>', { T: 'x' }],
  ['a list of one is a list', '<a><K>x</K></a>', { K: ['x'] }],
  ['an empty element is empty text', '<a><T/><K></K></a>', { T: '', K: [''] }],
  ['an empty root is empty text', '<a/>', ''],
  ['any namespace is taken', `<a xmlns="${S3_NAMESPACE}">x</a>`, 'x'],
  ['no namespace is taken', '<a>x</a>', 'x'],
  ['the declaration is no content', '<?xml version="1.0" encoding="UTF-8"?>\n<a>x</a>\n', 'x'],
  ['a byte order mark is no content', '\uFEFF<a>x</a>', 'x'],
  ['comments leave no trace', '<a><T>a<!-- c -->b</T><!-- d --></a>', { T: 'ab' }],
  ['CDATA is text', '<a><T><![CDATA[a<&amp;]]></T></a>', { T: 'a<&amp;' }],
  ['a DOCTYPE in CDATA is text', '<a><![CDATA[<!DOCTYPE x>]]></a>', '<!DOCTYPE x>'],
  ['references by name', '<a>&lt;&gt;&amp;&quot;&apos;</a>', '<>&"\''],
  ['references are decoded once', '<a>&amp;lt;&#38;#60;</a>', '&lt;&#60;'],
  ['a carriage return by number', '<a>x&#13;y&#xD;z</a>', 'x\ry\rz'],
  ['control characters by number', '<a>&#0;&#1;&#x1F;</a>', '\0\u0001\u001f'],
  ['characters beyond 16 bits', '<a>&#x1F600;😀</a>', '😀😀'],
  ['line ends are normalised', '<a>x\r\ny\rz</a>', 'x\ny\nz'],
]
for (const [what, text, content] of accepted) {
  test(`accepted: ${what}`, () => assert.equal(plain(parse(text)), content))
}

const refused: [what: string, text: string][] = [
  ['nothing', ''],
  ['white space', ' \n'],
  ['no XML', 'hello'],
  ['JSON', '{"a":1}'],
  ['another root', '<b/>'],
  ['two roots', '<a></a><a></a>'],
  ['two roots that close themselves', '<a/><a/>'],
  ['a prefix on the root', '<x:a xmlns:x="y"/>'],
  ['text behind the root', '<a></a>x'],
  ['text behind a root that closes itself', '<a/>x'],
  ['a root that does not end', '<a>'],
  ['a tag that does not end', '<a'],
  ['tags that cross', '<a><T><K></T></K></a>'],
  ['text between elements', '<a>x<T/></a>'],
  ['a raw ampersand', '<a>a & b</a>'],
  ['a DOCTYPE', '<!DOCTYPE a><a/>'],
  ['entities of its own', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
  ['an external entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
  ['a DOCTYPE behind the root', '<a></a><!DOCTYPE a [<!ENTITY x "y">]>'],
  ['a declaration inside', '<a><!ELEMENT x></a>'],
  ['an entity nobody declared', '<a>&nbsp;</a>'],
  ['an entity named like a property', '<a>&constructor;</a>'],
  ['a reference to a surrogate', '<a>&#xD800;</a>'],
  ['a reference beyond Unicode', '<a>&#x110000;</a>'],
  ['an attribute twice', '<a x="1" x="2"/>'],
  ['an attribute without value', '<a x/>'],
  ['an unfinished comment', '<a><!-- </a>'],
  ['an unfinished comment behind the root', '<a/><!-- >'],
  ['unfinished CDATA', '<a><![CDATA[x</a>'],
  ['a declaration that is not first', ' <?xml version="1.0"?><a/>'],
  ['a name that poisons prototypes', '<a><__proto__>x</__proto__></a>'],
  ['deep nesting', `<a>${'<b>'.repeat(30)}${'</b>'.repeat(30)}</a>`],
  ['too many elements', `<a>${'<b/>'.repeat(300)}</a>`],
]
for (const [what, text] of refused) {
  test(`refused: ${what}`, () => {
    assert.throws(
      () => parse(text),
      (error: unknown) => error instanceof S3Error && error.code === 'MalformedXML',
    )
  })
}

test('what the schema does not allow is malformed', () => {
  const schema = z.strictObject({ T: z.string() })
  const shape = { root: 'a', arrays: [], schema }
  assert.equal(parseXml('<a><T>x</T></a>', shape), { T: 'x' })
  for (const text of ['<a/>', '<a>x</a>', '<a><T>x</T><T>y</T></a>', '<a><T>x</T><U/></a>']) {
    assert.throws(() => parseXml(text, shape), /MalformedXML|schema/)
  }
})

test('ten thousand parts are read in reasonable time, and a bomb costs nothing', () => {
  const part = '<K><PartNumber>1</PartNumber><ETag>"0123456789abcdef0123456789abcdef"</ETag></K>'
  // Of this process: a busy machine takes its time for others.
  const before = process.cpuUsage()
  parse(`<a>${part.repeat(10_000)}</a>`, 100_000)
  assert.throws(() => parse('<a>'.repeat(1_000_000)))
  assert.throws(() => parse(`<a>${'&lt;'.repeat(1000)}<${' '.repeat(1_000_000)}`))
  assert.throws(() => parse(`<a ${'x'.repeat(1_000_000)}`))
  const { user, system } = process.cpuUsage(before)
  assert.ok(user + system < 5_000_000, `${user + system} µs`)
})

test('what is rendered can be sent back: a key that is listed can be named to delete it', () => {
  const codes = [...Array.from({ length: 0x100 }, (_, code) => code), 0x2028, 0xfffe, 0xffff]
  for (const char of codes.map((code) => String.fromCharCode(code))) {
    assert.equal(plain(parse(renderXml('a', { T: `x${char}y` }, 'none'))), { T: `x${char}y` })
  }
})

test('rendered text is escaped, control characters as references', () => {
  assert.is(
    renderXml('a', { b: `<&>"'\r\n\t\u0001\u0085\ufffe` }, 'none'),
    '<a><b>&lt;&amp;&gt;&quot;&apos;&#xD;\n\t&#x1;&#x85;&#xFFFE;</b></a>',
  )
})

test('lists repeat, undefined goes, an empty list is nothing, and order is kept', () => {
  const content = { z: [1, 2], y: undefined, x: [], w: true, v: { u: '' }, t: [{ s: 'a' }] }
  assert.is(
    renderXml('a', content),
    `<a xmlns="${S3_NAMESPACE}"><z>1</z><z>2</z><w>true</w><v><u></u></v><t><s>a</s></t></a>`,
  )
})

test('a root may hold text only, and half a character is replaced', () => {
  assert.is(renderXml('a', 'x\ud800', 'none'), '<a>x\ufffd</a>')
})

test('a long list is rendered whole, whatever its letters take', () => {
  const keys = Array.from({ length: 2000 }, (_, n) => `${n} 😀 ä & ${'x'.repeat(n % 7)}`)
  const escaped = keys.map((key) => `<Key>${key.replace('&', '&amp;')}</Key>`)
  assert.is(renderXml('a', { Key: keys }, 'none'), `<a>${escaped.join('')}</a>`)
})

test('elements that are rendered already stand in their place, under no other name', () => {
  const rendered = new RenderedElements('b')
  rendered.add({ c: '<' })
  rendered.addRendered('<c>&gt;</c>')
  const elements = '<b><c>&lt;</c></b><b><c>&gt;</c></b>'
  assert.is(
    renderXml('a', { x: 1, b: rendered, y: 2 }, 'none'),
    `<a><x>1</x>${elements}<y>2</y></a>`,
  )
  assert.is(renderXml('a', { b: new RenderedElements('b') }, 'none'), '<a></a>')
  assert.throws(() => renderXml('a', { other: rendered }, 'none'))
  assert.throws(() => renderXml('b', rendered, 'none'))
})

test('what is rendered is read back', () => {
  const text = 'a <&>"\' \r\n\t \u0001\u001f\u007f😀 \u2028'
  const rendered = renderXml('a', { T: text })
  assert.equal(plain(parse(rendered)), { T: text })
})

function renderXml(...element: Parameters<typeof renderBytes>): string {
  return Buffer.concat(renderBytes(...element)).toString()
}

test.run()
