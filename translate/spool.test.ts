import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ObjectBody } from './bridge.ts'
import { S3Error } from './s3-error.ts'
import { openSpool, type Spool, type SpoolOptions } from './spool.ts'

const test = suite('spool')
const never = new AbortController().signal
const memoryLimitBytes = 1000
const limits = { memoryLimitBytes, memoryTotalBytes: 1500, maxBytes: 10_000, now: () => 0 }

async function withSpool(
  act: (spool: Spool, directory: string) => Promise<void>,
  options: Partial<SpoolOptions> = {},
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'spool-'))
  try {
    await act(await openSpool({ directory, ...limits, ...options }), directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

function bodyOf(bytes: Buffer, changed: Partial<ObjectBody> = {}): ObjectBody {
  const chunks = [bytes.subarray(0, 10), bytes.subarray(10)].filter((chunk) => chunk.length > 0)
  return {
    stream: Readable.from(chunks, { objectMode: false }),
    sizeBytes: bytes.length,
    checksums: () => ({}),
    ...changed,
  }
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof S3Error) return error.code
    throw error
  }
  return 'no error'
}

for (const [where, sizeBytes] of [
  ['nothing at all', 0],
  ['memory', 999],
  ['a file', 5000],
] as const) {
  test(`a body in ${where} can be read again from any offset, and leaves nothing`, async () => {
    await withSpool(async (spool, directory) => {
      const bytes = Buffer.from('0123456789'.repeat(500)).subarray(0, sizeBytes)
      const content = await spool.receive(bodyOf(bytes), never)
      assert.is(content.md5, createHash('md5').update(bytes).digest('hex'))
      assert.is(content.sizeBytes, sizeBytes)
      for (const offset of [0, sizeBytes >> 1, sizeBytes]) {
        assert.is(await textOf(content.open(offset)), bytes.subarray(offset).toString())
      }
      assert.equal(await readdir(directory), [], 'a file without a name')
      await content[Symbol.asyncDispose]()
    })
  })
}

test('when the memory for bodies is taken, small ones go to disk too', async () => {
  await withSpool(async (spool) => {
    const first = await spool.receive(bodyOf(Buffer.alloc(900, 'a')), never)
    const second = await spool.receive(bodyOf(Buffer.alloc(900, 'b')), never)
    assert.is(await textOf(second.open(890)), 'b'.repeat(10))
    await first[Symbol.asyncDispose]()
    await second[Symbol.asyncDispose]()
  })
})

test('a body whose bytes do not have the announced MD5 is refused', async () => {
  await withSpool(async (spool) => {
    for (const size of [5, 5000]) {
      const body = bodyOf(Buffer.alloc(size, 'x'), { md5: '0'.repeat(32) })
      assert.is(await codeOf(spool.receive(body, never)), 'BadDigest')
      assert.is(
        await codeOf(spool.receivePart(bodyOf(Buffer.alloc(size), { md5: '0' }), never)),
        'BadDigest',
      )
    }
  })
})

test('a body that ends early, or fails, is refused and leaves nothing', async () => {
  await withSpool(async (spool, directory) => {
    for (const sizeBytes of [50, 5000]) {
      const short = () => bodyOf(Buffer.alloc(20), { sizeBytes })
      assert.is(await codeOf(spool.receive(short(), never)), 'IncompleteBody')
      assert.is(await codeOf(spool.receivePart(short(), never)), 'IncompleteBody')
      const failing = () =>
        bodyOf(Buffer.alloc(0), {
          sizeBytes,
          stream: new Readable({
            read() {
              this.destroy(new S3Error('SignatureDoesNotMatch'))
            },
          }),
        })
      assert.is(await codeOf(spool.receive(failing(), never)), 'SignatureDoesNotMatch')
      assert.is(await codeOf(spool.receivePart(failing(), never)), 'SignatureDoesNotMatch')
    }
    assert.equal(await readdir(directory), [])
  })
})

test('a body of unknown size is what came, in memory and on disk, and no more than its limit', async () => {
  await withSpool(async (spool, directory) => {
    for (const sizeBytes of [900, 5000]) {
      for (const length of [0, 20, sizeBytes]) {
        const body = () => bodyOf(Buffer.alloc(length, 'u'), { sizeBytes, sizeIs: 'at-most' })
        const content = await spool.receive(body(), never)
        assert.is(content.sizeBytes, length)
        assert.is(content.md5, createHash('md5').update('u'.repeat(length)).digest('hex'))
        assert.is(await textOf(content.open(0)), 'u'.repeat(length))
        await content[Symbol.asyncDispose]()
        const part = await spool.receivePart(body(), never)
        assert.is(part.sizeBytes, length)
        await spool.removeParts([part.fileName])
      }
      const over = bodyOf(Buffer.alloc(sizeBytes + 1), { sizeBytes, sizeIs: 'at-most' })
      assert.is(await codeOf(spool.receive(over, never)), 'IncompleteBody')
    }
    assert.equal(await readdir(directory), [])
    // All that was reserved has been given back.
    await (await spool.receive(bodyOf(Buffer.alloc(10_000)), never))[Symbol.asyncDispose]()
  })
})

test('an aborted request ends the waiting for its body', async () => {
  await withSpool(async (spool, directory) => {
    const aborting = new AbortController()
    const silent = bodyOf(Buffer.alloc(0), { sizeBytes: 5000, stream: new Readable({ read() {} }) })
    const receiving = spool.receive(silent, aborting.signal).catch((error: Error) => error.name)
    aborting.abort()
    assert.is(await receiving, 'AbortError')
    assert.equal(await readdir(directory), [])
  })
})

