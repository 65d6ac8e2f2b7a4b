// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html
import { z } from 'zod'
import { publicAccessConfiguration } from '../access/bucket-access.ts'
import type { Handler } from '../operation.ts'
import { parseXml } from '../xml.ts'
import { keepConfiguration } from './wire/bucket-configuration.ts'

const bodyMaxBytes = 16 * 1024

/** What is left out is off. */
const flag = z
  .string()
  .regex(/^(?:true|false)$/i)
  .default('false')
  .transform((text) => text.toLowerCase() === 'true')
const flags = z.strictObject({
  BlockPublicAcls: flag,
  IgnorePublicAcls: flag,
  BlockPublicPolicy: flag,
  RestrictPublicBuckets: flag,
})
/** Without any element, too. */
const schema = flags.or(z.literal('').transform(() => flags.parse({})))

export const putPublicAccessBlock: Handler = async (request, services) => {
  const text = await request.payload.text({ maxBytes: bodyMaxBytes, digest: 'optional' })
  const block = parseXml(text, { root: 'PublicAccessBlockConfiguration', arrays: [], schema })
  await keepConfiguration(request, services, publicAccessConfiguration, block)
  return { status: 200 }
}
