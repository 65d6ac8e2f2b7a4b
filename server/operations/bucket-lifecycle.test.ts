import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { element, type Serving, withServing } from '../serving.test-support.ts'

const test = suite('bucket lifecycle')

const document = (...rules: string[]) =>
  `<LifecycleConfiguration>${rules.map((rule) => `<Rule>${rule}</Rule>`).join('')}</LifecycleConfiguration>`
const days = (count: number | string) => `<Expiration><Days>${count}</Days></Expiration>`
const on = '<Status>Enabled</Status>'
const all = '<Filter></Filter>'
const abort = (count: number | string) =>
  `<AbortIncompleteMultipartUpload><DaysAfterInitiation>${count}</DaysAfterInitiation></AbortIncompleteMultipartUpload>`
const tag = (key: string) => `<Tag><Key>${key}</Key><Value>v</Value></Tag>`

async function put({ ask }: Serving, body: string, headers: Record<string, string> = {}) {
  const md5 = createHash('md5').update(body).digest('base64')
  return await ask('PUT', '/bucket?lifecycle', {
    body,
    headers: { 'Content-MD5': md5, ...headers },
  })
}

const kept: [what: string, rule: string][] = [
  ['a prefix of the old form', `<ID>a</ID><Prefix>logs/</Prefix>${on}${days(1)}`],
  ['an empty prefix of the old form', `<ID>a</ID><Prefix></Prefix>${on}${days(1)}`],
  ['everything', `<ID>a b/ä</ID>${all}${on}${days(365)}`],
  ['a prefix', `<ID>a</ID><Filter><Prefix>logs/</Prefix></Filter>${on}${days(2)}`],
  ['a tag', `<ID>a</ID><Filter>${tag('k')}</Filter>${on}${days(2)}`],
  [
    'a size',
    `<ID>a</ID><Filter><ObjectSizeGreaterThan>500</ObjectSizeGreaterThan></Filter>${on}${days(2)}`,
  ],
  [
    'several conditions',
    `<ID>a</ID><Filter><And><Prefix>p</Prefix>${tag('a')}${tag('b')}<ObjectSizeGreaterThan>0</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter>${on}${days(2)}`,
  ],
  [
    'a date',
    `<ID>a</ID>${all}<Status>Disabled</Status><Expiration><Date>2017-09-27T00:00:00.000Z</Date></Expiration>`,
  ],
  [
    'a delete marker',
    `<ID>a</ID>${all}${on}<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>`,
  ],
  [
    'noncurrent versions and uploads',
    `<ID>a</ID>${all}${on}<NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration>${abort(7)}`,
  ],
]
for (const [what, rule] of kept) {
  test(`a rule of ${what} comes back as it was put`, async () => {
    await withServing({}, async (serving) => {
      assert.is((await put(serving, document(rule))).status, 200)
      const { text, headers } = await serving.ask('GET', '/bucket?lifecycle')
      assert.match(text, `>${document(rule).slice('<LifecycleConfiguration>'.length)}`, text)
      assert.is(headers['x-amz-transition-default-minimum-object-size'], 'all_storage_classes_128K')
    })
  })
}

