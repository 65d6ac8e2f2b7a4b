// What a recursive listing is held to, however many folders it has.
import { Worker } from 'node:worker_threads'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JottaError } from './jotta-error.ts'
import { readTreeListing } from './read-listing.ts'

const test = suite('recursive listings')

const folder = (path: string): string => `<folder><path>/m/${path}</path></folder>`
const file = (path: string): string =>
  `<file><path>/m/${path}</path><filename>f</filename><md5>${'0'.repeat(32)}</md5><size>1</size></file>`

async function* bytesOf(pieces: Iterable<string>): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece)
}

/** How many files there are, or `incomplete`. */
async function read(
  pieces: Iterable<string>,
  stats: { readonly folders: number; readonly files: number },
): Promise<number | 'incomplete'> {
  const end = `<stats><folders>${stats.folders}</folders><files>${stats.files}</files></stats>`
  const whole = function* (): Generator<string> {
    yield '<filedirlist>'
    yield* pieces
    yield `${end}</filedirlist>`
  }
  let files = 0
  const listing = { bytes: bytesOf(whole()), subject: 'GET /m', rootSegments: 1 }
  try {
    for await (const entries of readTreeListing(listing)) {
      files += entries.filter(({ kind }) => kind === 'file').length
    }
    return files
  } catch (error) {
    assert.ok(error instanceof JottaError && error.kind === 'protocol', String(error))
    return 'incomplete'
  }
}

test('a folder counts as it is named, or when a file is the first to mention it', async () => {
  const pieces = [folder('a'), file('a'), file('b'), folder('c'), file('b'), file('a'), file('c/d')]
  assert.is(await read(pieces, { folders: 4, files: 5 }), 5)
  for (const folders of [3, 5]) assert.is(await read(pieces, { folders, files: 5 }), 'incomplete')
  for (const files of [4, 6]) assert.is(await read(pieces, { folders: 4, files }), 'incomplete')
})

test('of more folders than are remembered the files are counted exactly, and folders as far as can be', async () => {
  const many = 70_000
  const pieces = function* (): Generator<string> {
    for (let n = 0; n < many; n += 1) yield n % 2 === 0 ? folder(`${n}`) : file(`${n}`)
    // Comes back when it is forgotten.
    yield file('0')
  }
  const files = many / 2 + 1
  for (const folders of [many, many + 1]) {
    assert.is(await read(pieces(), { folders, files }), files)
  }
  assert.is(await read(pieces(), { folders: many / 2 - 1, files }), 'incomplete')
  assert.is(await read(pieces(), { folders: many + 2, files }), 'incomplete')
  for (const told of [files - 1, files + 1]) {
    assert.is(await read(pieces(), { folders: many, files: told }), 'incomplete')
  }
})

test('the memory does not grow with the folders', async () => {
  const folders = 400_000
  const thread = new Worker(new URL('./read-listing.test-support.ts', import.meta.url), {
    workerData: folders,
    resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 22 },
  })
  const outcome = Promise.withResolvers<unknown>()
  thread.once('message', outcome.resolve)
  thread.once('error', outcome.reject)
  assert.is(await outcome.promise, folders)
  await thread.terminate()
})

test.run()
