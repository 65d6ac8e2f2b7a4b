import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifiedContent } from './verified-content.ts'

const test = suite('verified content')
const bytes = Buffer.from('some content in several chunks')
const md5 = createHash('md5').update(bytes).digest('hex')

/** What a reader gets: the bytes, and whether the end was clean. */
async function read(stream: Readable): Promise<{ text: string; error: string | undefined }> {
  let text = ''
  try {
    for await (const chunk of stream) text += String(chunk)
    return { text, error: undefined }
  } catch (error) {
    return { text, error: error instanceof Error ? error.message : 'not an error' }
  }
}

function chunksOf(content: Buffer): Readable {
  return Readable.from([content.subarray(0, 5), content.subarray(5, 9), content.subarray(9)], {
    objectMode: false,
  })
}

test('right bytes pass', async () => {
  const stream = verifiedContent(chunksOf(bytes), { sizeBytes: bytes.length, md5 })
  assert.equal(await read(stream), { text: bytes.toString(), error: undefined })
})

const wrong = Buffer.from(bytes)
wrong[12] = 0
const cases = [
  ['one byte is wrong', wrong, /MD5/],
  ['bytes are missing', bytes.subarray(0, -1), /ended early/],
  ['there are too many', Buffer.concat([bytes, bytes]), /longer/],
] as const
for (const [what, content, message] of cases) {
  test(`when ${what}, it fails before the reader has as many bytes as announced`, async () => {
    const stream = verifiedContent(chunksOf(content), { sizeBytes: bytes.length, md5 })
    const { text, error } = await read(stream)
    assert.match(error ?? 'no error', message)
    assert.ok(text.length < bytes.length)
  })
}

test('a source that fails makes it fail', async () => {
  const source = new Readable({
    read() {
      this.destroy(new Error('cut upstream'))
    },
  })
  assert.is((await read(verifiedContent(source, { sizeBytes: 5 }))).error, 'cut upstream')
})

test('a reader that goes away ends the source', async () => {
  const source = chunksOf(bytes)
  const stream = verifiedContent(source, { sizeBytes: bytes.length })
  const closed = new Promise((resolve) => source.once('close', resolve))
  stream.destroy()
  await closed
  assert.ok(source.destroyed)
})

test.run()
