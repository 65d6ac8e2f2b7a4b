// multipart/form-data as a form upload sends it: small fields first, then one file, read as a stream.
// Nothing is held but the fields before the file, which are bounded together; what follows the file is
// read and ignored, as S3 does. Knows nothing of what the fields mean.
// https://www.rfc-editor.org/rfc/rfc7578 https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
import { S3Error } from '../translate/s3-error.ts'
import { type ByteReader, createByteReader } from './byte-reader.ts'
import { decodeHeaderValue } from './canonical-request.ts'

/** AWS's limit for everything before the file's first byte, part headers and boundaries included. */
const beforeFileMaxBytes = 20 * 1024
/** What may follow the file: a submit button, the last boundary. */
const afterFileMaxBytes = 64 * 1024
const headerLineMaxBytes = 4 * 1024

export type FormFields = ReadonlyMap<string, string>

export type MultipartForm = {
  /** Those before the file, by lower-case name. */
  readonly fields: FormFields
  /** What follows the last slash or backslash of the name that was sent; '' when there was none. */
  readonly fileName: string
  /**
   * To be read once, to its end: it ends only when the whole form was well-formed. Throws
   * MalformedPOSTRequest, IncorrectNumberOfFilesInPostRequest and what the source throws.
   */
  readonly file: AsyncGenerator<Buffer, void, undefined>
  /** Bytes of the request that came before the file, or a few less. */
  readonly headBytes: number
}

/** Throws MalformedPOSTRequest when the Content-Type is not a form's or names no usable boundary. */
export function parseBoundary(contentType: string): string {
  const parameters = /^multipart\/form-data\s*((?:;.*)?)$/i.exec(contentType.trim())?.[1]
  const found = /;\s*boundary\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(parameters ?? '')
  const boundary = found?.[1] ?? found?.[2] ?? ''
  // RFC 2046 5.1.1; some senders use more characters than it allows.
  if (!/^[\x20-\x7e]{1,70}$/.test(boundary) || boundary.endsWith(' ')) {
    throw malformed('The Content-Type names no boundary')
  }
  return boundary
}

/**
 * Reads up to the file. Throws MalformedPOSTRequest, MaxPostPreDataLengthExceededError,
 * IncorrectNumberOfFilesInPostRequest when there is no file, and InvalidArgument for a field that comes
 * twice or is not UTF-8.
 */
export async function readMultipartForm(
  source: AsyncIterable<Buffer>,
  boundary: string,
): Promise<MultipartForm> {
  const reader = createByteReader(withLineEnd(source))
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  const fields = new Map<string, string>()
  const budget = createBudget()
  for await (const bytes of reader.until(delimiter, noBoundary)) budget.take(bytes.length)
  for (;;) {
    budget.take(delimiter.length)
    if ((await afterDelimiter(reader)) === 'end') {
      throw new S3Error('IncorrectNumberOfFilesInPostRequest')
    }
    const part = await readPartHead(reader, budget)
    const name = part.name.toLowerCase()
    if (name === 'file') {
      const fileName = part.fileName.replace(/^.*[/\\]/s, '')
      const file = readFile(reader, delimiter)
      return { fields, fileName, file, headBytes: budget.takenBytes() }
    }
    const value = await readField(reader, delimiter, budget)
    if (name.startsWith('x-ignore-')) continue
    if (fields.has(name)) throw invalidField(name, 'The form has this field more than once.')
    fields.set(name, decodeField(name, value))
  }
}

async function* readFile(
  reader: ByteReader,
  delimiter: Buffer,
): AsyncGenerator<Buffer, void, undefined> {
  yield* reader.until(delimiter, noBoundary)
  const budget = createBudget(afterFileMaxBytes)
  while ((await afterDelimiter(reader)) === 'part') {
    const { name } = await readPartHead(reader, budget)
    if (name.toLowerCase() === 'file') throw new S3Error('IncorrectNumberOfFilesInPostRequest')
    for await (const bytes of reader.until(delimiter, noBoundary)) budget.take(bytes.length)
  }
  for (let rest = await reader.some(afterFileMaxBytes); rest !== undefined; ) {
    budget.take(rest.length)
    rest = await reader.some(afterFileMaxBytes)
  }
}

