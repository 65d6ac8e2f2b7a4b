// What @aws-sdk/client-s3 sets on buckets and asks of them: the part of its suite that needs no objects of
// any size. Called by aws-sdk.test.ts, so that what it proves is claimed there.
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCorsCommand,
  DeleteBucketLifecycleCommand,
  DeleteBucketTaggingCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketReplicationCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  type LifecycleRule,
  ListObjectVersionsCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { overBoth } from '../support/over-both.ts'
import { follow } from '../support/signed-request.ts'
import type { BridgeProcess, Scheme } from '../support/with-bridge.ts'

type WithS3 = (
  scheme: Scheme,
  act: (s3: S3Client, bridge: BridgeProcess) => Promise<void>,
) => Promise<void>

const Bucket = 'configured'

export function declareBucketConfigurations(test: Test, withS3: WithS3): void {
  overBoth(
    test,
    [],
    'a bucket that nothing was set on says so, and every object is a version',
    async (scheme) => {
      await withS3(scheme, async (s3) => {
        await s3.send(new CreateBucketCommand({ Bucket }))
        assert.is((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status, undefined)
        await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
        const replication = s3.send(new GetBucketReplicationCommand({ Bucket }))
        assert.is(await codeOf(replication), 'ReplicationConfigurationNotFoundError')
        const VersioningConfiguration = { Status: 'Enabled' } as const
        const enable = s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
        assert.is(await codeOf(enable), 'NotImplemented')
        await s3.send(new PutObjectCommand({ Bucket, Key: 'a b', Body: 'x' }))
        const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket }))
        assert.equal(
          Versions?.map(({ Key, VersionId, IsLatest }) => [Key, VersionId, IsLatest]),
          [['a b', 'null', true]],
        )
      })
    },
  )

  overBoth(test, [], 'CORS rules are kept, and browsers are answered by them', async (scheme) => {
    await withS3(scheme, async (s3, bridge) => {
      await s3.send(new CreateBucketCommand({ Bucket }))
      assert.is(
        await codeOf(s3.send(new GetBucketCorsCommand({ Bucket }))),
        'NoSuchCORSConfiguration',
      )
      const CORSRules = [
        {
          ID: 'site',
          AllowedOrigins: ['https://*.example.org'],
          AllowedMethods: ['GET', 'PUT'],
          AllowedHeaders: ['x-amz-*'],
          ExposeHeaders: ['ETag'],
          MaxAgeSeconds: 60,
        },
      ]
      await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
      const kept = await s3.send(new GetBucketCorsCommand({ Bucket }))
      assert.equal(kept.CORSRules, CORSRules)
      const preflight = await follow(bridge, `${bridge.url}/${Bucket}/key`, {
        method: 'OPTIONS',
        headers: {
          Origin: 'https://www.example.org',
          'Access-Control-Request-Method': 'PUT',
          'Access-Control-Request-Headers': 'x-amz-date, X-Amz-Acl',
        },
      })
      assert.is(preflight.status, 200)
      assert.is(preflight.headers['access-control-allow-origin'], 'https://www.example.org')
      assert.is(preflight.headers['access-control-allow-headers'], 'x-amz-date, x-amz-acl')
      const refused = await follow(bridge, `${bridge.url}/${Bucket}/key`, {
        headers: { Origin: 'https://www.example.org' },
      })
      assert.is(refused.status, 403)
      assert.is(refused.headers['access-control-expose-headers'], 'ETag')
      await s3.send(new DeleteBucketCorsCommand({ Bucket }))
      assert.is(
        await codeOf(s3.send(new GetBucketCorsCommand({ Bucket }))),
        'NoSuchCORSConfiguration',
      )
    })
  })

  overBoth(
    test,
    [],
    'tags of a bucket come back, and encryption is not claimed for it',
    async (scheme) => {
      await withS3(scheme, async (s3) => {
        await s3.send(new CreateBucketCommand({ Bucket }))
        const tags = () => s3.send(new GetBucketTaggingCommand({ Bucket }))
        assert.is(await codeOf(tags()), 'NoSuchTagSet')
        const TagSet = [
          { Key: 'Hello', Value: 'World' },
          { Key: 'empty', Value: '' },
        ]
        await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }))
        assert.equal((await tags()).TagSet, TagSet)
        await s3.send(new DeleteBucketTaggingCommand({ Bucket }))
        assert.is(await codeOf(tags()), 'NoSuchTagSet')
        const encryption = s3.send(new GetBucketEncryptionCommand({ Bucket }))
        assert.is(await codeOf(encryption), 'ServerSideEncryptionConfigurationNotFoundError')
      })
    },
  )

  overBoth(
    test,
    [],
    'lifecycle rules come back, and objects say when they expire',
    async (scheme) => {
      await withS3(scheme, async (s3) => {
        await s3.send(new CreateBucketCommand({ Bucket }))
        const lifecycle = () => s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))
        assert.is(await codeOf(lifecycle()), 'NoSuchLifecycleConfiguration')
        const Rules: LifecycleRule[] = [
          {
            ID: 'old logs',
            Status: 'Enabled',
            Filter: { And: { Prefix: 'logs/', Tags: [{ Key: 'a', Value: 'b' }] } },
            Expiration: { Days: 30 },
          },
          {
            ID: 'uploads',
            Status: 'Enabled',
            Filter: { Prefix: '' },
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
          },
        ]
        const put = new PutBucketLifecycleConfigurationCommand({
          Bucket,
          LifecycleConfiguration: { Rules },
        })
        await s3.send(put)
        assert.equal((await lifecycle()).Rules, Rules)
        const Key = 'logs/a'
        const object = { Bucket, Key, Body: 'x', Tagging: 'a=b' }
        const { Expiration } = await s3.send(new PutObjectCommand(object))
        assert.match(Expiration ?? '', 'rule-id="old%20logs"')
        const upload = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
        assert.is(upload.AbortRuleId, 'uploads')
        assert.ok((upload.AbortDate?.getTime() ?? 0) > Date.now())
        await s3.send(new DeleteBucketLifecycleCommand({ Bucket }))
        assert.is(await codeOf(lifecycle()), 'NoSuchLifecycleConfiguration')
      })
    },
  )
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'no error'
  } catch (error) {
    if (error instanceof S3ServiceException) return error.name
    throw error
  }
}
