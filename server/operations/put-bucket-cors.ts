// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html
import { z } from 'zod'
import { corsRulesMax } from '../../translate/limits.ts'
import { S3Error } from '../../translate/s3-error.ts'
import { type CorsRule, corsConfiguration, corsMethods } from '../cors.ts'
import type { Handler } from '../operation.ts'
import { parseXml } from '../xml.ts'
import { keepConfiguration } from './wire/bucket-configuration.ts'
import { isHeaderValue } from './wire/metadata.ts'

const bodyMaxBytes = 64 * 1024
const idMaxCharacters = 255

const ruleSchema = z.strictObject({
  ID: z.string().optional(),
  AllowedMethod: z.array(z.string()).min(1),
  AllowedOrigin: z.array(z.string().min(1)).min(1),
  AllowedHeader: z.array(z.string()).default([]),
  ExposeHeader: z.array(z.string()).default([]),
  MaxAgeSeconds: z
    .string()
    .regex(/^\s*[0-9]{1,9}\s*$/)
    .transform(Number)
    .optional(),
})
const schema = z.strictObject({ CORSRule: z.array(ruleSchema).min(1) })

export const putBucketCors: Handler = async (request, services) => {
  const text = await request.payload.text({ maxBytes: bodyMaxBytes, digest: 'required' })
  const { CORSRule: rules } = parseXml(text, {
    root: 'CORSConfiguration',
    arrays: ['CORSRule', 'AllowedMethod', 'AllowedOrigin', 'AllowedHeader', 'ExposeHeader'],
    schema,
    // As many as 64 KB can hold; the bytes are the limit.
    maxTags: 10_000,
  })
  if (rules.length > corsRulesMax) {
    throw invalid(`A bucket can have ${corsRulesMax} CORS rules, and these are ${rules.length}.`)
  }
  await keepConfiguration(request, services, corsConfiguration, rules.map(readRule))
  return { status: 200 }
}

/** Throws InvalidRequest. */
function readRule(rule: z.infer<typeof ruleSchema>): CorsRule {
  if (rule.ID !== undefined && rule.ID.length > idMaxCharacters) {
    throw invalid(`The ID of a CORS rule is longer than ${idMaxCharacters} characters.`)
  }
  for (const origin of rule.AllowedOrigin) checkWildcards('AllowedOrigin', origin)
  for (const name of rule.AllowedHeader) checkWildcards('AllowedHeader', name)
  for (const name of rule.ExposeHeader) checkExposed(name)
  return {
    ...(rule.ID !== undefined && { id: rule.ID }),
    origins: rule.AllowedOrigin,
    methods: rule.AllowedMethod.map(readMethod),
    headers: rule.AllowedHeader,
    exposedHeaders: rule.ExposeHeader,
    ...(rule.MaxAgeSeconds !== undefined && { maxAgeSeconds: rule.MaxAgeSeconds }),
  }
}

function readMethod(text: string): CorsRule['methods'][number] {
  const method = corsMethods.find((known) => known === text)
  if (method !== undefined) return method
  throw invalid(
    `Found unsupported HTTP method in CORS config. Unsupported method is ${text}; the methods are ${corsMethods.join(', ')}.`,
  )
}

function checkWildcards(element: string, value: string): void {
  if (value.split('*').length <= 2) return
  throw invalid(`${element} "${value}" can not have more than one wildcard.`)
}

function checkExposed(name: string): void {
  if (name.includes('*')) {
    throw invalid(`ExposeHeader "${name}" contains a wildcard. Name each header that is exposed.`)
  }
  // It goes out as a header's value.
  if (!isHeaderValue(name)) throw invalid('An ExposeHeader is no name of a header.')
}

function invalid(message: string): S3Error {
  return new S3Error('InvalidRequest', { message })
}