const and = (...content: string[]) => `<Filter><And>${content.join('')}</And></Filter>`
const refused: [what: string, code: string, ...rules: string[]][] = [
  ['no rule', 'MalformedXML'],
  ['neither filter nor prefix', 'MalformedXML', `${on}${days(1)}`],
  ['both', 'MalformedXML', `<Prefix>a</Prefix>${all}${on}${days(1)}`],
  ['a prefix twice', 'MalformedXML', `<Prefix>a</Prefix><Prefix>b</Prefix>${on}${days(1)}`],
  ['no status', 'MalformedXML', `${all}${days(1)}`],
  ['another status', 'MalformedXML', `${all}<Status>enabled</Status>${days(1)}`],
  ['no action', 'InvalidRequest', `${all}${on}`],
  ['an empty expiration', 'MalformedXML', `${all}${on}<Expiration></Expiration>`],
  ['zero days', 'InvalidArgument', `${all}${on}${days(0)}`],
  ['negative days', 'InvalidArgument', `${all}${on}${days(-1)}`],
  ['days that are no number', 'InvalidArgument', `${all}${on}${days('1e1')}`],
  ['half a day', 'InvalidArgument', `${all}${on}${days('1.5')}`],
  [
    'days and a date',
    'MalformedXML',
    `${all}${on}<Expiration><Days>1</Days><Date>2017-09-27T00:00:00Z</Date></Expiration>`,
  ],
  [
    'a date that is none',
    'MalformedXML',
    `${all}${on}<Expiration><Date>20200101</Date></Expiration>`,
  ],
  [
    'a date at noon',
    'InvalidArgument',
    `${all}${on}<Expiration><Date>2017-09-27T12:00:00Z</Date></Expiration>`,
  ],
  ['an abort after no days', 'InvalidArgument', `${all}${on}${abort(0)}`],
  ['an abort by tag', 'InvalidRequest', `<Filter>${tag('a')}</Filter>${on}${abort(1)}`],
  [
    'two conditions outside of And',
    'MalformedXML',
    `<Filter><Prefix>a</Prefix>${tag('b')}</Filter>${on}${days(1)}`,
  ],
  ['an empty And', 'MalformedXML', `${and()}${on}${days(1)}`],
  ['a tag twice', 'InvalidRequest', `${and(tag('a'), tag('a'))}${on}${days(1)}`],
  [
    'a tag without value',
    'MalformedXML',
    `<Filter><Tag><Key>a</Key></Tag></Filter>${on}${days(1)}`,
  ],
  [
    'sizes that leave nothing',
    'InvalidRequest',
    `${and('<ObjectSizeGreaterThan>5</ObjectSizeGreaterThan><ObjectSizeLessThan>5</ObjectSizeLessThan>')}${on}${days(1)}`,
  ],
  ['an unknown filter', 'MalformedXML', `<Filter><Suffix>a</Suffix></Filter>${on}${days(1)}`],
  [
    'a transition',
    'NotImplemented',
    `${all}${on}<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>`,
  ],
  [
    'a transition on no date',
    'MalformedXML',
    `${all}${on}<Transition><Date>20220927</Date><StorageClass>GLACIER</StorageClass></Transition>`,
  ],
  [
    'a transition beside an expiration',
    'NotImplemented',
    `${all}${on}${days(1)}<NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionTransition>`,
  ],
  ['an id that is too long', 'InvalidArgument', `<ID>${'i'.repeat(256)}</ID>${all}${on}${days(1)}`],
  [
    'an id twice',
    'InvalidArgument',
    `<ID>a</ID>${all}${on}${days(1)}`,
    `<ID>a</ID><Prefix>x</Prefix>${on}${days(1)}`,
  ],
]
for (const [what, code, ...rules] of refused) {
  test(`a configuration with ${what} is ${code}, and the one before stays`, async () => {
    await withServing({}, async (serving) => {
      await put(serving, document(`<ID>before</ID>${all}${on}${days(1)}`))
      const answer = await put(serving, document(...rules))
      assert.is(element(answer.text, 'Code'), code, answer.text)
      const { text } = await serving.ask('GET', '/bucket?lifecycle')
      assert.is(element(text, 'ID'), 'before')
    })
  })
}

test('rules without an id get one each; a thousand are taken and one more is not', async () => {
  await withServing({}, async (serving) => {
    const rule = `${all}${on}${days(1)}`
    const many = Array.from({ length: 1000 }, () => rule)
    assert.is((await put(serving, document(...many))).status, 200)
    const { text } = await serving.ask('GET', '/bucket?lifecycle')
    const ids = [...text.matchAll(/<ID>([^<]+)<\/ID>/g)].map((match) => match[1])
    assert.is(new Set(ids).size, 1000)
    const answer = await put(serving, document(...many, rule))
    assert.is(element(answer.text, 'Code'), 'MalformedXML')
  })
})

