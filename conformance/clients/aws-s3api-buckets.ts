// `aws s3api` about buckets: the part of its suite that needs no objects. Called by aws-s3api.test.ts.
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { overBoth } from '../support/over-both.ts'
import type { WithS3api } from '../support/s3api.ts'

const b = ['--bucket', 'api']

/** What nothing was set of: the operation, and the error, or the part of the answer that says so. */
const unset = [
  ['get-bucket-accelerate-configuration', 'none'],
  ['get-bucket-logging', 'none'],
  ['get-bucket-notification-configuration', 'none'],
  ['get-bucket-request-payment', 'none'],
  ['get-bucket-website', 'NoSuchWebsiteConfiguration'],
  ['get-bucket-replication', 'ReplicationConfigurationNotFoundError'],
  ['get-bucket-encryption', 'ServerSideEncryptionConfigurationNotFoundError'],
  ['get-object-lock-configuration', 'ObjectLockConfigurationNotFoundError'],
  ['get-bucket-tagging', 'NoSuchTagSet'],
  ['get-bucket-cors', 'NoSuchCORSConfiguration'],
  ['list-bucket-analytics-configurations', 'none'],
  ['list-bucket-intelligent-tiering-configurations', 'none'],
  ['list-bucket-inventory-configurations', 'none'],
  ['list-bucket-metrics-configurations', 'none'],
  ['delete-bucket-website', 'none'],
  ['delete-bucket-replication', 'none'],
] as const

export function declareS3apiBuckets(test: Test, program: string, withS3api: WithS3api): void {
  overBoth(test, [program], `buckets, by ${program}`, async (scheme) => {
    await withS3api(scheme, async (s3api) => {
      const far = ['--create-bucket-configuration', 'LocationConstraint=eu-north-1']
      await s3api('create-bucket', '--bucket', 'other', ...far)
      await s3api('head-bucket', '--bucket', 'other')
      assert.is(await s3api.code('head-bucket', '--bucket', 'none'), '404')
      const { Buckets } = await s3api('list-buckets')
      assert.equal(
        s3api.list(Buckets).map(({ Name }) => Name),
        ['api', 'other'],
      )
      assert.is((await s3api('get-bucket-location', ...b)).LocationConstraint, null)
      await s3api('delete-bucket', '--bucket', 'other')
      await s3api('wait', 'bucket-not-exists', '--bucket', 'other')
      assert.is((await s3api('get-bucket-versioning', ...b)).Status, undefined)
      const enable = ['--versioning-configuration', 'Status=Enabled']
      assert.is(await s3api.code('put-bucket-versioning', ...b, ...enable), 'NotImplemented')
    })
  })

  overBoth(test, [program], `what was never set on a bucket, by ${program}`, async (scheme) => {
    await withS3api(scheme, async (s3api) => {
      for (const [operation, code] of unset) {
        assert.is(await s3api.code(operation, ...b), code, operation)
      }
    })
  })

  overBoth(test, [program], `tags and CORS rules of a bucket, by ${program}`, async (scheme) => {
    await withS3api(scheme, async (s3api) => {
      await s3api('put-bucket-tagging', ...b, '--tagging', 'TagSet=[{Key=a,Value=1}]')
      const tags = await s3api('get-bucket-tagging', ...b)
      assert.equal(tags.TagSet, [{ Key: 'a', Value: '1' }])
      await s3api('delete-bucket-tagging', ...b)
      assert.is(await s3api.code('get-bucket-tagging', ...b), 'NoSuchTagSet')

      const CORSRules = [{ AllowedMethods: ['GET'], AllowedOrigins: ['https://a.test'] }]
      const rules = ['--cors-configuration', JSON.stringify({ CORSRules })]
      await s3api('put-bucket-cors', ...b, ...rules)
      assert.equal((await s3api('get-bucket-cors', ...b)).CORSRules, CORSRules)
      await s3api('delete-bucket-cors', ...b)
      assert.is(await s3api.code('get-bucket-cors', ...b), 'NoSuchCORSConfiguration')
    })
  })
}
