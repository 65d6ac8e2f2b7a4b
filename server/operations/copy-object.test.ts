import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { element, withServing } from '../serving.test-support.ts'

const test = suite('CopyObject')

test('answers with a document, and hands on source, conditions and metadata', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    await ask('PUT', '/bucket/a/b', { body: 'x', headers: { 'x-amz-meta-a': '1' } })
    const copied = await ask('PUT', '/bucket/copy', {
      headers: {
        'x-amz-copy-source': '/bucket/a%2Fb?versionId=null',
        'x-amz-copy-source-if-match': '"e"',
        'x-amz-meta-a': 'not taken',
      },
    })
    assert.is(copied.status, 200)
    assert.match(copied.text, /<CopyObjectResult xmlns=/)
    assert.is(element(copied.text, 'LastModified'), '2024-05-06T07:08:09.000Z')
    assert.match(element(copied.text, 'ETag') ?? '', /^&quot;[0-9a-f]{32}&quot;$/)
    const replaced = await ask('PUT', '/bucket/copy', {
      headers: {
        'x-amz-copy-source': 'bucket/copy',
        'x-amz-metadata-directive': 'REPLACE',
        'x-amz-meta-a': '2',
        'content-type': 'text/css',
      },
    })
    assert.is(replaced.status, 200)
    const inputs = bridge.calls.filter(({ method }) => method === 'copyObject')
    assert.equal(inputs[0]?.input, {
      bucket: 'bucket',
      key: 'copy',
      source: { bucket: 'bucket', key: 'a/b' },
      sourceConditions: { ifMatch: ['e'] },
      conditions: {},
      replaceMetadata: undefined,
    })
    assert.equal(Reflect.get(Object(inputs[1]?.input), 'replaceMetadata'), {
      contentType: 'text/css',
      user: { a: '2' },
    })
  })
})

test('an error that comes soon has its own status', async () => {
  await withServing({}, async ({ ask }) => {
    const answer = await ask('PUT', '/bucket/copy', {
      headers: { 'x-amz-copy-source': 'bucket/no' },
    })
    assert.equal([answer.status, element(answer.text, 'Code')], [404, 'NoSuchKey'])
  })
})

const refused: [code: string, headers: Record<string, string>][] = [
  ['InvalidRequest', { 'x-amz-copy-source': 'bucket/k' }],
  ['InvalidRequest', { 'x-amz-copy-source': 'bucket/%6b', 'x-amz-metadata-directive': 'COPY' }],
  ['InvalidArgument', { 'x-amz-copy-source': 'bucket/s', 'x-amz-metadata-directive': 'MERGE' }],
  ['InvalidArgument', { 'x-amz-copy-source': 'bucket' }],
  ['InvalidArgument', { 'x-amz-copy-source': '' }],
  ['InvalidArgument', { 'x-amz-copy-source': '/' }],
  ['InvalidArgument', { 'x-amz-copy-source': 'bucket/%ff' }],
  ['KeyTooLongError', { 'x-amz-copy-source': `bucket/${'x'.repeat(1025)}` }],
  ['NoSuchVersion', { 'x-amz-copy-source': 'bucket/s?versionId=1' }],
  ['NotImplemented', { 'x-amz-copy-source': 'arn:aws:s3:eu:1:accesspoint/a/object/b' }],
  ['InvalidArgument', { 'x-amz-copy-source': 'bucket/s', 'x-amz-tagging-directive': 'MERGE' }],
  ['NotImplemented', { 'x-amz-copy-source': 'bucket/s', 'if-modified-since': 'x' }],
  ['InvalidRequest', { 'x-amz-copy-source': 'bucket/s', 'x-amz-checksum-algorithm': 'SHA3' }],
]
test('refused copies copy nothing', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    for (const [code, headers] of refused) {
      const answer = await ask('PUT', '/bucket/k', { headers })
      assert.is(element(answer.text, 'Code'), code, JSON.stringify(headers).slice(0, 90))
    }
    assert.equal(bridge.calls, [])
  })
})

test('the source is understood in every spelling that clients have for it', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    const raw = Buffer.from('bucket/æ').toString('latin1')
    const encoded = ['bucket/a+b', 'bucket/a%20b', '/bucket/a%2Bb', 'bucket%2Fa%2fb', '%2Fbucket/a']
    const versioned = ['bucket/a?versionId=null', 'bucket/a%3FversionId=b']
    for (const source of [...encoded, ...versioned, raw, 'bucket/%C3%A6', '/bucket//x']) {
      await ask('PUT', '/bucket/k', { headers: { 'x-amz-copy-source': source } })
    }
    assert.equal(
      bridge.calls.map(({ input }) => Reflect.get(Object(input), 'source').key),
      ['a b', 'a b', 'a+b', 'a/b', 'a', 'a', 'a?versionId=b', 'æ', 'æ', '/x'],
    )
  })
})

test.run()
