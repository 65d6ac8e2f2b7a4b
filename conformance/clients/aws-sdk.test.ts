// The current @aws-sdk/client-s3 and lib-storage with their default checksums.
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Xxh3_64 } from '@aws-sdk/checksums/xxh'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketLocationCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { declareProofs } from '../coverage/proofs.ts'
import { md5OfFile, md5OfStream, randomBuffer, writeRandomFile } from '../support/bytes.ts'
import { overBoth } from '../support/over-both.ts'
import { follow } from '../support/signed-request.ts'
import {
  accessKeyId,
  type BridgeProcess,
  region,
  type Scheme,
  secretAccessKey,
  withBridge,
  withFolder,
} from '../support/with-bridge.ts'
import { declareBucketConfigurations } from './bucket-configurations.ts'

const test = suite('aws-sdk')
const bucket = 'sdk-bucket'

async function withS3(
  scheme: Scheme,
  act: (s3: S3Client, bridge: BridgeProcess) => Promise<void>,
): Promise<void> {
  await withBridge(
    async (bridge) => {
      const { url, certificateFile } = bridge
      const trust =
        certificateFile === undefined
          ? {}
          : { httpsAgent: new Agent({ ca: readFileSync(certificateFile), keepAlive: true }) }
      const s3 = new S3Client({
        endpoint: url,
        region,
        forcePathStyle: true,
        credentials: { accessKeyId, secretAccessKey },
        requestHandler: trust,
      })
      try {
        await s3.send(new CreateBucketCommand({ Bucket: bucket }))
        await act(s3, bridge)
      } finally {
        s3.destroy()
      }
    },
    { scheme },
  )
}

async function contentOf(s3: S3Client, key: string, range?: string): Promise<Buffer> {
  const { Body } = await s3.send(
    new GetObjectCommand({ Bucket: bucket, Key: key, ...(range ? { Range: range } : {}) }),
  )
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'no error'
  } catch (error) {
    // A 304 has no body, and so no code.
    if (error instanceof S3ServiceException) {
      return error.$metadata.httpStatusCode === 304 ? '304' : error.name
    }
    throw error
  }
}

overBoth(
  test,
  [],
  'objects of every size come back byte for byte, with default checksums',
  async (scheme) => {
    await withS3(scheme, async (s3) => {
      for (const sizeBytes of [0, 1, 1024, 5 * 1024 ** 2, 17 * 1024 ** 2]) {
        const body = randomBuffer(sizeBytes, `size ${sizeBytes}`)
        const key = `sizes/${sizeBytes}`
        const put = await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
        const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
        assert.is(head.ETag, put.ETag)
        assert.is(head.ContentLength, sizeBytes)
        assert.ok((await contentOf(s3, key)).equals(body), key)
      }
    })
  },
)

overBoth(
  test,
  [],
  'a 200 MiB stream goes up in parts with lib-storage and comes back',
  async (scheme) => {
    await withFolder(async (folder) => {
      await withS3(scheme, async (s3) => {
        const file = join(folder, 'large')
        await writeRandomFile(file, 200 * 1024 ** 2, 'large')
        const upload = new Upload({
          client: s3,
          params: {
            Bucket: bucket,
            Key: 'large',
            Body: createReadStream(file),
            ContentType: 'a/b',
          },
          partSize: 8 * 1024 ** 2,
        })
        const done = await upload.done()
        assert.match(done.ETag ?? '', /^"[0-9a-f]{32}-25"$/)
        const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'large' }))
        assert.is(got.ETag, done.ETag)
        assert.is(got.ContentType, 'a/b')
        assert.ok(got.Body instanceof Readable)
        assert.is(await md5OfStream(got.Body), await md5OfFile(file))
      })
    })
  },
)

