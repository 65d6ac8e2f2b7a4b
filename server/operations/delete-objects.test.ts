import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../../translate/s3-error.ts'
import { slowXmlGraceMs } from '../reply.ts'
import { createManualWait, type Serving, withServing } from '../serving.test-support.ts'

const test = suite('DeleteObjects')

function send({ ask }: Serving, body: string, headers?: Record<string, string>) {
  const md5 = createHash('md5').update(body).digest('base64')
  return ask('POST', '/bucket?delete', { body, headers: headers ?? { 'Content-MD5': md5 } })
}

const names = (text: string) => [...text.matchAll(/<Key>(.*?)<\/Key>/gs)].map((match) => match[1])

test('every entry is answered in order, and each key is deleted once', async () => {
  await withServing({}, async (serving) => {
    const { status, text } = await send(
      serving,
      `<Delete>
        <Object><Key>b</Key></Object>
        <Object><Key> 007 </Key><VersionId>null</VersionId></Object>
        <Object><Key>b</Key></Object>
        <Object><Key>locked</Key></Object>
        <Object><Key>&#x1;&lt;</Key></Object>
        <Object><Key>c</Key><VersionId>v1</VersionId></Object>
        <Object><Key>d</Key><Size>-1</Size></Object>
        <Object><Key>${'e'.repeat(1025)}</Key></Object>
      </Delete>`,
    )
    assert.is(status, 200)
    const [deleted = '', failed = ''] = text.split(/(?=<Error>)(.*)/s)
    assert.equal(names(deleted), ['b', ' 007 ', 'b', '&#x1;&lt;'])
    assert.equal(names(failed), ['locked', 'c', 'd', 'e'.repeat(1025)])
    assert.equal(
      [...failed.matchAll(/<Code>(.*?)<\/Code>/g)].map((match) => match[1]),
      ['AccessDenied', 'NoSuchVersion', 'InvalidArgument', 'KeyTooLongError'],
    )
    assert.equal(serving.bridge.calls.at(-1)?.input, {
      bucket: 'bucket',
      keys: ['b', ' 007 ', 'locked', '\u0001<'],
      conditions: [undefined, undefined, undefined, undefined],
    })
  })
})

test('quiet leaves out what went well', async () => {
  await withServing({}, async (serving) => {
    const body =
      '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet><Object><Key>a</Key></Object><Object><Key>locked</Key></Object></Delete>'
    assert.equal(names((await send(serving, body)).text), ['locked'])
  })
})

test('a thousand keys are taken, one more is not', async () => {
  await withServing({}, async (serving) => {
    const body = (count: number) =>
      `<Delete>${Array.from({ length: count }, (_, at) => `<Object><Key>${at}</Key></Object>`).join('')}</Delete>`
    assert.is(names((await send(serving, body(1000))).text).length, 1000)
    assert.match((await send(serving, body(1001))).text, /<Code>MalformedXML</)
  })
})

for (const quiet of ['', '<Quiet>true</Quiet>']) {
  test(`a failure after the head of the answer is told of each key${quiet}`, async () => {
    const clock = createManualWait()
    const failure = Promise.withResolvers<never>()
    const overrides = { deleteObjects: () => failure.promise }
    await withServing({ overrides, wait: clock.wait }, async (serving) => {
      const objects = ['a', 'e'.repeat(1025), 'a', 'b'].map(
        (key) => `<Object><Key>${key}</Key></Object>`,
      )
      const answer = send(serving, `<Delete>${quiet}${objects.join('')}</Delete>`)
      await clock.pass(slowXmlGraceMs)
      const message = 'Try again later.'
      failure.reject(new S3Error('ServiceUnavailable', { message }))
      const { status, text } = await answer
      assert.is(status, 200)
      assert.match(text, /<DeleteResult.*<\/DeleteResult>$/)
      assert.not.match(text, '<Deleted>')
      assert.equal(
        [...text.matchAll(/<Error><Key>(.*?)<\/Key><Code>(.*?)<\/Code>/g)].map(
          ([, key = '', code]) => [key.slice(0, 2), code],
        ),
        [
          ['a', 'ServiceUnavailable'],
          ['ee', 'KeyTooLongError'],
          ['a', 'ServiceUnavailable'],
          ['b', 'ServiceUnavailable'],
        ],
      )
      assert.is(text.split(message).length, 4)
      const line = await serving.logged(({ operation }) => operation === 'DeleteObjects')
      assert.equal([line.level, line.code], ['error', 'ServiceUnavailable'])
    })
  })
}

