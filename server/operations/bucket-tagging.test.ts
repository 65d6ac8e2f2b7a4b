import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { element, type Serving, withServing } from '../serving.test-support.ts'

const test = suite('bucket tagging')

const document = (count: number) =>
  `<Tagging><TagSet>${Array.from({ length: count }, (_, n) => `<Tag><Key>k${n}</Key><Value>v</Value></Tag>`).join('')}</TagSet></Tagging>`

async function put({ ask }: Serving, body: string, bucket = 'bucket') {
  const md5 = createHash('md5').update(body).digest('base64')
  return await ask('PUT', `/${bucket}?tagging`, { body, headers: { 'Content-MD5': md5 } })
}

test('tags are put, shown and removed', async () => {
  await withServing({}, async (serving) => {
    const { ask } = serving
    const code = async () => element((await ask('GET', '/bucket?tagging')).text, 'Code')
    assert.is(await code(), 'NoSuchTagSet')
    assert.is((await put(serving, document(50))).status, 200)
    assert.match((await ask('GET', '/bucket?tagging')).text, `>${document(50).slice(9)}`)
    assert.is(element((await put(serving, document(51))).text, 'Code'), 'BadRequest')
    assert.match((await ask('GET', '/bucket?tagging')).text, '<Key>k49</Key>')
    assert.is((await ask('DELETE', '/bucket?tagging')).status, 204)
    assert.is(await code(), 'NoSuchTagSet')
  })
})

test('an empty set is none, and a name twice is refused', async () => {
  await withServing({}, async (serving) => {
    assert.is((await put(serving, document(0))).status, 200)
    const shown = await serving.ask('GET', '/bucket?tagging')
    assert.is(element(shown.text, 'Code'), 'NoSuchTagSet')
    const twice = document(1).replace(/(<Tag>.*<\/Tag>)/, '$1$1')
    assert.is(element((await put(serving, twice)).text, 'Code'), 'InvalidTag')
    assert.is(element((await put(serving, document(1), 'none')).text, 'Code'), 'NoSuchBucket')
    const bare = await serving.ask('PUT', '/bucket?tagging', { body: document(1) })
    assert.is(element(bare.text, 'Code'), 'InvalidRequest')
  })
})

test('a bucket may be made with tags, and is not made with bad ones', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    const body = (tags: string) =>
      `<CreateBucketConfiguration><LocationConstraint>eu</LocationConstraint><Tags>${tags}</Tags></CreateBucketConfiguration>`
    const tag = '<Tag><Key>a</Key><Value>b</Value></Tag>'
    assert.is((await ask('PUT', '/tagged', { body: body(tag) })).status, 200)
    assert.match((await ask('GET', '/tagged?tagging')).text, `<TagSet>${tag}</TagSet>`)
    assert.is((await ask('PUT', '/untagged', { body: body('') })).status, 200)
    assert.is((await ask('GET', '/untagged?tagging')).status, 404)
    const twice = await ask('PUT', '/bad', { body: body(tag.repeat(2)) })
    assert.is(element(twice.text, 'Code'), 'InvalidTag')
    const many = await ask('PUT', '/bad', {
      body: body(document(51).replace(/<\/?Tag(ging|Set)>/g, '')),
    })
    assert.is(element(many.text, 'Code'), 'BadRequest')
    const made = bridge.calls.filter(({ method }) => method === 'createBucket')
    assert.equal(
      made.map(({ input }) => input),
      ['tagged', 'untagged'],
    )
  })
})

test.run()
