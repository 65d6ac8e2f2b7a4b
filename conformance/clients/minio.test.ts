// The npm `minio` client, which many Node programs use instead of an SDK: signed chunks over HTTP, unsigned
// payloads over HTTPS, Content-MD5, and errors that must be S3's.
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { Client, CopyDestinationOptions, CopySourceOptions } from 'minio'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { declareProofs } from '../coverage/proofs.ts'
import { md5OfFile, randomBuffer, writeRandomFile } from '../support/bytes.ts'
import { overBoth } from '../support/over-both.ts'
import { follow } from '../support/signed-request.ts'
import {
  accessKeyId,
  type BridgeProcess,
  type Scheme,
  secretAccessKey,
  withBridge,
  withFolder,
} from '../support/with-bridge.ts'

const test = suite('minio')
const mib = 1024 ** 2
const bucket = 'minio-bucket'

async function withMinio(
  scheme: Scheme,
  act: (minio: Client, folder: string, bridge: BridgeProcess) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await withBridge(
      async (bridge) => {
        const { hostname, port } = new URL(bridge.url)
        const { certificateFile } = bridge
        const agent =
          certificateFile === undefined
            ? undefined
            : new Agent({ ca: readFileSync(certificateFile), keepAlive: true })
        const minio = new Client({
          endPoint: hostname,
          port: Number(port),
          useSSL: scheme === 'https',
          accessKey: accessKeyId,
          secretKey: secretAccessKey,
          ...(agent === undefined ? {} : { transportAgent: agent }),
        })
        await minio.makeBucket(bucket)
        try {
          await act(minio, folder, bridge)
        } finally {
          agent?.destroy()
        }
      },
      { scheme },
    )
  })
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'none'
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code)
    throw error
  }
}

async function namesOf(minio: Client, prefix: string, recursive: boolean): Promise<unknown[]> {
  const names: unknown[] = []
  for await (const item of minio.listObjectsV2(bucket, prefix, recursive)) {
    names.push(item.name ?? item.prefix)
  }
  return names
}

overBoth(test, [], 'files and streams of every size, in parts too', async (scheme) => {
  await withMinio(scheme, async (minio, folder) => {
    const up = join(folder, 'up')
    const down = join(folder, 'down')
    for (const sizeBytes of [0, 1000, 6 * mib, 70 * mib]) {
      await writeRandomFile(up, sizeBytes, 'minio')
      const key = `sizes/${sizeBytes} å+b`
      const put = await minio.fPutObject(bucket, key, up, { 'Content-Type': 'a/b', Colour: 'red' })
      const stat = await minio.statObject(bucket, key)
      assert.equal([stat.size, stat.etag], [sizeBytes, put.etag])
      assert.equal([stat.metaData['content-type'], stat.metaData.colour], ['a/b', 'red'])
      await minio.fGetObject(bucket, key, down)
      assert.is(await md5OfFile(down), await md5OfFile(up), key)
    }
    // Of a length that is not known before: always in parts.
    const bytes = randomBuffer(11 * mib, 'stream')
    await minio.putObject(
      bucket,
      'stream',
      Readable.from([bytes.subarray(0, mib), bytes.subarray(mib)], { objectMode: false }),
    )
    await minio.fGetObject(bucket, 'stream', down)
    assert.ok(bytes.equals(await readFile(down)))
    const last = await minio.getPartialObject(bucket, 'stream', bytes.length - 5)
    assert.ok((await buffer(last)).equals(bytes.subarray(-5)))
  })
})

overBoth(test, [], 'listings, copies, removals and errors', async (scheme) => {
  await withMinio(scheme, async (minio) => {
    const keys = ['a', 'd/1', 'd/2', 'z b+c', 'å']
    for (const key of keys) await minio.putObject(bucket, key, key)
    assert.equal(await namesOf(minio, '', true), keys)
    assert.equal(new Set(await namesOf(minio, '', false)), new Set(['a', 'd/', 'z b+c', 'å']))
    assert.equal(await namesOf(minio, 'd/', true), ['d/1', 'd/2'])
    assert.equal(
      (await minio.listBuckets()).map(({ name }) => name),
      [bucket],
    )
    assert.ok(await minio.bucketExists(bucket))
    assert.not(await minio.bucketExists('no-such-bucket'))

    // It escapes no `+` in a source, which S3 then takes for a blank.
    const source = new CopySourceOptions({ Bucket: bucket, Object: 'å' })
    const target = new CopyDestinationOptions({
      Bucket: bucket,
      Object: 'copy',
      UserMetadata: { kept: 'no' },
      MetadataDirective: 'REPLACE',
    })
    await minio.copyObject(source, target)
    assert.is(await text(await minio.getObject(bucket, 'copy')), 'å')
    assert.is((await minio.statObject(bucket, 'copy')).metaData.kept, 'no')

    assert.is(await codeOf(minio.statObject(bucket, 'none')), 'NotFound')
    assert.is(await codeOf(minio.getObject(bucket, 'none')), 'NoSuchKey')
    assert.is(await codeOf(minio.removeBucket(bucket)), 'BucketNotEmpty')
    await minio.removeObject(bucket, 'copy')
    await minio.removeObjects(bucket, keys)
    assert.equal(await namesOf(minio, '', true), [])
    await minio.removeBucket(bucket)
    assert.equal(await minio.listBuckets(), [])
  })
})

