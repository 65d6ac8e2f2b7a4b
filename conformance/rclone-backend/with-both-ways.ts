// One account seen from two sides: through the bridge as a bucket, and through rclone's backend on that
// bucket's device and mountpoint.
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import type { EmulatorOptions } from '../../jotta/emulator/emulator.ts'
import { md5OfBuffer } from '../support/bytes.ts'
import { accessKeyId, region, secretAccessKey } from '../support/with-bridge.ts'
import { withEmulatedBridge } from '../support/with-emulated-bridge.ts'
import { toSecond } from './local-tree.ts'
import { logIn, type RcloneParts, withRcloneFor } from './with-rclone.ts'

export const bucket = 'both-ways'

export type Stored = { readonly sizeBytes: number; readonly md5: string; readonly modified: string }

export type BothWays = RcloneParts & { readonly s3: S3Client; readonly url: string }

/** rclone knows the bucket as `s3:`; the wizard chose its device and mountpoint. */
export async function withBothWays(
  program: string,
  act: (parts: BothWays) => Promise<void>,
  options: {
    readonly env?: Readonly<Record<string, string>>
    readonly emulator?: Partial<EmulatorOptions>
  } = {},
): Promise<void> {
  await withEmulatedBridge(
    async ({ emulator, bridge }) => {
      const s3 = new S3Client({
        endpoint: bridge.url,
        region,
        forcePathStyle: true,
        credentials: { accessKeyId, secretAccessKey },
      })
      try {
        await s3.send(new CreateBucketCommand({ Bucket: bucket }))
        await withRcloneFor(program, emulator, async (parts) => {
          const place = {
            config_non_standard: 'true',
            config_device: 'S3',
            config_mountpoint: bucket,
          }
          await logIn(parts.rclone, emulator, 's3', place)
          await act({ ...parts, s3, url: bridge.url })
        })
      } finally {
        s3.destroy()
      }
    },
    options.env,
    options.emulator,
  )
}

export async function put(s3: S3Client, key: string, body: string): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
}

/** Every key below a prefix, page by page, with what the listing says of it. */
export async function listKeys(s3: S3Client, prefix = ''): Promise<Map<string, Stored>> {
  const found = new Map<string, Stored>()
  let token: string | undefined
  do {
    const page = await s3.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        MaxKeys: 50,
        // As plain XML a key with a control character cannot be carried.
        EncodingType: 'url',
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
    )
    for (const { Key = '', Size = -1, ETag = '', LastModified } of page.Contents ?? []) {
      const key = decodeURIComponent(Key.replaceAll('+', ' '))
      found.set(key, {
        sizeBytes: Size,
        md5: ETag.replaceAll('"', ''),
        modified: toSecond(LastModified?.getTime() ?? 0),
      })
    }
    token = page.NextContinuationToken
  } while (token !== undefined)
  return found
}

/** What HEAD and the content itself say of a key. */
export async function readKey(
  s3: S3Client,
  key: string,
): Promise<Stored & { readonly text: string }> {
  const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
  const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? [])
  if (head.ETag !== `"${md5OfBuffer(bytes)}"` || head.ETag !== got.ETag) {
    throw new Error(`${key}: ETags ${head.ETag} and ${got.ETag}, content ${md5OfBuffer(bytes)}`)
  }
  return {
    sizeBytes: head.ContentLength ?? -1,
    md5: head.ETag.replaceAll('"', ''),
    modified: toSecond(head.LastModified?.getTime() ?? 0),
    text: bytes.toString(),
  }
}
