// A form upload (PostObject) read as a request like any other: who made the form, which key it is for, the
// headers that its fields stand for, and the file as the payload. The claim is in the body, so it is known
// only once the fields have come; the file behind them is not read before its handler asks for it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { objectTagsMax } from '../translate/limits.ts'
import { S3Error } from '../translate/s3-error.ts'
import { toAddress } from './address.ts'
import type { FindCredential } from './authenticate.ts'
import { createFormPayload } from './form-payload.ts'
import { type FormFields, parseBoundary, readMultipartForm } from './multipart-form.ts'
import type { Address, Identity, Payload, Query } from './operation.ts'
import { subresources } from './operations/row.ts'
import { parseTagging } from './operations/wire/tags.ts'
import { parseLength } from './payload.ts'
import { checkFormClaim } from './post-form-claim.ts'
import { checkPostPolicy } from './post-policy.ts'
import { readRequestBody } from './request-body.ts'
import { hasQueryClaim, type SignatureV2Policy } from './signature-claim.ts'

/** Fields that are about the form itself and stand for no header. */
const formOnly =
  /^x-amz-(?:algorithm|credential|date|signature|security-token|copy-source.*|tagging)$/
const headerFields: ReadonlySet<string> = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  'expires',
])

export type PostForm = {
  /** `undefined` for a form without a policy: nobody has signed it. */
  readonly identity: Identity | undefined
  readonly address: Required<Address>
  readonly fields: FormFields
  /** What a PutObject would have sent as headers, values as Node gives them. */
  readonly headers: IncomingHttpHeaders
  readonly payload: Payload
}

export type PostFormOptions = {
  readonly req: IncomingMessage
  readonly bucket: string
  readonly credentials: FindCredential
  readonly signatureV2: SignatureV2Policy
  readonly now: Date
  readonly signal: AbortSignal
  /** Called once, when the body is first read: the moment for `100 Continue`. */
  readonly onContinue: () => void
  readonly idleTimeoutMs: number
  readonly maxObjectBytes: number
}

/** A claim beside the form makes it an ordinary request, which PostObject refuses. */
export function isPostForm(request: {
  readonly method: string
  readonly address: Address
  readonly query: Query
  readonly headers: IncomingHttpHeaders
}): boolean {
  const { method, address, query, headers } = request
  return (
    method === 'POST' &&
    address.bucket !== undefined &&
    address.key === undefined &&
    !query.names().some((name) => subresources.has(name)) &&
    (headers.authorization ?? '') === '' &&
    !hasQueryClaim(query) &&
    /^multipart\/form-data\b/i.test(headers['content-type'] ?? '')
  )
}

/**
 * Throws what the form's shape, claim and policy deserve: MalformedPOSTRequest, InvalidArgument,
 * InvalidAccessKeyId, SignatureDoesNotMatch, InvalidPolicyDocument, AccessDenied, EntityTooLarge, ….
 */
export async function readPostForm(options: PostFormOptions): Promise<PostForm> {
  const { req, signal, idleTimeoutMs, maxObjectBytes } = options
  const boundary = parseBoundary(req.headers['content-type'] ?? '')
  const sizeBytes = lengthOf(req.headers)
  options.onContinue()
  // Ends the wait for the client when whoever reads the file gives it up.
  const abandoned = new AbortController()
  const bytes = readRequestBody({
    ...{ req, idleTimeoutMs },
    signal: AbortSignal.any([signal, abandoned.signal]),
  })
  const form = await readMultipartForm(bytes, boundary)
  const address = addressOf(options.bucket, form)
  const signed = new Map([...form.fields, ['bucket', address.bucket], ['key', address.key]])
  const claim = await checkFormClaim(form.fields, options)
  if (claim !== undefined) checkPostPolicy(claim.policy, signed, options.now)
  const headers = headersOf(form.fields)
  return {
    identity: claim?.identity,
    address,
    fields: form.fields,
    headers,
    payload: createFormPayload({
      ...{ form, headers, abandoned },
      restBytes: Math.max(0, sizeBytes - form.headBytes),
      size: claim?.policy.fileSize ?? { minBytes: 0, maxBytes: maxObjectBytes },
      maxObjectBytes,
    }),
  }
}

function lengthOf(headers: IncomingHttpHeaders): number {
  const header = headers['content-length']
  if (header === undefined) throw new S3Error('MissingContentLength')
  return parseLength(header, 'Content-Length')
}

/** `${filename}` in the key stands for the name of the file that was chosen. */
function addressOf(
  bucket: string,
  { fields, fileName }: { fields: FormFields; fileName: string },
): Required<Address> {
  const template = fields.get('key')
  const elements = { ArgumentName: 'key' }
  if (template === undefined) {
    const message =
      "Bucket POST must contain a field named 'key'. If it is specified, please check the order of the fields."
    throw new S3Error('InvalidArgument', { message, elements })
  }
  // A function, since `$` has a meaning of its own in a replacement text.
  const { key } = toAddress(
    bucket,
    template.replaceAll(/\$\{filename\}/g, () => fileName),
  )
  if (key !== undefined) return { bucket, key }
  const message = 'The key must have a length greater than 0.'
  throw new S3Error('InvalidArgument', { message, elements })
}

function headersOf(fields: FormFields): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {}
  for (const [name, value] of fields) {
    const isHeader = headerFields.has(name) || (name.startsWith('x-amz-') && !formOnly.test(name))
    if (isHeader) headers[name] = toHeaderValue(name, value)
  }
  const acl = fields.get('acl')
  if (acl !== undefined) headers['x-amz-acl'] = toHeaderValue('acl', acl)
  const tagging = fields.get('tagging')
  if (tagging !== undefined) headers['x-amz-tagging'] = toTaggingHeader(tagging)
  return headers
}

/** One character per byte, as Node would have given the header; no field becomes a header that Node refuses. */
function toHeaderValue(name: string, value: string): string {
  const text = Buffer.from(value).toString('latin1').trim()
  if (/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(text)) return text
  throw new S3Error('InvalidArgument', {
    message: 'The form field cannot be a header: its name or its value has characters of none.',
    elements: { ArgumentName: name },
  })
}

/** The field is the XML document of PutObjectTagging; the header is the same as a query. */
function toTaggingHeader(xml: string): string {
  const query = new URLSearchParams()
  // Read of whoever sends a form, before anybody knows whether he may: so not many more than there may be.
  const tags = parseTagging(xml, { max: objectTagsMax, of: 'Object' }, objectTagsMax * 12)
  for (const { key, value } of tags) query.append(key, value)
  return query.toString()
}
