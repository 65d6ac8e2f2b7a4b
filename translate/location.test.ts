import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Location } from '../jotta/client.ts'
import { foldName } from './key-path.ts'
import { childOf, foldedPlaceName, foldersTo, isSamePlace, parentOf } from './location.ts'

const test = suite('location')

const at = (...path: string[]): Location => ({ device: 'S3', mountpoint: 'photos', path })

test('a place has a parent, children, and folders on the way to it', () => {
  assert.equal(parentOf(at('a', 'b')), at('a'))
  assert.equal(parentOf(at()), at())
  assert.equal(childOf(at('a'), 'b'), at('a', 'b'))
  assert.equal(foldersTo(at('a', 'b')), [at(), at('a')])
  assert.equal(foldersTo(at()), [])
})

test('a folded name is the same in any casing, of the device and the mountpoint too', () => {
  assert.is(foldedPlaceName({ device: 's3', mountpoint: 'PHOTOS', path: ['É'] }), 's3/photos/é')
  assert.ok(isSamePlace(at('Hello', 'e\u0301'), { ...at('hello', 'É'), device: 's3' }))
  assert.not.ok(isSamePlace(at('a'), at('a', 'b')))
  assert.not.ok(isSamePlace(at('a', 'b'), at('b', 'a')))
})

const anyName = fc.oneof(
  fc.constantFrom(...['a', 'A', 'é', 'e\u0301', 'É', '\0', '"', "'", '","', '\\', '', '\uff0f']),
  fc.string({ unit: 'binary', maxLength: 3 }).map((text) => text.replaceAll('/', '')),
)

test('a folded name tells all folded names, so that only places that are alike have one', () => {
  fc.assert(
    fc.property(anyName, anyName, fc.array(anyName), (device, mountpoint, path) => {
      const name = foldedPlaceName({ device, mountpoint, path })
      assert.equal(name.split('/'), [device, mountpoint, ...path].map(foldName))
    }),
    { numRuns: 3000 },
  )
})

test.run()