test('past its limit of disk space the spool refuses, and space that is given back can be used', async () => {
  await withSpool(async (spool) => {
    const part = await spool.receivePart(bodyOf(Buffer.alloc(6000)), never)
    assert.equal(await spool.usage(), { usedBytes: 6000, limitBytes: 10_000 })
    assert.is(await codeOf(spool.receivePart(bodyOf(Buffer.alloc(6000)), never)), 'SlowDown')
    assert.is(await codeOf(spool.receive(bodyOf(Buffer.alloc(6000)), never)), 'SlowDown')
    await spool.removeParts([part.fileName, 'never-was.part'])
    const content = await spool.receive(bodyOf(Buffer.alloc(6000)), never)
    await content[Symbol.asyncDispose]()
    assert.is((await spool.usage()).usedBytes, 0)
    await spool.receivePart(bodyOf(Buffer.alloc(6000)), never)
  })
})

test('parts that a former process left are counted, found by age, and read', async () => {
  await withSpool(async (_spool, directory) => {
    await writeFile(join(directory, 'left.part'), 'x'.repeat(9000))
    const later = await openSpool({ directory, ...limits, memoryTotalBytes: 0 })
    assert.is(await codeOf(later.receivePart(bodyOf(Buffer.alloc(2000)), never)), 'SlowDown')
    assert.is(await textOf(later.openPart('left.part', 8995)), 'xxxxx')
    const names = async (before: Date) => await Array.fromAsync(later.partFiles(before))
    assert.equal(await names(new Date(Date.now() + 60_000)), ['left.part'])
    assert.equal(await names(new Date(0)), [])
  })
})

/** Two processes over one spool, with a clock that the test moves. */
async function withTwo(
  act: (one: Spool, other: Spool, pass: (ms: number) => void) => Promise<void>,
): Promise<void> {
  let nowMs = 0
  const now = () => nowMs
  const pass = (ms: number): void => {
    nowMs += ms
  }
  await withSpool(
    async (one, directory) => await act(one, await openSpool({ directory, ...limits, now }), pass),
    { now },
  )
}

test('what another process removed can be used again, as soon as something would be refused', () =>
  withTwo(async (one, other, pass) => {
    for (let round = 0; round < 5; round += 1) {
      const part = await one.receivePart(bodyOf(Buffer.alloc(6000)), never)
      await other.removeParts([part.fileName])
      pass(1000)
    }
    assert.is(await codeOf(one.receivePart(bodyOf(Buffer.alloc(6000)), never)), 'no error')
  }))

test('what another process put there counts, a while later at the latest', () =>
  withTwo(async (one, other, pass) => {
    await one.receivePart(bodyOf(Buffer.alloc(6000)), never)
    pass(10_000)
    assert.is(await codeOf(other.receivePart(bodyOf(Buffer.alloc(6000)), never)), 'SlowDown')
    assert.is(await codeOf(other.receivePart(bodyOf(Buffer.alloc(4000)), never)), 'no error')
    pass(10_000)
    assert.is((await one.usage()).usedBytes, 10_000)
  }))

test('what one process removed of what another put there is not room twice', () =>
  withTwo(async (one, other) => {
    await one.receivePart(bodyOf(Buffer.alloc(5000)), never)
    const part = await other.receivePart(bodyOf(Buffer.alloc(5000)), never)
    await one.removeParts([part.fileName])
    await one.receivePart(bodyOf(Buffer.alloc(5000)), never)
    assert.is(await codeOf(one.receivePart(bodyOf(Buffer.alloc(5000)), never)), 'SlowDown')
    assert.is((await one.usage()).usedBytes, 10_000)
  }))

test('a part that arrives while files are counted has its room once', () =>
  withTwo(async (one, _other, pass) => {
    const stream = new Readable({ read() {} })
    const arriving = one.receivePart(bodyOf(Buffer.alloc(6000), { stream }), never)
    stream.push(Buffer.alloc(3000))
    pass(10_000)
    const alongside = one.receivePart(bodyOf(Buffer.alloc(4000)), never)
    assert.is((await one.usage()).usedBytes <= 10_000, true)
    await alongside
    stream.push(Buffer.alloc(3000))
    stream.push(null)
    await arriving
    pass(10_000)
    assert.is((await one.usage()).usedBytes, 10_000)
  }))

test('bodies leave some of the disk, what is still to come of others counted', async () => {
  const mib = 2 ** 20
  let freeBytes = 32 * mib + 9000
  await withSpool(
    async (spool) => {
      const stream = new Readable({ read() {} })
      const arriving = spool.receivePart(bodyOf(Buffer.alloc(5000), { stream }), never)
      assert.is(await codeOf(spool.receive(bodyOf(Buffer.alloc(5000)), never)), 'SlowDown')
      const content = await spool.receive(bodyOf(Buffer.alloc(4000)), never)
      await content[Symbol.asyncDispose]()
      stream.push(Buffer.alloc(5000))
      stream.push(null)
      await arriving
      // A test's disk, from which nothing was taken.
      freeBytes -= 1
      assert.is(await codeOf(spool.receive(bodyOf(Buffer.alloc(9000)), never)), 'SlowDown')
      const small = await spool.receive(bodyOf(Buffer.alloc(900)), never)
      await small[Symbol.asyncDispose]()
    },
    { freeBytes: async () => freeBytes, maxBytes: 100_000 },
  )
})

test.run()
