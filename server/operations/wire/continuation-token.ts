// Continuation tokens: where a list goes on, bound to the list that they were given for. They hold all
// there is to know, so they survive a restart and another replica. A digest shows a token that was
// cut, altered or used for another list; it is no secret, since start-after can do all that a token can.
import { createHash } from 'node:crypto'
import { S3Error } from '../../../translate/s3-error.ts'

const digestBytes = 12

/** A token never begins with `-`, which command lines would take for an option. */
const lead = 't'

/** Where a list goes on. */
export type Continuation = {
  /** The last name that was listed. */
  readonly after: string
  /** The bridge's own, at most 255 bytes: only makes the next page cheap. */
  readonly cursor: string
}

/** `list` is what the token belongs to, such as bucket, prefix and delimiter. */
export function renderContinuationToken(
  { after, cursor }: Continuation,
  list: readonly string[],
): string {
  const cursorBytes = Buffer.from(cursor)
  const bytes = Buffer.concat([Buffer.of(cursorBytes.length), cursorBytes, Buffer.from(after)])
  return lead + Buffer.concat([digest(bytes, list), bytes]).toString('base64url')
}

/** Throws InvalidArgument for a token that was not given for this very list. */
export function parseContinuationToken(token: string, list: readonly string[]): Continuation {
  const whole = Buffer.from(token.slice(lead.length), 'base64url')
  const bytes = whole.subarray(digestBytes)
  // Compared as text as well: Buffer skips what is no base64url.
  const isOurs =
    lead + whole.toString('base64url') === token &&
    digest(bytes, list).equals(whole.subarray(0, digestBytes))
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

function digest(content: Buffer, list: readonly string[]): Buffer {
  const hash = createHash('sha256').update(JSON.stringify(['v2', ...list]))
  return hash.update(content).digest().subarray(0, digestBytes)
}
