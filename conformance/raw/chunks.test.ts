// aws-chunked bodies with a broken link: forged, truncated, oversized or malformed chunks and trailers,
// signed and not.
import { crc32 } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createChunkSigner, renderChunk, renderChunks } from '../support/chunk-stream.ts'
import { expectError, expectSane, type RawBridge, withRawBridge } from '../support/raw-bridge.ts'
import { type RawAnswer, withConnection } from '../support/raw-connection.ts'

const test = suite('raw chunks')
const signedForm = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
const unsignedForm = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
const pieces = ['a'.repeat(8192), 'the second chunk', 'c'.repeat(20_000)].map((text) =>
  Buffer.from(text),
)
const content = Buffer.concat(pieces)
const empty = Buffer.alloc(0)
const last = '0000000000000000000000000000000000000000000000000000000000000000'

type Signer = ReturnType<typeof createChunkSigner>
type Case = readonly [what: string, make: (signer: Signer) => string | Buffer, code: string]

const text = (bytes: Buffer): string => bytes.toString('latin1')
const whole = (signer: Signer): string => text(renderChunks(pieces, signer))

const signedCases: readonly Case[] = [
  ['the first signature forged', (signer) => forge(whole(signer), 0), 'SignatureDoesNotMatch'],
  ['the second signature forged', (signer) => forge(whole(signer), 1), 'SignatureDoesNotMatch'],
  ['the last signature forged', (signer) => forge(whole(signer), 3), 'SignatureDoesNotMatch'],
  [
    'data changed under its signature',
    (signer) => whole(signer).replace('the second', 'THE SECOND'),
    'SignatureDoesNotMatch',
  ],
  [
    'two chunks swapped',
    (signer) => {
      const [a = '', b = '', c = ''] = pieces.map((piece) => text(renderChunk(piece, signer)))
      return b + a + c
    },
    'SignatureDoesNotMatch',
  ],
  [
    'a chunk of another request',
    () => {
      const other = createChunkSigner(`x-amz-date: 20200101T000000Z\r\nSignature=${last}`)
      return text(renderChunks(pieces, other))
    },
    'SignatureDoesNotMatch',
  ],
  [
    'a chunk left out',
    (signer) => {
      const chunks = [...pieces, empty].map((piece) => text(renderChunk(piece, signer)))
      return `${chunks[0]}${chunks[2]}${chunks[3]}\r\n`
    },
    'SignatureDoesNotMatch',
  ],
  ['no signatures', () => text(renderChunks(pieces)), 'InvalidRequest'],
  ['empty signatures', () => '5;chunk-signature=\r\nhello\r\n', 'InvalidRequest'],
  [
    'a signature in capitals',
    (signer) =>
      whole(signer).replace(
        /=([0-9a-f]{64})/,
        (_, hex: string) => `=${hex.replace(/[a-f]/g, 'F')}`,
      ),
    'InvalidRequest',
  ],
  ['another extension', () => `5;signature=${last}\r\nhello\r\n`, 'InvalidRequest'],
  ['no size', () => `;chunk-signature=${last}\r\nhello\r\n`, 'InvalidRequest'],
  ['a negative size', () => `-5;chunk-signature=${last}\r\nhello\r\n`, 'InvalidRequest'],
  [
    'a size past all numbers',
    () => `ffffffffffffffff;chunk-signature=${last}\r\nhello\r\n`,
    'IncompleteBody',
  ],
  [
    'a size of 17 digits',
    () => `fffffffffffffffff;chunk-signature=${last}\r\nhello\r\n`,
    'InvalidRequest',
  ],
  ['a header that never ends', () => '5'.repeat(100_000), 'InvalidRequest'],
  ['a header that ends with LF', () => `5;chunk-signature=${last}\nhello\n`, 'InvalidRequest'],
  ['more data than its size', (signer) => whole(signer).replace('chunk\r', 'chunk!\r'), '*'],
  ['bytes after the last chunk', (signer) => `${whole(signer)}more`, 'InvalidRequest'],
  ['a request after the last chunk', (signer) => `${whole(signer)}DELETE /bucket/key`, '*'],
  [
    'a trailer that was not announced',
    (signer) => `${whole(signer).slice(0, -2)}x-amz-checksum-crc32:AAAAAA==\r\n\r\n`,
    'InvalidRequest',
  ],
  ['no last chunk', (signer) => text(renderChunk(content, signer)), 'IncompleteBody'],
  ['the end within a header', (signer) => whole(signer).slice(0, 40), 'IncompleteBody'],
  ['the end within data', (signer) => whole(signer).slice(0, 5000), 'IncompleteBody'],
  ['the end before the last line', (signer) => whole(signer).slice(0, -2), 'IncompleteBody'],
  [
    'fewer bytes than announced',
    (signer) => text(renderChunks(pieces.slice(1), signer)),
    'IncompleteBody',
  ],
  [
    'more bytes than announced',
    (signer) => text(renderChunks([...pieces, Buffer.from('more')], signer)),
    'IncompleteBody',
  ],
  ['nothing at all', () => '', 'IncompleteBody'],
  ['no chunks', () => content.subarray(0, 2000), 'InvalidRequest'],
]

