// The framing against AWS's two published bodies, every tampering with them, and every way to cut them.
import { createHash, createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../translate/s3-error.ts'
import { type AwsChunkedOptions, decodeAwsChunked } from './aws-chunked.ts'
import type { ChunkSigning } from './payload-declaration.ts'

const test = suite('aws-chunked')

const scope = '20130524/us-east-1/s3/aws4_request'
const timestamp = '20130524T000000Z'
const emptySha256 = createHash('sha256').digest('hex')

/** Derived here and not by aws4, so that neither can hide a mistake of the other. */
const signingKey = [...scope.split('/')].reduce<string | Buffer>(
  (key, part) => createHmac('sha256', key).update(part).digest(),
  'AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
)

function signingFrom(seedSignature: string): ChunkSigning {
  return {
    seedSignature,
    scope,
    timestamp,
    sign: (stringToSign) => createHmac('sha256', signingKey).update(stringToSign).digest('hex'),
  }
}

const exampleSeed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
const exampleData = Buffer.alloc(66_560, 'a')
const example = Buffer.from(
  [
    '10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    exampleData.toString('latin1', 0, 65_536),
    '400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    exampleData.toString('latin1', 65_536),
    '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    '',
    '',
  ].join('\r\n'),
)

const trailerSeed = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e'
const trailerExample = Buffer.from(
  [
    '10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    exampleData.toString('latin1', 0, 65_536),
    '400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    exampleData.toString('latin1', 65_536),
    '0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
    'x-amz-checksum-crc32c:sOO8/Q==',
    'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
    '',
    '',
  ].join('\r\n'),
)

async function* feed(pieces: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* pieces
}

function cut(bytes: Buffer, pieceBytes: number): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    pieces.push(bytes.subarray(at, at + pieceBytes))
  }
  return pieces
}

type Options = Partial<Omit<AwsChunkedOptions, 'trailers'>>

/** Decodes all, or gives the code of the error. */
async function decode(pieces: readonly Buffer[], options: Options) {
  const trailers = new Map<string, string>()
  const decoded: Buffer[] = []
  try {
    const flow = decodeAwsChunked(feed(pieces), {
      sizeBytes: 0,
      signing: undefined,
      trailerNames: undefined,
      ...options,
      trailers,
    })
    for await (const bytes of flow) decoded.push(bytes)
  } catch (error) {
    if (error instanceof S3Error) return { code: error.code }
    throw error
  }
  return { code: 'decoded', bytes: Buffer.concat(decoded), trailers: Object.fromEntries(trailers) }
}

const signed = { sizeBytes: 66_560, signing: signingFrom(exampleSeed) }
const signedTrailer = {
  sizeBytes: 66_560,
  signing: signingFrom(trailerSeed),
  trailerNames: ['x-amz-checksum-crc32c'],
}

/** A small signed body, so that every byte of it can be tried. */
function encodeSigned(
  data: Buffer,
  chunkBytes: number,
  fields: Record<string, string> | undefined,
) {
  const { sign } = signingFrom(exampleSeed)
  let previous = exampleSeed
  const next = (kind: string, ...hashes: string[]) => {
    previous = sign([kind, timestamp, scope, previous, ...hashes].join('\n'))
    return previous
  }
  const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex')
  const out: (Buffer | string)[] = []
  for (const chunk of [...cut(data, chunkBytes), Buffer.alloc(0)]) {
    const signature = next('AWS4-HMAC-SHA256-PAYLOAD', emptySha256, sha256(chunk))
    out.push(`${chunk.length.toString(16)};chunk-signature=${signature}\r\n`, chunk)
    if (chunk.length > 0) out.push('\r\n')
  }
  const lines = Object.entries(fields ?? {}).map(([name, value]) => `${name}:${value}`)
  out.push(...lines.map((line) => `${line}\r\n`))
  if (fields !== undefined) {
    const canonical = lines.map((line) => `${line}\n`).join('')
    out.push(`x-amz-trailer-signature:${next('AWS4-HMAC-SHA256-TRAILER', sha256(canonical))}\r\n`)
  }
  out.push('\r\n')
  return Buffer.concat(out.map((part) => Buffer.from(part)))
}

