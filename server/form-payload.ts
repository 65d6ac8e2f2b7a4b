// The file of a form as a payload: of a size that nobody announced, held against the policy's range and
// against the digests that fields of the form promise.
import assert from 'node:assert'
import type { IncomingHttpHeaders } from 'node:http'
import type { ChecksumAlgorithm, Checksums } from '../translate/bridge.ts'
import { S3Error } from '../translate/s3-error.ts'
import { parseChecksumDeclaration, parseContentMd5 } from './checksum.ts'
import type { MultipartForm } from './multipart-form.ts'
import type { Payload } from './operation.ts'
import { type BodyPlan, verifyBody } from './payload.ts'
import { toReadable } from './request-body.ts'

export type FormPayloadOptions = {
  readonly form: Pick<MultipartForm, 'file'>
  /** Those that the form's fields stand for. */
  readonly headers: IncomingHttpHeaders
  /** Aborted when the file is given up, so that nobody waits for its sender any more. */
  readonly abandoned: AbortController
  /** What is left of the request: the file cannot be larger. */
  readonly restBytes: number
  /** What the policy allows. */
  readonly size: { readonly minBytes: number; readonly maxBytes: number }
  readonly maxObjectBytes: number
}

/** Throws from its stream EntityTooLarge and EntityTooSmall, besides what verifyBody throws. */
export function createFormPayload(options: FormPayloadOptions): Payload {
  const maxBytes = Math.min(options.size.maxBytes, options.maxObjectBytes)
  let isUsed = false
  return {
    open() {
      assert(!isUsed, 'a file is read once')
      isUsed = true
      const plan: BodyPlan = {
        sizeBytes: Math.min(options.restBytes, maxBytes),
        sizeIs: 'at-most',
        mode: { kind: 'unsigned' },
        md5: parseContentMd5(options.headers),
        checksum: parseChecksumDeclaration(options.headers, []),
        trailerNames: [],
      }
      const verified = new Map<ChecksumAlgorithm, string>()
      const range = { minBytes: options.size.minBytes, maxBytes }
      return {
        stream: toReadable((signal) => {
          signal.addEventListener('abort', () => options.abandoned.abort(), { once: true })
          const bytes = withinRange(options.form.file, range)
          return verifyBody({ bytes, trailers: new Map() }, plan, verified)
        }),
        sizeBytes: plan.sizeBytes,
        sizeIs: 'at-most',
        ...(plan.md5 === undefined ? {} : { md5: plan.md5 }),
        checksums: (): Checksums['values'] => Object.fromEntries(verified),
      }
    },
    text() {
      throw new TypeError('a form upload has no XML body')
    },
  }
}

async function* withinRange(
  file: AsyncIterable<Buffer>,
  { minBytes, maxBytes }: FormPayloadOptions['size'],
): AsyncGenerator<Buffer, void, undefined> {
  let sizeBytes = 0
  for await (const bytes of file) {
    sizeBytes += bytes.length
    if (sizeBytes > maxBytes) {
      throw new S3Error('EntityTooLarge', {
        message: 'Your proposed upload exceeds the maximum allowed size.',
        elements: { ProposedSize: String(sizeBytes), MaxSizeAllowed: String(maxBytes) },
      })
    }
    yield bytes
  }
  if (sizeBytes >= minBytes) return
  throw new S3Error('EntityTooSmall', {
    message: 'Your proposed upload is smaller than the minimum allowed size.',
    elements: { ProposedSize: String(sizeBytes), MinSizeAllowed: String(minBytes) },
  })
}