overBoth(
  test,
  [],
  'headers and metadata are kept, and copied or replaced as asked',
  async (scheme) => {
    await withS3(scheme, async (s3) => {
      const kept = {
        ContentType: 'text/x-thing',
        CacheControl: 'max-age=5',
        ContentDisposition: 'attachment; filename="x"',
        ContentEncoding: 'identity',
        ContentLanguage: 'nb',
        Metadata: { one: '1', 'two-words': 'a b' },
      }
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'a', Body: 'x', ...kept }))
      await s3.send(
        new CopyObjectCommand({ Bucket: bucket, Key: 'b/c', CopySource: `${bucket}/a` }),
      )
      for (const key of ['a', 'b/c']) {
        const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
        for (const [name, value] of Object.entries(kept)) {
          assert.equal(head[name as keyof typeof head], value, `${key} ${name}`)
        }
      }
      await s3.send(
        new CopyObjectCommand({
          Bucket: bucket,
          Key: 'a',
          CopySource: `${bucket}/a`,
          MetadataDirective: 'REPLACE',
          ContentType: 'text/other',
          Metadata: { three: '3' },
        }),
      )
      const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'a' }))
      assert.is(head.ContentType, 'text/other')
      assert.equal(head.Metadata, { three: '3' })
      assert.is(
        await codeOf(
          s3.send(
            new CopyObjectCommand({ Bucket: bucket, Key: 'x', CopySource: `${bucket}/none` }),
          ),
        ),
        'NoSuchKey',
      )
    })
  },
)

overBoth(test, [], 'ranges and conditions are answered as S3 answers them', async (scheme) => {
  await withS3(scheme, async (s3) => {
    const { ETag } = await s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: 'r', Body: '0123456789' }),
    )
    const cases = [
      ['bytes=2-4', '234'],
      ['bytes=7-', '789'],
      ['bytes=-3', '789'],
      ['bytes=5-500', '56789'],
    ] as const
    for (const [range, text] of cases) {
      assert.is((await contentOf(s3, 'r', range)).toString(), text, range)
    }
    const get = { Bucket: bucket, Key: 'r' }
    assert.is(
      await codeOf(s3.send(new GetObjectCommand({ ...get, Range: 'bytes=10-' }))),
      'InvalidRange',
    )
    assert.is(
      await codeOf(s3.send(new GetObjectCommand({ ...get, IfMatch: '"no"' }))),
      'PreconditionFailed',
    )
    assert.is(await codeOf(s3.send(new GetObjectCommand({ ...get, IfNoneMatch: ETag }))), '304')
    const again = { ...get, Body: 'other' }
    assert.is(
      await codeOf(s3.send(new PutObjectCommand({ ...again, IfNoneMatch: '*' }))),
      'PreconditionFailed',
    )
    assert.is(
      await codeOf(s3.send(new PutObjectCommand({ ...again, IfMatch: '"no"' }))),
      'PreconditionFailed',
    )
    assert.is((await contentOf(s3, 'r')).toString(), '0123456789')
    await s3.send(new PutObjectCommand({ ...again, IfMatch: ETag }))
    assert.is((await contentOf(s3, 'r')).toString(), 'other')
    await s3.send(new PutObjectCommand({ ...again, Key: 'new', IfNoneMatch: '*' }))
  })
})

overBoth(
  test,
  [],
  'listings are in byte order, page by page, with prefixes rolled up',
  async (scheme) => {
    await withS3(scheme, async (s3) => {
      const keys = ['a-b', 'a/b', 'a/c/d', 'a0', 'z/ｆ', 'z/😀', 'å', 'æ b+c', '~']
      for (const key of keys) {
        await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key }))
      }
      const inOrder = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      for (const pageSize of [1, 2, 1000]) {
        const found: (string | undefined)[] = []
        for await (const page of paginateListObjectsV2(
          { client: s3, pageSize },
          { Bucket: bucket },
        )) {
          found.push(...(page.Contents ?? []).map((entry) => entry.Key))
        }
        assert.equal(found, inOrder, `page size ${pageSize}`)
      }
      const rolled: (string | undefined)[] = []
      for await (const page of paginateListObjectsV2(
        { client: s3, pageSize: 2 },
        { Bucket: bucket, Delimiter: '/' },
      )) {
        rolled.push(...(page.Contents ?? []).map((entry) => entry.Key))
        rolled.push(...(page.CommonPrefixes ?? []).map((entry) => entry.Prefix))
      }
      assert.equal(rolled.sort(), ['a-b', 'a/', 'a0', 'z/', 'å', 'æ b+c', '~'].sort())

      const first = await s3.send(
        new ListObjectsCommand({ Bucket: bucket, Delimiter: '/', MaxKeys: 2 }),
      )
      assert.is(first.IsTruncated, true)
      assert.is(first.NextMarker, 'a/')
      const second = await s3.send(
        new ListObjectsCommand({ Bucket: bucket, Delimiter: '/', Marker: first.NextMarker }),
      )
      assert.is(second.Contents?.[0]?.Key, 'a0')
      const below = await s3.send(new ListObjectsCommand({ Bucket: bucket, Prefix: 'a/' }))
      assert.equal(
        below.Contents?.map((entry) => entry.Key),
        ['a/b', 'a/c/d'],
      )
    })
  },
)

