// Random requests and random chunk streams, broken at random places: whatever comes in, each answer is a
// right one or a well-formed S3 error, never an internal one, and nothing else changes.
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createChunkSigner, renderChunk } from '../support/chunk-stream.ts'
import { damage, expectNoneInternal, expectSound, harm } from '../support/damage.ts'
import { type RawBridge, withRawBridge } from '../support/raw-bridge.ts'
import { withConnection } from '../support/raw-connection.ts'
import { ask } from '../support/signed-request.ts'

const test = suite('raw fuzz')
const parameters = { seed: 20260731, numRuns: 200 }
/** Bytes that were cut or changed may be no whole request: how long an answer to them is waited for. */
const patienceMs = 100
process.stdout.write(`fuzz: seed ${parameters.seed}, ${parameters.numRuns} runs each\n`)

const pathPiece = fc.constantFrom(
  ...['fuzz', 'fuzz', 'fuzz', '..', '.', '', 'a', 'A', 'key', '%00', '%2F', '%C3%A6', 'k%20+', '~'],
)
const parameter = fc.tuple(
  fc.constantFrom(
    ...['list-type', 'prefix', 'delimiter', 'max-keys', 'marker', 'start-after', 'encoding-type'],
    ...['continuation-token', 'uploads', 'uploadId', 'partNumber', 'delete', 'tagging', 'acl'],
    ...['versionId', 'location', 'response-expires', 'key-marker', 'max-uploads', 'x-id', 'odd'],
  ),
  fc.constantFrom('', '0', '1', '2', '-1', '/', '1e9', 'null', '%00', '%F0%9F%92%A9', 'url', 'a'),
)
const header = fc.constantFrom<readonly [string, string]>(
  ['range', 'bytes=0-1'],
  ['range', 'bytes=-99999999999999999999'],
  ['range', 'bytes=5-1,2-3'],
  ['if-match', '*'],
  ['if-none-match', '*'],
  ['if-match', '"a", W/"b", c'],
  ['if-modified-since', 'yesterday'],
  ['content-md5', 'AAAA'],
  ['x-amz-checksum-crc32', 'AAAAAA=='],
  ['x-amz-meta-a', '\u00e6\u00ff'],
  ['x-amz-copy-source', '/fuzz/a'],
  ['x-amz-copy-source', '%zz'],
  ['x-amz-metadata-directive', 'REPLACE'],
  ['x-amz-copy-source-if-match', '"x"'],
  ['content-type', 'text/\u00e9'],
  ['content-encoding', 'aws-chunked,gzip'],
  ['x-amz-trailer', 'x-amz-checksum-crc32'],
  ['x-amz-decoded-content-length', '5'],
  ['x-amz-mp-object-size', '-1'],
  ['x-amz-acl', 'private'],
  ['x-amz-checksum-mode', 'ENABLED'],
)
const xmlPiece = fc.constantFrom(
  ...['<Delete>', '</Delete>', '<Object>', '</Object>', '<Key>', '</Key>', 'a', '&amp;', '&', '\0'],
  ...['<CompleteMultipartUpload>', '<Part>', '<PartNumber>1</PartNumber>', '<ETag>x</ETag>', '</'],
  ...['<!--', '-->', '<![CDATA[', ']]>', '<?xml version="1.0"?>', '\ufffd', '<Quiet>true</Quiet>'],
)
const request = fc.record({
  method: fc.constantFrom('GET', 'GET', 'PUT', 'PUT', 'POST', 'DELETE', 'PATCH'),
  path: fc.oneof(
    fc.array(pathPiece, { maxLength: 3 }).map((pieces) => ['fuzz', ...pieces]),
    fc.array(pathPiece, { maxLength: 3 }),
  ),
  query: fc.array(parameter, { maxLength: 3 }),
  headers: fc.array(header, { maxLength: 3 }),
  body: fc.oneof(
    fc.array(xmlPiece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.string(),
  ),
  damage,
  length: fc.constantFrom(0, 0, 0, 0, 1, -1, 1000),
})

test('random requests, broken at random places', async () => {
  await withRawBridge(async (raw) => {
    await ask(raw.bridge, { method: 'PUT', path: '/fuzz' })
    const statuses = new Set<number>()
    await fc.assert(
      fc.asyncProperty(request, async (wanted) => {
        const body = Buffer.from(wanted.body)
        // The bucket that is watched is out of reach.
        const path = `/${wanted.path.join('/')}`
        const query = wanted.query.map(([name, value]) => `${name}=${value}`).join('&')
        const headers = Object.fromEntries(wanted.headers)
        if (query.includes('delete')) {
          headers['content-md5'] = createHash('md5').update(body).digest('base64')
        }
        const head = raw.head({
          method: wanted.method,
          path: query === '' ? path : `${path}?${query}`,
          headers,
          signedBody: body,
          lines: [`Content-Length: ${body.length + wanted.length}`],
        })
        const bytes = Buffer.concat([Buffer.from(head, 'latin1'), body])
        await withConnection(raw.bridge, async (connection) => {
          await connection.write(harm(bytes, wanted.damage))
          const answers = await connection.answers(patienceMs)
          for (const answer of answers) {
            expectSound(answer)
            statuses.add(answer.status)
          }
        })
      }),
      parameters,
    )
    // They do reach what they are about.
    for (const status of [200, 204, 400, 403, 404, 405, 501])
      assert.ok(statuses.has(status), `${status}`)
    expectNoneInternal(raw)
    await emptyBucket(raw)
    await raw.expectUntouched('random requests')
  })
})

const stream = fc.record({
  form: fc.constantFrom('signed', 'signed-trailer', 'unsigned-trailer'),
  pieces: fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 }),
  damage,
  /** How many bytes each write has. */
  writeBytes: fc.constantFrom(7, 64, 1000, 100_000),
})

