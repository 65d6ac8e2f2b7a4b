import * as s3 from '@aws-sdk/client-s3'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../translate/s3-error.ts'
import { detect, takes, weightOf } from './detect.ts'
import type { Address } from './operation.ts'
import { operations } from './operations/index.ts'
import { plainParameters, type Row, subresources } from './operations/row.ts'
import { parseQuery } from './query.ts'

const test = suite('detect')

const service: Address = {}
const bucket: Address = { bucket: 'b' }
const object: Address = { bucket: 'b', key: 'k' }
const addresses = { service, bucket, object } as const
const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] as const

const ask = (method: string, address: Address, query = '', headers = {}) =>
  ({ method, address, query: parseQuery(query), headers }) as const

const cases: [
  expected: string,
  method: string,
  address: Address,
  query?: string,
  headers?: object,
][] = [
  ['ListBuckets', 'GET', service],
  ['ListBuckets', 'GET', service, 'x-id=ListBuckets&max-buckets=1&unknown=1'],
  ['ListDirectoryBuckets', 'GET', service, 'x-id=ListDirectoryBuckets'],
  ['CreateBucket', 'PUT', bucket],
  ['HeadBucket', 'HEAD', bucket],
  ['DeleteBucket', 'DELETE', bucket],
  ['ListObjects', 'GET', bucket],
  ['ListObjects', 'GET', bucket, 'prefix=&delimiter=&marker=&max-keys=&encoding-type='],
  ['ListObjects', 'GET', bucket, 'list-type=1'],
  ['ListObjectsV2', 'GET', bucket, 'list-type=2&continuation-token=&start-after=&fetch-owner='],
  ['GetBucketLocation', 'GET', bucket, 'location'],
  ['GetBucketLocation', 'GET', bucket, 'location='],
  ['GetBucketVersioning', 'GET', bucket, 'versioning'],
  ['PutBucketVersioning', 'PUT', bucket, 'versioning'],
  ['ListObjectVersions', 'GET', bucket, 'versions&prefix=x'],
  ['ListMultipartUploads', 'GET', bucket, 'uploads'],
  ['DeleteObjects', 'POST', bucket, 'delete'],
  ['PostObject', 'POST', bucket],
  ['GetBucketAnalyticsConfiguration', 'GET', bucket, 'analytics&id=1'],
  ['ListBucketAnalyticsConfigurations', 'GET', bucket, 'analytics'],
  ['PutObject', 'PUT', object],
  ['PutObject', 'PUT', object, 'x-id=PutObject&X-Amz-Signature=abc&X-Amz-SignedHeaders='],
  ['CopyObject', 'PUT', object, 'x-id=CopyObject', { 'x-amz-copy-source': 'b/k' }],
  ['GetObject', 'GET', object, 'response-content-type=&response-expires=x'],
  ['GetObject', 'GET', object, 'versionId=null'],
  ['GetObject', 'GET', object, 'partNumber=1'],
  ['HeadObject', 'HEAD', object],
  ['DeleteObject', 'DELETE', object],
  ['CreateMultipartUpload', 'POST', object, 'uploads='],
  ['UploadPart', 'PUT', object, 'partNumber=1&uploadId=u'],
  ['UploadPartCopy', 'PUT', object, 'uploadId=u&partNumber=1', { 'x-amz-copy-source': 'b/k' }],
  ['CompleteMultipartUpload', 'POST', object, 'uploadId=u'],
  ['AbortMultipartUpload', 'DELETE', object, 'uploadId=u'],
  ['ListParts', 'GET', object, 'uploadId=u'],
  ['PutObjectTagging', 'PUT', object, 'tagging'],
  ['PutObjectTagging', 'PUT', object, 'tagging', { 'x-amz-copy-source': 'b/k' }],
  ['DeleteObjectTagging', 'DELETE', object, 'tagging=&versionId=1'],
  ['PutObjectAcl', 'PUT', object, 'acl'],
  ['GetObjectAttributes', 'GET', object, 'attributes'],
  ['SelectObjectContent', 'POST', object, 'select&select-type=2'],
  ['RestoreObject', 'POST', object, 'restore'],
]
for (const [expected, method, address, query, headers] of cases) {
  const target = `${Object.keys(address).at(-1) ?? 'service'}${query ? `?${query}` : ''}`
  test(`${method} ${target} is ${expected}`, () => {
    assert.is(detect(ask(method, address, query, headers)).operation, expected)
  })
}