overBoth(
  test,
  [],
  'many keys are deleted at once, those that never were among them',
  async (scheme) => {
    await withS3(scheme, async (s3) => {
      for (const key of ['d/1', 'd/2', 'keep']) {
        await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key }))
      }
      const gone = await s3.send(
        new DeleteObjectsCommand({
          Bucket: bucket,
          Delete: { Objects: ['d/1', 'never', 'd/2'].map((Key) => ({ Key })) },
        }),
      )
      assert.equal(
        gone.Deleted?.map((entry) => entry.Key),
        ['d/1', 'never', 'd/2'],
      )
      assert.is(gone.Errors, undefined)
      const left = await s3.send(new ListObjectsCommand({ Bucket: bucket, Delimiter: '/' }))
      assert.equal(
        left.Contents?.map((entry) => entry.Key),
        ['keep'],
      )
      assert.is(left.CommonPrefixes, undefined)
      assert.is(
        await codeOf(s3.send(new DeleteBucketCommand({ Bucket: bucket }))),
        'BucketNotEmpty',
      )
      await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'keep' }))
      await s3.send(new DeleteBucketCommand({ Bucket: bucket }))
      assert.equal((await s3.send(new ListBucketsCommand({}))).Buckets ?? [], [])
      await s3.send(new CreateBucketCommand({ Bucket: bucket }))
      const location = await s3.send(new GetBucketLocationCommand({ Bucket: bucket }))
      assert.is(location.LocationConstraint, undefined)
    })
  },
)

overBoth(
  test,
  [],
  'an unfinished multipart upload is listed and can be aborted',
  async (scheme) => {
    await withS3(scheme, async (s3) => {
      const aborting = new AbortController()
      const upload = new Upload({
        client: s3,
        params: { Bucket: bucket, Key: 'un/finished', Body: endless() },
        partSize: 5 * 1024 ** 2,
        queueSize: 1,
        leavePartsOnError: true,
        abortController: aborting,
      })
      upload.on('httpUploadProgress', ({ part }) => {
        if (part === 2) aborting.abort()
      })
      await upload.done().catch((error: Error) => assert.is(error.name, 'AbortError'))
      const listed = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
      assert.is(listed.Uploads?.length, 1)
      const address = {
        Bucket: bucket,
        Key: 'un/finished',
        UploadId: listed.Uploads?.[0]?.UploadId,
      }
      const { Parts } = await s3.send(new ListPartsCommand(address))
      assert.ok((Parts?.length ?? 0) >= 2)
      assert.is(Parts?.[0]?.Size, 5 * 1024 ** 2)
      await s3.send(new AbortMultipartUploadCommand(address))
      assert.is(await codeOf(s3.send(new ListPartsCommand(address))), 'NoSuchUpload')
      assert.is(
        await codeOf(s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'un/finished' }))),
        'NotFound',
      )
    })
  },
)

