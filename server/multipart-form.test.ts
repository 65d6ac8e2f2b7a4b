// multipart/form-data from a stream that is cut anywhere, and every way to break one.
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../translate/s3-error.ts'
import { parseBoundary, readMultipartForm } from './multipart-form.ts'

const test = suite('multipart form')
const boundary = 'xYz'

async function* pieces(bytes: Buffer, pieceBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

async function read(body: string | Buffer, pieceBytes = 100_000, form = boundary) {
  const { fields, fileName, file, headBytes } = await readMultipartForm(
    pieces(Buffer.from(body), pieceBytes),
    form,
  )
  const content = Buffer.concat(await Array.fromAsync(file))
  return { fields: Object.fromEntries(fields), fileName, content: content.toString(), headBytes }
}

async function codeOf(body: string | Buffer): Promise<string> {
  try {
    await read(body)
  } catch (error) {
    if (error instanceof S3Error) return error.code
    throw error
  }
  return 'no error'
}

const field = (name: string, value: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (content: string, more = '; filename="f.txt"') =>
  `--${boundary}\r\nContent-Disposition: form-data; name="file"${more}\r\nContent-Type: a/b\r\n\r\n${content}\r\n`
const end = `--${boundary}--\r\n`

test('fields and file come out whole however the bytes are cut', async () => {
  const content = `--x\r\n--xY\r\n--xY\r\n\r\n--xYZ-- ${'z'.repeat(300)}\r\n-`
  const body = field('KEY', 'a\r\nb') + field('x-ignore-me', '1') + file(content) + end
  for (let pieceBytes = 1; pieceBytes < body.length; pieceBytes += 3) {
    const form = await read(body, pieceBytes)
    assert.equal(form.fields, { key: 'a\r\nb' })
    assert.equal([form.fileName, form.content], ['f.txt', content])
    const restBytes = body.length - form.headBytes
    assert.ok(restBytes >= content.length && restBytes < content.length + 200, `${restBytes}`)
  }
})

test('any content passes through (property)', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('\r', '\n', '-', 'x', 'Y', 'z', `\r\n--${boundary.slice(0, 2)}`)),
      fc.integer({ min: 1, max: 20 }),
      async (parts, pieceBytes) => {
        const content = parts.join('')
        fc.pre(!content.includes(`\r\n--${boundary}`) && !content.startsWith(`--${boundary}`))
        const got = await read(field('key', content) + file(content) + end, pieceBytes)
        assert.equal([got.fields.key, got.content], [content, content])
      },
    ),
    { seed: 20261126, numRuns: 300 },
  )
})

test('names as browsers, curl and Python write them', async () => {
  const cases: readonly [disposition: string, fileName: string][] = [
    ['; filename="a b.txt"', 'a b.txt'],
    ['; filename=plain.txt', 'plain.txt'],
    ['; filename="C:\\docs\\a.txt"', 'a.txt'],
    ['; filename="/home/me/a.txt"', 'a.txt'],
    ['; filename="dir\\"', ''],
    ['; filename="a\\"b.txt"', 'a"b.txt'],
    ['; filename="a%22b;c.txt"', 'a"b;c.txt'],
    ['; filename="æ日.txt"', 'æ日.txt'],
    ["; filename*=utf-8''%C3%A6.txt", 'æ.txt'],
    ['; FileName="a"; other=1', 'a'],
    ['', ''],
  ]
  for (const [disposition, fileName] of cases) {
    assert.is((await read(file('x', disposition) + end)).fileName, fileName, disposition)
  }
  // Python's requests gives every field a file name.
  const all = `--${boundary}\r\nContent-Disposition: form-data; name="key"; filename="key"\r\n\r\nk\r\n`
  assert.equal((await read(all + file('x') + end)).fields, { key: 'k' })
})

test('what stands around the parts is ignored, as is a field behind the file', async () => {
  const body = `a preamble\r\n${field('key', 'k')}${file('x')}${field('submit', 'Go')}${end}an epilogue`
  assert.equal((await read(body)).fields, { key: 'k' })
  assert.equal((await read((file('x') + end).trimEnd())).content, 'x')
})