const fields = { 'x-amz-checksum-crc32': 'NhCmhg==' }
const names = Object.keys(fields)
const hello = Buffer.from('hello')
const small = encodeSigned(hello, 3, fields)
const smallOptions = { sizeBytes: 5, signing: signingFrom(exampleSeed), trailerNames: names }

test("AWS's published bodies decode, whole and byte by byte", async () => {
  for (const pieceBytes of [1, 7, 65_536, 200_000]) {
    const plain = await decode(cut(example, pieceBytes), signed)
    assert.is(plain.code, 'decoded')
    assert.ok(plain.bytes?.equals(exampleData))
    const trailed = await decode(cut(trailerExample, pieceBytes), signedTrailer)
    assert.is(trailed.code, 'decoded')
    assert.ok(trailed.bytes?.equals(exampleData))
    assert.equal(trailed.trailers, { 'x-amz-checksum-crc32c': 'sOO8/Q==' })
  }
  assert.is(example.length, 66_824)
  assert.is(trailerExample.length, 66_946)
})

test('a body cut at any one place decodes', async () => {
  for (let at = 0; at <= small.length; at += 1) {
    const result = await decode([small.subarray(0, at), small.subarray(at)], smallOptions)
    assert.is(result.bytes?.toString(), 'hello', `cut at ${at}`)
    assert.equal(result.trailers, fields)
  }
})

test('a body that ends at any one place too early is incomplete', async () => {
  for (let length = 0; length < small.length; length += 1) {
    const { code } = await decode([small.subarray(0, length)], smallOptions)
    assert.is(code, 'IncompleteBody', `length ${length}`)
  }
})

test('no single byte can be changed', async () => {
  for (let at = 0; at < small.length; at += 1) {
    for (const flip of [0x01, 0x20, 0x80]) {
      const changed = Buffer.from(small)
      changed.writeUInt8(changed.readUInt8(at) ^ flip, at)
      const { code, bytes, trailers } = await decode([changed], smallOptions)
      if (code !== 'decoded') continue
      // The case of a field's name is the one thing that means the same.
      assert.is(bytes?.toString(), 'hello')
      assert.equal(trailers, fields, `byte ${at} ^ ${flip}`)
      assert.is(flip, 0x20)
      assert.is(changed.toString('latin1').toLowerCase(), small.toString('latin1').toLowerCase())
    }
  }
})

