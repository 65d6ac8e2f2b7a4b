// Who made a form: the signature over its policy, of Version 4 or of Version 2. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
import { S3Error } from '../translate/s3-error.ts'
import { type FindCredential, identityOf } from './authenticate.ts'
import type { FormFields } from './multipart-form.ts'
import type { Identity } from './operation.ts'
import { type PostPolicy, parsePostPolicy } from './post-policy.ts'
import { parseRequestTime } from './request-time.ts'
import { parseCredential, type SignatureV2Policy } from './signature-claim.ts'
import { signV2 } from './signature-v2.ts'
import { createSigner, isSame } from './signer.ts'

const algorithm = 'AWS4-HMAC-SHA256'
const claimFields = [
  ...['x-amz-algorithm', 'x-amz-credential', 'x-amz-date', 'x-amz-signature'],
  ...['awsaccesskeyid', 'signature'],
]

export type FormClaim = { readonly identity: Identity; readonly policy: PostPolicy }

/**
 * `undefined` when the form has neither policy nor signature. Throws InvalidArgument for a claim that
 * lacks a part, InvalidAccessKeyId, SignatureDoesNotMatch, InvalidToken and InvalidPolicyDocument.
 */
export async function checkFormClaim(
  fields: FormFields,
  options: {
    readonly credentials: FindCredential
    readonly signatureV2: SignatureV2Policy
  },
): Promise<FormClaim | undefined> {
  if (!fields.has('policy') && !claimFields.some((name) => fields.has(name))) return undefined
  const encoded = need(fields, 'policy')
  const isV4 = ['x-amz-algorithm', 'x-amz-credential', 'x-amz-signature'].some((name) =>
    fields.has(name),
  )
  const { accessKeyId, provided, sign } = isV4
    ? claimOfV4(fields, encoded)
    : claimOfV2(fields, encoded, options.signatureV2)
  const credential = await options.credentials(accessKeyId)
  if (credential === undefined) {
    throw new S3Error('InvalidAccessKeyId', { elements: { AWSAccessKeyId: accessKeyId } })
  }
  if (!isSame(sign(credential.secretAccessKey), provided)) {
    throw new S3Error('SignatureDoesNotMatch', {
      elements: {
        AWSAccessKeyId: accessKeyId,
        StringToSign: encoded,
        SignatureProvided: provided,
      },
    })
  }
  if ((fields.get('x-amz-security-token') ?? '') !== '') throw new S3Error('InvalidToken')
  return { identity: identityOf(accessKeyId, credential), policy: parsePostPolicy(encoded) }
}

type Claim = {
  readonly accessKeyId: string
  readonly provided: string
  readonly sign: (secretAccessKey: string) => string
}

function claimOfV4(fields: FormFields, encoded: string): Claim {
  if (need(fields, 'x-amz-algorithm') !== algorithm) {
    throw invalid('x-amz-algorithm', `x-amz-algorithm supports only "${algorithm}".`)
  }
  if (fields.has('awsaccesskeyid') || fields.has('signature')) {
    throw invalid('AWSAccessKeyId', 'Only one auth mechanism allowed: the form has two.')
  }
  const time = parseRequestTime({ 'x-amz-date': need(fields, 'x-amz-date') }, () =>
    invalid('x-amz-date', 'x-amz-date must be of the form "yyyyMMddTHHmmssZ".'),
  )
  const scope = parseCredential(need(fields, 'x-amz-credential'), time, 'InvalidArgument')
  return {
    accessKeyId: scope.accessKeyId,
    provided: need(fields, 'x-amz-signature'),
    sign: (secretAccessKey) => createSigner({ ...scope, time }, secretAccessKey).sign(encoded),
  }
}

/** A form is something that its maker gives away, as a presigned URL is: one setting lets both in. */
function claimOfV2(fields: FormFields, encoded: string, signatureV2: SignatureV2Policy): Claim {
  if (signatureV2 === 'off') {
    throw new S3Error('InvalidRequest', {
      message: `The authorization mechanism is not supported. Please use ${algorithm}.`,
    })
  }
  return {
    accessKeyId: need(fields, 'AWSAccessKeyId'),
    provided: need(fields, 'signature'),
    sign: (secretAccessKey) => signV2(encoded, secretAccessKey),
  }
}

function need(fields: FormFields, name: string): string {
  const value = fields.get(name.toLowerCase()) ?? ''
  if (value !== '') return value
  throw invalid(
    name,
    `Bucket POST must contain a field named '${name}'. If it is specified, please check the order of the fields.`,
  )
}

function invalid(ArgumentName: string, message: string): S3Error {
  return new S3Error('InvalidArgument', { message, elements: { ArgumentName } })
}