test('keys may be references throughout, and each entry may name its namespace', async () => {
  await withServing({}, async (serving) => {
    const key = (count: number) => '&#x6B;'.repeat(count)
    const object = `<Object xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Key>${key(250)}</Key></Object>`
    const { text } = await send(serving, `<Delete>${object.repeat(1000)}</Delete>`)
    assert.is(names(text).length, 1000)
    assert.is(names(text)[0], 'k'.repeat(250))
    const long = await send(serving, `<Delete><Object><Key>${key(1024)}</Key></Object></Delete>`)
    assert.equal(names(long.text), ['k'.repeat(1024)])
  })
})

test('conditions are handed on with their keys, each wish once', async () => {
  await withServing({}, async (serving) => {
    const object = (key: string, more = '') => `<Object><Key>${key}</Key>${more}</Object>`
    const time = '<LastModifiedTime>Sun, 06 Nov 1994 08:49:37 GMT</LastModifiedTime>'
    const body = [
      object('a'),
      object('a'),
      object('a', '<ETag>&quot;e&quot;</ETag>'),
      object('b', `<ETag>*</ETag>${time}<Size>5</Size>`),
      object('c', '<Size>many</Size>'),
      object('d', '<LastModifiedTime>soon</LastModifiedTime>'),
    ]
    const { text } = await send(serving, `<Delete>${body.join('')}</Delete>`)
    assert.equal(names(text), ['a', 'a', 'a', 'b', 'c', 'd'])
    assert.is(text.match(/<Code>InvalidArgument</g)?.length, 2)
    assert.equal(serving.bridge.calls[0]?.input, {
      bucket: 'bucket',
      keys: ['a', 'a', 'b'],
      conditions: [
        undefined,
        { ifMatch: ['e'] },
        { ifMatch: ['*'], sizeBytes: 5, modified: new Date('1994-11-06T08:49:37Z') },
      ],
    })
  })
})

test('the same conditions stand in the headers of a single delete', async () => {
  await withServing({}, async ({ ask, bridge }) => {
    const headers = {
      'If-Match': '"e"',
      'x-amz-if-match-size': '5',
      'x-amz-if-match-last-modified-time': 'Sun, 06 Nov 1994 08:49:37 GMT',
    }
    assert.is((await ask('DELETE', '/bucket/b', { headers })).status, 204)
    const modified = new Date('1994-11-06T08:49:37Z')
    assert.equal(bridge.calls[0]?.input, {
      ...{ bucket: 'bucket', key: 'b' },
      conditions: { ifMatch: ['e'], sizeBytes: 5, modified },
    })
  })
})

const entry = '<Delete><Object><Key>a</Key></Object></Delete>'
const refused: [code: string, body: string, headers?: Record<string, string>][] = [
  ['InvalidRequest', entry, {}],
  ['InvalidDigest', entry, { 'Content-MD5': 'x' }],
  ['BadDigest', entry, { 'Content-MD5': 'AAAAAAAAAAAAAAAAAAAAAA==' }],
  ['BadDigest', entry, { 'x-amz-checksum-crc32': 'AAAAAA==' }],
  ['MalformedXML', ''],
  ['MalformedXML', '<Delete/>'],
  ['MalformedXML', '<Delete><Object/></Delete>'],
  ['MalformedXML', '<Delete><Object><Key></Key></Object></Delete>'],
  ['MalformedXML', '<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>'],
  ['MalformedXML', '<Delete><Quiet>yes</Quiet><Object><Key>a</Key></Object></Delete>'],
  ['MalformedXML', '<Delete><Other/><Object><Key>a</Key></Object></Delete>'],
  [
    'MalformedXML',
    '<!DOCTYPE x [<!ENTITY k "a">]><Delete><Object><Key>&k;</Key></Object></Delete>',
  ],
  ['MalformedXML', entry.slice(0, -1)],
  ['MaxMessageLengthExceeded', `<Delete>${' '.repeat(2 * 1024 * 1024)}</Delete>`],
]
test('refused bodies delete nothing', async () => {
  await withServing({}, async (serving) => {
    for (const [code, body, headers] of refused) {
      const { text } = await send(serving, body, headers)
      assert.match(text, `<Code>${code}</Code>`, body.slice(0, 80))
    }
    assert.equal(serving.bridge.calls, [])
  })
})

test.run()
