import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../translate/s3-error.ts'
import { parseQuery } from './query.ts'

const test = suite('query')

const cases: readonly [raw: string, pairs: [string, string][]][] = [
  ['', []],
  ['acl', [['acl', '']]],
  ['acl=', [['acl', '']]],
  ['prefix=a+b%2Bc', [['prefix', 'a b+c']]],
  ['pre+fix=%20', [['pre fix', ' ']]],
  ['pre%66ix=x', [['prefix', 'x']]],
  [
    'delimiter=%2F&&marker=a=b',
    [
      ['delimiter', '/'],
      ['marker', 'a=b'],
    ],
  ],
  ['=x', [['', 'x']]],
  [
    'a=?&b=/',
    [
      ['a', '?'],
      ['b', '/'],
    ],
  ],
  ['__proto__=1', [['__proto__', '1']]],
  ['a=%00%0A', [['a', '\0\n']]],
  ['k=%C3%A9%F0%9F%98%80', [['k', 'é😀']]],
]

test('names and values are decoded in the order they came', () => {
  for (const [raw, pairs] of cases) {
    assert.equal(parseQuery(raw).pairs, pairs, raw)
  }
})

test('of a repeated name the first value counts, and every pair is kept', () => {
  const query = parseQuery('a=1&b=2&%61=3')
  assert.is(query.get('a'), '1')
  assert.equal(query.names(), ['a', 'b'])
  assert.is(query.pairs.length, 3)
  assert.ok(query.has('b'))
  assert.not.ok(query.has('c'))
  assert.is(query.get('constructor'), undefined)
})

test('a broken escape is InvalidURI, in a name and in a value', () => {
  for (const raw of [
    'a=%',
    'a=%2',
    'a=%zz',
    '%=1',
    'a=%C3',
    'a=%C0%AF',
    'a=%ED%A0%80',
    'a=\u0100',
  ]) {
    assert.throws(
      () => parseQuery(raw),
      (error: unknown) => error instanceof S3Error && error.code === 'InvalidURI',
      raw,
    )
  }
})

test.run()
