// `aws s3api` about who may do what in a bucket, and about its rules: called by aws-s3api.test.ts.
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { overBoth } from '../support/over-both.ts'
import type { WithS3api } from '../support/s3api.ts'

const b = ['--bucket', 'api']
const blocked = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
}

export function declareS3apiAccess(test: Test, program: string, withS3api: WithS3api): void {
  overBoth(test, [program], `policies and public access, by ${program}`, async (scheme) => {
    await withS3api(scheme, async (s3api) => {
      assert.is(await s3api.code('get-bucket-policy', ...b), 'NoSuchBucketPolicy')
      const Statement = [
        { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::api/*' },
      ]
      const policy = { Version: '2012-10-17', Statement }
      await s3api('put-bucket-policy', ...b, '--policy', JSON.stringify(policy))
      const { Policy } = await s3api('get-bucket-policy', ...b)
      assert.equal(JSON.parse(String(Policy)), policy)
      const status = await s3api('get-bucket-policy-status', ...b)
      assert.equal(status.PolicyStatus, { IsPublic: true })

      const block = ['--public-access-block-configuration', JSON.stringify(blocked)]
      const noBlock = 'NoSuchPublicAccessBlockConfiguration'
      assert.is(await s3api.code('get-public-access-block', ...b), noBlock)
      await s3api('put-public-access-block', ...b, ...block)
      const held = await s3api('get-public-access-block', ...b)
      assert.equal(held.PublicAccessBlockConfiguration, blocked)
      const again = ['--policy', JSON.stringify(policy)]
      assert.is(await s3api.code('put-bucket-policy', ...b, ...again), 'AccessDenied')
      await s3api('delete-public-access-block', ...b)
      await s3api('delete-bucket-policy', ...b)
      assert.is(await s3api.code('get-bucket-policy', ...b), 'NoSuchBucketPolicy')
      const foreign = policy.Statement.map((one) => ({ ...one, Resource: 'arn:aws:s3:::else/*' }))
      const wrong = ['--policy', JSON.stringify({ ...policy, Statement: foreign })]
      assert.is(await s3api.code('put-bucket-policy', ...b, ...wrong), 'MalformedPolicy')
    })
  })

  overBoth(test, [program], `ACLs and ownership, by ${program}`, async (scheme) => {
    await withS3api(scheme, async (s3api) => {
      const here = [...b, '--key', 'k']
      await s3api('put-object', ...here)
      const own = await s3api('get-bucket-acl', ...b)
      assert.is(s3api.list(own.Grants).length, 1)
      await s3api('put-bucket-acl', ...b, '--acl', 'public-read')
      assert.is(s3api.list((await s3api('get-bucket-acl', ...b)).Grants).length, 2)
      await s3api('put-object-acl', ...here, '--acl', 'public-read')
      assert.is(s3api.list((await s3api('get-object-acl', ...here)).Grants).length, 2)
      await s3api('put-object-acl', ...here, '--acl', 'private')
      assert.is(s3api.list((await s3api('get-object-acl', ...here)).Grants).length, 1)

      const none = 'OwnershipControlsNotFoundError'
      assert.is(await s3api.code('get-bucket-ownership-controls', ...b), none)
      const enforced = { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] }
      const controls = ['--ownership-controls', JSON.stringify(enforced)]
      const acl = ['put-bucket-acl', ...b, '--acl', 'public-read']
      await s3api('put-bucket-acl', ...b, '--acl', 'private')
      await s3api('put-bucket-ownership-controls', ...b, ...controls)
      const held = await s3api('get-bucket-ownership-controls', ...b)
      assert.equal(held.OwnershipControls, enforced)
      assert.is(await s3api.code(...acl), 'AccessControlListNotSupported')
      await s3api('delete-bucket-ownership-controls', ...b)
      assert.is(await s3api.code(...acl), 'none')
    })
  })

  overBoth(test, [program], `lifecycle rules and encryption, by ${program}`, async (scheme) => {
    await withS3api(scheme, async (s3api) => {
      const unset = 'NoSuchLifecycleConfiguration'
      assert.is(await s3api.code('get-bucket-lifecycle-configuration', ...b), unset)
      const Rules = [
        {
          ID: 'old logs',
          Filter: { Prefix: 'logs/' },
          Status: 'Enabled',
          Expiration: { Days: 30 },
        },
        {
          ID: 'left uploads',
          Filter: { Prefix: '' },
          Status: 'Enabled',
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
        },
      ]
      const rules = ['--lifecycle-configuration', JSON.stringify({ Rules })]
      await s3api('put-bucket-lifecycle-configuration', ...b, ...rules)
      const held = await s3api('get-bucket-lifecycle-configuration', ...b)
      assert.equal(held.Rules, Rules)
      const log = await s3api('put-object', ...b, '--key', 'logs/1')
      assert.match(String(log.Expiration), /rule-id="old(%20| )logs"/)
      await s3api('delete-bucket-lifecycle', ...b)
      assert.is(await s3api.code('get-bucket-lifecycle-configuration', ...b), unset)

      const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }
      const wish = ['--server-side-encryption-configuration', JSON.stringify({ Rules: [rule] })]
      assert.is(await s3api.code('put-bucket-encryption', ...b, ...wish), 'NotImplemented')
      assert.is(await s3api.code('delete-bucket-encryption', ...b), 'none')
    })
  })
}