test('signed chunks: one that is right is stored, each that is wrong is refused', async () => {
  await withRawBridge(async (raw) => {
    for (const [what, make, code] of signedCases) {
      // Written in two pieces of any size, so that no case depends on how the bytes arrive.
      for (const cut of [0, 100]) {
        const { answer, headers } = await upload(raw, '/bucket/key', signedForm, make, cut)
        const status = code === 'SignatureDoesNotMatch' || answer.status === 403 ? 403 : 400
        const codes =
          code === '*' ? ['InvalidRequest', 'SignatureDoesNotMatch', 'IncompleteBody'] : code
        expectError(answer, { status, code: codes }, `${what} ${headers}`)
      }
    }
    await raw.expectUntouched('signed chunks')
    const { answer } = await upload(raw, '/bucket/right', signedForm, whole, 5)
    assert.is(answer.status, 200, answer.text)
  })
})

const checksum = (() => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(content))
  return bytes.toString('base64')
})()
const chunks = text(renderChunks(pieces)).slice(0, -2)
const trailerName = 'x-amz-checksum-crc32'

const trailerCases: readonly Case[] = [
  ['a wrong checksum', () => `${chunks}${trailerName}:AAAAAA==\r\n\r\n`, 'BadDigest'],
  ['no base64', () => `${chunks}${trailerName}:!!!!\r\n\r\n`, 'InvalidRequest'],
  ['of the wrong size', () => `${chunks}${trailerName}:AAAA\r\n\r\n`, 'InvalidRequest'],
  ['no trailer', () => `${chunks}\r\n`, 'MalformedTrailerError'],
  ['another trailer', () => `${chunks}x-amz-checksum-sha1:AAAA\r\n\r\n`, 'MalformedTrailerError'],
  [
    'the trailer twice',
    () => `${chunks}${`${trailerName}:${checksum}\r\n`.repeat(2)}\r\n`,
    'MalformedTrailerError',
  ],
  ['no colon', () => `${chunks}${trailerName} ${checksum}\r\n\r\n`, 'MalformedTrailerError'],
  [
    'a trailer of 100 KB',
    () => `${chunks}${trailerName}:${'A'.repeat(100_000)}\r\n\r\n`,
    'MalformedTrailerError',
  ],
  [
    'ten thousand trailers',
    () => `${chunks}${'x-amz-meta-a:b\r\n'.repeat(10_000)}\r\n`,
    'MalformedTrailerError',
  ],
  [
    'a header that travels as a trailer',
    () => `${chunks}${trailerName}:${checksum}\r\nx-amz-acl:public-read\r\n\r\n`,
    'MalformedTrailerError',
  ],
  ['the end within it', () => `${chunks}${trailerName}:${checksum.slice(0, 3)}`, 'IncompleteBody'],
  ['no empty line', () => `${chunks}${trailerName}:${checksum}\r\n`, 'IncompleteBody'],
  ['bytes after it', () => `${chunks}${trailerName}:${checksum}\r\n\r\nmore`, 'InvalidRequest'],
  [
    'signed chunks where none were announced',
    (signer) => `${whole(signer).slice(0, -2)}${trailerName}:${checksum}\r\n\r\n`,
    'InvalidRequest',
  ],
]

test('unsigned chunks with a trailer: each that is wrong is refused', async () => {
  await withRawBridge(async (raw) => {
    const more = { 'x-amz-trailer': trailerName }
    for (const [what, make, code] of trailerCases) {
      const { answer } = await upload(raw, '/bucket/key', unsignedForm, make, 3000, more)
      expectError(answer, { status: 400, code }, what)
    }
    await raw.expectUntouched('trailers')
    const right = () => `${chunks}${trailerName}:${checksum}\r\n\r\n`
    const { answer } = await upload(raw, '/bucket/right', unsignedForm, right, 0, more)
    assert.is(answer.status, 200, answer.text)
    assert.is(answer.headers.get(trailerName), checksum)
  })
})

