import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BucketPathError, parseBucketPath, renderBucketPath } from './bucket-path.ts'
import { RESERVED_FOLDER } from './key-path.ts'

const test = suite('bucket-path')

const good: [text: string, device: string, mountpoint: string, path: string[]][] = [
  ['Jotta/Archive', 'Jotta', 'Archive', []],
  ['Jotta/Archive/photos', 'Jotta', 'Archive', ['photos']],
  ['My PC/C drive/Ærlig talt/x', 'My PC', 'C drive', ['Ærlig talt', 'x']],
  ['Laptop/Trash', 'Laptop', 'Trash', []],
  ['Jotta/Archive/Trash', 'Jotta', 'Archive', ['Trash']],
]
for (const [text, device, mountpoint, path] of good) {
  test(`${text} is a place`, () => {
    const location = parseBucketPath(text)
    assert.equal(location, { device, mountpoint, path })
    assert.is(renderBucketPath(location), text)
  })
}

const bad: [text: string, says: RegExp][] = [
  ['', /a device and a mountpoint/],
  ['Jotta', /a device and a mountpoint/],
  ['Jotta/', /a device and a mountpoint/],
  ['/Jotta/Archive', /a device and a mountpoint/],
  ['Jotta/Archive/', /slash/],
  ['Jotta/Archive//x', /slash/],
  ['Jotta/Archive/../Sync', /"\."/],
  ['Jotta/Archive/.', /"\."/],
  ['Jotta/Archive/a:b', /"a:b" has a character/],
  ['Jotta/Archive/50%', /character/],
  ['Jotta/Archive/a\nb', /character/],
  ['Jotta/Archive/\ud800', /character/],
  [`Jotta/Archive/${'é'.repeat(128)}`, /more than 255 bytes/],
  [`Jotta/Archive/${RESERVED_FOLDER.toUpperCase()}/staging`, /its own files/],
  ['Jotta/Trash', /is a view/],
  ['jotta/LATEST/x', /is a view/],
  ['Jotta/Links', /is a view/],
  ['Jotta/Shared/family', /is a view/],
]
for (const [text, says] of bad) {
  test(`${JSON.stringify(text)} is none`, () => {
    assert.throws(
      () => parseBucketPath(text),
      (error: unknown) => error instanceof BucketPathError && says.test(error.message),
    )
  })
}

test.run()
