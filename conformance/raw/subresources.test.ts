// Every sub-resource of S3 with every method: what is not offered says so and touches nothing. Other
// servers overwrite or delete the object for PUT and DELETE `key?tagging`.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { subresources } from '../../server/operations/row.ts'
import {
  expectErrorDocument,
  expectSane,
  oldContent,
  type RawBridge,
  withRawBridge,
} from '../support/raw-bridge.ts'
import type { RawAnswer, RawConnection } from '../support/raw-connection.ts'

const test = suite('raw sub-resources')
const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] as const

/** What is offered, in whatever form; everything else must be refused. */
const offered = new Set([
  'GET /bucket?location',
  'GET /bucket?versioning',
  'GET /bucket?versions',
  'GET /bucket?uploads',
  ...['accelerate', 'logging', 'notification', 'requestPayment'].map(
    (name) => `GET /bucket?${name}`,
  ),
  ...['replication', 'website', 'object-lock'].map((name) => `GET /bucket?${name}`),
  ...['replication', 'website'].map((name) => `DELETE /bucket?${name}`),
  ...['analytics', 'inventory', 'metrics'].map((name) => `GET /bucket?${name}`),
  'GET /bucket?intelligent-tiering',
  'DELETE /bucket?cors',
  'DELETE /bucket?ownershipControls',
  'DELETE /bucket?policy',
  'DELETE /bucket?publicAccessBlock',
  'GET /bucket?acl',
  'GET /bucket?policyStatus',
  'GET /bucket/key?acl',
  'DELETE /bucket?lifecycle',
  'DELETE /bucket?encryption',
  'DELETE /bucket?tagging',
  'PUT /bucket?tagging',
  'POST /bucket?delete',
  'POST /bucket/key?uploads',
  'GET /bucket/key?uploadId',
  'POST /bucket/key?uploadId',
  'DELETE /bucket/key?uploadId',
  'GET /bucket/key?tagging',
  'GET /bucket/key?attributes',
  'PUT /bucket/key?tagging',
  'DELETE /bucket/key?tagging',
  // Without a value these name the object itself.
  'GET /bucket/key?versionId',
  'HEAD /bucket/key?versionId',
  'DELETE /bucket/key?versionId',
  'GET /bucket/key?partNumber',
  'HEAD /bucket/key?partNumber',
])

/** MalformedXML: of configurations that are taken in their empty form only. */
const refusals = [
  'NotImplemented',
  'MethodNotAllowed',
  'InvalidArgument',
  'InvalidRequest',
  'MalformedXML',
  'NoSuchVersion',
  'NoSuchCORSConfiguration',
  'NoSuchBucketPolicy',
  'NoSuchPublicAccessBlockConfiguration',
  'OwnershipControlsNotFoundError',
  'MalformedPolicy',
  'MalformedACLError',
  'MissingSecurityHeader',
  'NoSuchTagSet',
  'NoSuchLifecycleConfiguration',
  'ServerSideEncryptionConfigurationNotFoundError',
]

test('none of the known ones reaches the bucket or the object', async () => {
  await withRawBridge(async (raw) => {
    const body = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'
    for (const name of subresources) {
      for (const method of methods) {
        for (const path of ['/', '/bucket', '/bucket/key']) {
          if (offered.has(`${method} ${path}?${name}`)) continue
          const refuse = (query: string, sent: string) =>
            refuses(raw, method, `${path}?${query}`, sent)
          if (method === 'PUT' || method === 'POST') await refuse(name, body)
          for (const query of [name, `${name}=x`, `x-id=PutObject&${name}=null`]) {
            await refuse(query, '')
          }
        }
      }
      // Cheap, and names the culprit.
      const got = await exchange(raw, 'GET', '/bucket/key')
      assert.is(got.text, oldContent, name)
    }
    await raw.expectUntouched('known sub-resources')
  })
})

test('a name that nobody knows is refused, spelt in whatever way', async () => {
  await withRawBridge(async (raw) => {
    const names = [
      'Policy',
      'POLICY',
      'annotatio%6e',
      '%61nnotation',
      'acl%00',
      '%20acl',
      'unheard-of',
    ]
    for (const name of names) {
      for (const method of methods) {
        for (const path of ['/', '/bucket', '/bucket/key']) {
          await refuses(raw, method, `${path}?${name}`, '')
        }
      }
    }
    await raw.expectUntouched('unknown sub-resources')
  })
})

test('two at once, one of them offered or not, reach neither', async () => {
  await withRawBridge(async (raw) => {
    const pairs = [
      ['PUT', '/bucket/key?tagging&acl'],
      ['PUT', '/bucket/key?partNumber=1&tagging'],
      ['PUT', '/bucket/key?partNumber=1&uploadId=x&tagging'],
      ['DELETE', '/bucket/key?uploadId=x&tagging'],
      ['DELETE', '/bucket/key?versionId=null&retention'],
      ['DELETE', '/bucket?policy&cors'],
      ['POST', '/bucket?delete&tagging'],
      ['POST', '/bucket/key?uploads&restore'],
      ['POST', '/bucket/key?uploads&uploadId=x'],
      ['GET', '/bucket?location&versioning'],
      ['GET', '/bucket?uploads&list-type=2&acl'],
      ['GET', '/bucket/key?acl&versionId=null&attributes'],
    ] as const
    for (const [method, path] of pairs) await refuses(raw, method, path, '')
    await raw.expectUntouched('pairs')
  })
})

