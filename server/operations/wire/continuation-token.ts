// Continuation tokens: where a list goes on, bound to the list that they were given for. They hold all
// there is to know, so they survive a restart and another replica. A digest shows a token that was
// cut, altered or used for another list; it is no secret, since start-after can do all that a token can.
import { createHash } from 'node:crypto'
import { S3Error } from '../../../translate/s3-error.ts'

const digestBytes = 12

/** A token never begins with `-`, which command lines would take for an option. */
const lead = 't'

/** `list` is what the token belongs to, such as bucket, prefix and delimiter. */
export function renderContinuationToken(after: string, list: readonly string[]): string {
  const name = Buffer.from(after)
  return lead + Buffer.concat([digest(name, list), name]).toString('base64url')
}

/** Throws InvalidArgument for a token that was not given for this very list. */
export function parseContinuationToken(token: string, list: readonly string[]): string {
  const bytes = Buffer.from(token.slice(lead.length), 'base64url')
  const name = bytes.subarray(digestBytes)
  // Compared as text as well: Buffer skips what is no base64url.
  const isOurs =
    lead + bytes.toString('base64url') === token &&
    digest(name, list).equals(bytes.subarray(0, digestBytes))
  if (isOurs) return name.toString()
  throw new S3Error('InvalidArgument', {
    message: 'The continuation token provided is incorrect.',
    elements: { ArgumentName: 'continuation-token' },
  })
}

function digest(name: Buffer, list: readonly string[]): Buffer {
  const hash = createHash('sha256').update(JSON.stringify(['v1', ...list]))
  return hash.update(name).digest().subarray(0, digestBytes)
}
