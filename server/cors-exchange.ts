// Cross-origin requests of browsers: the answer to a preflight, and the headers of the answer to the
// request itself. Both come before authentication, from what the state keeps: Jottacloud is not asked.
import type { IncomingHttpHeaders } from 'node:http'
import { readKept } from '../translate/bucket-configuration.ts'
import { S3Error } from '../translate/s3-error.ts'
import { corsConfiguration, corsHeaders, corsMethods, parseHeaderNames } from './cors.ts'
import type { Address, Reply, Services } from './operation.ts'
import { isHeaderValue } from './operations/wire/metadata.ts'

/** Longer ones are refused by every browser long before. */
const originMaxCharacters = 2048

type CrossOriginInput = {
  readonly address: Address
  readonly method: string
  readonly headers: IncomingHttpHeaders
}

/** Throws BadRequest for what is no preflight and AccessForbidden for what no rule allows. */
export async function answerPreflight(
  input: CrossOriginInput,
  { bridge }: Pick<Services, 'bridge'>,
): Promise<Reply> {
  const { address, headers } = input
  const origin = originOf(headers)
  if (origin === undefined) {
    throw new S3Error('BadRequest', {
      message: 'Insufficient information. Origin request header needed.',
    })
  }
  const method = headers['access-control-request-method']?.trim()
  if (method === undefined || !corsMethods.some((known) => known === method)) {
    throw new S3Error('BadRequest', {
      message: `Invalid Access-Control-Request-Method: ${method ?? 'null'}`,
    })
  }
  const elements = { Method: method, ResourceType: address.key === undefined ? 'BUCKET' : 'OBJECT' }
  const { bucket } = address
  const rules =
    bucket === undefined
      ? undefined
      : readKept(await bridge.bucketConfigurations(bucket), corsConfiguration)
  if (rules === undefined) {
    const message = 'CORSResponse: CORS is not enabled for this bucket.'
    throw new S3Error('AccessForbidden', { message, elements })
  }
  const asked = parseHeaderNames(headers['access-control-request-headers'])
  const allowed = corsHeaders(rules, { origin, method, headers: asked })
  if (allowed !== undefined) return { status: 200, headers: allowed }
  const message =
    'CORSResponse: This CORS request is not allowed. No rule of the bucket allows this origin, method and headers together.'
  throw new S3Error('AccessForbidden', { message, elements })
}

/**
 * For the answer to any other request, good or bad: without them a browser hides it from its page. None
 * when no rule allows the origin. A method named as in a preflight counts instead of the request's own.
 */
export async function crossOriginHeaders(
  input: CrossOriginInput,
  { bridge }: Pick<Services, 'bridge'>,
): Promise<Readonly<Record<string, string>>> {
  const { address, headers } = input
  const origin = originOf(headers)
  if (origin === undefined || address.bucket === undefined) return {}
  const rules = readKept(await bridge.bucketConfigurations(address.bucket), corsConfiguration)
  const method = headers['access-control-request-method']?.trim() ?? input.method
  return corsHeaders(rules ?? [], { origin, method, headers: [] }) ?? {}
}

/** It is shown back in a header, so it must be able to stand in one. */
function originOf(headers: IncomingHttpHeaders): string | undefined {
  const { origin } = headers
  if (origin === undefined || origin === '' || origin.length > originMaxCharacters) return undefined
  return isHeaderValue(origin) ? origin : undefined
}
