// The one place where a failure of Jottacloud becomes an S3 error. Callers that know better (a missing
// source, a conflict that is a precondition) decide before they let an error come here.
import { JottaError } from '../jotta/jotta-error.ts'
import { toDiskError } from './disk-error.ts'
import { S3Error, type S3ErrorCode } from './s3-error.ts'

const codes = {
  'not-found': 'NoSuchKey',
  conflict: 'OperationAborted',
  'invalid-name': 'InvalidArgument',
  unauthorized: 'ServiceUnavailable',
  'login-required': 'ServiceUnavailable',
  'other-account': 'ServiceUnavailable',
  forbidden: 'AccessDenied',
  quota: 'QuotaExceeded',
  'read-only': 'AccessDenied',
  range: 'InvalidRange',
  corrupt: 'InternalError',
  changed: 'ServiceUnavailable',
  throttled: 'SlowDown',
  unlistable: 'ServiceUnavailable',
  unavailable: 'ServiceUnavailable',
  protocol: 'InternalError',
} as const satisfies Record<JottaError['kind'], S3ErrorCode>

export const readOnlyMessage =
  'This server is read-only: it takes no writes until its operator sets readOnly to off.'

/** Texts that tell the reader more than the code's default; never the upstream's own words. */
const messages: Partial<Record<JottaError['kind'], string>> = {
  conflict:
    'Something else is stored at this place in Jottacloud, or came there meanwhile. Try again.',
  'invalid-name': 'Jottacloud does not accept a name in this key. Choose another key.',
  unauthorized: 'Jottacloud refuses the access token. Its operator must look at the log.',
  'login-required':
    'The bridge is logged out of Jottacloud. Its operator must run `jotta-s3 login` with a new token.',
  'other-account':
    'The bridge is logged in to another Jottacloud account than the one it serves. Its operator must run `jotta-s3 login` as the owner of that one, or give the other one a name of its own with `--account`.',
  // Never the client's fault: the bridge has verified the body itself before Jottacloud judges it.
  corrupt: 'Jottacloud received other bytes than were sent. Try again.',
  'read-only': readOnlyMessage,
  forbidden: 'Jottacloud refuses access to this place.',
  changed: 'The object was written over each time that it was about to be read. Try again.',
  unlistable:
    'Jottacloud cannot list this folder, which has too many entries. Move some of them elsewhere in the Jottacloud app.',
}

/**
 * A failure of Jottacloud or of the disk -> S3Error with the cause kept; everything else comes back as it is. Of an
 * act and its clean-up (`using`) that both failed, the act's is told, unless only that of the clean-up is known here.
 */
export function toS3Error(error: unknown): unknown {
  if (error instanceof SuppressedError) {
    const first = toS3Error(error.suppressed)
    const then = toS3Error(error.error)
    return !(first instanceof S3Error) && then instanceof S3Error ? then : first
  }
  if (!(error instanceof JottaError)) return toDiskError(error) ?? error
  const message = messages[error.kind]
  const { retryAfterMs } = error
  return new S3Error(codes[error.kind], {
    ...(message === undefined ? {} : { message }),
    ...(retryAfterMs === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }),
    cause: error,
  })
}

/** As `toS3Error`, where everything else is InternalError. */
export function asS3Error(error: unknown): S3Error {
  const translated = toS3Error(error)
  return translated instanceof S3Error
    ? translated
    : new S3Error('InternalError', { cause: translated })
}

/** Runs one act of the bridge so that only S3 errors leave it. */
export async function translatingErrors<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw toS3Error(error)
  }
}

export function isJottaError(error: unknown, kind: JottaError['kind']): boolean {
  return error instanceof JottaError && error.kind === kind
}
