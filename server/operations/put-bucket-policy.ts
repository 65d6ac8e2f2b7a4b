// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
import { S3Error } from '../../translate/s3-error.ts'
import { createDirectory, type Directory } from '../access/directory.ts'
import { invalidPrincipal, parsePolicy, policyMaxBytes } from '../access/policy-document.ts'
import { isPublicPolicy } from '../access/public.ts'
import type { Statement } from '../access/statement.ts'
import type { Handler } from '../operation.ts'
import { bucketAccessOf, writeBucketText } from './wire/bucket-access.ts'
import { bucketOf } from './wire/target.ts'

/** Room to say that a policy is too large, instead of that its body is. */
const bodyMaxBytes = 4 * policyMaxBytes

/** Throws MalformedPolicy, and AccessDenied for a public policy where those are blocked. */
export const putBucketPolicy: Handler = async (request, services) => {
  const text = await request.payload.text({ maxBytes: bodyMaxBytes, digest: 'optional' })
  if (Buffer.byteLength(text) > policyMaxBytes) {
    throw new S3Error('MalformedPolicy', {
      message: 'Policy exceeds the maximum allowed document size.',
    })
  }
  const statements = parsePolicy(text, bucketOf(request))
  await checkPrincipals(statements, services.directory ?? createDirectory())
  if (bucketAccessOf(request).block.BlockPublicPolicy && isPublicPolicy(statements)) {
    const message = 'Public policies are blocked by the BlockPublicPolicy setting of this bucket.'
    throw new S3Error('AccessDenied', { message })
  }
  await writeBucketText(request, services, 'policy', text)
  return { status: 204 }
}

/** A name that is nobody's would make a denial that denies nobody. */
async function checkPrincipals(
  statements: readonly Statement[],
  directory: Directory,
): Promise<void> {
  for (const { principals } of statements) {
    for (const pattern of principals?.patterns ?? []) {
      if (!(await directory.knows(pattern))) throw invalidPrincipal()
    }
  }
}
