// The stages together, as AWS's own SDK drives them; Jottacloud is not in it.
import { request } from 'node:http'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { rootHolder } from './access/holder.test-support.ts'
import { authenticate } from './authenticate.ts'
import { type Serving, withServing } from './serving.test-support.ts'

const test = suite('signed requests')

const secretAccessKey = 'secret secret secret'

async function withClient(
  act: (client: S3Client, serving: Serving) => Promise<void>,
  secret = secretAccessKey,
): Promise<void> {
  const credentials = (id: string) =>
    id === 'KEY' ? { secretAccessKey, ...rootHolder } : undefined
  await withServing({ authenticate, credentials }, async (serving) => {
    const client = new S3Client({
      endpoint: `http://127.0.0.1:${serving.port}`,
      region: 'eu-north-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'KEY', secretAccessKey: secret },
      maxAttempts: 1,
    })
    try {
      await act(client, serving)
    } finally {
      client.destroy()
    }
  })
}

async function nameOf(failing: Promise<unknown>): Promise<string> {
  try {
    await failing
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
  return 'nothing'
}

const Bucket = 'bucket'

test('objects go in and out with default checksums, odd keys and metadata', async () => {
  await withClient(async (client) => {
    await client.send(new CreateBucketCommand({ Bucket: 'second' }))
    const { Buckets, Owner } = await client.send(new ListBucketsCommand({}))
    assert.equal(
      Buckets?.map(({ Name }) => Name),
      ['bucket', 'second'],
    )
    assert.is(Owner?.DisplayName, 'root')
    const keys = ['a b+c/æ%2F', 'x//y', '../z', "(!'*)~", 'e=1&f?']
    for (const Key of keys) {
      const Metadata = { color: 'blue' }
      const put = await client.send(new PutObjectCommand({ Bucket, Key, Body: Key, Metadata }))
      assert.ok(put.ChecksumCRC32)
      const got = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
      assert.is(await got.Body?.transformToString(), Key)
      assert.equal(got.Metadata, { color: 'blue' })
      const Range = 'bytes=0-1'
      const part = await client.send(new GetObjectCommand({ Bucket, Key, Range }))
      assert.is(await part.Body?.transformToString(), Key.slice(0, 2))
    }
    const listed = await client.send(new ListObjectsV2Command({ Bucket, EncodingType: 'url' }))
    assert.equal(
      listed.Contents?.map(({ Key }) => decodeURIComponent(Key ?? '')),
      keys.toSorted(),
    )
    const CopySource = encodeURIComponent(`${Bucket}/a b+c/æ%2F`)
    const copy = await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
    assert.ok(copy.CopyObjectResult?.ETag)
    const Objects = keys.map((Key) => ({ Key }))
    const gone = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    assert.equal(
      gone.Deleted?.map(({ Key }) => Key),
      keys,
    )
    assert.is(await nameOf(client.send(new HeadObjectCommand({ Bucket, Key: 'x//y' }))), 'NotFound')
  })
})

test('a multipart upload', async () => {
  await withClient(async (client, { bridge }) => {
    const Key = 'big'
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const upload = { Bucket, Key, UploadId }
    const Parts = []
    for (const PartNumber of [1, 2]) {
      const Body = Buffer.alloc(300_000, PartNumber)
      const part = await client.send(new UploadPartCommand({ ...upload, PartNumber, Body }))
      Parts.push({ ...part, PartNumber })
    }
    const listed = await client.send(new ListPartsCommand(upload))
    assert.equal(
      listed.Parts?.map(({ PartNumber, Size, ETag }) => ({ PartNumber, Size, ETag })),
      Parts.map(({ PartNumber, ETag }) => ({ PartNumber, Size: 300_000, ETag })),
    )
    const MultipartUpload = { Parts }
    const completed = await client.send(
      new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }),
    )
    assert.match(completed.ETag ?? '', /^"[0-9a-f]{32}-2"$/)
    const input = Object(bridge.calls.at(-1)?.input)
    assert.ok(input.parts[0].checksums.CRC32)
  })
})

test('a presigned upload keeps its metadata, whatever the SDK took for its checksum', async () => {
  await withClient(async (client, serving) => {
    const command = new PutObjectCommand({ Bucket, Key: 'k', Metadata: { color: 'blue' } })
    const url = new URL(await getSignedUrl(client, command))
    assert.ok(url.searchParams.has('x-amz-checksum-crc32'))
    const { promise, resolve } = Promise.withResolvers<number | undefined>()
    const outgoing = request(url, { method: 'PUT', agent: false })
    outgoing.on('response', (incoming) => {
      incoming.resume()
      resolve(incoming.statusCode)
    })
    outgoing.end(Buffer.from('not empty'))
    assert.is(await promise, 200)
    assert.equal(serving.bridge.objects.get('bucket/k')?.info.metadata.user, { color: 'blue' })
  })
})

test('errors keep their names', async () => {
  const big = Buffer.alloc(3_000_000)
  await withClient(async (client) => {
    const get = (Key: string, bucket = Bucket) => new GetObjectCommand({ Bucket: bucket, Key })
    assert.is(await nameOf(client.send(get('none'))), 'NoSuchKey')
    assert.is(await nameOf(client.send(get('none', 'missing'))), 'NoSuchBucket')
    const retention = { Bucket, Key: 'k', Retention: {} }
    const retain = new PutObjectRetentionCommand(retention)
    assert.is(await nameOf(client.send(retain)), 'NotImplemented')
    const encrypted = { Bucket, Key: 'k', Body: big, ServerSideEncryption: 'AES256' } as const
    assert.is(await nameOf(client.send(new PutObjectCommand(encrypted))), 'NotImplemented')
  })
  await withClient(async (client, { bridge }) => {
    const put = new PutObjectCommand({ Bucket, Key: 'k', Body: big })
    assert.is(await nameOf(client.send(put)), 'SignatureDoesNotMatch')
    assert.equal(bridge.calls, [])
  }, 'another secret')
})

test.run()
