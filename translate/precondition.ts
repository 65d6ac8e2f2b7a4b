// If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since: which go first and what fails how.
import type { Conditions, DeleteConditions, ObjectMetadata } from './bridge.ts'
import { quoteEtag } from './etag.ts'
import { S3Error } from './s3-error.ts'

/** What conditions are held against. `etag` is unquoted. */
export type Validators = { readonly etag: string; readonly modified: Date }
/** And what a cache wants to hear again besides, when nothing has changed. */
type Cached = Validators & { readonly metadata?: Pick<ObjectMetadata, 'cacheControl' | 'expires'> }

/**
 * For GET and HEAD, by the precedence of RFC 9110 13.2.2, as AWS documents it for GetObject. Throws
 * PreconditionFailed, or NotModified with the headers of a 304 (RFC 9110 15.4.5) in its elements: ETag
 * (quoted), Last-Modified, and Cache-Control and Expires where the object has them.
 */
export function checkReadConditions(conditions: Conditions, object: Cached): void {
  const failed = findFailed(conditions, object)
  if (failed === undefined) return
  if (failed === 'If-Match' || failed === 'If-Unmodified-Since') throw preconditionFailed(failed)
  const { cacheControl, expires } = object.metadata ?? {}
  throw new S3Error('NotModified', {
    elements: {
      ETag: quoteEtag(object.etag),
      'Last-Modified': object.modified.toUTCString(),
      ...(cacheControl !== undefined && { 'Cache-Control': cacheControl }),
      ...(expires !== undefined && { Expires: expires }),
    },
  })
}

/**
 * For the source of a copy: the same precedence, but every failure is PreconditionFailed
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html).
 */
export function checkCopySourceConditions(conditions: Conditions, source: Validators): void {
  const failed = findFailed(conditions, source)
  if (failed !== undefined) throw preconditionFailed(`x-amz-copy-source-${failed}`)
}

/**
 * For what a write replaces (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
 * Throws PreconditionFailed; NoSuchKey for If-Match where nothing is; NotImplemented for conditions
 * that S3 does not know on writes, since ignoring one would overwrite what the client protects. S3 knows no
 * ETag in If-None-Match either, but what that protects is plain (RFC 9110 13.1.2).
 */
export function checkWriteConditions(
  conditions: Conditions,
  existing: Pick<Validators, 'etag'> | undefined,
): void {
  const { ifMatch, ifNoneMatch } = conditions
  if (conditions.ifModifiedSince !== undefined) {
    throw notImplemented('If-Modified-Since', 'A write takes no If-Modified-Since.')
  }
  if (conditions.ifUnmodifiedSince !== undefined) {
    throw notImplemented('If-Unmodified-Since', 'A write takes no If-Unmodified-Since.')
  }
  if (ifMatch !== undefined) {
    if (existing === undefined) throw new S3Error('NoSuchKey')
    if (!matches(ifMatch, existing.etag)) throw preconditionFailed('If-Match')
  }
  if (existing !== undefined && matches(ifNoneMatch ?? [], existing.etag)) {
    throw preconditionFailed('If-None-Match')
  }
}

/**
 * For what is to be deleted. Where nothing is there is nothing to protect, and S3 says so by success.
 * Throws PreconditionFailed.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
 */
export function checkDeleteConditions(
  conditions: DeleteConditions,
  object: Validators & { readonly sizeBytes: number },
): void {
  const { ifMatch, sizeBytes, modified } = conditions
  if (ifMatch !== undefined && !matches(ifMatch, object.etag)) throw preconditionFailed('If-Match')
  if (sizeBytes !== undefined && sizeBytes !== object.sizeBytes) throw preconditionFailed('Size')
  if (modified !== undefined && seconds(modified) !== seconds(object.modified)) {
    throw preconditionFailed('LastModifiedTime')
  }
}

type ConditionName = 'If-Match' | 'If-Unmodified-Since' | 'If-None-Match' | 'If-Modified-Since'

/** The condition that decides against the request. A date is asked only where its ETag twin is absent. */
function findFailed(conditions: Conditions, object: Validators): ConditionName | undefined {
  const { ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince } = conditions
  const modified = seconds(object.modified)
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) return 'If-Match'
  } else if (ifUnmodifiedSince !== undefined && modified > seconds(ifUnmodifiedSince)) {
    return 'If-Unmodified-Since'
  }
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, object.etag)) return 'If-None-Match'
  } else if (ifModifiedSince !== undefined && modified <= seconds(ifModifiedSince)) {
    return 'If-Modified-Since'
  }
  return undefined
}

function matches(etags: readonly string[], etag: string): boolean {
  return etags.includes('*') || etags.includes(etag)
}

/** HTTP dates know no fractions. */
function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000)
}

function preconditionFailed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', { elements: { Condition: condition } })
}

function notImplemented(header: string, message: string): S3Error {
  return new S3Error('NotImplemented', { message, elements: { Header: header } })
}