overBoth(test, [], 'a presigned upload and download work without the SDK', async (scheme) => {
  await withS3(scheme, async (s3, bridge) => {
    const target = { Bucket: bucket, Key: 'pre signed/æ+b' }
    const putUrl = await getSignedUrl(s3, new PutObjectCommand(target), { expiresIn: 60 })
    const put = await follow(bridge, putUrl, { method: 'PUT', body: 'presigned' })
    assert.is(put.status, 200, put.text)
    const getUrl = await getSignedUrl(
      s3,
      new GetObjectCommand({ ...target, ResponseContentType: 'text/x-asked' }),
      { expiresIn: 60 },
    )
    const got = await follow(bridge, getUrl)
    assert.is(got.text, 'presigned')
    assert.is(got.headers['content-type'], 'text/x-asked')
  })
})

overBoth(
  test,
  [],
  'keys that Jottacloud could mistake for another live side by side',
  async (scheme) => {
    await withS3(scheme, async (s3) => {
      const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }))
      await put('Hello.doc')
      await put('dir/file')
      const beside = ['hello.doc', 'Dir/other', 'dir', 'Hello.doc/below', 'a//b', 'folder/', '/a']
      beside.push('y'.repeat(300), 'é'.repeat(512), 'a\uffff')
      for (const key of beside) await put(key)
      assert.is(await codeOf(put('x'.repeat(1025))), 'KeyTooLongError')
      for (const key of ['Hello.doc', 'dir/file', ...beside]) {
        assert.is((await contentOf(s3, key)).toString(), key)
      }
      const listed = await s3.send(
        new ListObjectsV2Command({ Bucket: bucket, EncodingType: 'url' }),
      )
      const keys = listed.Contents?.map(({ Key }) => decodeURIComponent(Key ?? ''))
      assert.equal(new Set(keys), new Set(['Hello.doc', 'dir/file', ...beside]))
      assert.is(await codeOf(contentOf(s3, 'DIR/file')), 'NoSuchKey')
      await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'hello.doc' }))
      assert.is((await contentOf(s3, 'Hello.doc')).toString(), 'Hello.doc')
      const odd = ['..', 'a/../b', 'per%cent', 'q?*:<>|"', 'tab\tnew', 'U+201B ‛ and ％']
      for (const key of odd) {
        await put(key)
        assert.is((await contentOf(s3, key)).toString(), key)
      }
    })
  },
)

declareBucketConfigurations(test, withS3)

overBoth(
  test,
  [],
  'multipart uploads keep their parts: read one by one, told as attributes, with checksums',
  async (scheme) => {
    await withS3(scheme, async (s3) => {
      const pieces = [randomBuffer(5 * 1024 ** 2, 'one'), randomBuffer(999, 'two')]
      const target = { Bucket: bucket, Key: 'parts' }
      const ChecksumAlgorithm = 'SHA256'
      const begin = new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm })
      const { UploadId } = await s3.send(begin)
      const Parts: CompletedPart[] = []
      for (const [index, Body] of pieces.entries()) {
        const part = { ...target, UploadId, PartNumber: index + 1 }
        const { ETag, ChecksumSHA256 } = await s3.send(
          new UploadPartCommand({ ...part, Body, ChecksumAlgorithm }),
        )
        Parts.push({ PartNumber: index + 1, ETag, ChecksumSHA256 })
      }
      const upload = { ...target, UploadId }
      const listed = await s3.send(new ListPartsCommand(upload))
      assert.is(listed.Parts?.[1]?.ChecksumSHA256, Parts[1]?.ChecksumSHA256)
      const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } })
      const { ChecksumSHA256, ChecksumType } = await s3.send(complete)
      assert.match(ChecksumSHA256 ?? '', /=-2$/)
      assert.is(ChecksumType, 'COMPOSITE')
      for (const [index, bytes] of pieces.entries()) {
        const part = { ...target, PartNumber: index + 1, ChecksumMode: 'ENABLED' } as const
        const got = await s3.send(new GetObjectCommand(part))
        assert.equal([got.PartsCount, got.ContentLength], [2, bytes.length])
        assert.is(got.ChecksumSHA256, Parts[index]?.ChecksumSHA256)
        // The SDK holds the body against the checksum while it is read.
        assert.ok(bytes.equals(await (got.Body?.transformToByteArray() ?? new Uint8Array())))
      }
      const beyond = new GetObjectCommand({ ...target, PartNumber: 3 })
      assert.is(await codeOf(s3.send(beyond)), 'InvalidPartNumber')
      const told = await s3.send(
        new GetObjectAttributesCommand({
          ...target,
          ObjectAttributes: ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'],
          MaxParts: 1,
        }),
      )
      assert.match(told.ETag ?? '', /^[0-9a-f]{32}-2$/)
      assert.is(told.Checksum?.ChecksumSHA256, ChecksumSHA256)
      assert.equal([told.StorageClass, told.ObjectSize], ['STANDARD', 5 * 1024 ** 2 + 999])
      const { TotalPartsCount, IsTruncated, NextPartNumberMarker } = told.ObjectParts ?? {}
      assert.equal([TotalPartsCount, IsTruncated, NextPartNumberMarker], [2, true, '1'])
      assert.is(told.ObjectParts?.Parts?.[0]?.ChecksumSHA256, Parts[0]?.ChecksumSHA256)
      const copy = {
        ...target,
        Key: 'copy',
        CopySource: `${bucket}/parts`,
        ChecksumAlgorithm,
      } as const
      const copied = await s3.send(new CopyObjectCommand(copy))
      const whole = createHash('sha256').update(Buffer.concat(pieces)).digest('base64')
      assert.is(copied.CopyObjectResult?.ChecksumSHA256, whole)
      assert.is(
        await codeOf(s3.send(new CopyObjectCommand({ ...copy, IfNoneMatch: '*' }))),
        'PreconditionFailed',
      )
    })
  },
)