/** Two bytes say what a boundary is: `--` the last one, a line end the beginning of a part. */
async function afterDelimiter(reader: ByteReader): Promise<'part' | 'end'> {
  let text = ''
  while (text.length < 2) {
    const bytes = await reader.some(2 - text.length)
    if (bytes === undefined) throw malformed('It ends within a boundary')
    text += bytes.toString('latin1')
  }
  if (text === '--') return 'end'
  if (text === '\r\n') return 'part'
  throw malformed('A boundary is followed by other bytes than a line end')
}

type PartHead = { readonly name: string; readonly fileName: string }

async function readPartHead(reader: ByteReader, budget: Budget): Promise<PartHead> {
  let head: PartHead | undefined
  for (;;) {
    const line = await reader.line({
      maxBytes: headerLineMaxBytes,
      end: 'crlf',
      malformed: () => malformed('A header line of a part is too long or has no line end'),
    })
    if (line === undefined) throw malformed('It ends within the head of a part')
    budget.take(line.length + 2)
    if (line === '') break
    const disposition = /^content-disposition:[ \t]*(.*)$/i.exec(line)?.[1]
    if (disposition !== undefined) head = parseDisposition(decodeHeaderValue(disposition))
  }
  if (head === undefined) throw malformed('A part has no Content-Disposition')
  return head
}

/**
 * `form-data; name="…"; filename="…"`. Quotes within a name come as `\"` (curl) or `%22` (browsers); a
 * backslash before anything else is one of a path. `filename*` is RFC 5987, which older Python sends.
 */
function parseDisposition(text: string): PartHead {
  const parameters = new Map<string, string>()
  const form = /^form-data((?:\s*;\s*[\w*-]+=(?:"(?:\\"|[^"])*"|[^\s";]*))*)\s*;?$/i.exec(
    text.trim(),
  )
  if (form === null) throw malformed('A Content-Disposition is not that of a form')
  for (const [, name = '', quoted, bare] of (form[1] ?? '').matchAll(
    /;\s*([\w*-]+)=(?:"((?:\\"|[^"])*)"|([^\s";]*))/g,
  )) {
    const value = quoted?.replaceAll('\\"', '"').replaceAll('%22', '"') ?? bare ?? ''
    parameters.set(name.toLowerCase(), value)
  }
  const name = parameters.get('name')
  if (name === undefined || name === '') throw malformed('A part has no name')
  const extended = /^utf-8'[^']*'(.*)$/i.exec(parameters.get('filename*') ?? '')?.[1]
  return { name, fileName: decodeExtended(extended) ?? parameters.get('filename') ?? '' }
}

function decodeExtended(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text)
  } catch (cause) {
    throw malformed('A filename* is not percent-encoded UTF-8', cause)
  }
}

async function readField(reader: ByteReader, delimiter: Buffer, budget: Budget): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const bytes of reader.until(delimiter, noBoundary)) {
    budget.take(bytes.length)
    pieces.push(bytes)
  }
  return Buffer.concat(pieces)
}

function decodeField(name: string, value: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
  } catch {
    throw invalidField(name, 'The value of the form field is not UTF-8 text.')
  }
}

type Budget = ReturnType<typeof createBudget>

/** Throws once more was taken than is there. */
function createBudget(maxBytes = beforeFileMaxBytes) {
  let takenBytes = 0
  return {
    takenBytes: () => takenBytes,
    take(bytes: number): void {
      takenBytes += bytes
      if (takenBytes <= maxBytes) return
      if (maxBytes === beforeFileMaxBytes) throw new S3Error('MaxPostPreDataLengthExceededError')
      throw malformed('Too much follows the file')
    },
  }
}

/** Put before the first boundary, so that it is like the others. */
async function* withLineEnd(
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  yield Buffer.from('\r\n')
  yield* source
}

function noBoundary(): S3Error {
  return malformed('Its last boundary is missing')
}

function malformed(why: string, cause?: unknown): S3Error {
  return new S3Error('MalformedPOSTRequest', {
    message: `The body of the POST request is not well-formed multipart/form-data. ${why}.`,
    cause,
  })
}

function invalidField(ArgumentName: string, message: string): S3Error {
  return new S3Error('InvalidArgument', { message, elements: { ArgumentName } })
}
