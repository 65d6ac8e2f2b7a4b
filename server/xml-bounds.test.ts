import fc from 'fast-check'
import { XMLParser } from 'fast-xml-parser'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../translate/s3-error.ts'
import { checkXmlBounds } from './xml-bounds.ts'

const test = suite('bounds of XML')

const bounds = { maxTags: 10, maxAttributes: 3, maxReferences: 5 }

/** Why a text is refused; `undefined` when it is not. */
function refusal(text: string, wanted = bounds): string | undefined {
  try {
    checkXmlBounds(text, wanted)
    return undefined
  } catch (error) {
    assert.ok(error instanceof S3Error && error.code === 'MalformedXML', String(error))
    return error instanceof S3Error ? /: ([^:]*)\.$/.exec(error.message)?.[1] : undefined
  }
}

const megabyte = 1_000_000
const cases: [text: string, why: string | undefined][] = [
  ['<a/>', undefined],
  ['<?xml version="1.0" encoding="UTF-8"?>\n<a xmlns="b"/>', undefined],
  ['<a b="1" c=\'"=2"\' d = "3"/>', undefined],
  ['<a b="1" c="2"><d e="3"/><f g="4"/></a>', 'too many attributes'],
  ['<?a b="1" c="2" d="3" e="4"?><a/>', 'too many attributes'],
  [`<a>${'<b/>'.repeat(8)}</a>`, undefined],
  [`<a>${'<b/>'.repeat(9)}</a>`, 'too many elements'],
  ['<a>&lt;&#1;&amp;&x;&</a>', undefined],
  ['<a>&lt;&#1;&amp;&x;&&</a>', 'too many references'],
  // Of text, comments and CDATA nothing is counted but references.
  ['<a>b="1" c="2" d="3" e="4" \'</a>', undefined],
  [
    "<a><!-- isn't <b c='1' d='2' e='3' f='4'/> --><![CDATA[ <b c='1' d='2' e='3' f='4'> ' ]]></a>",
    undefined,
  ],
  // What some parser might read otherwise.
  ['<a b=">" c="1"/>', 'the value of an attribute has a >, or does not end'],
  ["<a b='1>", 'the value of an attribute has a >, or does not end'],
  ['<!--><a b="1"/>-->', 'a comment does not end, or is not one'],
  ['<!---><a b="1"/>-->', 'a comment does not end, or is not one'],
  ['<!-- -- <a b="1"/>-->', 'a comment does not end, or is not one'],
  ['<!-- <a b="1"/>', 'a comment does not end, or is not one'],
  ['<a><![CDATA[ <a b="1"/>', 'CDATA does not end'],
  ['<![cdata[ <a b="1"/>]]>', 'DOCTYPE is not allowed'],
  ['<!DOCTYPE a><a/>', 'DOCTYPE is not allowed'],
  ['<?a > b="1"?><a/>', 'a processing instruction does not end'],
  ['<a', 'a tag does not end'],
  // What took a parser seconds.
  [`<a ${'b="1" '.repeat(megabyte / 6)}/>`, 'a tag is too long'],
  [`<a ${'b '.repeat(megabyte / 2)}/>`, 'a tag is too long'],
  [`<?xml ${'b="1" '.repeat(megabyte / 6)}?><a/>`, 'a tag is too long'],
  [`<${'a'.repeat(megabyte)}/>`, 'a tag is too long'],
  [`<a ${'b '.repeat(megabyte / 2)}`, 'a tag does not end'],
  [`<a>${'&#107;'.repeat(megabyte / 6)}</a>`, 'too many references'],
]
for (const [text, why] of cases) {
  test(`${why ?? 'accepted'}: ${text.slice(0, 60)}`, () => assert.is(refusal(text), why))
}

test('no parser sees more attributes or elements than were counted', () => {
  const attributes = [
    " v='\"'",
    " w='2'",
    ' x=">"',
    ' y="<a>"',
    ' z="/>"',
    ' u="-->"',
    '\n t = "]]>"',
  ]
  const tag = fc
    .tuple(fc.constantFrom('<a', '<b', '<?p'), fc.subarray(attributes))
    .map(([start, some]) => `${start}${some.join('')}${start === '<?p' ? '?>' : '/>'}`)
  const marks = '< > <!-- --> -- - <![CDATA[ ]]> <!DOCTYPE [ ] <? ?> /> </a> <a> " \' = & t'.split(
    ' ',
  )
  const piece = fc.oneof(tag, fc.constantFrom(' ', ...marks))
  const inner = fc.array(piece, { maxLength: 8 }).map((some) => some.join(''))
  const comment = inner.map((text) => `<!--${text}-->`)
  const cdata = inner.map((text) => `<![CDATA[${text}]]>`)
  const content = fc.array(fc.oneof(tag, comment, cdata, inner), { maxLength: 4 })
  const document = fc
    .tuple(fc.subarray(attributes), content)
    .map(([some, inside]) => `<a${some.join('')}>${inside.join('')}</a>`)
  const prefix = { attributeNamePrefix: '@', preserveOrder: true }
  const parser = new XMLParser({ ignoreAttributes: false, ...prefix })
  const none = { maxTags: 1000, maxAttributes: 1000, maxReferences: 1000 }
  let compared = 0
  const compare = (text: string): void => {
    const seen = { attributes: 0, elements: 0 }
    try {
      count(parser.parse(text, true), seen)
    } catch {
      // Of what the parser refuses, nothing is left to compare.
      return
    }
    compared += 1
    const { attributes: some, elements } = seen
    if (some > 0) assert.ok(refusal(text, { ...none, maxAttributes: some - 1 }), text)
    if (elements > 0) assert.ok(refusal(text, { ...none, maxTags: elements - 1 }), text)
  }
  fc.assert(fc.property(document, compare), { numRuns: 10_000, seed: 5 })
  assert.ok(compared > 1000, String(compared))
})

function count(parsed: unknown, seen: { attributes: number; elements: number }): void {
  if (Array.isArray(parsed)) {
    for (const one of parsed) count(one, seen)
  } else if (typeof parsed === 'object' && parsed !== null) {
    for (const [name, value] of Object.entries(parsed)) {
      if (name === ':@') seen.attributes += Object.keys(value).length
      else if (name !== '#text') {
        seen.elements += 1
        count(value, seen)
      }
    }
  }
}

test.run()
