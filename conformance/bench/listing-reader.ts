// Lists all keys below a prefix as an application would, page by page. By itself, it is the process that does so
// while another one times other requests: reading pages would hold those up in a process that it shared.
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { region } from '../support/with-bridge.ts'

export type Listing = {
  readonly bucket: string
  readonly prefix: string
  /** '' for none. */
  readonly delimiter: string
  /** How many keys there must be. */
  readonly expected: number
}

/** Milliseconds of each page. Throws when a key is missing, or comes out of order. */
export async function listAll(client: S3Client, listing: Listing): Promise<number[]> {
  const { bucket, prefix, delimiter, expected } = listing
  const pagesMs: number[] = []
  let seen = 0
  let last = ''
  let token: string | undefined
  do {
    const startMs = performance.now()
    const page = await client.send(
      new ListObjectsV2Command({
        ...{ Bucket: bucket, Prefix: prefix, ContinuationToken: token },
        ...(delimiter !== '' && { Delimiter: delimiter }),
      }),
    )
    pagesMs.push(performance.now() - startMs)
    for (const { Key = '' } of page.Contents ?? []) {
      // All keys here are ASCII.
      if (Key <= last) throw new Error(`${Key} comes after ${last}`)
      last = Key
      seen += 1
    }
    token = page.NextContinuationToken
  } while (token !== undefined)
  if (seen !== expected) throw new Error(`${seen} keys of ${expected} below ${prefix}`)
  return pagesMs
}

export function clientOf(endpoint: string, id: string, secret: string): S3Client {
  const credentials = { accessKeyId: id, secretAccessKey: secret }
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true })
}

if (import.meta.main) {
  const [endpoint = '', id = '', secret = '', bucket = '', prefix = '', expected = ''] =
    process.argv.slice(2)
  const listing = { bucket, prefix, delimiter: '', expected: Number(expected) }
  await listAll(clientOf(endpoint, id, secret), listing)
}