overBoth(test, [], 'the checksums of 2026 are compared, kept and given back', async (scheme) => {
  await withS3(scheme, async (s3) => {
    const Body = randomBuffer(100_000, 'body')
    const xxh3 = new Xxh3_64()
    xxh3.update(Body)
    const values = {
      ChecksumXXHASH3: Buffer.from(await xxh3.digest()).toString('base64'),
      ChecksumSHA512: createHash('sha512').update(Body).digest('base64'),
      ChecksumMD5: createHash('md5').update(Body).digest('base64'),
    }
    for (const [name, value] of Object.entries(values)) {
      const target = { Bucket: bucket, Key: name }
      await s3.send(new PutObjectCommand({ ...target, Body, [name]: value }))
      const head = await s3.send(new HeadObjectCommand({ ...target, ChecksumMode: 'ENABLED' }))
      assert.is(Reflect.get(head, name), value)
      const wrong = { ...target, Body: 'another', [name]: value }
      assert.is(await codeOf(s3.send(new PutObjectCommand(wrong))), 'BadDigest')
    }
  })
})

overBoth(
  test,
  [],
  'what is deleted, tagged and written over is what the client means',
  async (scheme) => {
    await withS3(scheme, async (s3) => {
      const target = { Bucket: bucket, Key: 'conditional' }
      const { ETag } = await s3.send(new PutObjectCommand({ ...target, Body: 'a', Tagging: 'a=b' }))
      const remove = (IfMatch: string) => s3.send(new DeleteObjectCommand({ ...target, IfMatch }))
      assert.is(await codeOf(remove('"other"')), 'PreconditionFailed')
      const wrong = { Objects: [{ Key: target.Key, ETag: 'other' }] }
      const { Errors } = await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: wrong }))
      assert.is(Errors?.[0]?.Code, 'PreconditionFailed')
      const Tagging = { TagSet: [{ Key: 'c', Value: 'd' }] }
      await s3.send(new PutObjectTaggingCommand({ ...target, Tagging }))
      const { TagSet } = await s3.send(new GetObjectTaggingCommand(target))
      assert.equal(TagSet, Tagging.TagSet)
      await s3.send(new DeleteObjectTaggingCommand(target))
      await remove(ETag ?? '')
      assert.is(await codeOf(s3.send(new HeadObjectCommand(target))), 'NotFound')
    })
  },
)

declareProofs(test, 'aws-sdk', [])

test.run()

function endless(): Readable {
  return Readable.from(
    (function* () {
      for (let count = 0; count < 64; count += 1) yield randomBuffer(1024 ** 2, `${count}`)
    })(),
    { objectMode: false },
  )
}
