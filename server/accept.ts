// Who asks, and what comes with it: the stage that turns an address and headers into an accepted request, by its
// signature, by its form, or by the door that a visit came through.
import type { IncomingHttpHeaders } from 'node:http'
import type { ParsedTarget } from './address.ts'
import { authenticate, type FindCredential } from './authenticate.ts'
import type { Exchange } from './exchange.ts'
import type { Identity, S3Request } from './operation.ts'
import { createPayload, type PayloadOptions } from './payload.ts'
import { unsignedPayload } from './payload-declaration.ts'
import { isPostForm, readPostForm } from './post-form.ts'
import { claimedAccessKeyId, type SignatureV2Policy } from './signature-claim.ts'

export type AcceptOptions = {
  readonly credentials: FindCredential
  /** Whether presigned URLs of Signature Version 2 are let in; they are by default. */
  readonly signatureV2?: SignatureV2Policy
  readonly now?: () => Date
  /** Another way to know who asks; for tests. */
  readonly authenticate?: typeof authenticate
}

/** What a body is read with. */
export type WireOptions = Omit<PayloadOptions, 'headers' | 'declaration'>

/** A request of which it is known who asks, and for what. */
export type Accepted = Pick<S3Request, 'address' | 'headers' | 'payload' | 'form'> & {
  readonly identity: Identity | undefined
}

/** Throws what is wrong with a claim: of a signature in headers or query, or of a form. A visit needs none. */
export async function accept(
  wire: WireOptions,
  asked: Parameters<typeof isPostForm>[0],
  target: ParsedTarget,
  exchange: Exchange,
  given: AcceptOptions,
): Promise<Accepted> {
  const { visit } = exchange
  if (visit !== undefined) {
    const { headers } = asked
    const payload = createPayload({ ...wire, headers, declaration: unsignedPayload })
    return { identity: visit.identity, address: target.address, headers, payload }
  }
  // Noted here, since nothing else is left of a claim that turns out to be wrong.
  const credentials: FindCredential = (accessKeyId) => {
    exchange.claimedAccessKeyId = accessKeyId
    return given.credentials(accessKeyId)
  }
  const options = { ...given, credentials }
  if (isPostForm(asked)) return await acceptForm(wire, target, options)
  return await acceptRequest(wire, target, options)
}

async function acceptRequest(
  wire: WireOptions,
  { address, style, query }: ParsedTarget,
  options: AcceptOptions,
): Promise<Accepted> {
  const { req } = wire
  const { credentials, ...claim } = claimOptions(options)
  const claimedId = claimedAccessKeyId(req.headers, query, claim.signatureV2)
  const credential = claimedId === undefined ? undefined : await credentials(claimedId)
  const { identity, payloadDeclaration, queryHeaders } = (options.authenticate ?? authenticate)({
    method: req.method ?? '',
    rawTarget: req.url ?? '',
    rawHeaders: req.rawHeaders,
    headers: req.headers,
    hostBucket: style === 'virtual-host' ? address.bucket : undefined,
    ...claim,
    credentials: (accessKeyId) => (accessKeyId === claimedId ? credential : undefined),
  })
  const headers = withQueryHeaders(req.headers, queryHeaders)
  const payload = createPayload({ ...wire, headers, declaration: payloadDeclaration })
  return { identity, address, headers, payload }
}

async function acceptForm(
  wire: WireOptions,
  { address: { bucket = '' } }: ParsedTarget,
  options: AcceptOptions,
): Promise<Accepted> {
  const { fields, ...form } = await readPostForm({ ...wire, bucket, ...claimOptions(options) })
  return { ...form, form: fields }
}

function claimOptions({ credentials, now, signatureV2 = 'presigned' }: AcceptOptions) {
  return { credentials, signatureV2, now: now?.() ?? new Date() }
}

/**
 * Of what a presigned query carries, checksums are left out: SDKs put there the checksum of the empty
 * body that they had when they signed, and S3 ignores it.
 */
function withQueryHeaders(
  headers: IncomingHttpHeaders,
  queryHeaders: Readonly<Record<string, string>>,
): IncomingHttpHeaders {
  const isChecksum = /^x-amz-(?:sdk-checksum-algorithm|checksum-(?!mode$|type$|algorithm$).*)$/
  const taken = Object.entries(queryHeaders).filter(([name]) => !isChecksum.test(name))
  return taken.length === 0 ? headers : { ...Object.fromEntries(taken), ...headers }
}
