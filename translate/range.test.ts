import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseRange } from './range.ts'
import { S3Error } from './s3-error.ts'

const test = suite('range')

const ranges: [header: string, sizeBytes: number, start: number, endInclusive: number][] = [
  ['bytes=0-0', 10, 0, 0],
  ['bytes=2-5', 10, 2, 5],
  ['bytes=2-', 10, 2, 9],
  ['bytes=9-', 10, 9, 9],
  ['bytes=0-99', 10, 0, 9],
  ['bytes=-3', 10, 7, 9],
  ['bytes=-10', 10, 0, 9],
  ['bytes=-99', 5, 0, 4],
  ['Bytes=1-2', 10, 1, 2],
  ['bytes= 1-2 ', 10, 1, 2],
  ['bytes=0-99999999999999999999999999', 10, 0, 9],
  [`bytes=-${'9'.repeat(400)}`, 10, 0, 9],
  [`bytes=0-${'9'.repeat(400)}`, 10, 0, 9],
  ['bytes=5368709120-', 5 * 2 ** 40, 5368709120, 5 * 2 ** 40 - 1],
  ['bytes=00-01', 10, 0, 1],
]
for (const [header, sizeBytes, start, endInclusive] of ranges) {
  test(`${header.slice(0, 40)} of ${sizeBytes} bytes is ${start} to ${endInclusive}`, () => {
    assert.equal(parseRange(header, sizeBytes), { start, endInclusive })
  })
}

const ignored = [
  undefined,
  ...['', 'bytes', 'bytes=', 'bytes=-', 'bytes=5-3', 'bytes=a-b', 'bytes=1', 'bytes=1-2-3'],
  ...['bytes=0-1,3-4', 'bytes=0-1,', 'lines=0-1', 'bytes=0x1-2', 'bytes=1.0-2', 'bytes=--1'],
  ...['bytes 0-1', 'bytes=+1-2', 'bytes=\u0661-2', ' bytes=0-1'],
]
for (const header of ignored) {
  test(`${JSON.stringify(header)} gives the whole object`, () => {
    assert.is(parseRange(header, 10), 'whole')
    assert.is(parseRange(header, 0), 'whole')
  })
}

const unsatisfiable: [header: string, sizeBytes: number][] = [
  ['bytes=10-', 10],
  ['bytes=10-12', 10],
  ['bytes=-0', 10],
  ['bytes=0-', 0],
  ['bytes=0-0', 0],
  ['bytes=-5', 0],
  ['bytes=99999999999999999999-', 10],
  [`bytes=${'9'.repeat(400)}-`, 10],
]
for (const [header, sizeBytes] of unsatisfiable) {
  test(`${header.slice(0, 40)} of ${sizeBytes} bytes cannot be satisfied`, () => {
    assert.throws(
      () => parseRange(header, sizeBytes),
      (error: unknown) =>
        error instanceof S3Error &&
        error.code === 'InvalidRange' &&
        error.elements.RangeRequested === header &&
        error.elements.ActualObjectSize === String(sizeBytes),
    )
  })
}

test.run()
