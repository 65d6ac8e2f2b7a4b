import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  absolutePath,
  accountUrl,
  allocationPath,
  locationUrl,
  nameOf,
  parentOf,
  placeName,
} from './path.ts'

const test = suite('path')
const base = 'http://127.0.0.1:1/jfs/'
const at = (...path: string[]) => ({ device: 'S3', mountpoint: 'photos', path })

const encoded: [name: string, inUrl: string][] = [
  ['a b', 'a%20b'],
  ['a+b', 'a%2Bb'],
  ['a;b&c=d@e,f:g$', 'a%3Bb%26c%3Dd%40e%2Cf%3Ag%24'],
  ["o'clock (1)!*", 'o%27clock%20%281%29%21%2A'],
  ['æ', '%C3%A6'],
  ['😀', '%F0%9F%98%80'],
  ['back\\slash', 'back%5Cslash'],
  ['%2e%2e', '%252e%252e'],
  ['...', '...'],
  ['#?', '%23%3F'],
]

test('each segment is escaped, and the URL parser changes nothing of it', () => {
  for (const [name, inUrl] of encoded) {
    const url = locationUrl(base, 'user', at('folder', name))
    assert.is(url, `${base}user/S3/photos/folder/${inUrl}`)
    assert.is(new URL(url).href, url)
  }
})

test('a mountpoint has no trailing slash, and queries are form-encoded', () => {
  assert.is(locationUrl(base, 'user', at()), `${base}user/S3/photos`)
  assert.is(
    locationUrl(base, 'user', at('x'), { query: { mv: '/user/S3/a b/c+d' } }),
    `${base}user/S3/photos/x?mv=%2Fuser%2FS3%2Fa+b%2Fc%2Bd`,
  )
})

test('paths for commands include the user, paths for allocations do not', () => {
  assert.is(absolutePath('user', at('a b', '%x')), '/user/S3/photos/a b/%x')
  assert.is(allocationPath(at('a b', 'ø')), '/jfs/S3/photos/a b/ø')
  assert.is(
    accountUrl(base, ['user', 'My PC'], { type: 'WORKSTATION' }),
    `${base}user/My%20PC?type=WORKSTATION`,
  )
})

test('nothing that climbs or splits a path is let through', () => {
  for (const name of ['', '.', '..', 'a/b', '/', '\0', 'a\0', '\ud800']) {
    assert.throws(() => locationUrl(base, 'user', at(name)), undefined, JSON.stringify(name))
    assert.throws(() => absolutePath('user', at('a', name)))
    assert.throws(() => allocationPath(at(name, 'a')))
    assert.throws(() => accountUrl(base, ['user', name]))
    assert.throws(() => locationUrl(base, 'user', { ...at('a'), mountpoint: name }))
  }
})

test('a place is named by its names as they are, from the device on', () => {
  // Data folders have these texts in them: another form would have to be migrated.
  assert.is(placeName(at()), 'S3/photos')
  assert.is(placeName(at('a b', "\0'%x", '"ø\u201bk')), 'S3/photos/a b/\0\'%x/"ø\u201bk')
})

const anyName = fc.oneof(
  fc.constantFrom(...['', 'a', '\0', 'a\0b', '"', "'", '","', '\\', '\uff0f', '\ud800', '.']),
  fc.string({ unit: 'binary', maxLength: 3 }).map((text) => text.replaceAll('/', '')),
)

test('the name of a place tells all its names, so that no two places have one', () => {
  fc.assert(
    fc.property(anyName, anyName, fc.array(anyName), (device, mountpoint, path) => {
      const name = placeName({ device, mountpoint, path })
      assert.equal(name.split('/'), [device, mountpoint, ...path])
    }),
    { numRuns: 3000 },
  )
})

test('a name with a slash, which would be that of another place, is refused', () => {
  for (const name of ['a/b', '/', 'a/']) assert.throws(() => placeName(at('x', name)))
  assert.throws(() => placeName({ ...at(), device: 'S3/photos' }))
})

test('a location knows its name and its parent', () => {
  assert.is(nameOf(at('a', 'b')), 'b')
  assert.is(nameOf(at()), 'photos')
  assert.equal(parentOf(at('a', 'b')), at('a'))
  assert.is(parentOf(at()), undefined)
})

test.run()
