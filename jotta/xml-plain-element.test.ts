import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PlainElements, readPlainElement } from './xml-plain-element.ts'
import { shapeOf } from './xml-shape.ts'

const test = suite('plain elements')

const name = fc.constantFrom('file', 'folder', 'size', 'a.b', 'axb', 'x-y_z')
/** Plain ones, and those that only a parser may read. */
const value = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      '',
      '/',
      "'",
      '$1',
      '2026-03-01T08:00:00Z',
      'é\u{10400}\u201b',
      '\\',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('<', '&amp;', '"', '\r', '\t', '\n', '\ufffe', '\u0001', '>'),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 5 }) },
)
const blank = fc.constantFrom('', '', '\n  ', '\t', 'x')

type Element = readonly [
  tag: string,
  attributes: readonly string[],
  children: readonly Element[],
  tail: string,
]

const elementWith = (children: fc.Arbitrary<readonly Element[]>): fc.Arbitrary<Element> =>
  fc.tuple(
    name,
    fc.array(name, { maxLength: 3 }),
    children,
    fc.constantFrom('', '', '/', ' /', ' '),
  )
const leaf = elementWith(fc.constant([]))
const branch = elementWith(fc.array(leaf, { maxLength: 3 }))
const element = elementWith(fc.array(fc.oneof(leaf, branch), { maxLength: 3 }))

/** What a kind of element looks like with values that `next` gives. */
function write(
  [tag, attributes, children, tail]: Element,
  next: () => string,
  gap: string,
): string {
  const list = attributes.map((one) => ` ${one}="${next()}"`).join('')
  if (tail.endsWith('/')) return `<${tag}${list}${tail}>`
  const inside = children.map((child) => gap + write(child, next, gap)).join('')
  return `<${tag}${list}${tail}>${children.length === 0 ? next() : inside + gap}</${tag}>`
}

test('what looks like others before is read as if it came alone', () => {
  const kinds = fc.array(fc.tuple(element, blank), { minLength: 1, maxLength: 2 })
  // Enough of them for a shape.
  const rows = fc.array(fc.tuple(fc.nat(1), fc.array(value, { minLength: 1, maxLength: 3 })), {
    minLength: 30,
    maxLength: 60,
  })
  fc.assert(
    fc.property(kinds, rows, (looks, all) => {
      const elements = new PlainElements()
      for (const [which, values] of all) {
        const look = looks[which % looks.length]
        if (look === undefined) continue
        const [kind, gap] = look
        let at = 0
        const text = write(kind, () => values[at++ % values.length] ?? '', gap)
        const alone = readPlainElement(`-${text}<`, 1)
        assert.equal(elements.read(`-${text}<`, 1), alone)
        // Cut anywhere, it is not whole.
        assert.equal(
          elements.read(`-${text.slice(0, -1)}`, 1),
          readPlainElement(`-${text.slice(0, -1)}`, 1),
        )
      }
    }),
  )
})

test('a shape reads any values but those that would need a parser', () => {
  const shape = shapeOf('<file name="a" x=""><size>1</size>\n<md5/></file>')
  assert.ok(shape !== undefined)
  const matches = (text: string): boolean => {
    shape.pattern.lastIndex = 0
    return shape.pattern.test(text)
  }
  assert.ok(matches('<file name="b/>" x="y"><size></size>\n<md5/></file>') === false)
  assert.ok(matches('<file name="b/" x="y"><size></size>\n<md5/></file>'))
  for (const other of [
    '<file name="b" x="y"><size>&lt;</size>\n<md5/></file>',
    '<file name="b" x="y"><size>1</size><md5/></file>',
    '<file name="b" y="y"><size>1</size>\n<md5/></file>',
    '<file name="b" x="y"><size>1</size>\n<md5></md5></file>',
    ' <file name="b" x="y"><size>1</size>\n<md5/></file>',
  ]) {
    assert.not(matches(other), other)
  }
})

test('a text beside children has no shape', () => {
  assert.is(shapeOf('<file>a<size>1</size></file>'), undefined)
  assert.is(shapeOf('<file><size>1</size>a</file>'), undefined)
})

test('elements that all look different make few shapes', () => {
  const elements = new PlainElements()
  for (let n = 0; n < 5_000; n += 1) {
    const text = `<file a${n}="${n}"></file>`
    assert.equal(elements.read(text, 0)?.element.attributes, { [`a${n}`]: String(n) })
  }
})

test.run()
