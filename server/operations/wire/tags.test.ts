import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Tag } from '../../../translate/bridge.ts'
import { S3Error } from '../../../translate/s3-error.ts'
import { element, withServing } from '../../serving.test-support.ts'
import { parseTagging, readTagHeader } from './tags.ts'

const test = suite('tags')

const many = (count: number): Tag[] =>
  Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: 'v' }))
const limit = { max: 10, of: 'Object' } as const

const headers: [text: string, tags: Tag[] | string][] = [
  ['', []],
  ['a=1', [{ key: 'a', value: '1' }]],
  [
    'foo=bar&bar',
    [
      { key: 'foo', value: 'bar' },
      { key: 'bar', value: '' },
    ],
  ],
  ['a+b=c%20d%2B', [{ key: 'a b', value: 'c d+' }]],
  ['%C3%A9=a=b', [{ key: 'é', value: 'a=b' }]],
  ['a=1&a=2', 'InvalidArgument'],
  ['a=%zz', 'InvalidArgument'],
  ['a=%ff', 'InvalidArgument'],
  ['=1', 'InvalidTag'],
  ['a=1&&b=2', 'InvalidTag'],
  [
    `${'k'.repeat(128)}=${'%C3%A9'.repeat(256)}`,
    [{ key: 'k'.repeat(128), value: 'é'.repeat(256) }],
  ],
  [`${'k'.repeat(129)}=v`, 'InvalidTag'],
  [`k=${'v'.repeat(257)}`, 'InvalidTag'],
  ['aws:x=1', 'InvalidTag'],
  ['a=%3C', 'InvalidTag'],
  [
    many(10)
      .map(({ key, value }) => `${key}=${value}`)
      .join('&'),
    many(10),
  ],
  [
    many(11)
      .map(({ key, value }) => `${key}=${value}`)
      .join('&'),
    'BadRequest',
  ],
]
for (const [text, expected] of headers) {
  test(`the header ${text.slice(0, 40)} is ${typeof expected === 'string' ? expected : 'tags'}`, () => {
    assert.equal(
      outcomeOf(() => readTagHeader({ 'x-amz-tagging': text })),
      expected,
    )
  })
}

function document(tags: readonly Tag[]): string {
  const set = tags.map(({ key, value }) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`)
  return `<Tagging><TagSet>${set.join('')}</TagSet></Tagging>`
}

const documents: [what: string, text: string, tags: Tag[] | string][] = [
  ['no tags', document([]), []],
  ['an empty set that closes itself', '<Tagging><TagSet/></Tagging>', []],
  ['one', document([{ key: 'a b', value: '' }]), [{ key: 'a b', value: '' }]],
  ['ten', document(many(10)), many(10)],
  ['eleven', document(many(11)), 'BadRequest'],
  ['a thousand', document(many(1000)), 'BadRequest'],
  ['a flood', document(many(5000)), 'MalformedXML'],
  ['a name twice', document([...many(1), ...many(1)]), 'InvalidTag'],
  ['a name that is too long', document([{ key: 'k'.repeat(129), value: '' }]), 'InvalidTag'],
  ['a name of the system', document([{ key: 'aws:k', value: '' }]), 'InvalidTag'],
  ['no set', '<Tagging></Tagging>', 'MalformedXML'],
  ['another root', '<TagSet><Tag/></TagSet>', 'MalformedXML'],
  [
    'a tag without value',
    '<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>',
    'MalformedXML',
  ],
]
for (const [what, text, expected] of documents) {
  test(`a document with ${what} is ${typeof expected === 'string' ? expected : 'read'}`, () => {
    assert.equal(
      outcomeOf(() => parseTagging(text, limit)),
      expected,
    )
  })
}

test('tags are put, shown, counted on reads and removed', async () => {
  await withServing({}, async ({ ask }) => {
    await ask('PUT', '/bucket/k', { body: 'x', headers: { 'x-amz-tagging': 'b=%40&a=1' } })
    assert.is((await ask('GET', '/bucket/k')).headers['x-amz-tagging-count'], '2')
    const shown = await ask('GET', '/bucket/k?tagging')
    assert.is(shown.status, 200)
    assert.match(
      shown.text,
      '<TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value>@</Value></Tag></TagSet>',
    )
    const put = await ask('PUT', '/bucket/k?tagging', { body: document(many(3)) })
    assert.equal([put.status, put.text], [200, ''])
    assert.is((await ask('HEAD', '/bucket/k')).headers['x-amz-tagging-count'], '3')
    assert.is((await ask('DELETE', '/bucket/k?tagging&versionId=null')).status, 204)
    assert.is((await ask('HEAD', '/bucket/k')).headers['x-amz-tagging-count'], undefined)
    assert.match((await ask('GET', '/bucket/k?tagging')).text, '<TagSet></TagSet>')
    assert.is((await ask('GET', '/bucket/k')).text, 'x')
  })
})

test('what cannot be tagged is refused', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    await ask('PUT', '/bucket/k', { body: 'x' })
    const cases = [
      ['NoSuchKey', 'PUT', '/bucket/none?tagging', document(many(1))],
      ['NoSuchKey', 'DELETE', '/bucket/none?tagging', ''],
      ['NoSuchKey', 'GET', '/bucket/none?tagging', ''],
      ['NoSuchVersion', 'PUT', '/bucket/k?tagging&versionId=1', document(many(1))],
      ['MalformedXML', 'PUT', '/bucket/k?tagging', ''],
      ['BadRequest', 'PUT', '/bucket/k?tagging', document(many(11))],
    ] as const
    for (const [code, method, target, body] of cases) {
      const answer = await ask(method, target, { body })
      assert.is(element(answer.text, 'Code'), code, `${method} ${target}`)
    }
    const wrongDigest = { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }
    const options = { body: document(many(1)), headers: wrongDigest }
    const refused = await ask('PUT', '/bucket/k?tagging', options)
    assert.is(element(refused.text, 'Code'), 'BadDigest')
    assert.equal(bridge.objects.get('bucket/k')?.info.tags, [])
  })
})

function outcomeOf(act: () => Tag[]): Tag[] | string {
  try {
    return act()
  } catch (error) {
    if (error instanceof S3Error) return error.code
    throw error
  }
}

test.run()