test('a signed trailer: its signature counts, and covers what it says', async () => {
  await withRawBridge(async (raw) => {
    const more = { 'x-amz-trailer': trailerName }
    const form = `${signedForm}-TRAILER`
    const make =
      (line: string, change: (signature: string) => string = (same) => same) =>
      (signer: Signer) => {
        const body = whole(signer).slice(0, -2)
        const signature = change(signer.trailer(`${trailerName}:${checksum}\n`))
        return `${body}${line}\r\nx-amz-trailer-signature:${signature}\r\n\r\n`
      }
    const right = `${trailerName}:${checksum}`
    const wrong: readonly Case[] = [
      ['forged', make(right, (hex) => hex.replace(/./, other)), 'SignatureDoesNotMatch'],
      ['for another value', make(`${trailerName}:AAAAAA==`), 'SignatureDoesNotMatch'],
      ['empty', make(right, () => ''), 'SignatureDoesNotMatch'],
      ['too long', make(right, (hex) => hex + hex), 'SignatureDoesNotMatch'],
      ['left out', (signer) => `${whole(signer).slice(0, -2)}${right}\r\n\r\n`, 'IncompleteBody'],
    ]
    for (const [what, body, code] of wrong) {
      const { answer } = await upload(raw, '/bucket/key', form, body, 0, more)
      const status = code === 'SignatureDoesNotMatch' ? 403 : 400
      expectError(answer, { status, code }, what)
    }
    await raw.expectUntouched('signed trailers')
    const { answer } = await upload(raw, '/bucket/right', form, make(right), 0, more)
    assert.is(answer.status, 200, answer.text)
  })
})

test('announcements that do not fit the body are refused before it is read', async () => {
  await withRawBridge(async (raw) => {
    const length = 'x-amz-decoded-content-length'
    const trailer = { 'x-amz-trailer': trailerName }
    const cases: readonly [form: string, headers: Record<string, string>, code: string][] = [
      [signedForm, { [length]: '-1' }, 'InvalidArgument'],
      [signedForm, { [length]: '' }, 'InvalidArgument'],
      [signedForm, { [length]: '1e3' }, 'InvalidArgument'],
      [signedForm, { [length]: '5368709121' }, 'InvalidRequest'],
      [signedForm, { [length]: '99999999999999999999' }, 'InvalidArgument'],
      [signedForm, trailer, 'InvalidRequest'],
      [unsignedForm, { 'x-amz-trailer': 'x-amz-acl' }, 'InvalidRequest'],
      [unsignedForm, { 'x-amz-trailer': `${trailerName},x-amz-checksum-sha1` }, 'InvalidRequest'],
      [unsignedForm, { ...trailer, 'x-amz-checksum-sha1': 'x' }, 'InvalidRequest'],
    ]
    for (const [form, headers, code] of cases) {
      const make = () => text(renderChunks(pieces))
      const { answer } = await upload(raw, '/bucket/key', form, make, 0, headers)
      expectError(answer, { status: 400, code }, JSON.stringify(headers))
    }
    await raw.expectUntouched('announcements')
  })
})

test.run()

/** Sends one body on a connection of its own, which must be sane afterwards. */
async function upload(
  raw: RawBridge,
  path: string,
  form: string,
  make: (signer: Signer) => string | Buffer,
  cut: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ answer: RawAnswer; headers: string }> {
  const signed = {
    'x-amz-content-sha256': form,
    'x-amz-decoded-content-length': String(content.length),
    'content-encoding': 'aws-chunked',
    ...headers,
  }
  const unlimited = raw.head({ method: 'PUT', path, headers: signed })
  const made = make(createChunkSigner(unlimited))
  const bytes = typeof made === 'string' ? Buffer.from(made, 'latin1') : made
  // A body that is too short for its announcement is padded by nobody: the length says the same.
  const head = unlimited.replace(/\r\n\r\n$/, `\r\nContent-Length: ${lengthOf(bytes)}\r\n\r\n`)
  const result = Promise.withResolvers<RawAnswer>()
  await withConnection(raw.bridge, async (connection) => {
    await connection.write(Buffer.concat([Buffer.from(head), bytes.subarray(0, cut)]))
    await connection.write(bytes.subarray(cut))
    if (lengthOf(bytes) > bytes.length) connection.socket.end()
    const answer = await connection.answer()
    await expectSane(raw, connection, answer, `${form} ${made.slice(0, 60)}`)
    result.resolve(answer)
  })
  return { answer: await result.promise, headers: JSON.stringify(headers) }
}

/** More than the decoded length, which is what the server asks for before it reads anything. */
function lengthOf(bytes: Buffer): number {
  return Math.max(bytes.length, content.length + 1)
}

function forge(body: string, index: number): string {
  let at = -1
  return body.replace(/chunk-signature=(.)/g, (match, first: string) => {
    at += 1
    return at === index ? `chunk-signature=${other(first)}` : match
  })
}

function other(digit: string): string {
  return digit === '0' ? '1' : '0'
}