overBoth(test, [], 'presigned URLs and forms', async (scheme) => {
  await withMinio(scheme, async (minio, _folder, bridge) => {
    const key = 'pre signed/æ+b'
    const put = await minio.presignedPutObject(bucket, key, 60)
    assert.is((await follow(bridge, put, { method: 'PUT', body: 'by url' })).status, 200)
    const get = await minio.presignedGetObject(bucket, key, 60, {
      'response-content-type': 'text/x-asked',
    })
    const got = await follow(bridge, get)
    assert.equal([got.text, got.headers['content-type']], ['by url', 'text/x-asked'])
    assert.is((await follow(bridge, get.replace('asked', 'other'))).status, 403)

    const policy = minio.newPostPolicy()
    policy.setBucket(bucket)
    policy.setKey('by form')
    policy.setExpires(new Date(Date.now() + 600_000))
    policy.setContentLengthRange(1, 10)
    const { postURL, formData } = await minio.presignedPostPolicy(policy)
    const form = new FormData()
    for (const [name, value] of Object.entries(formData)) form.append(name, String(value))
    form.append('file', new Blob(['by form']), 'f')
    const encoded = new Response(form)
    const headers = { 'content-type': encoded.headers.get('content-type') ?? '' }
    const body = Buffer.from(await encoded.arrayBuffer())
    const sent = await follow(bridge, postURL, { method: 'POST', headers, body })
    assert.is(sent.status, 204, sent.text)
    assert.is(await text(await minio.getObject(bucket, 'by form')), 'by form')
  })
})

overBoth(test, [], 'tags, and uploads that are left unfinished', async (scheme) => {
  await withMinio(scheme, async (minio, folder) => {
    assert.is(await codeOf(minio.getBucketTagging(bucket)), 'NoSuchTagSet')
    await minio.setBucketTagging(bucket, { team: 'blue' })
    assert.equal(await minio.getBucketTagging(bucket), [{ Key: 'team', Value: 'blue' }])
    await minio.removeBucketTagging(bucket)
    assert.is(await codeOf(minio.getBucketTagging(bucket)), 'NoSuchTagSet')
    await writeFile(join(folder, 'f'), 'x')
    await minio.fPutObject(bucket, 'tagged', join(folder, 'f'))
    // No digits: this client makes numbers of them.
    await minio.setObjectTagging(bucket, 'tagged', { a: 'one', b: 'two' })
    assert.equal(await minio.getObjectTagging(bucket, 'tagged'), [
      { Key: 'a', Value: 'one' },
      { Key: 'b', Value: 'two' },
    ])
    await minio.removeObjectTagging(bucket, 'tagged', { versionId: '' })
    assert.equal(await minio.getObjectTagging(bucket, 'tagged'), [])

    await minio.initiateNewMultipartUpload(bucket, 'left/over', {})
    const left: string[] = []
    for await (const { key } of minio.listIncompleteUploads(bucket, '', true)) left.push(key)
    assert.equal(left, ['left/over'])
    await minio.removeIncompleteUpload(bucket, 'left/over')
    for await (const { key } of minio.listIncompleteUploads(bucket, '', true)) left.push(key)
    assert.equal(left, ['left/over'], 'none came after it')
  })
})

overBoth(test, [], 'policies and lifecycle rules', async (scheme) => {
  await withMinio(scheme, async (minio, _folder, bridge) => {
    await minio.putObject(bucket, 'open/one', 'hello')
    const read = async () => (await follow(bridge, `${bridge.url}/${bucket}/open/one`)).status
    assert.is(await codeOf(minio.getBucketPolicy(bucket)), 'NoSuchBucketPolicy')
    assert.is(await read(), 403)
    const Resource = `arn:aws:s3:::${bucket}/open/*`
    const Statement = [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource }]
    const policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await minio.setBucketPolicy(bucket, policy)
    assert.equal(JSON.parse(await minio.getBucketPolicy(bucket)), JSON.parse(policy))
    assert.is(await read(), 200)
    await minio.setBucketPolicy(bucket, '')
    assert.is(await read(), 403)

    const Rule = [
      { ID: 'old', Status: 'Enabled', Filter: { Prefix: 'logs/' }, Expiration: { Days: 9 } },
    ]
    await minio.setBucketLifecycle(bucket, { Rule })
    const kept = await minio.getBucketLifecycle(bucket)
    assert.match(JSON.stringify(kept), /"Days":"?9"?/)
    await minio.removeBucketLifecycle(bucket)
    assert.is(await codeOf(minio.getBucketLifecycle(bucket)), 'NoSuchLifecycleConfiguration')
  })
})

declareProofs(test, 'minio', [])

test.run()
