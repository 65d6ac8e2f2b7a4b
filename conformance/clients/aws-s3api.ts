// `aws s3api`: every operation that the server offers, each as its manual page shows it. Called by
// aws-s3api.test.ts and aws-s3api-second.test.ts, a file for each aws-cli.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { withAws } from '../support/aws-cli.ts'
import { md5OfFile, writeRandomFile } from '../support/bytes.ts'
import { overBoth } from '../support/over-both.ts'
import { createS3api, type WithS3api } from '../support/s3api.ts'
import { declareS3apiAccess } from './aws-s3api-access.ts'
import { declareS3apiBuckets } from './aws-s3api-buckets.ts'

const mib = 1024 ** 2

/** The program is a name on the PATH, or a path. */
export function declareS3api(test: Test, program: string): void {
  const withS3api: WithS3api = async (scheme, act) => {
    await withAws(
      scheme,
      async (aws, folder) => {
        const s3api = createS3api(aws)
        await s3api('create-bucket', '--bucket', 'api')
        await act(s3api, folder)
      },
      program,
    )
  }
  declareS3apiBuckets(test, program, withS3api)
  declareS3apiAccess(test, program, withS3api)
  declareChecksums(test, program, withS3api)
  declareRangesAndConditions(test, program, withS3api)
  declareTags(test, program, withS3api)
  declareListings(test, program, withS3api)
  declareMultipart(test, program, withS3api)
}

function declareChecksums(test: Test, program: string, withS3api: WithS3api): void {
  overBoth(test, [program], `objects with checksums, by ${program}`, async (scheme) => {
    await withS3api(scheme, async (s3api, folder) => {
      const body = join(folder, 'body')
      const down = join(folder, 'down')
      await writeRandomFile(body, 100_000, 'checksums')
      const here = ['--bucket', 'api', '--key', 'sums/å b+c']
      for (const algorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME']) {
        const wish = ['--checksum-algorithm', algorithm]
        const put = await s3api.maybe('put-object', ...here, '--body', body, ...wish)
        if (put === 'unknown to this client') continue
        const member = `Checksum${algorithm}`
        assert.type(put[member], 'string', algorithm)
        const head = await s3api('head-object', ...here, '--checksum-mode', 'ENABLED')
        assert.is(head[member], put[member], algorithm)
        assert.is(head.ETag, `"${await md5OfFile(body)}"`)
        await s3api('get-object', ...here, '--checksum-mode', 'ENABLED', down)
        assert.is(await md5OfFile(down), await md5OfFile(body), algorithm)
      }
      const wrong = ['--content-md5', 'AAAAAAAAAAAAAAAAAAAAAA==']
      assert.is(await s3api.code('put-object', ...here, '--body', body, ...wrong), 'BadDigest')
    })
  })
}

function declareRangesAndConditions(test: Test, program: string, withS3api: WithS3api): void {
  overBoth(test, [program], `ranges and conditions, by ${program}`, async (scheme) => {
    await withS3api(scheme, async (s3api, folder) => {
      const body = join(folder, 'body')
      const down = join(folder, 'down')
      await writeFile(body, '0123456789')
      const here = ['--bucket', 'api', '--key', 'r']
      const { ETag } = await s3api('put-object', ...here, '--body', body, '--metadata', 'a=1,b=2')
      const etag = String(ETag)
      const ranged = await s3api('get-object', ...here, '--range', 'bytes=2-4', down)
      assert.equal([ranged.ContentLength, ranged.ContentRange], [3, 'bytes 2-4/10'])
      const first = await s3api('get-object', ...here, '--part-number', '1', down)
      assert.is(first.ContentLength, 10)
      assert.equal(first.Metadata, { a: '1', b: '2' })
      const shown = ['--response-content-type', 'text/x-shown']
      assert.is((await s3api('get-object', ...here, ...shown, down)).ContentType, 'text/x-shown')
      const get = (...more: string[]) => s3api.code('get-object', ...here, ...more, down)
      assert.is(await get('--if-match', '"no"'), 'PreconditionFailed')
      assert.is(await get('--if-none-match', etag), '304')
      assert.is(await get('--range', 'bytes=10-'), 'InvalidRange')
      assert.is(await get('--if-match', etag), 'none')

      const put = ['put-object', ...here, '--body', body]
      const absent = await s3api.maybeCode(...put, '--if-none-match', '*')
      assert.ok(['PreconditionFailed', 'unknown to this client'].includes(absent), absent)
      const present = await s3api.maybeCode(...put, '--if-match', '"no"')
      assert.ok(['PreconditionFailed', 'unknown to this client'].includes(present), present)
      assert.is(await s3api.code('head-object', '--bucket', 'api', '--key', 'none'), '404')

      const copy = ['copy-object', '--bucket', 'api', '--key', 'copy', '--copy-source', 'api/r']
      const wrong = ['--copy-source-if-match', '"no"']
      assert.is(await s3api.code(...copy, ...wrong), 'PreconditionFailed')
      await s3api(...copy, '--metadata-directive', 'REPLACE', '--metadata', 'c=3')
      const copied = await s3api('head-object', '--bucket', 'api', '--key', 'copy')
      assert.equal([copied.ETag, copied.Metadata], [etag, { c: '3' }])
      const attributes = ['--object-attributes', 'ETag', 'ObjectSize', 'StorageClass']
      const told = await s3api('get-object-attributes', ...here, ...attributes)
      assert.equal([told.ETag, told.ObjectSize], [etag.slice(1, -1), 10])
    })
  })
}

