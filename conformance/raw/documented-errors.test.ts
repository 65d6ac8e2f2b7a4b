// What the API reference says that each operation may refuse, asked of the whole bridge: the status, the code,
// the operation that has answered, and that nothing has come of it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { element, type RawBridge, withRawBridge } from '../support/raw-bridge.ts'
import { ask } from '../support/signed-request.ts'

const test = suite('documented errors')

type More = { readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
/** `{upload}` stands for an upload of two small parts, `{checked}` for one that was begun with CRC32. */
type Row = readonly [operation: string, request: string, status: number, code: string, more?: More]

const none = 'no-such-bucket'
const body = (text: string, headers: Readonly<Record<string, string>> = {}): More => ({
  headers: { 'Content-MD5': createHash('md5').update(text).digest('base64'), ...headers },
  body: text,
})
const header = (name: string, value: string): More => ({ headers: { [name]: value } })
const tags = (...pairs: [key: string, value: string][]) =>
  `<Tagging><TagSet>${pairs.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`).join('')}</TagSet></Tagging>`
const many = (count: number) =>
  tags(...Array.from({ length: count }, (_, at): [string, string] => [`k${at}`, 'v']))
const cors = (rule: string) => `<CORSConfiguration>${rule}</CORSConfiguration>`
const policy = (statement: object) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
const lifecycle = (rule: string) =>
  `<LifecycleConfiguration><Rule><Status>Enabled</Status>${rule}</Rule></LifecycleConfiguration>`
const acl = (id: string) =>
  `<AccessControlPolicy><Owner><ID>${id}</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>${id}</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`
const part = (number: number, etag: string, more = '') =>
  `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag>${more}</Part>`
const complete = (...parts: string[]) =>
  body(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
const md5 = (text: string) => createHash('md5').update(text).digest('hex')
const from = (source: string, headers: Readonly<Record<string, string>> = {}): More => ({
  headers: { 'x-amz-copy-source': source, ...headers },
})
const past = 'Sat, 29 Oct 1994 19:43:31 GMT'
const future = 'Thu, 29 Oct 2099 19:43:31 GMT'

const ofBuckets: Row[] = [
  ['ListBuckets', 'GET /?max-buckets=0', 400, 'InvalidArgument'],
  ['ListBuckets', 'GET /?max-buckets=10001', 400, 'InvalidArgument'],
  ['ListBuckets', 'GET /?continuation-token=forged', 400, 'InvalidArgument'],
  ['CreateBucket', 'PUT /bucket', 409, 'BucketAlreadyOwnedByYou'],
  ['CreateBucket', 'PUT /ab', 400, 'InvalidBucketName'],
  ['CreateBucket', 'PUT /Upper', 400, 'InvalidBucketName'],
  ['CreateBucket', 'PUT /192.0.2.1', 400, 'InvalidBucketName'],
  ['CreateBucket', 'PUT /dot..dot', 400, 'InvalidBucketName'],
  ['CreateBucket', 'PUT /xn--name', 400, 'InvalidBucketName'],
  ['CreateBucket', 'PUT /name-s3alias', 400, 'InvalidBucketName'],
  ['CreateBucket', 'PUT /new-bucket', 400, 'MalformedXML', body('<Bucket/>')],
  ['CreateBucket', 'PUT /new-bucket', 400, 'InvalidArgument', header('x-amz-acl', 'open')],
  [
    'CreateBucket',
    'PUT /new-bucket',
    400,
    'InvalidArgument',
    header('x-amz-object-ownership', 'Mine'),
  ],
  ['DeleteBucket', 'DELETE /bucket', 409, 'BucketNotEmpty'],
  ['DeleteBucket', `DELETE /${none}`, 404, 'NoSuchBucket'],
  ['PutBucketVersioning', 'PUT /bucket?versioning', 400, 'MalformedXML', body('<Versioning/>')],
  [
    'PutBucketVersioning',
    'PUT /bucket?versioning',
    400,
    'IllegalVersioningConfigurationException',
    body('<VersioningConfiguration/>'),
  ],
  ['PutBucketCors', 'PUT /bucket?cors', 400, 'MalformedXML', body(cors(''))],
  [
    'PutBucketCors',
    'PUT /bucket?cors',
    400,
    'InvalidRequest',
    body(
      cors(
        '<CORSRule><AllowedMethod>PATCH</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>',
      ),
    ),
  ],
  [
    'PutBucketCors',
    'PUT /bucket?cors',
    400,
    'InvalidRequest',
    body(
      cors(
        '<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>a*b*c</AllowedOrigin></CORSRule>',
      ),
    ),
  ],
  ['PutBucketTagging', 'PUT /bucket?tagging', 400, 'InvalidRequest', { body: many(1) }],
  [
    'PutBucketTagging',
    'PUT /bucket?tagging',
    400,
    'InvalidTag',
    body(tags(['a', '1'], ['a', '2'])),
  ],
  ['PutBucketTagging', 'PUT /bucket?tagging', 400, 'InvalidTag', body(tags(['aws:a', '1']))],
  ['PutBucketTagging', 'PUT /bucket?tagging', 400, 'BadRequest', body(many(51))],
  ['PutBucketTagging', 'PUT /bucket?tagging', 400, 'MalformedXML', body('<Tagging/>')],
  [
    'PutBucketTagging',
    'PUT /bucket?tagging',
    400,
    'BadDigest',
    body(many(1), { 'Content-MD5': '1B2M2Y8AsgTpgAmY7PhCfg==' }),
  ],
  ['PutBucketPolicy', 'PUT /bucket?policy', 400, 'MalformedPolicy', body('{')],
  [
    'PutBucketPolicy',
    'PUT /bucket?policy',
    400,
    'MalformedPolicy',
    body(
      policy({
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:Fly',
        Resource: 'arn:aws:s3:::bucket',
      }),
    ),
  ],
  [
    'PutBucketPolicy',
    'PUT /bucket?policy',
    400,
    'MalformedPolicy',
    body(
      policy({
        ...{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject' },
        Resource: 'arn:aws:s3:::another/*',
      }),
    ),
  ],
  [
    'PutBucketLifecycleConfiguration',
    'PUT /bucket?lifecycle',
    400,
    'InvalidArgument',
    body(lifecycle('<Prefix/><Expiration><Days>0</Days></Expiration>')),
  ],
  [
    'PutBucketLifecycleConfiguration',
    'PUT /bucket?lifecycle',
    400,
    'InvalidRequest',
    body(lifecycle('<Prefix/>')),
  ],
  ['PutBucketEncryption', 'PUT /bucket?encryption', 400, 'MalformedXML', body('<Encryption/>')],
  [
    'PutPublicAccessBlock',
    'PUT /bucket?publicAccessBlock',
    400,
    'MalformedXML',
    body('<PublicAccessBlockConfiguration><All>true</All></PublicAccessBlockConfiguration>'),
  ],
  [
    'PutBucketOwnershipControls',
    'PUT /bucket?ownershipControls',
    400,
    'MalformedXML',
    body(
      '<OwnershipControls><Rule><ObjectOwnership>Mine</ObjectOwnership></Rule></OwnershipControls>',
    ),
  ],
  [
    'PutBucketRequestPayment',
    'PUT /bucket?requestPayment',
    400,
    'MalformedXML',
    body('<RequestPaymentConfiguration><Payer>Nobody</Payer></RequestPaymentConfiguration>'),
  ],
  ['PutBucketAcl', 'PUT /bucket?acl', 400, 'MissingSecurityHeader'],
  ['PutBucketAcl', 'PUT /bucket?acl', 400, 'InvalidArgument', header('x-amz-acl', 'open')],
  ['PutBucketAcl', 'PUT /bucket?acl', 400, 'MalformedACLError', body('<Acl/>')],
  ['PutBucketAcl', 'PUT /bucket?acl', 400, 'InvalidArgument', header('x-amz-grant-read', 'id=f')],
  [
    'PutBucketAcl',
    'PUT /bucket?acl',
    400,
    'UnexpectedContent',
    body(acl('f'.repeat(64)), { 'x-amz-acl': 'private' }),
  ],
  [
    'PutBucketAcl',
    'PUT /bucket?acl',
    400,
    'InvalidRequest',
    { headers: { 'x-amz-acl': 'private', 'x-amz-grant-read': 'id=1' } },
  ],
  [
    'PutBucketAcl',
    'PUT /bucket?acl',
    400,
    'UnresolvableGrantByEmailAddress',
    header('x-amz-grant-read', 'emailAddress="a@example.com"'),
  ],
  ['GetBucketCors', 'GET /bucket?cors', 404, 'NoSuchCORSConfiguration'],
  [
    'GetBucketEncryption',
    'GET /bucket?encryption',
    404,
    'ServerSideEncryptionConfigurationNotFoundError',
  ],
  ['GetBucketLifecycleConfiguration', 'GET /bucket?lifecycle', 404, 'NoSuchLifecycleConfiguration'],
  ['GetBucketTagging', 'GET /bucket?tagging', 404, 'NoSuchTagSet'],
  ['GetBucketPolicy', 'GET /bucket?policy', 404, 'NoSuchBucketPolicy'],
  [
    'GetPublicAccessBlock',
    'GET /bucket?publicAccessBlock',
    404,
    'NoSuchPublicAccessBlockConfiguration',
  ],
  [
    'GetBucketOwnershipControls',
    'GET /bucket?ownershipControls',
    404,
    'OwnershipControlsNotFoundError',
  ],
  ['GetBucketReplication', 'GET /bucket?replication', 404, 'ReplicationConfigurationNotFoundError'],
  ['GetBucketWebsite', 'GET /bucket?website', 404, 'NoSuchWebsiteConfiguration'],
  [
    'GetObjectLockConfiguration',
    'GET /bucket?object-lock',
    404,
    'ObjectLockConfigurationNotFoundError',
  ],
  ['GetBucketAnalyticsConfiguration', 'GET /bucket?analytics&id=1', 404, 'NoSuchConfiguration'],
  ['DeleteBucketMetricsConfiguration', 'DELETE /bucket?metrics&id=1', 404, 'NoSuchConfiguration'],
]

/** Every operation on a bucket, where there is none. */
const ofNoBucket: Row[] = [
  ...(
    [
      ['ListObjects', ''],
      ['ListObjectsV2', '?list-type=2'],
      ['ListObjectVersions', '?versions'],
      ['ListMultipartUploads', '?uploads'],
      ['GetBucketAcl', '?acl'],
      ['GetBucketAccelerateConfiguration', '?accelerate'],
      ['GetBucketCors', '?cors'],
      ['GetBucketEncryption', '?encryption'],
      ['GetBucketLifecycleConfiguration', '?lifecycle'],
      ['GetBucketLocation', '?location'],
      ['GetBucketLogging', '?logging'],
      ['GetBucketNotificationConfiguration', '?notification'],
      ['GetBucketOwnershipControls', '?ownershipControls'],
      ['GetBucketPolicy', '?policy'],
      ['GetBucketPolicyStatus', '?policyStatus'],
      ['GetBucketReplication', '?replication'],
      ['GetBucketRequestPayment', '?requestPayment'],
      ['GetBucketTagging', '?tagging'],
      ['GetBucketVersioning', '?versioning'],
      ['GetBucketWebsite', '?website'],
      ['GetObjectLockConfiguration', '?object-lock'],
      ['GetPublicAccessBlock', '?publicAccessBlock'],
      ['ListBucketInventoryConfigurations', '?inventory'],
    ] as const
  ).map(([name, query]): Row => [name, `GET /${none}${query}`, 404, 'NoSuchBucket']),
  ...(
    [
      ['DeleteBucketCors', '?cors'],
      ['DeleteBucketEncryption', '?encryption'],
      ['DeleteBucketLifecycle', '?lifecycle'],
      ['DeleteBucketOwnershipControls', '?ownershipControls'],
      ['DeleteBucketPolicy', '?policy'],
      ['DeleteBucketReplication', '?replication'],
      ['DeleteBucketTagging', '?tagging'],
      ['DeleteBucketWebsite', '?website'],
      ['DeletePublicAccessBlock', '?publicAccessBlock'],
      ['DeleteObject', '/key'],
      ['DeleteObjectTagging', '/key?tagging'],
      ['AbortMultipartUpload', '/key?uploadId=1'],
    ] as const
  ).map(([name, path]): Row => [name, `DELETE /${none}${path}`, 404, 'NoSuchBucket']),
  [
    'PutBucketCors',
    `PUT /${none}?cors`,
    404,
    'NoSuchBucket',
    body(
      cors(
        '<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>',
      ),
    ),
  ],
  ['PutBucketTagging', `PUT /${none}?tagging`, 404, 'NoSuchBucket', body(many(1))],
  [
    'PutBucketLifecycleConfiguration',
    `PUT /${none}?lifecycle`,
    404,
    'NoSuchBucket',
    body(lifecycle('<Prefix/><Expiration><Days>1</Days></Expiration>')),
  ],
  ['PutBucketAcl', `PUT /${none}?acl`, 404, 'NoSuchBucket', header('x-amz-acl', 'private')],
  ['PutObject', `PUT /${none}/key`, 404, 'NoSuchBucket', { body: 'x' }],
  ['GetObject', `GET /${none}/key`, 404, 'NoSuchBucket'],
  ['GetObjectAcl', `GET /${none}/key?acl`, 404, 'NoSuchBucket'],
  ['GetObjectTagging', `GET /${none}/key?tagging`, 404, 'NoSuchBucket'],
  ['CopyObject', `PUT /${none}/copy`, 404, 'NoSuchBucket', from('/bucket/key')],
  ['CreateMultipartUpload', `POST /${none}/key?uploads`, 404, 'NoSuchBucket'],
  ['ListParts', `GET /${none}/key?uploadId=1`, 404, 'NoSuchBucket'],
  ['UploadPart', `PUT /${none}/key?partNumber=1&uploadId=1`, 404, 'NoSuchBucket', { body: 'x' }],
  [
    'CompleteMultipartUpload',
    `POST /${none}/key?uploadId=1`,
    404,
    'NoSuchBucket',
    complete(part(1, 'e')),
  ],
  [
    'DeleteObjects',
    `POST /${none}?delete`,
    404,
    'NoSuchBucket',
    body('<Delete><Object><Key>a</Key></Object></Delete>'),
  ],
]

const ofListings: Row[] = [
  ['ListObjects', 'GET /bucket?max-keys=-1', 400, 'InvalidArgument'],
  ['ListObjects', 'GET /bucket?max-keys=ten', 400, 'InvalidArgument'],
  ['ListObjects', 'GET /bucket?encoding-type=base64', 400, 'InvalidArgument'],
  ['ListObjectsV2', 'GET /bucket?list-type=2&max-keys=2147483648', 400, 'InvalidArgument'],
  ['ListObjectsV2', 'GET /bucket?list-type=2&continuation-token=forged', 400, 'InvalidArgument'],
  ['ListObjectsV2', 'GET /bucket?list-type=2&encoding-type=x', 400, 'InvalidArgument'],
  ['ListObjectVersions', 'GET /bucket?versions&max-keys=x', 400, 'InvalidArgument'],
  ['ListObjectVersions', 'GET /bucket?versions&version-id-marker=1', 400, 'InvalidArgument'],
  ['ListMultipartUploads', 'GET /bucket?uploads&max-uploads=-1', 400, 'InvalidArgument'],
  ['ListMultipartUploads', 'GET /bucket?uploads&encoding-type=x', 400, 'InvalidArgument'],
]

const ofObjects: Row[] = [
  ['PutObject', 'PUT /bucket/key', 412, 'PreconditionFailed', header('If-None-Match', '*')],
  ['PutObject', 'PUT /bucket/key', 412, 'PreconditionFailed', header('If-Match', '"other"')],
  ['PutObject', 'PUT /bucket/none', 404, 'NoSuchKey', header('If-Match', '"other"')],
  ['PutObject', 'PUT /bucket/key', 400, 'InvalidDigest', header('Content-MD5', 'x')],
  [
    'PutObject',
    'PUT /bucket/key',
    400,
    'BadDigest',
    body('new', { 'Content-MD5': '1B2M2Y8AsgTpgAmY7PhCfg==' }),
  ],
  [
    'PutObject',
    'PUT /bucket/key',
    400,
    'XAmzContentSHA256Mismatch',
    { headers: { 'x-amz-content-sha256': md5('a') + md5('b') }, body: 'new' },
  ],
  ['PutObject', 'PUT /bucket/key', 400, 'InvalidRequest', header('x-amz-checksum-crc32', 'x')],
  ['PutObject', 'PUT /bucket/key', 400, 'BadDigest', header('x-amz-checksum-crc32', 'NhCmhg==')],
  [
    'PutObject',
    'PUT /bucket/key',
    400,
    'InvalidRequest',
    { headers: { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-crc32c': 'AAAAAA==' } },
  ],
  ['PutObject', 'PUT /bucket/key', 400, 'InvalidTag', header('x-amz-tagging', 'aws:a=1')],
  ['PutObject', 'PUT /bucket/key', 400, 'InvalidArgument', header('x-amz-tagging', 'a=1&a=2')],
  [
    'PutObject',
    'PUT /bucket/key',
    400,
    'MetadataTooLarge',
    header('x-amz-meta-a', 'x'.repeat(2048)),
  ],
  [
    'PutObject',
    'PUT /bucket/key',
    400,
    'InvalidStorageClass',
    header('x-amz-storage-class', 'CHEAP'),
  ],
  ['GetObject', 'GET /bucket/none', 404, 'NoSuchKey'],
  ['GetObject', 'GET /bucket/key?versionId=none', 404, 'NoSuchVersion'],
  ['GetObject', 'GET /bucket/key', 416, 'InvalidRange', header('Range', 'bytes=1000-')],
  ['GetObject', 'GET /bucket/key?partNumber=2', 416, 'InvalidPartNumber'],
  ['GetObject', 'GET /bucket/key?partNumber=10001', 400, 'InvalidArgument'],
  [
    'GetObject',
    'GET /bucket/key?partNumber=1',
    400,
    'InvalidRequest',
    header('Range', 'bytes=0-1'),
  ],
  ['GetObject', 'GET /bucket/key', 412, 'PreconditionFailed', header('If-Match', '"other"')],
  ['GetObject', 'GET /bucket/key', 412, 'PreconditionFailed', header('If-Unmodified-Since', past)],
  ['DeleteObject', 'DELETE /bucket/key', 412, 'PreconditionFailed', header('If-Match', '"other"')],
  ['DeleteObject', 'DELETE /bucket/key?versionId=none', 404, 'NoSuchVersion'],
  [
    'DeleteObjects',
    'POST /bucket?delete',
    400,
    'InvalidRequest',
    { body: '<Delete><Object><Key>key</Key></Object></Delete>' },
  ],
  ['DeleteObjects', 'POST /bucket?delete', 400, 'MalformedXML', body('<Delete></Delete>')],
  ['CopyObject', 'PUT /bucket/copy', 404, 'NoSuchKey', from('/bucket/none')],
  ['CopyObject', 'PUT /bucket/copy', 404, 'NoSuchBucket', from(`/${none}/key`)],
  ['CopyObject', 'PUT /bucket/copy', 400, 'InvalidArgument', from('bucket')],
  ['CopyObject', 'PUT /bucket/key', 400, 'InvalidRequest', from('/bucket/key')],
  ...(
    [
      ['x-amz-copy-source-if-match', '"other"'],
      ['x-amz-copy-source-if-none-match', '*'],
      ['x-amz-copy-source-if-modified-since', future],
      ['x-amz-copy-source-if-unmodified-since', past],
    ] as const
  ).map(([name, value]): Row => {
    const more = from('/bucket/key', { [name]: value })
    return ['CopyObject', 'PUT /bucket/copy', 412, 'PreconditionFailed', more]
  }),
  ...['x-amz-metadata-directive', 'x-amz-tagging-directive'].map((name): Row => {
    const more = from('/bucket/key', { [name]: 'KEEP' })
    return ['CopyObject', 'PUT /bucket/copy', 400, 'InvalidArgument', more]
  }),
  ['GetObjectAttributes', 'GET /bucket/key?attributes', 400, 'InvalidRequest'],
  [
    'GetObjectAttributes',
    'GET /bucket/key?attributes',
    400,
    'InvalidArgument',
    header('x-amz-object-attributes', 'Owner'),
  ],
  [
    'GetObjectAttributes',
    'GET /bucket/none?attributes',
    404,
    'NoSuchKey',
    header('x-amz-object-attributes', 'ETag'),
  ],
  ['GetObjectAcl', 'GET /bucket/none?acl', 404, 'NoSuchKey'],
  ['PutObjectAcl', 'PUT /bucket/none?acl', 404, 'NoSuchKey', header('x-amz-acl', 'private')],
  ['PutObjectAcl', 'PUT /bucket/key?acl', 400, 'MissingSecurityHeader'],
  ['PutObjectAcl', 'PUT /bucket/key?acl', 400, 'MalformedACLError', body('<Acl/>')],
  ['GetObjectTagging', 'GET /bucket/none?tagging', 404, 'NoSuchKey'],
  ['PutObjectTagging', 'PUT /bucket/none?tagging', 404, 'NoSuchKey', body(many(1))],
  ['PutObjectTagging', 'PUT /bucket/key?tagging', 400, 'BadRequest', body(many(11))],
  [
    'PutObjectTagging',
    'PUT /bucket/key?tagging',
    400,
    'InvalidTag',
    body(tags(['k', 'v'.repeat(257)])),
  ],
  ['PutObjectTagging', 'PUT /bucket/key?tagging', 400, 'MalformedXML', body('<Tags/>')],
  ['DeleteObjectTagging', 'DELETE /bucket/none?tagging', 404, 'NoSuchKey'],
  ['GetObjectRetention', 'GET /bucket/key?retention', 400, 'InvalidRequest'],
  ['GetObjectLegalHold', 'GET /bucket/key?legal-hold', 400, 'InvalidRequest'],
]

const ofUploads: Row[] = [
  [
    'CreateMultipartUpload',
    'POST /bucket/new?uploads',
    400,
    'InvalidRequest',
    header('x-amz-checksum-algorithm', 'CRC7'),
  ],
  [
    'CreateMultipartUpload',
    'POST /bucket/new?uploads',
    400,
    'InvalidRequest',
    { headers: { 'x-amz-checksum-algorithm': 'SHA1', 'x-amz-checksum-type': 'FULL_OBJECT' } },
  ],
  [
    'UploadPart',
    'PUT /bucket/parts?partNumber=1&uploadId=none',
    404,
    'NoSuchUpload',
    { body: 'x' },
  ],
  [
    'UploadPart',
    'PUT /bucket/other?partNumber=1&uploadId={upload}',
    404,
    'NoSuchUpload',
    { body: 'x' },
  ],
  ['UploadPart', 'PUT /bucket/parts?partNumber=0&uploadId={upload}', 400, 'InvalidArgument'],
  ['UploadPart', 'PUT /bucket/parts?partNumber=10001&uploadId={upload}', 400, 'InvalidArgument'],
  [
    'UploadPart',
    'PUT /bucket/parts?partNumber=1&uploadId={upload}',
    400,
    'BadDigest',
    body('x', { 'Content-MD5': '1B2M2Y8AsgTpgAmY7PhCfg==' }),
  ],
  [
    'UploadPart',
    'PUT /bucket/checked?partNumber=1&uploadId={checked}',
    400,
    'InvalidRequest',
    header('x-amz-checksum-sha1', '2jmj7l5rSw0yVb/vlWAYkK/YBwk='),
  ],
  [
    'UploadPartCopy',
    'PUT /bucket/parts?partNumber=3&uploadId={upload}',
    404,
    'NoSuchKey',
    from('/bucket/none'),
  ],
  [
    'UploadPartCopy',
    'PUT /bucket/parts?partNumber=3&uploadId={upload}',
    400,
    'InvalidArgument',
    from('/bucket/key', { 'x-amz-copy-source-range': 'bytes=5-' }),
  ],
  [
    'UploadPartCopy',
    'PUT /bucket/parts?partNumber=3&uploadId={upload}',
    412,
    'PreconditionFailed',
    from('/bucket/key', { 'x-amz-copy-source-if-match': '"other"' }),
  ],
  ['ListParts', 'GET /bucket/parts?uploadId=none', 404, 'NoSuchUpload'],
  ['ListParts', 'GET /bucket/parts?uploadId={upload}&max-parts=x', 400, 'InvalidArgument'],
  [
    'ListParts',
    'GET /bucket/parts?uploadId={upload}&part-number-marker=-1',
    400,
    'InvalidArgument',
  ],
  ['AbortMultipartUpload', 'DELETE /bucket/parts?uploadId=none', 404, 'NoSuchUpload'],
  ...(
    [
      [404, 'NoSuchUpload', complete(part(1, md5('one'))), 'none'],
      [400, 'MalformedXML', complete()],
      [400, 'MalformedXML', body('')],
      [400, 'InvalidPart', complete(part(1, md5('other')))],
      [400, 'InvalidPart', complete(part(3, md5('one')))],
      [400, 'InvalidPartOrder', complete(part(2, md5('two')), part(1, md5('one')))],
      [400, 'InvalidPartOrder', complete(part(1, md5('one')), part(1, md5('one')))],
      [400, 'EntityTooSmall', complete(part(1, md5('one')), part(2, md5('two')))],
    ] as const
  ).map(([status, code, more, id = '{upload}']): Row => {
    return ['CompleteMultipartUpload', `POST /bucket/parts?uploadId=${id}`, status, code, more]
  }),
  [
    'CompleteMultipartUpload',
    'POST /bucket/checked?uploadId={checked}',
    400,
    'InvalidRequest',
    complete(part(1, md5('one'))),
  ],
]

test('each operation refuses what the reference says, and nothing comes of it', async () => {
  await withRawBridge(async (raw) => {
    const uploads = await beginUploads(raw)
    const differences: string[] = []
    for (const row of [...ofBuckets, ...ofNoBucket, ...ofListings, ...ofObjects, ...ofUploads]) {
      const difference = await differenceFrom(raw, row, uploads)
      if (difference !== undefined) differences.push(difference)
    }
    assert.equal(differences, [])
    for (const [name, path] of Object.entries(paths)) {
      const abort = { method: 'DELETE', path: `${path}?uploadId=${uploads[name]}` }
      assert.is((await ask(raw.bridge, abort)).status, 204)
    }
    await raw.expectUntouched('documented errors')
  })
})

test.run()

const paths = { upload: '/bucket/parts', checked: '/bucket/checked' } as const

async function beginUploads(raw: RawBridge): Promise<Readonly<Record<string, string>>> {
  const ids: Record<string, string> = {}
  for (const [name, path] of Object.entries(paths)) {
    const headers = name === 'checked' ? { 'x-amz-checksum-algorithm': 'CRC32' } : {}
    const { text } = await ask(raw.bridge, { method: 'POST', path: `${path}?uploads`, headers })
    ids[name] = element(text, 'UploadId') ?? ''
    for (const [at, content] of ['one', 'two'].entries()) {
      const target = `${path}?partNumber=${at + 1}&uploadId=${ids[name]}`
      const sum = Buffer.alloc(4)
      sum.writeUInt32BE(crc32(content))
      const checksum = { 'x-amz-checksum-crc32': sum.toString('base64') }
      const put = { method: 'PUT', path: target, headers: checksum, body: content }
      assert.is((await ask(raw.bridge, put)).status, 200)
    }
  }
  return ids
}

/** What is not as the row says, in words; `undefined` when all is. */
async function differenceFrom(
  raw: RawBridge,
  [operation, request, status, code, more]: Row,
  uploads: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const [method = '', template = ''] = request.split(' ')
  const path = template.replace(/\{(\w+)\}/, (_, name: string) => uploads[name] ?? '')
  const answer = await ask(raw.bridge, { method, path, ...more })
  const id = element(answer.text, 'RequestId')
  const line = await raw.logged(({ requestId }) => requestId === id)
  const seen = `${line.operation} ${answer.status} ${element(answer.text, 'Code')}`
  if (seen === `${operation} ${status} ${code}`) return undefined
  const what = `${request.slice(0, 80)} ${JSON.stringify(more ?? '').slice(0, 200)}`
  return `${what}: ${operation} ${status} ${code} expected, ${seen} seen: ${element(answer.text, 'Message')}`
}
