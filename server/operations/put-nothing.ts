// Configurations that this server takes only where they set what is so anyway: no notifications, no log,
// requests paid by the owner. Clients send these to make sure of it, or to take back what they set before.
// Everything else is NotImplemented: it would look set, and do nothing.
import { z } from 'zod'
import { S3Error } from '../../translate/s3-error.ts'
import type { Handler, S3Request } from '../operation.ts'
import { parseXml } from '../xml.ts'
import { bucketOf } from './wire/target.ts'

const bodyMaxBytes = 64 * 1024

const nothing = z.union([z.string().regex(/^\s*$/), z.strictObject({})])
/** Any content at all, as to whether it is none. */
const emptiness = z.unknown().transform((content) => nothing.safeParse(content).success)

const paymentSchema = z.strictObject({ Payer: z.enum(['BucketOwner', 'Requester']) })

export const putBucketLogging: Handler = async (request, services) => {
  const isEmpty = await readBody(request, 'BucketLoggingStatus', emptiness)
  return await take(request, services, isEmpty || 'this server keeps no access log in S3')
}

export const putBucketNotification: Handler = async (request, services) => {
  const isEmpty = await readBody(request, 'NotificationConfiguration', emptiness)
  return await take(request, services, isEmpty || 'this server sends no notifications')
}

export const putBucketRequestPayment: Handler = async (request, services) => {
  const { Payer: payer } = await readBody(request, 'RequestPaymentConfiguration', paymentSchema)
  return await take(
    request,
    services,
    payer === 'BucketOwner' || 'on this server the owner of a bucket pays for its requests',
  )
}

/** `true`, or why it cannot be taken. */
async function take(
  request: S3Request,
  { bridge }: Parameters<Handler>[1],
  verdict: true | string,
): ReturnType<Handler> {
  await bridge.headBucket(bucketOf(request), request.context)
  if (verdict === true) return { status: 200 }
  throw new S3Error('NotImplemented', { message: `This cannot be set: ${verdict}.` })
}

async function readBody<T>(request: S3Request, root: string, schema: z.ZodType<T>): Promise<T> {
  const text = await request.payload.text({ maxBytes: bodyMaxBytes, digest: 'optional' })
  return parseXml(text, { root, arrays: [], schema })
}