test('the configuration is there or not, also when its bucket is not', async () => {
  await withServing({}, async (serving) => {
    const { ask } = serving
    const code = async (path: string) => element((await ask('GET', path)).text, 'Code')
    assert.is(await code('/bucket?lifecycle'), 'NoSuchLifecycleConfiguration')
    assert.is(await code('/none?lifecycle'), 'NoSuchBucket')
    const body = document(`${all}${on}${days(1)}`)
    const header = 'x-amz-transition-default-minimum-object-size'
    const answer = await put(serving, body, { [header]: 'varies_by_storage_class' })
    assert.is(answer.headers[header], 'varies_by_storage_class')
    assert.is((await ask('GET', '/bucket?lifecycle')).headers[header], 'varies_by_storage_class')
    const odd = await put(serving, body, { [header]: 'odd' })
    assert.is(element(odd.text, 'Code'), 'InvalidArgument')
    const bare = await ask('PUT', '/bucket?lifecycle', { body })
    assert.is(element(bare.text, 'Code'), 'InvalidRequest')
    assert.is((await ask('DELETE', '/bucket?lifecycle')).status, 204)
    assert.is((await ask('DELETE', '/bucket?lifecycle')).status, 204)
    assert.is(await code('/bucket?lifecycle'), 'NoSuchLifecycleConfiguration')
  })
})

test('answers say when an object expires and when an upload is given up', async () => {
  const now = () => new Date('2026-03-01T10:30:00Z')
  await withServing({ now }, async (serving) => {
    const { ask, bridge } = serving
    await put(
      serving,
      document(
        `<ID>rule one</ID><Prefix>logs/</Prefix>${on}${days(1)}${abort(2)}`,
        `<ID>tagged</ID><Filter>${tag('k')}</Filter>${on}${days(5)}`,
      ),
    )
    const header = 'x-amz-expiration'
    const stored = await ask('PUT', '/bucket/logs/a', { body: 'x' })
    assert.is(
      stored.headers[header],
      'expiry-date="Tue, 03 Mar 2026 00:00:00 GMT", rule-id="rule%20one"',
    )
    for (const method of ['GET', 'HEAD']) {
      const read = await ask(method, '/bucket/logs/a')
      // The age of what the fake has stored is from its own time.
      assert.match(
        String(read.headers[header]),
        'expiry-date="Wed, 08 May 2024 00:00:00 GMT"',
        method,
      )
    }
    const tagged = await ask('PUT', '/bucket/a', { body: 'x', headers: { 'x-amz-tagging': 'k=v' } })
    assert.match(String(tagged.headers[header]), 'rule-id="tagged"')
    assert.is((await ask('PUT', '/bucket/b', { body: 'x' })).headers[header], undefined)
    const copy = { headers: { 'x-amz-copy-source': '/bucket/a' } }
    assert.is((await ask('PUT', '/bucket/logs/c', copy)).headers[header], stored.headers[header])
    assert.match(String((await ask('PUT', '/bucket/c', copy)).headers[header]), 'rule-id="tagged"')
    const body =
      '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>'
    const complete = async (key: string) =>
      (await ask('POST', `/bucket/${key}?uploadId=u`, { body })).headers[header]
    assert.is(await complete('logs/d'), stored.headers[header])
    assert.is(await complete('d'), undefined)
    const upload = await ask('POST', '/bucket/logs/b?uploads')
    assert.is(upload.headers['x-amz-abort-date'], 'Wed, 04 Mar 2026 00:00:00 GMT')
    assert.is(upload.headers['x-amz-abort-rule-id'], 'rule%20one')
    assert.is((await ask('POST', '/bucket/b?uploads')).headers['x-amz-abort-date'], undefined)
    const text = '{'
    const broken = { bucket: 'bucket', name: 'lifecycle', text } as const
    const context = { requestId: 'x', signal: new AbortController().signal }
    await bridge.setBucketConfiguration(broken, { ...context, counter: { upstreamCalls: 0 } })
    assert.equal((await ask('GET', '/bucket/logs/a')).status, 200)
    assert.is((await ask('GET', '/bucket?lifecycle')).status, 500)
  })
})

test.run()