const forms: Record<string, string> = {
  signed: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'signed-trailer': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'unsigned-trailer': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
}

test('random chunk streams are stored as they were meant, or not at all', async () => {
  await withRawBridge(async (raw) => {
    const path = '/fuzz/chunks'
    await ask(raw.bridge, { method: 'PUT', path: '/fuzz' })
    let stored = Buffer.from('nothing yet')
    let storedCount = 0
    await ask(raw.bridge, { method: 'PUT', path, body: stored })
    await fc.assert(
      fc.asyncProperty(stream, async ({ form, pieces, damage, writeBytes }) => {
        const content = Buffer.concat(pieces)
        const { head, body } = renderStream(raw, path, form, pieces.map(Buffer.from))
        const sent = harm(body, damage)
        const length = `\r\nContent-Length: ${Math.max(sent.length, content.length + 1)}\r\n\r\n`
        const bytes = Buffer.concat([Buffer.from(head.replace(/\r\n\r\n$/, length)), sent])
        await withConnection(raw.bridge, async (connection) => {
          for (let at = 0; at < bytes.length; at += writeBytes) {
            await connection.write(bytes.subarray(at, at + writeBytes))
          }
          const isWhole = sent.length > content.length
          const [answer, ...more] = await connection.answers(isWhole ? 60_000 : 0)
          assert.ok(answer)
          assert.equal(more, [])
          if (damage.kind === 'none') assert.is(answer.status, 200, answer.text)
          expectSound(answer)
          if (answer.status === 200) {
            stored = content
            storedCount += 1
          }
        })
        const got = await ask(raw.bridge, { method: 'GET', path })
        assert.is(got.text, stored.toString('utf8'))
        const md5 = createHash('md5').update(stored).digest('hex')
        assert.is(got.headers.etag, `"${md5}"`)
      }),
      parameters,
    )
    assert.ok(storedCount > parameters.numRuns / 10, `${storedCount} were stored`)
    expectNoneInternal(raw)
    await emptyBucket(raw)
    await raw.expectUntouched('random chunks')
  })
})

test.run()

function renderStream(
  raw: RawBridge,
  path: string,
  form: string,
  pieces: readonly Buffer[],
): { head: string; body: Buffer } {
  const name = 'x-amz-checksum-crc32'
  const content = Buffer.concat(pieces)
  const hasTrailer = form !== 'signed'
  const head = raw.head({
    method: 'PUT',
    path,
    headers: {
      'x-amz-content-sha256': forms[form] ?? '',
      'x-amz-decoded-content-length': String(content.length),
      ...(hasTrailer ? { 'x-amz-trailer': name } : {}),
    },
  })
  const signer = form === 'unsigned-trailer' ? undefined : createChunkSigner(head)
  const chunks = [...pieces, Buffer.alloc(0)].map((piece) => renderChunk(piece, signer))
  let end = ''
  if (hasTrailer) {
    const value = Buffer.alloc(4)
    value.writeUInt32BE(crc32(content))
    const line = `${name}:${value.toString('base64')}`
    end = `${line}\r\n`
    if (signer !== undefined) end += `x-amz-trailer-signature:${signer.trailer(`${line}\n`)}\r\n`
  }
  return { head, body: Buffer.concat([...chunks, Buffer.from(`${end}\r\n`)]) }
}

async function emptyBucket(raw: RawBridge): Promise<void> {
  const path = '/fuzz?list-type=2&encoding-type=url'
  const listed = await ask(raw.bridge, { method: 'GET', path })
  for (const [, key] of listed.text.matchAll(/<Key>([^<]*)<\/Key>/g)) {
    await ask(raw.bridge, { method: 'DELETE', path: `/fuzz/${key}` })
  }
  // Removed by one of the requests, perhaps.
  const gone = await ask(raw.bridge, { method: 'DELETE', path: '/fuzz' })
  assert.ok([204, 404].includes(gone.status), gone.text)
}
