// Digests that are malformed, wrong, doubled or unknown, on objects, parts and XML. Written against what
// S3 answers; nothing of a body that does not match is kept.
import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  expectError,
  expectRefusal,
  expectSane,
  type RawBridge,
  withRawBridge,
} from '../support/raw-bridge.ts'
import { withConnection } from '../support/raw-connection.ts'
import { ask } from '../support/signed-request.ts'

const test = suite('raw digests')
const body = 'the new content'
const digest = (algorithm: string, of = body, form: 'base64' | 'hex' = 'base64') =>
  createHash(algorithm).update(of).digest(form)

type Case = readonly [what: string, headers: Record<string, string>, code: string]

const md5s: readonly Case[] = [
  ['no base64', { 'content-md5': 'not base64!' }, 'InvalidDigest'],
  ['hex', { 'content-md5': digest('md5', body, 'hex') }, 'InvalidDigest'],
  ['too short', { 'content-md5': 'AAAA' }, 'InvalidDigest'],
  ['too long', { 'content-md5': digest('sha1') }, 'InvalidDigest'],
  ['no padding', { 'content-md5': digest('md5').replace(/=+$/, '') }, 'InvalidDigest'],
  ['empty', { 'content-md5': '' }, 'InvalidDigest'],
  ['spilled bits', { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfh==' }, 'InvalidDigest'],
  ['of another body', { 'content-md5': digest('md5', 'another') }, 'BadDigest'],
]

const checksums: readonly Case[] = [
  ['no base64', { 'x-amz-checksum-crc32': '!!!!' }, 'InvalidRequest'],
  ['empty', { 'x-amz-checksum-crc32': '' }, 'InvalidRequest'],
  ['of the wrong size', { 'x-amz-checksum-crc32': 'AAAA' }, 'InvalidRequest'],
  ['hex', { 'x-amz-checksum-sha256': digest('sha256', body, 'hex') }, 'InvalidRequest'],
  ['crc32 of another body', { 'x-amz-checksum-crc32': 'AAAAAA==' }, 'BadDigest'],
  ['crc32c of another body', { 'x-amz-checksum-crc32c': 'AAAAAA==' }, 'BadDigest'],
  ['crc64 of another body', { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' }, 'BadDigest'],
  ['sha1 of another body', { 'x-amz-checksum-sha1': digest('sha1', '?') }, 'BadDigest'],
  ['sha256 of another body', { 'x-amz-checksum-sha256': digest('sha256', '?') }, 'BadDigest'],
  [
    'two of them',
    { 'x-amz-checksum-sha1': digest('sha1'), 'x-amz-checksum-sha256': digest('sha256') },
    'InvalidRequest',
  ],
  ['unknown', { 'x-amz-checksum-crc16': 'AAA=' }, 'InvalidRequest'],
  ['md5 of another body', { 'x-amz-checksum-md5': digest('md5', '?') }, 'BadDigest'],
  ['sha512 of another body', { 'x-amz-checksum-sha512': digest('sha512', '?') }, 'BadDigest'],
  ['xxh64 of another body', { 'x-amz-checksum-xxhash64': 'AAAAAAAAAAA=' }, 'BadDigest'],
  ['only named', { 'x-amz-sdk-checksum-algorithm': 'CRC32' }, 'InvalidRequest'],
  [
    'another than named',
    { 'x-amz-sdk-checksum-algorithm': 'CRC32', 'x-amz-checksum-sha1': digest('sha1') },
    'InvalidRequest',
  ],
  ['announced, but no trailer', { 'x-amz-trailer': 'x-amz-checksum-crc32' }, 'InvalidRequest'],
]

const payloadHashes: readonly Case[] = [
  [
    'of another body',
    { 'x-amz-content-sha256': digest('sha256', '?', 'hex') },
    'XAmzContentSHA256Mismatch',
  ],
  ['no hash', { 'x-amz-content-sha256': 'nothing' }, 'InvalidArgument'],
  ['too short', { 'x-amz-content-sha256': 'ab'.repeat(31) }, 'InvalidArgument'],
  [
    'of an event stream',
    { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-EVENTS' },
    'NotImplemented',
  ],
  ['a form to come', { 'x-amz-content-sha256': 'STREAMING-NEW-FORM' }, 'NotImplemented'],
]

const all: readonly Case[] = [
  ...md5s.map(([what, ...rest]) => [`Content-MD5 ${what}`, ...rest] as const),
  ...checksums.map(([what, ...rest]) => [`checksum ${what}`, ...rest] as const),
  ...payloadHashes.map(([what, ...rest]) => [`payload hash ${what}`, ...rest] as const),
]

test('an object with a wrong digest is refused, and the old one stays', async () => {
  await withRawBridge(async (raw) => {
    for (const [what, headers, code] of all) await refuse(raw, '/bucket/key', what, headers, code)
    for (const [what, headers, code] of all) await refuse(raw, '/bucket/new', what, headers, code)
    await raw.expectUntouched('digests of objects')
  })
})

test('a large object with a wrong MD5, which goes straight through, is refused as well', async () => {
  await withRawBridge(async (raw) => {
    const known = Buffer.alloc(11 * 1024 ** 2, 'known ')
    const large = Buffer.alloc(11 * 1024 ** 2, 'large ')
    await ask(raw.bridge, { method: 'PUT', path: '/bucket/known', body: known })
    // Of nothing, and of content that Jottacloud has: it would complete the file without its bytes.
    for (const claimed of ['another', known]) {
      await withConnection(raw.bridge, async (connection) => {
        const headers = { 'content-md5': createHash('md5').update(claimed).digest('base64') }
        const lines = [`Content-Length: ${large.length}`]
        await connection.write(raw.head({ method: 'PUT', path: '/bucket/key', headers, lines }))
        await connection.write(large)
        const answer = await connection.answer()
        expectError(answer, { status: 400, code: 'BadDigest' }, 'large')
        await expectSane(raw, connection, answer, 'large')
      })
    }
    await ask(raw.bridge, { method: 'DELETE', path: '/bucket/known' })
    await raw.expectUntouched('a large object')
  })
})

test('a part with a wrong digest is refused, and the upload goes on', async () => {
  await withRawBridge(async (raw) => {
    const created = await ask(raw.bridge, { method: 'POST', path: '/bucket/multi?uploads=' })
    const uploadId = /<UploadId>([^<]+)</.exec(created.text)?.[1]
    const path = `/bucket/multi?partNumber=1&uploadId=${uploadId}`
    for (const [what, headers, code] of all) await refuse(raw, path, `part ${what}`, headers, code)
    const parts = await ask(raw.bridge, {
      method: 'GET',
      path: `/bucket/multi?uploadId=${uploadId}`,
    })
    assert.not.match(parts.text, /<Part>/)
    const put = await ask(raw.bridge, { method: 'PUT', path, body })
    const complete = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${put.headers.etag}</ETag></Part></CompleteMultipartUpload>`
    const multi = `/bucket/multi?uploadId=${uploadId}`
    assert.is((await ask(raw.bridge, { method: 'POST', path: multi, body: complete })).status, 200)
    assert.is((await ask(raw.bridge, { method: 'GET', path: '/bucket/multi' })).text, body)
    await ask(raw.bridge, { method: 'DELETE', path: '/bucket/multi' })
    await raw.expectUntouched('digests of parts')
  })
})

test('a delete list with a wrong digest, or none, deletes nothing', async () => {
  await withRawBridge(async (raw) => {
    const list = '<Delete><Object><Key>key</Key></Object></Delete>'
    const wanted: readonly Case[] = [
      ['none', {}, 'InvalidRequest'],
      ['no base64', { 'content-md5': '!' }, 'InvalidDigest'],
      ['of another body', { 'content-md5': digest('md5', '?') }, 'BadDigest'],
      ['crc of another body', { 'x-amz-checksum-crc32': 'AAAAAA==' }, 'BadDigest'],
    ]
    for (const [what, headers, code] of wanted) {
      const lines = [`Content-Length: ${list.length}`]
      const head = raw.head({ method: 'POST', path: '/bucket?delete=', headers, lines })
      await expectRefusal(raw, head + list, { status: 400, code }, what)
    }
    await raw.expectUntouched('digests of delete lists')
  })
})

test('a digest that is there twice is none', async () => {
  await withRawBridge(async (raw) => {
    const right = `Content-MD5: ${digest('md5')}`
    const lines = [`Content-Length: ${body.length}`, right, right]
    const head = raw.head({ method: 'PUT', path: '/bucket/key', lines })
    await expectRefusal(raw, head + body, { status: 400, code: 'BadRequest' }, 'twice')
    await raw.expectUntouched('doubled digests')
  })
})

test.run()

async function refuse(
  raw: RawBridge,
  path: string,
  what: string,
  headers: Record<string, string>,
  code: string,
): Promise<void> {
  const lines = [`Content-Length: ${body.length}`]
  const head = raw.head({ method: 'PUT', path, headers, lines })
  const status = code === 'NotImplemented' ? 501 : 400
  await expectRefusal(raw, head + body, { status, code }, what)
}