test('a form that is broken is refused by its fault', async () => {
  const head = (text: string) => `--${boundary}\r\n${text}\r\n\r\nx\r\n${end}`
  const cases: readonly [what: string, body: string | Buffer, code: string][] = [
    ['nothing', '', 'MalformedPOSTRequest'],
    ['no boundary', 'hello', 'MalformedPOSTRequest'],
    ['another boundary', file('x').replaceAll(boundary, 'abc'), 'MalformedPOSTRequest'],
    ['no parts', end, 'IncorrectNumberOfFilesInPostRequest'],
    ['no file', field('key', 'k') + end, 'IncorrectNumberOfFilesInPostRequest'],
    ['two files', file('x') + file('y') + end, 'IncorrectNumberOfFilesInPostRequest'],
    ['two of a field', field('a', '1') + field('A', '1') + file('x') + end, 'InvalidArgument'],
    ['no last boundary', field('key', 'k') + file('x'), 'MalformedPOSTRequest'],
    ['cut in a boundary', `${file('x')}--${boundary}`, 'MalformedPOSTRequest'],
    ['cut in a field', field('key', 'k').slice(0, -9), 'MalformedPOSTRequest'],
    ['cut in a head', field('key', 'k').slice(0, 20), 'MalformedPOSTRequest'],
    ['bytes behind a boundary', file('x').replace('xYz', 'xYzz') + end, 'MalformedPOSTRequest'],
    ['bare line feeds', (file('x') + end).replaceAll('\r\n', '\n'), 'MalformedPOSTRequest'],
    ['no disposition', head('Content-Type: a/b'), 'MalformedPOSTRequest'],
    ['no name', head('Content-Disposition: form-data'), 'MalformedPOSTRequest'],
    ['an empty name', head('Content-Disposition: form-data; name=""'), 'MalformedPOSTRequest'],
    ['an attachment', head('Content-Disposition: attachment; name="a"'), 'MalformedPOSTRequest'],
    [
      'bad percents',
      head("Content-Disposition: form-data; name=file; filename*=utf-8''%zz"),
      'MalformedPOSTRequest',
    ],
    ['a long line', head(`X: ${'y'.repeat(5000)}`), 'MalformedPOSTRequest'],
    ['not UTF-8', Buffer.from(field('key', '\xff') + file('x') + end, 'latin1'), 'InvalidArgument'],
    ['a large field', field('a', 'y'.repeat(21_000)), 'MaxPostPreDataLengthExceededError'],
    ['many fields', field('x-ignore-a', '').repeat(500), 'MaxPostPreDataLengthExceededError'],
    ['a long preamble', 'y'.repeat(21_000) + file('x') + end, 'MaxPostPreDataLengthExceededError'],
    [
      'too much behind the file',
      file('x') + field('a', 'y'.repeat(70_000)) + end,
      'MalformedPOSTRequest',
    ],
    ['a long epilogue', `${file('x')}${end}${'y'.repeat(70_000)}`, 'MalformedPOSTRequest'],
  ]
  for (const [what, body, code] of cases) assert.is(await codeOf(body), code, what)
})

test('a boundary is read from the Content-Type, or the form is refused', () => {
  const cases: readonly [contentType: string, boundary: string][] = [
    ['multipart/form-data; boundary=abc', 'abc'],
    ['Multipart/Form-Data;charset=utf-8; BOUNDARY="a b;c"', 'a b;c'],
    ['multipart/form-data; boundary=----WebKitFormBoundary7MA4; x=1', '----WebKitFormBoundary7MA4'],
  ]
  for (const [contentType, expected] of cases) assert.is(parseBoundary(contentType), expected)
  const bad = [
    '',
    '; boundary=',
    '; boundary="a ',
    `; boundary=${'a'.repeat(71)}`,
    '; boundary="é"',
  ]
  for (const parameters of bad) {
    assert.throws(
      () => parseBoundary(`multipart/form-data${parameters}`),
      (error: S3Error) => error.code === 'MalformedPOSTRequest',
      parameters,
    )
  }
})

test.run()