const refused: [code: string, method: string, address: Address, query?: string][] = [
  ['MethodNotAllowed', 'POST', service],
  ['MethodNotAllowed', 'DELETE', service],
  ['MethodNotAllowed', 'PATCH', object],
  ['MethodNotAllowed', 'OPTIONS', bucket],
  ['MethodNotAllowed', 'POST', object],
  ['MethodNotAllowed', 'HEAD', bucket, 'versioning'],
  ['MethodNotAllowed', 'DELETE', bucket, 'location'],
  ['MethodNotAllowed', 'PUT', object, 'lifecycle'],
  ['MethodNotAllowed', 'GET', bucket, 'torrent'],
  ['MethodNotAllowed', 'PUT', object, 'uploads'],
  ['MethodNotAllowed', 'DELETE', object, 'uploads'],
  ['MethodNotAllowed', 'DELETE', bucket, 'delete'],
  ['InvalidArgument', 'PUT', object, 'partNumber=1'],
  ['InvalidArgument', 'PUT', object, 'uploadId=1'],
  ['InvalidArgument', 'PUT', object, 'versionId=1'],
  ['InvalidArgument', 'DELETE', object, 'partNumber=1'],
  ['InvalidArgument', 'DELETE', bucket, 'versionId=1'],
  ['InvalidArgument', 'DELETE', object, 'uploadId=1&tagging'],
  ['InvalidArgument', 'GET', bucket, 'acl&policy'],
  ['InvalidArgument', 'GET', object, 'uploadId=1&uploads'],
  ['NotImplemented', 'PUT', object, 'append'],
  ['NotImplemented', 'PUT', object, 'Tagging'],
  ['NotImplemented', 'DELETE', bucket, 'brandNewThing='],
  ['NotImplemented', 'GET', object, 'brandNewThing'],
]
for (const [code, method, address, query] of refused) {
  const target = `${Object.keys(address).at(-1) ?? 'service'}${query ? `?${query}` : ''}`
  test(`${method} ${target} is refused as ${code}`, () => {
    assert.throws(
      () => detect(ask(method, address, query)),
      (error: unknown) => error instanceof S3Error && error.code === code,
    )
  })
}

/** Up to two sub-resources, and the parameters and the header that tell rows apart. */
function* allRequests() {
  const names = [...subresources]
  const sets = [[], ...names.map((name) => [name])]
  for (const first of names) {
    for (const second of names) if (first < second) sets.push([first, second])
  }
  const extras = ['', 'id=1', 'list-type=2', 'annotationName=a', 'x-id=ListDirectoryBuckets']
  for (const method of methods) {
    for (const resource of ['service', 'bucket', 'object'] as const) {
      for (const present of sets) {
        for (const extra of present.length < 2 ? extras : ['']) {
          for (const headers of [{}, { 'x-amz-copy-source': 'b/k' }]) {
            const query = [...present.map((name) => `${name}=1`), extra].filter(Boolean).join('&')
            const request = ask(method, addresses[resource], query, headers)
            yield { request, resource, present, query }
          }
        }
      }
    }
  }
}

test('every request reaches one row or none, and no row that does not name its sub-resources', () => {
  const rows = Object.values<Row>(operations)
  let taken = 0
  for (const { request, resource, present, query } of allRequests()) {
    const takers = rows.filter((row) => takes(row, resource, present, request))
    const heaviest = Math.max(...takers.map(weightOf))
    const winners = takers.filter((row) => weightOf(row) === heaviest)
    assert.ok(winners.length <= 1, `${request.method} ${resource}?${query} ties`)
    const [row] = winners
    if (row === undefined) continue
    taken += 1
    assert.is(detect(request).row, row)
    const named = [...(row.query ?? []), ...(row.also ?? [])]
    assert.equal(
      present.filter((name) => !named.includes(name)),
      [],
    )
  }
  assert.ok(taken > 100)
})

