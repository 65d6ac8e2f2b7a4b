// Continuation tokens: where a list goes on, bound to the list that they were given for. They hold all
// there is to know, so they survive a restart and another replica. They are signed: one that was forged,
// cut, altered or used for another list is refused.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { S3Error } from '../../../translate/s3-error.ts'

const signatureBytes = 12

/** A token never begins with `-`, which command lines would take for an option. */
const lead = 't'

/** Where a list goes on. */
export type Continuation = {
  /** The last name that was listed. */
  readonly after: string
  /** The bridge's own, at most 255 bytes: only makes the next page cheap. */
  readonly cursor: string
}

/** Signs tokens, and only them. The same in every process that knows the secret. */
export type TokenKey = { readonly bytes: Uint8Array }

export function tokenKeyOf(secret: string): TokenKey {
  return { bytes: new Uint8Array(hkdfSync('sha256', secret, '', 'continuation tokens', 32)) }
}

/** `list` is what the token belongs to, such as bucket, prefix and delimiter. */
export function renderContinuationToken(
  { after, cursor }: Continuation,
  list: readonly string[],
  key: TokenKey,
): string {
  const cursorBytes = Buffer.from(cursor)
  const bytes = Buffer.concat([Buffer.of(cursorBytes.length), cursorBytes, Buffer.from(after)])
  return lead + Buffer.concat([signatureOf(bytes, list, key), bytes]).toString('base64url')
}

/** Throws InvalidArgument for a token that was not given for this very list. */
export function parseContinuationToken(
  token: string,
  list: readonly string[],
  key: TokenKey,
): Continuation {
  const whole = Buffer.from(token.slice(lead.length), 'base64url')
  const bytes = whole.subarray(signatureBytes)
  const signature = whole.subarray(0, signatureBytes)
  // Compared as text as well: Buffer skips what is no base64url.
  const isOurs =
    lead + whole.toString('base64url') === token &&
    signature.length === signatureBytes &&
    timingSafeEqual(signature, signatureOf(bytes, list, key))
  const afterAt = 1 + (bytes[0] ?? 0)
  if (isOurs && bytes.length >= afterAt) {
    return {
      after: bytes.subarray(afterAt).toString(),
      cursor: bytes.subarray(1, afterAt).toString(),
    }
  }
  throw new S3Error('InvalidArgument', {
    message: 'The continuation token provided is incorrect.',
    elements: { ArgumentName: 'continuation-token' },
  })
}

function signatureOf(content: Buffer, list: readonly string[], key: TokenKey): Buffer {
  const hmac = createHmac('sha256', key.bytes).update(JSON.stringify(['v3', ...list]))
  return hmac.update(content).digest().subarray(0, signatureBytes)
}