function declareTags(test: Test, program: string, withS3api: WithS3api): void {
  overBoth(test, [program], `tags of objects, by ${program}`, async (scheme) => {
    await withS3api(scheme, async (s3api, folder) => {
      const body = join(folder, 'body')
      await writeFile(body, 'x')
      const here = ['--bucket', 'api', '--key', 'tagged']
      await s3api('put-object', ...here, '--body', body, '--tagging', 'a=1&b=2')
      const tags = async () => (await s3api('get-object-tagging', ...here)).TagSet
      const both = [
        { Key: 'a', Value: '1' },
        { Key: 'b', Value: '2' },
      ]
      assert.equal(await tags(), both)
      await s3api('put-object-tagging', ...here, '--tagging', 'TagSet=[{Key=c,Value=3}]')
      assert.equal(await tags(), [{ Key: 'c', Value: '3' }])
      await s3api('delete-object-tagging', ...here)
      assert.equal(await tags(), [])
    })
  })
}

function declareListings(test: Test, program: string, withS3api: WithS3api): void {
  overBoth(test, [program], `listings in pages, and deletes, by ${program}`, async (scheme) => {
    await withS3api(scheme, async (s3api, folder) => {
      const body = join(folder, 'body')
      await writeFile(body, 'x')
      const keys = ['a', 'd/1', 'd/2', 'å', 'æ b+c']
      for (const key of keys) {
        await s3api('put-object', '--bucket', 'api', '--key', key, '--body', body)
      }
      const b = ['--bucket', 'api']
      for (const operation of ['list-objects-v2', 'list-objects']) {
        const seen: unknown[] = []
        let from: string[] = []
        for (;;) {
          const items = ['--max-items', '3', '--page-size', '2']
          const page = await s3api(operation, ...b, ...items, ...from)
          seen.push(...s3api.list(page.Contents).map(({ Key }) => Key))
          if (page.NextToken === undefined) break
          from = ['--starting-token', String(page.NextToken)]
        }
        assert.equal(seen, keys, operation)
        const rolled = await s3api(operation, ...b, '--delimiter', '/')
        assert.equal(rolled.CommonPrefixes, [{ Prefix: 'd/' }])
      }
      const versions = await s3api('list-object-versions', ...b, '--prefix', 'd/')
      assert.equal(
        s3api.list(versions.Versions).map(({ Key }) => Key),
        ['d/1', 'd/2'],
      )
      await s3api('delete-object', ...b, '--key', 'a')
      const three = JSON.stringify({ Objects: ['d/1', 'å', 'never'].map((Key) => ({ Key })) })
      const gone = await s3api('delete-objects', ...b, '--delete', three)
      assert.equal(
        s3api.list(gone.Deleted).map(({ Key }) => Key),
        ['d/1', 'å', 'never'],
      )
      const left = await s3api('list-objects-v2', ...b)
      assert.equal(
        s3api.list(left.Contents).map(({ Key }) => Key),
        ['d/2', 'æ b+c'],
      )
      assert.is(await s3api.code('delete-bucket', ...b), 'BucketNotEmpty')
    })
  })
}

function declareMultipart(test: Test, program: string, withS3api: WithS3api): void {
  overBoth(test, [program], `multipart uploads by hand, by ${program}`, async (scheme) => {
    await withS3api(scheme, async (s3api, folder) => {
      const part = join(folder, 'part')
      const down = join(folder, 'down')
      await writeRandomFile(part, 5 * mib, 'part')
      const here = ['--bucket', 'api', '--key', 'many/parts']
      await s3api('put-object', '--bucket', 'api', '--key', 'source', '--body', part)
      const { UploadId } = await s3api('create-multipart-upload', ...here, '--content-type', 'a/b')
      const upload = [...here, '--upload-id', String(UploadId)]
      const nth = (number: number) => [...upload, '--part-number', `${number}`]
      const sent = await s3api('upload-part', ...nth(1), '--body', part)
      const copy = ['--copy-source', 'api/source', '--copy-source-range', 'bytes=0-99']
      await s3api('upload-part-copy', ...nth(2), ...copy)
      const listed = await s3api('list-parts', ...upload)
      assert.equal(
        s3api.list(listed.Parts).map(({ PartNumber, Size }) => [PartNumber, Size]),
        [
          [1, 5 * mib],
          [2, 100],
        ],
      )
      assert.is(s3api.list(listed.Parts)[0]?.ETag, sent.ETag)
      const open = await s3api('list-multipart-uploads', '--bucket', 'api')
      assert.is(s3api.list(open.Uploads)[0]?.UploadId, UploadId)
      const Parts = s3api.list(listed.Parts).map(({ PartNumber, ETag }) => ({ PartNumber, ETag }))
      const parts = ['--multipart-upload', JSON.stringify({ Parts })]
      const done = await s3api('complete-multipart-upload', ...upload, ...parts)
      assert.match(String(done.ETag), /-2"$/)
      const last = await s3api('get-object', ...here, '--part-number', '2', down)
      assert.equal([last.ContentLength, last.PartsCount, last.ContentType], [100, 2, 'a/b'])

      const other = await s3api('create-multipart-upload', '--bucket', 'api', '--key', 'gone')
      const abandoned = ['--bucket', 'api', '--key', 'gone', '--upload-id', String(other.UploadId)]
      await s3api('abort-multipart-upload', ...abandoned)
      assert.is(await s3api.code('list-parts', ...abandoned), 'NoSuchUpload')
    })
  })
}
