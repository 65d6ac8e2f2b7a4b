// Answers whose head said 200 before the work failed: real clients must take none of them for a success. A
// Bridge that fails when it is told to stands behind the server, whose clock is moved by hand.
import { join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  DeleteObjectsCommand,
  S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { slowXmlGraceMs, slowXmlSpaceMs } from '../../server/reply.ts'
import { createManualWait, withServing } from '../../server/serving.test-support.ts'
import { S3Error } from '../../translate/s3-error.ts'
import { awsEnvironment } from '../support/aws-cli.ts'
import { python, run, testWith } from '../support/real-client.ts'
import { accessKeyId, region, secretAccessKey, withFolder } from '../support/with-bridge.ts'

const test = suite('late failures')

const key = { Bucket: 'bucket', Key: 'k' }
const part = { ...key, UploadId: 'u' }
const objects = [{ Key: 'a' }, { Key: 'b' }]
const toDelete = { Bucket: 'bucket', Delete: { Quiet: true, Objects: objects } }
const parts = [{ ETag: 'e', PartNumber: 1 }]
const toComplete = { ...part, MultipartUpload: { Parts: parts } }
const toCopy = { ...key, CopySource: 'bucket/source' }
const toCopyPart = { ...part, PartNumber: 1, CopySource: 'bucket/source' }

/** By the names that aws-cli has for them. */
const operations = [
  {
    name: 'delete-objects',
    input: toDelete,
    bySdk: (s3: S3Client) => s3.send(new DeleteObjectsCommand(toDelete)),
  },
  {
    name: 'complete-multipart-upload',
    input: toComplete,
    bySdk: (s3: S3Client) => s3.send(new CompleteMultipartUploadCommand(toComplete)),
  },
  {
    name: 'copy-object',
    input: toCopy,
    bySdk: (s3: S3Client) => s3.send(new CopyObjectCommand(toCopy)),
  },
  {
    name: 'upload-part-copy',
    input: toCopyPart,
    bySdk: (s3: S3Client) => s3.send(new UploadPartCopyCommand(toCopyPart)),
  },
]
type Operation = (typeof operations)[number]

/** Asks a server whose work fails after the head of the answer and two blanks have been sent. */
async function failingLate<T>(ask: (url: string) => Promise<T>): Promise<T> {
  const clock = createManualWait()
  const failure = Promise.withResolvers<never>()
  const failing = () => failure.promise
  const overrides = {
    ...{ deleteObjects: failing, completeMultipartUpload: failing },
    ...{ copyObject: failing, uploadPartCopy: failing },
  }
  const told = Promise.withResolvers<T>()
  await withServing({ overrides, wait: clock.wait }, async ({ port }) => {
    ask(`http://127.0.0.1:${port}`).then(told.resolve, told.reject)
    for (const ms of [slowXmlGraceMs, slowXmlSpaceMs, slowXmlSpaceMs]) {
      await Promise.race([clock.pass(ms), told.promise])
    }
    failure.reject(new S3Error('ServiceUnavailable'))
    await told.promise
  })
  return await told.promise
}

/** Of each key where the client tells of keys, else of the whole, of which Debian's botocore does not see the code. */
function expectFailure({ name }: Operation, told: string): void {
  const isOfKeys = name === 'delete-objects'
  const failures = told.match(isOfKeys ? /ServiceUnavailable/g : /ServiceUnavailable|Unknown/)
  assert.is(failures?.length, isOfKeys ? 2 : 1, told)
  assert.not.match(told, /Deleted|ETag/)
}

type Place = { readonly url: string; readonly env: Record<string, string> }

/** `ask` gives back what the client tells of an operation, in whatever form. */
function declare(
  client: string,
  programs: readonly string[],
  ask: (operation: Operation, place: Place) => Promise<string>,
): void {
  for (const operation of operations) {
    testWith(test, programs, `${client} tells that ${operation.name} failed late`, async () => {
      await withFolder(async (folder) => {
        const env = awsEnvironment({ certificateFile: undefined }, folder)
        const told = await failingLate(async (url) => await ask(operation, { url, env }))
        expectFailure(operation, told)
      })
    })
  }
}

const program = join(import.meta.dirname, 'late-failures-client.py')

declare('boto3', ['python:boto3'], async ({ name, input }, { url, env }) => {
  const args = [program, name.replaceAll('-', '_'), JSON.stringify(input)]
  return (await run(python, args, { env: { ...env, ENDPOINT: url } })).stdout
})

const second = process.env.JOTTA_S3_AWS_SECOND
for (const aws of second === undefined ? ['aws'] : ['aws', second]) {
  declare(aws, [aws], async ({ name, input }, { url, env }) => {
    const args = ['--endpoint-url', url, 's3api', name, '--cli-input-json', JSON.stringify(input)]
    const { stdout, stderr } = await run(aws, args, { env, mayFail: true })
    return stdout + stderr
  })
}

declare('the AWS SDK', [], async ({ bySdk }, { url }) => {
  const credentials = { accessKeyId, secretAccessKey }
  const place = { endpoint: url, region, credentials, forcePathStyle: true }
  const s3 = new S3Client({ ...place, maxAttempts: 1 })
  try {
    const answer = await bySdk(s3)
    return JSON.stringify('Errors' in answer ? answer.Errors : answer)
  } catch (error) {
    assert.instance(error, Error)
    return error instanceof Error ? error.name : ''
  } finally {
    s3.destroy()
  }
})

test.run()
