import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { element, withServing } from '../serving.test-support.ts'

const test = suite('ListObjectVersions')

const valuesOf = (xml: string, name: string) =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((match) => match[1])

test('every object is its own latest version', async () => {
  await withServing({}, async ({ ask }) => {
    for (const key of ['a', 'b%20c', 'd']) await ask('PUT', `/bucket/${key}`, { body: 'xyz' })
    const { status, text } = await ask('GET', '/bucket?versions')
    assert.is(status, 200)
    assert.match(text, '<ListVersionsResult xmlns=')
    assert.equal(valuesOf(text, 'Key'), ['a', 'b c', 'd'])
    assert.equal(valuesOf(text, 'VersionId'), ['null', 'null', 'null'])
    assert.equal(valuesOf(text, 'IsLatest'), ['true', 'true', 'true'])
    assert.is(element(text, 'Size'), '3')
    assert.is(element(text, 'IsTruncated'), 'false')
    assert.is(element(text, 'DeleteMarker'), undefined)
    const encoded = await ask('GET', '/bucket?versions&encoding-type=url')
    assert.equal(valuesOf(encoded.text, 'Key'), ['a', 'b%20c', 'd'])
  })
})

test('pages follow the markers that the page before gave', async () => {
  await withServing({}, async ({ ask }) => {
    for (const key of ['a', 'b', 'c']) await ask('PUT', `/bucket/${key}`, { body: 'x' })
    const keys: (string | undefined)[] = []
    let markers = ''
    for (let pages = 0; pages < 3; pages += 1) {
      const { text } = await ask('GET', `/bucket?versions&max-keys=1${markers}`)
      keys.push(...valuesOf(text, 'Key'))
      const isLast = pages === 2
      assert.is(element(text, 'IsTruncated'), String(!isLast))
      assert.is(element(text, 'NextVersionIdMarker'), isLast ? undefined : 'null')
      markers = `&key-marker=${element(text, 'NextKeyMarker')}&version-id-marker=null`
    }
    assert.equal(keys, ['a', 'b', 'c'])
  })
})

test('a page that ends with a common prefix goes on behind it, without a version', async () => {
  const overrides = {
    listObjects: async () => ({
      entries: [{ kind: 'prefix' as const, prefix: 'a/' }],
      nextAfter: 'a/',
    }),
  }
  await withServing({ overrides }, async ({ ask }) => {
    const { text } = await ask('GET', '/bucket?versions&delimiter=/&max-keys=1')
    assert.is(element(text, 'Prefix'), '')
    assert.match(text, '<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>')
    assert.is(element(text, 'NextKeyMarker'), 'a/')
    assert.is(element(text, 'NextVersionIdMarker'), undefined)
  })
})

for (const [query, code] of [
  ['version-id-marker=null', 'InvalidArgument'],
  ['key-marker=a&version-id-marker=3HL4kqCxf3vjVBH40Nrjfkd', 'InvalidArgument'],
  ['max-keys=-1', 'InvalidArgument'],
  ['encoding-type=xml', 'InvalidArgument'],
] as const) {
  test(`${query} is ${code}`, async () => {
    await withServing({}, async ({ ask }) => {
      const { text } = await ask('GET', `/bucket?versions&${query}`)
      assert.is(element(text, 'Code'), code)
    })
  })
}

test.run()