test('each tampering has its error', async () => {
  const text = example.toString('latin1')
  const trailerText = trailerExample.toString('latin1')
  const swap = (from: string | RegExp, to: string) => text.replace(from, to)
  const cases: readonly [name: string, body: string, code: string, options: Options][] = [
    ['data', swap('aaa', 'aba'), 'SignatureDoesNotMatch', signed],
    ['signature', swap('=ad80', '=ad81'), 'SignatureDoesNotMatch', signed],
    ['last signature', swap('=b6c6', '=b6c7'), 'SignatureDoesNotMatch', signed],
    ['upper-case signature', swap('=ad80', '=AD80'), 'InvalidRequest', signed],
    ['smaller size', swap('10000;', 'ffff;'), 'SignatureDoesNotMatch', signed],
    ['larger size', swap('10000;', '10001;'), 'SignatureDoesNotMatch', signed],
    ['size past the length', swap('10000;', '10401;'), 'IncompleteBody', signed],
    ['huge size', swap('10000;', 'ffffffffffffffff;'), 'IncompleteBody', signed],
    ['too many digits', swap('10000;', '00000000000010000;'), 'InvalidRequest', signed],
    ['negative size', swap('10000;', '-1;'), 'InvalidRequest', signed],
    ['no size', swap('10000;', ';'), 'InvalidRequest', signed],
    ['prefixed size', swap('10000;', '0x10000;'), 'InvalidRequest', signed],
    ['no signature', swap(/;chunk-signature=ad\w+/, ''), 'InvalidRequest', signed],
    ['other extension', swap(';chunk-signature', ';a=b;chunk-signature'), 'InvalidRequest', signed],
    ['blank', swap('10000;', '10000; '), 'InvalidRequest', signed],
    ['long header', swap('10000;', `10000;${'x'.repeat(500)}`), 'InvalidRequest', signed],
    ['LF only', swap('\r\n', '\n'), 'InvalidRequest', signed],
    ['no CRLF after data', swap('\r\n400;', '400;'), 'InvalidRequest', signed],
    ['no last chunk', text.slice(0, text.lastIndexOf('0;chunk')), 'IncompleteBody', signed],
    ['no last line end', text.slice(0, -2), 'IncompleteBody', signed],
    ['bytes after the end', `${text}x`, 'InvalidRequest', signed],
    [
      'an early last chunk',
      text.slice(text.lastIndexOf('0;chunk')),
      'SignatureDoesNotMatch',
      signed,
    ],
    ['wrong seed', text, 'SignatureDoesNotMatch', { ...signed, signing: signingFrom(trailerSeed) }],
    ['longer announced', text, 'IncompleteBody', { ...signed, sizeBytes: 66_561 }],
    ['shorter announced', text, 'IncompleteBody', { ...signed, sizeBytes: 66_559 }],
    ['nothing', '', 'IncompleteBody', signed],
    ['trailer value', trailerText.replace('sOO8', 'sOO9'), 'SignatureDoesNotMatch', signedTrailer],
    [
      'trailer signature',
      trailerText.replace(':d81f', ':d81e'),
      'SignatureDoesNotMatch',
      signedTrailer,
    ],
    [
      'trailer left out',
      trailerText.replace(/x-amz-checksum.*\r\n/, ''),
      'MalformedTrailerError',
      signedTrailer,
    ],
    [
      'signature left out',
      trailerText.replace(/x-amz-trailer.*\r\n/, ''),
      'IncompleteBody',
      signedTrailer,
    ],
    [
      'two fields',
      trailerText.replace(/(x-amz-checksum.*\r\n)/, '$1$1'),
      'MalformedTrailerError',
      signedTrailer,
    ],
    [
      'trailer not announced',
      trailerText,
      'MalformedTrailerError',
      { ...signedTrailer, trailerNames: [] },
    ],
    [
      'trailer not allowed',
      trailerText,
      'InvalidRequest',
      { ...signedTrailer, trailerNames: undefined },
    ],
    ['bytes after the trailer', `${trailerText}\r\n`, 'InvalidRequest', signedTrailer],
    [
      'long trailer',
      trailerText.replace('sOO8', 'x'.repeat(5000)),
      'MalformedTrailerError',
      signedTrailer,
    ],
  ]
  for (const [name, body, code, options] of cases) {
    const result = await decode(cut(Buffer.from(body, 'latin1'), 50_000), options)
    assert.is(result.code, code, name)
  }
})

