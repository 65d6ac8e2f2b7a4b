// The HMACs of Signature Version 4, and the comparison of signatures. The only file that knows aws4, which
// derives (and caches) signing keys.
import { timingSafeEqual } from 'node:crypto'
import aws4 from 'aws4'
import type { SignatureClaim } from './signature-claim.ts'

/** What a signature of Version 4 is made with, besides the secret. */
export type SigningScope = Pick<SignatureClaim, 'accessKeyId' | 'region' | 'time'>

/** One aws4 signer, told its time and its texts instead of taking them from a request of its own. */
export function createSigner(claim: SigningScope, secretAccessKey: string) {
  const signer = new aws4.RequestSigner(
    { service: 's3', region: claim.region, headers: { Host: '-' } },
    { accessKeyId: claim.accessKeyId, secretAccessKey },
  )
  signer.datetime = claim.time.timestamp
  /** In hex. */
  const sign = (stringToSign: string): string => {
    signer.stringToSign = () => stringToSign
    return signer.signature()
  }
  return {
    sign,
    signRequest(canonicalRequest: string) {
      signer.canonicalString = () => canonicalRequest
      const stringToSign = signer.stringToSign()
      return { stringToSign, signature: sign(stringToSign) }
    },
  }
}

/** In constant time for texts of one length. */
export function isSame(expected: string, provided: string): boolean {
  const a = Buffer.from(expected)
  const b = Buffer.from(provided)
  return a.length === b.length && timingSafeEqual(a, b)
}
