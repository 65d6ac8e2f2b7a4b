import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CompleteMultipartUploadInput } from './bridge.ts'
import { checkCompletion, type UploadedPart } from './part-rules.ts'
import { S3Error } from './s3-error.ts'

const test = suite('part-rules')

const mib = 2 ** 20
const stored = new Map<number, UploadedPart>([
  [1, { sizeBytes: 5 * mib, md5: 'm1', checksums: { CRC32: 'c1' } }],
  [2, { sizeBytes: 5 * mib - 1, md5: 'm2', checksums: {} }],
  [7, { sizeBytes: 6 * mib, md5: 'm7', checksums: {} }],
  [10_000, { sizeBytes: 0, md5: 'm10000', checksums: {} }],
])

type Requested = CompleteMultipartUploadInput['parts']

function wanted(...partNumbers: number[]): Requested {
  return partNumbers.map((partNumber) => ({ partNumber, etag: `m${partNumber}`, checksums: {} }))
}

function complete(requested: Requested, parts: ReadonlyMap<number, UploadedPart> = stored) {
  return checkCompletion({ uploadId: 'u', requested, findPart: (number) => parts.get(number) })
}

const good: [what: string, requested: Requested, sizeBytes: number][] = [
  ['a single small part', wanted(2), 5 * mib - 1],
  ['a small part at the end', wanted(1, 2), 10 * mib - 1],
  ['an empty part at the end', wanted(1, 10_000), 5 * mib],
  ['numbers with gaps, and some parts left out', wanted(1, 7), 11 * mib],
  ['the right checksum', [{ partNumber: 1, etag: 'm1', checksums: { CRC32: 'c1' } }], 5 * mib],
]
for (const [what, requested, sizeBytes] of good) {
  test(`${what} can be completed`, () => {
    const completion = complete(requested)
    assert.is(completion.sizeBytes, sizeBytes)
    assert.equal(
      completion.parts.map(({ md5 }) => md5),
      requested.map(({ etag }) => etag),
    )
  })
}

const part = (partNumber: number, etag: string, checksums = {}) => [{ partNumber, etag, checksums }]
const ofPart1 = { UploadId: 'u', PartNumber: '1', ETag: 'm1' }
const bad: [what: string, requested: Requested, code: string, elements: object][] = [
  ['no parts', [], 'MalformedXML', {}],
  ['a falling order', wanted(7, 1), 'InvalidPartOrder', { UploadId: 'u' }],
  ['a part twice', wanted(1, 1), 'InvalidPartOrder', { UploadId: 'u' }],
  ['a falling order of unknown parts', wanted(9, 8), 'InvalidPartOrder', { UploadId: 'u' }],
  ['an unknown part', wanted(1, 3), 'InvalidPart', { UploadId: 'u', PartNumber: '3', ETag: 'm3' }],
  ['no number at all', part(Number.NaN, 'm1'), 'InvalidPart', { ...ofPart1, PartNumber: 'NaN' }],
  ['another ETag', part(1, 'm2'), 'InvalidPart', { ...ofPart1, ETag: 'm2' }],
  ['another checksum', part(1, 'm1', { CRC32: 'c2' }), 'InvalidPart', ofPart1],
  ['a checksum nobody computed', part(1, 'm1', { SHA1: 's' }), 'InvalidPart', ofPart1],
  [
    'a small part before the last',
    wanted(1, 2, 7),
    'EntityTooSmall',
    { ProposedSize: '5242879', MinSizeAllowed: '5242880', PartNumber: '2', ETag: 'm2' },
  ],
]
for (const [what, requested, code, elements] of bad) {
  test(`${what}: ${code}`, () => {
    const error = failure(() => complete(requested))
    assert.is(error.code, code)
    assert.equal(error.elements, elements)
  })
}

test('an object of 5 TiB is the largest', () => {
  const parts = (lastBytes: number) =>
    new Map<number, UploadedPart>([
      [1, { sizeBytes: 5 * 2 ** 40 - 1, md5: 'm1', checksums: {} }],
      [2, { sizeBytes: lastBytes, md5: 'm2', checksums: {} }],
    ])
  assert.is(complete(wanted(1, 2), parts(1)).sizeBytes, 5 * 2 ** 40)
  assert.is(failure(() => complete(wanted(1, 2), parts(2))).code, 'EntityTooLarge')
})

test('10,000 parts can be completed', () => {
  const numbers = Array.from({ length: 10_000 }, (_, index) => index + 1)
  const parts = new Map(
    numbers.map((number): [number, UploadedPart] => [
      number,
      { sizeBytes: 5 * mib, md5: `m${number}`, checksums: {} },
    ]),
  )
  assert.is(complete(wanted(...numbers), parts).sizeBytes, 50_000 * mib)
})

function failure(act: () => unknown): S3Error {
  try {
    act()
  } catch (error) {
    if (error instanceof S3Error) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

test.run()