test('unsigned chunks need no signature and may carry none', async () => {
  const options = { sizeBytes: 8, trailerNames: names }
  const cases: readonly [body: string, code: string, options?: Options][] = [
    ['5\r\nhello\r\n3\r\nyou\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n', 'decoded'],
    ['5\r\nhello\r\n3\r\nyou\r\n0\r\nX-Amz-Checksum-Crc32: NhCmhg== \r\n\r\n', 'decoded'],
    ['8\r\nhelloyou\r\n0\r\n\r\n', 'decoded', { ...options, trailerNames: [] }],
    ['0\r\n\r\n', 'decoded', { sizeBytes: 0, trailerNames: [] }],
    ['0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', 'decoded', { ...options, sizeBytes: 0 }],
    ['8\r\nhelloyou\r\n0\r\n\r\n', 'MalformedTrailerError'],
    ['8\r\nhelloyou\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n', 'IncompleteBody'],
    ['8\r\nhelloyou\r\n0\r\nx-amz-checksum-crc32:NhCmhg==', 'IncompleteBody'],
    ['8\r\nhelloyou\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\n\r\n', 'MalformedTrailerError'],
    ['8\r\nhelloyou\r\n0\r\nx-amz-checksum-crc32 NhCmhg==\r\n\r\n', 'MalformedTrailerError'],
    ['8\r\nhelloyou\r\n0\r\nx-amz-meta-a:b\r\n\r\n', 'MalformedTrailerError'],
    ['8\r\nhelloyou\r\n0\r\nx-amz-checksum-crc32:a\r\n\r\nx', 'InvalidRequest'],
    [
      `8\r\nhelloyou\r\n0\r\nx-amz-checksum-crc32:a\r\nx-amz-trailer-signature:${'0'.repeat(64)}\r\n\r\n`,
      'MalformedTrailerError',
    ],
    [`8;chunk-signature=${'0'.repeat(64)}\r\nhelloyou\r\n0\r\n\r\n`, 'InvalidRequest'],
    ['8\r\nhelloyou\r\n\r\n', 'InvalidRequest'],
    ['8\r\nhelloyou!\r\n0\r\n\r\n', 'InvalidRequest'],
    ['helloyou', 'IncompleteBody'],
    ['<xml>\r\n', 'InvalidRequest'],
  ]
  for (const [body, code, other] of cases) {
    for (const pieceBytes of [1, 1000]) {
      const result = await decode(cut(Buffer.from(body), pieceBytes), other ?? options)
      assert.is(result.code, code, body)
    }
  }
})

test('the fields of a signed trailer may end as minio-go ends them', async () => {
  const text = trailerExample.toString('latin1')
  const cases: readonly [from: string, to: string, code: string][] = [
    ['==\r\n', '==\n\r\n', 'decoded'],
    ['==\r\n', '==\n', 'decoded'],
    ['==\r\n', '==\r\n\r\n', 'decoded'],
    ['==\r\n', '==\r\n\r\n\r\n', 'MalformedTrailerError'],
    ['x-amz-checksum', '\r\nx-amz-checksum', 'MalformedTrailerError'],
  ]
  for (const [from, to, code] of cases) {
    const result = await decode([Buffer.from(text.replace(from, to), 'latin1')], signedTrailer)
    assert.is(result.code, code, JSON.stringify(to))
  }
})

test('an empty signed body is one last chunk', async () => {
  const body = encodeSigned(Buffer.alloc(0), 1, undefined)
  const options = { sizeBytes: 0, signing: signingFrom(exampleSeed) }
  assert.is((await decode([body], options)).bytes?.length, 0)
})

test('any data in any chunks, cut anywhere, comes back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 600 }),
      fc.integer({ min: 1, max: 300 }),
      fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 12 }),
      fc.boolean(),
      async (data, chunkBytes, cuts, hasTrailer) => {
        const body = encodeSigned(Buffer.from(data), chunkBytes, hasTrailer ? fields : undefined)
        const places = [0, ...cuts.toSorted((a, b) => a - b), body.length]
        const pieces = places.slice(1).map((end, index) => body.subarray(places[index], end))
        const result = await decode(pieces, {
          sizeBytes: data.length,
          signing: signingFrom(exampleSeed),
          trailerNames: hasTrailer ? names : undefined,
        })
        assert.ok(result.bytes?.equals(data), result.code)
      },
    ),
    { numRuns: 150 },
  )
})

test('garbage is refused and nothing else happens', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }),
      async (pieces) => {
        const { code } = await decode(
          pieces.map((piece) => Buffer.from(piece)),
          smallOptions,
        )
        assert.ok(['InvalidRequest', 'IncompleteBody'].includes(code), code)
      },
    ),
    { numRuns: 100 },
  )
})

test('giving up early ends the source', async () => {
  let hasEnded = false
  async function* source(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.from('5\r\nhello\r\n')
    } finally {
      hasEnded = true
    }
  }
  const options = {
    sizeBytes: 1e6,
    signing: undefined,
    trailerNames: undefined,
    trailers: new Map(),
  }
  for await (const bytes of decodeAwsChunked(source(), options)) {
    assert.is(bytes.toString(), 'hello')
    break
  }
  assert.ok(hasEnded)
})

test.run()
