import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { rootOwner } from '../access/owner.ts'
import { element, withServing } from '../serving.test-support.ts'

const test = suite('bucket operations')

test('ListBuckets names the owner, and every bucket in order', async () => {
  await withServing({}, async ({ ask }) => {
    assert.is((await ask('PUT', '/abc')).status, 200)
    const { status, headers, text } = await ask('GET', '/')
    assert.is(status, 200)
    assert.is(headers['content-type'], 'application/xml')
    assert.ok(
      text.startsWith('<?xml version="1.0" encoding="UTF-8"?>\n<ListAllMyBucketsResult xmlns='),
    )
    assert.is(element(text, 'ID'), rootOwner.id)
    assert.match(rootOwner.id, /^[0-9a-f]{64}$/)
    assert.is(element(text, 'DisplayName'), 'root')
    assert.equal(
      [...text.matchAll(/<Name>(.*?)<\/Name>/g)].map((match) => match[1]),
      ['abc', 'bucket'],
    )
    assert.is(element(text, 'CreationDate'), '2024-05-06T07:08:09.000Z')
    assert.is(element(text, 'ContinuationToken'), undefined)
  })
})

test('ListBuckets goes page by page', async () => {
  await withServing({}, async ({ ask }) => {
    for (const name of ['a1', 'a2', 'a3']) await ask('PUT', `/${name}`)
    const names: (string | undefined)[] = []
    let token: string | undefined = ''
    for (let pages = 0; token !== undefined; pages += 1) {
      const more: string = token === '' ? '' : `&continuation-token=${token}`
      const { text } = await ask('GET', `/?max-buckets=2&prefix=a${more}`)
      names.push(...[...text.matchAll(/<Name>(.*?)<\/Name>/g)].map((match) => match[1]))
      token = element(text, 'ContinuationToken')
      assert.ok(pages < 3)
    }
    assert.equal(names, ['a1', 'a2', 'a3'])
    const elsewhere = await ask('GET', '/?bucket-region=us-west-2')
    assert.is(element(elsewhere.text, 'Name'), undefined)
    for (const query of [
      'max-buckets=0',
      'max-buckets=10001',
      'max-buckets=x',
      'continuation-token=AAAA',
    ]) {
      assert.is(element((await ask('GET', `/?${query}`)).text, 'Code'), 'InvalidArgument')
    }
  })
})

test('CreateBucket takes any region, and says where the bucket is', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    const configuration = (inside: string) =>
      `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</CreateBucketConfiguration>`
    const bodies = [
      '',
      configuration(''),
      configuration('<LocationConstraint>EU</LocationConstraint>'),
    ]
    for (const [index, body] of bodies.entries()) {
      const { status, headers } = await ask('PUT', `/new${index}`, { body })
      assert.is(status, 200)
      assert.is(headers.location, `/new${index}`)
    }
    const refused: [code: string, body: string, headers?: Record<string, string>][] = [
      ['BucketAlreadyOwnedByYou', ''],
      ['MalformedXML', '<CreateBucketConfiguration>'],
      ['MalformedXML', configuration('<Other/>')],
      ['MalformedXML', configuration('<Tags><Tag/></Tags>')],
      ['NotImplemented', configuration('<Location><Name>a</Name></Location>')],
      ['InvalidLocationConstraint', configuration('<LocationConstraint>a b</LocationConstraint>')],
      ['MaxMessageLengthExceeded', configuration(' '.repeat(70_000))],
      ['NotImplemented', '', { 'x-amz-bucket-object-lock-enabled': 'true' }],
      ['InvalidArgument', '', { 'x-amz-grant-read': 'id=x' }],
      ['InvalidArgument', '', { 'x-amz-acl': 'everybody' }],
      ['InvalidArgument', '', { 'x-amz-object-ownership': 'Nobody' }],
    ]
    for (const [code, body, headers = {}] of refused) {
      const answer = await ask('PUT', '/new0', { body, headers })
      assert.is(element(answer.text, 'Code'), code)
    }
    const accepted = {
      'x-amz-bucket-object-lock-enabled': 'false',
      'x-amz-acl': 'private',
      'x-amz-object-ownership': 'BucketOwnerEnforced',
    }
    assert.is((await ask('PUT', '/new9', { headers: accepted })).status, 200)
    assert.is(bridge.calls.filter(({ method }) => method === 'createBucket').length, 5)
  })
})

test('HeadBucket, DeleteBucket, GetBucketLocation and GetBucketVersioning', async () => {
  await withServing({}, async ({ ask }) => {
    const head = await ask('HEAD', '/bucket')
    assert.is(head.status, 200)
    assert.is(head.headers['x-amz-bucket-region'], 'eu-north-1')
    const missing = await ask('HEAD', '/missing')
    assert.is(missing.status, 404)
    assert.is(missing.text, '')
    const location = await ask('GET', '/bucket?location')
    assert.match(
      location.text,
      /<LocationConstraint xmlns="[^"]*">eu-north-1<\/LocationConstraint>$/,
    )
    const versioning = await ask('GET', '/bucket?versioning')
    assert.match(
      versioning.text,
      /<VersioningConfiguration xmlns="[^"]*"><\/VersioningConfiguration>$/,
    )
    for (const query of ['location', 'versioning']) {
      assert.is(element((await ask('GET', `/missing?${query}`)).text, 'Code'), 'NoSuchBucket')
    }
    const gone = await ask('DELETE', '/bucket')
    assert.is(gone.status, 204)
    assert.is(gone.text, '')
    assert.is(gone.headers['content-length'], undefined)
    assert.is((await ask('DELETE', '/bucket')).status, 404)
  })
})

test('the first region has no name', async () => {
  await withServing({ region: 'us-east-1' }, async ({ ask }) => {
    const { text } = await ask('GET', '/bucket?location')
    assert.match(text, /<LocationConstraint xmlns="[^"]*"><\/LocationConstraint>$/)
  })
})

test('another expected owner is denied', async () => {
  await withServing({}, async ({ ask }) => {
    const expect = (owner: string) =>
      ask('GET', '/bucket?location', { headers: { 'x-amz-expected-bucket-owner': owner } })
    assert.is((await expect(rootOwner.id)).status, 200)
    assert.is(element((await expect('123456789012')).text, 'Code'), 'AccessDenied')
  })
})

test.run()
