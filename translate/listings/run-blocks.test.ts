import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareKeys, keyAfter } from '../key-order.ts'
import { compareRows, type Row } from './row.ts'
import { packRun, RunPacker, type RunReader, readRuns, sortRows, unpackRun } from './run-blocks.ts'
import { RunFile, writeRuns } from './run-file.ts'

const test = suite('runs of rows')

/** Names that are often equal or next to each other, and more than a block of them. */
const name = fc.oneof(
  fc.nat(400).map((n) => `key-${String(n).padStart(4, '0')}`),
  fc.string({ unit: 'grapheme', maxLength: 3 }),
  fc.constantFrom('', 'a', 'a/', 'a0', '\uffff', '\u{10000}'),
)
const row: fc.Arbitrary<Row> = fc
  .tuple(name, fc.nat(3))
  .map(([key, depth]) => [key, depth, 'a'.repeat(32), depth, 1_767_614_400_000])
const rows = fc.array(row, { maxLength: 600 })
const steps = fc.array(fc.oneof(fc.constant('next' as const), name), { maxLength: 30 })

/** What is left of a name, the shallowest, in order. */
function expected(all: readonly Row[]): Row[] {
  const sorted = [...all].sort(compareRows)
  return sorted.filter(([key], at) => at === 0 || key !== sorted[at - 1]?.[0])
}

function read(reader: RunReader, asked: readonly string[]): (Row | undefined)[] {
  let at = ''
  let isBegun = false
  return asked.map((step) => {
    // Readers only go forward.
    if (step !== 'next' && compareKeys(step, at) > 0) at = step
    const found = step === 'next' && isBegun ? reader.next() : reader.seek(at)
    isBegun = true
    if (found !== undefined) at = keyAfter(found[0])
    return found
  })
}

function readExpected(all: readonly Row[], asked: readonly string[]): (Row | undefined)[] {
  const left = expected(all)
  const seek = (from: string) => left.findIndex(([key]) => compareKeys(key, from) >= 0)
  let at = ''
  let isOver = false
  return asked.map((step) => {
    if (step !== 'next' && compareKeys(step, at) > 0) at = step
    const found = isOver ? undefined : left[seek(at)]
    isOver ||= found === undefined
    if (found !== undefined) at = keyAfter(found[0])
    return found
  })
}

test('a packed run gives every row once and in order, from any name on', () => {
  fc.assert(
    fc.property(rows, steps, (all, asked) => {
      const packed = packRun(sortRows([...all]), 2 ** 20)
      assert.ok(packed !== undefined)
      const run = unpackRun(structuredClone(packed, { transfer: [packed.bytes.buffer] }))
      assert.equal(read(readRuns([run]), asked), readExpected(all, asked))
    }),
  )
})

test('so do runs in a file, whatever they overlap', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'runs-'))
  let files = 0
  try {
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 3 }), steps, (parts, asked) => {
        files += 1
        const file = join(folder, String(files))
        const writer = writeRuns(file)
        for (const part of parts) writer.add([...part])
        writer.close()
        const runs = new RunFile(file)
        assert.equal(read(runs.reader(), asked), readExpected(parts.flat(), asked))
        runs.close()
      }),
      { numRuns: 40 },
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a run that takes more bytes than it may is not packed', () => {
  const row = (at: number): Row => [String(at).padStart(100, '0'), 1, 'a'.repeat(32), 1, 1]
  const all = Array.from({ length: 1000 }, (_, at) => row(at))
  const sizeBytes = packRun(all, 2 ** 20)?.bytes.byteLength ?? 0
  assert.ok(sizeBytes > 100_000)
  assert.is(packRun(all, sizeBytes)?.bytes.byteLength, sizeBytes)
  assert.is(packRun(all, sizeBytes - 1), undefined)
})

test('rows are packed as they come, as long as each is above the one before', () => {
  fc.assert(
    fc.property(rows, fc.boolean(), (all, isSorted) => {
      const given = isSorted ? sortRows([...all]) : all
      const packer = new RunPacker(2 ** 20)
      for (const one of given) packer.add(one)
      const inOrder = given.every(
        ([key], at) => at === 0 || compareKeys(given[at - 1]?.[0] ?? '', key) < 0,
      )
      assert.equal(packer.finish(), inOrder ? packRun(given, 2 ** 20) : undefined)
    }),
  )
})

test.run()
