import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EmulatorError } from './emulator-error.ts'
import { checkNewName, decodeJfsPath, foldName, mimeTypeOf } from './names.ts'
import { resolveSwitches } from './options.ts'

const test = suite('names')
const switches = resolveSwitches({ dataDirectory: '' })

function statusOf(work: () => unknown): number {
  try {
    work()
    return 200
  } catch (error) {
    if (error instanceof EmulatorError) return error.status
    throw error
  }
}

test('names that differ by case or normalisation only are one name', () => {
  const pairs = [
    ['Hello.DOC', 'hello.doc'],
    ['ÅRSRAPPORT', 'årsrapport'],
    ['e\u0301', '\u00c9'],
    ['\u1e9b\u0323', '\u1e9b\u0323'],
    ['ΟΔΟΣ', 'οδοσ'],
    ['\u{10400}', '\u{10428}'],
  ]
  for (const [one = '', other = ''] of pairs) {
    assert.is(foldName(one, 'unicode'), foldName(other, 'unicode'), `${one} ${other}`)
  }
  assert.is.not(foldName('ß', 'unicode'), foldName('ss', 'unicode'))
  assert.is.not(foldName('Å', 'ascii'), foldName('å', 'ascii'))
  assert.is(foldName('AÅ', 'ascii'), 'aÅ')
  assert.is(foldName('A', 'exact'), 'A')
})

test('paths are decoded as the service decodes them', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['u/Jotta/Archive', ['u', 'Jotta', 'Archive']],
    ['u/a+b', ['u', 'a b']],
    ['u/a%2Bb', ['u', 'a+b']],
    ['u/a%20b;c', ['u', 'a b;c']],
    ['u/%E2%80%9B', ['u', '‛']],
    ['u/%F0%9F%98%80', ['u', '😀']],
    ['', []],
  ]
  for (const [raw, names] of cases) assert.equal(decodeJfsPath(raw, switches).names, names, raw)
  assert.is(decodeJfsPath('u/d/m/a/', switches).trailingSlash, true)
})

test('paths that no name can have are refused', () => {
  const cases = [
    'u/a%25b',
    'u/%FF',
    'u/%',
    'u/a%2Fb',
    'u//a',
    'u/.',
    'u/..',
    'u/%2E%2E',
    'u/a%00',
    'u/a%0Ab',
    'u/%7F',
    'u/%EF%BF%BF',
    'u/%ED%A0%80',
    `u/${'a/'.repeat(5000)}b`,
  ]
  for (const raw of cases)
    assert.is(
      statusOf(() => decodeJfsPath(raw, switches)),
      400,
      raw,
    )
  const accepting = { ...switches, percentInPath: 'accept' as const }
  assert.equal(decodeJfsPath('u/a%25b', accepting).names, ['u', 'a%b'])
  const strict = { ...switches, rawSemicolon: 'not-found' as const }
  assert.is(
    statusOf(() => decodeJfsPath('u/a;b', strict)),
    404,
  )
})

test('a name has at most 255 of what the switch counts', () => {
  const inBytes = { ...switches, nameLimit: 'utf8-bytes' as const }
  assert.is(
    statusOf(() => checkNewName('é'.repeat(255), switches)),
    200,
  )
  assert.is(
    statusOf(() => checkNewName('é'.repeat(128), inBytes)),
    400,
  )
  assert.is(
    statusOf(() => checkNewName('a'.repeat(256), switches)),
    400,
  )
  assert.is(
    statusOf(() => checkNewName('😀'.repeat(128), switches)),
    400,
  )
})

test('forbidden characters are refused in new names, unless switched', () => {
  const accepting = { ...switches, forbiddenCharacters: 'accept' as const }
  for (const character of '"*:<>?|') {
    assert.is(
      statusOf(() => checkNewName(`a${character}`, switches)),
      400,
      character,
    )
    assert.is(
      statusOf(() => checkNewName(`a${character}`, accepting)),
      200,
      character,
    )
  }
  assert.is(
    statusOf(() => checkNewName("\\#&'+,;=@~[]{}!$()％%", switches)),
    200,
  )
})

test('the mime type is a guess from the name', () => {
  assert.is(mimeTypeOf('A.CSV'), 'text/csv')
  assert.is(mimeTypeOf('x.constructor'), 'application/octet-stream')
  assert.is(mimeTypeOf('csv.'), 'application/octet-stream')
})

test.run()