test('a version, part or upload that is not there is never taken for the object', async () => {
  await withRawBridge(async (raw) => {
    const wanted = [
      ['GET', '/bucket/key?versionId=3HL4kqCxf3vjVBH40Nrjfkd', 'NoSuchVersion'],
      ['DELETE', '/bucket/key?versionId=3HL4kqCxf3vjVBH40Nrjfkd', 'NoSuchVersion'],
      ['PUT', '/bucket/key?versionId=3HL4kqCxf3vjVBH40Nrjfkd', 'InvalidArgument'],
      ['PUT', '/bucket/key?partNumber=1&uploadId=none', 'NoSuchUpload'],
      ['PUT', '/bucket/key?partNumber=0&uploadId=none', 'InvalidArgument'],
      ['PUT', '/bucket/key?partNumber=10001&uploadId=none', 'InvalidArgument'],
      ['PUT', '/bucket/key?partNumber=1e1&uploadId=none', 'InvalidArgument'],
      ['PUT', '/bucket/key?uploadId=none', 'InvalidArgument'],
      ['PUT', '/bucket/key?partNumber=1', 'InvalidArgument'],
      ['DELETE', '/bucket/key?uploadId=none', 'NoSuchUpload'],
      ['DELETE', '/bucket/key?uploadId=', 'NoSuchUpload'],
      ['DELETE', '/bucket/key?partNumber=1', 'InvalidArgument'],
      ['GET', '/bucket/key?uploadId=../../key', 'NoSuchUpload'],
      ['POST', '/bucket/key?uploadId=none', 'NoSuchUpload'],
      ['POST', '/bucket/key', 'MethodNotAllowed'],
      ['POST', '/bucket', 'PreconditionFailed'],
    ] as const
    for (const [method, path, code] of wanted) {
      const body =
        method === 'POST'
          ? '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>'
          : ''
      const answer = await exchange(raw, method, path, body)
      assert.is(expectErrorDocument(answer, path), code, `${method} ${path} ${answer.text}`)
    }
    await raw.expectUntouched('versions and uploads')
  })
})

test('headers that ask for what is not offered are refused, not dropped', async () => {
  await withRawBridge(async (raw) => {
    const wanted: readonly [name: string, value: string, code: string][] = [
      ['x-amz-server-side-encryption', 'AES256', 'NotImplemented'],
      ['x-amz-server-side-encryption-customer-algorithm', 'AES256', 'InvalidArgument'],
      ['x-amz-tagging', 'aws:a=b', 'InvalidTag'],
      ['x-amz-grant-read', 'id=1', 'InvalidArgument'],
      ['x-amz-object-lock-mode', 'GOVERNANCE', 'NotImplemented'],
      ['x-amz-write-offset-bytes', '1', 'NotImplemented'],
      ['x-amz-acl', 'public-wish', 'InvalidArgument'],
      ['x-amz-storage-class', 'CHEAP', 'InvalidStorageClass'],
      ['x-amz-expected-bucket-owner', '111122223333', 'AccessDenied'],
      ['x-amz-copy-source', 'nowhere', 'InvalidArgument'],
      ['x-amz-copy-source', '/bucket/key?versionId=1', 'NoSuchVersion'],
      ['x-amz-copy-source', '/nobucket/key', 'NoSuchBucket'],
      ['x-amz-meta-large', 'x'.repeat(2100), 'MetadataTooLarge'],
    ]
    for (const [name, value, code] of wanted) {
      const connection = await raw.connect()
      const headers = { [name]: value }
      const lines = ['Content-Length: 0']
      await connection.write(raw.head({ method: 'PUT', path: '/bucket/key', headers, lines }))
      const answer = await connection.answer()
      assert.is(expectErrorDocument(answer, name), code, `${name} ${answer.text}`)
      await expectSane(raw, connection, answer, name)
      connection.destroy()
    }
    await raw.expectUntouched('refused headers')
  })
})

test.run()

const connections = new WeakMap<RawBridge, RawConnection>()

/** On the connection of all the others, unless the answer to the last one announced its end. */
async function exchange(
  raw: RawBridge,
  method: string,
  path: string,
  body = '',
): Promise<RawAnswer> {
  const lines = [`Content-Length: ${body.length}`]
  const connection = connections.get(raw) ?? (await raw.connect())
  await connection.write(raw.head({ method, path, signedBody: body, lines }) + body)
  const answer = await connection.answer(method)
  if (answer.headers.get('connection') === 'close') {
    assert.is.not(body, '', `${method} ${path} has nothing unread`)
    assert.is(await connection.finish(), '', `${method} ${path}`)
    connections.delete(raw)
  } else connections.set(raw, connection)
  return answer
}

async function refuses(raw: RawBridge, method: string, path: string, body: string): Promise<void> {
  const what = `${method} ${path}`
  const answer = await exchange(raw, method, path, body)
  if (method === 'HEAD') {
    assert.ok([400, 405, 501].includes(answer.status), `${what} ${answer.status}`)
    return
  }
  const code = expectErrorDocument(answer, what)
  assert.ok(refusals.includes(code), `${what} ${answer.text}`)
}