test('what changes things is reached only by exactly its own request', () => {
  const own: Record<string, string> = {
    'PUT bucket ': 'CreateBucket',
    'DELETE bucket ': 'DeleteBucket',
    'POST bucket ': 'PostObject',
    'POST bucket delete': 'DeleteObjects',
    'PUT bucket acl': 'PutBucketAcl',
    'PUT bucket policy': 'PutBucketPolicy',
    'DELETE bucket policy': 'DeleteBucketPolicy',
    'PUT bucket publicAccessBlock': 'PutPublicAccessBlock',
    'DELETE bucket publicAccessBlock': 'DeletePublicAccessBlock',
    'PUT bucket ownershipControls': 'PutBucketOwnershipControls',
    'DELETE bucket ownershipControls': 'DeleteBucketOwnershipControls',
    'PUT object acl': 'PutObjectAcl',
    'PUT object acl,versionId': 'PutObjectAcl',
    'PUT bucket cors': 'PutBucketCors',
    'DELETE bucket cors': 'DeleteBucketCors',
    'PUT bucket encryption': 'PutBucketEncryption',
    'DELETE bucket encryption': 'DeleteBucketEncryption',
    'PUT bucket tagging': 'PutBucketTagging',
    'DELETE bucket tagging': 'DeleteBucketTagging',
    'PUT bucket lifecycle': 'PutBucketLifecycleConfiguration',
    'DELETE bucket lifecycle': 'DeleteBucketLifecycle',
    'PUT bucket logging': 'PutBucketLogging',
    'PUT bucket notification': 'PutBucketNotificationConfiguration',
    'PUT bucket requestPayment': 'PutBucketRequestPayment',
    'PUT bucket versioning': 'PutBucketVersioning',
    'DELETE bucket replication': 'DeleteBucketReplication',
    'DELETE bucket website': 'DeleteBucketWebsite',
    'DELETE bucket analytics': 'DeleteBucketAnalyticsConfiguration',
    'DELETE bucket intelligent-tiering': 'DeleteBucketIntelligentTieringConfiguration',
    'DELETE bucket inventory': 'DeleteBucketInventoryConfiguration',
    'DELETE bucket metrics': 'DeleteBucketMetricsConfiguration',
    'PUT object ': 'PutObject',
    'DELETE object ': 'DeleteObject',
    'DELETE object versionId': 'DeleteObject',
    'POST object uploads': 'CreateMultipartUpload',
    'PUT object partNumber,uploadId': 'UploadPart',
    'POST object uploadId': 'CompleteMultipartUpload',
    'DELETE object uploadId': 'AbortMultipartUpload',
    'PUT object tagging': 'PutObjectTagging',
    'PUT object tagging,versionId': 'PutObjectTagging',
    'DELETE object tagging': 'DeleteObjectTagging',
    'DELETE object tagging,versionId': 'DeleteObjectTagging',
  }
  for (const { request, resource, present } of allRequests()) {
    if (request.method === 'GET' || request.method === 'HEAD') continue
    let detected: ReturnType<typeof detect>
    try {
      detected = detect(request)
    } catch (error) {
      assert.instance(error, S3Error)
      continue
    }
    if (detected.row.handler === 'not-offered' || detected.row.header !== undefined) continue
    assert.is(own[`${request.method} ${resource} ${present.sort().join(',')}`], detected.operation)
  }
})

test('every row names sub-resources and parameters that the lists know', () => {
  for (const [name, row] of Object.entries<Row>(operations)) {
    for (const parameter of [...(row.query ?? []), ...(row.also ?? [])]) {
      const bare = parameter.split('=', 1).join('')
      assert.ok(subresources.has(bare) || plainParameters.has(bare), `${name}: ${bare}`)
    }
  }
})

test('every sub-resource has a row', () => {
  const named = Object.values<Row>(operations).flatMap((row) => [
    ...(row.query ?? []),
    ...(row.also ?? []),
  ])
  assert.equal(
    [...subresources].filter((name) => !named.includes(name)),
    [],
  )
})

test("every operation of AWS's SDK has a row", () => {
  // Lambda's way back from an access point: not a request to a bucket.
  const foreign = ['WriteGetObjectResponse']
  const known = Object.keys(s3)
    .filter((name) => name.endsWith('Command') && name !== '$Command')
    .map((name) => name.slice(0, -'Command'.length))
  assert.ok(known.length > 100)
  assert.equal(
    known.filter((name) => !Object.hasOwn(operations, name) && !foreign.includes(name)),
    [],
  )
})

test.run()
