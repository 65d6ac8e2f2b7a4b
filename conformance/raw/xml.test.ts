// XML that is broken, hostile or of another kind, for every operation that reads any. What is refused has
// no effect, not even on the entries that were right.
import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { expectError, expectSane, type RawBridge, withRawBridge } from '../support/raw-bridge.ts'
import { type RawAnswer, withConnection } from '../support/raw-connection.ts'
import { ask } from '../support/signed-request.ts'

const test = suite('raw xml')

/** `{}` stands for the content that would be right. */
type Document = { readonly root: string; readonly content: string }

const broken = ({ root, content }: Document): readonly (readonly [string, string | Buffer])[] => {
  const whole = `<${root}>${content}</${root}>`
  return [
    ['no XML', 'this is no XML'],
    ['JSON', '{"Object": [{"Key": "key"}]}'],
    ['a form', 'a=b&c=d'],
    ['white space', ' \r\n\t '],
    ['only a declaration', '<?xml version="1.0"?>'],
    ['cut off', whole.slice(0, -3)],
    ['cut off in the middle', whole.slice(0, whole.length / 2)],
    ['not closed', `<${root}>${content}`],
    ['closed by another', `<${root}>${content}</Other>`],
    ['closed twice', `${whole}</${root}>`],
    ['two roots', whole + whole],
    ['text behind it', `${whole}text`],
    ['text before it', `text${whole}`],
    ['text inside', `<${root}>text${content}</${root}>`],
    ['the root under a prefix', `<p:${root} xmlns:p="http://a.test/">${content}</p:${root}>`],
    ['the root in another case', `<${root.toUpperCase()}>${content}</${root.toUpperCase()}>`],
    ['another root', `<Other>${content}</Other>`],
    ['an element that is not known', `<${root}>${content}<Unknown>1</Unknown></${root}>`],
    ['no elements', `<${root}>1</${root}>`],
    ['a reference that is not known', `<${root}>${content}&unknown;</${root}>`],
    ['a NUL', `<${root}>\0${content}</${root}>`],
    ['a DOCTYPE', `<!DOCTYPE a [<!ENTITY b "key">]>${whole}`],
    ['an external entity', `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>${whole}`],
    ['a bomb', bomb(root)],
    ['a parameter entity', `<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1/"> %b;]>${whole}`],
    ['deep nesting', `<${root}>${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}</${root}>`],
    ['100,000 elements', `<${root}>${'<a/>'.repeat(100_000)}</${root}>`],
    ['UTF-16', Buffer.from(`\ufeff${whole}`, 'utf16le')],
    ['not UTF-8', Buffer.from(`<${root}>${content}\xff</${root}>`, 'latin1')],
    ['a broken UTF-8 sequence', Buffer.concat([Buffer.from(whole), Buffer.from([0xc3])])],
    ['a CDATA that is not closed', `<${root}><![CDATA[${content}</${root}>`],
    ['a comment that is not closed', `<!-- ${whole}`],
    ['attributes twice', `<${root} a="1" a="2">${content}</${root}>`],
    ['attributes without quotes', `<${root} a=1>${content}</${root}>`],
    ['prototypes', `<${root}><__proto__><Key>key</Key></__proto__></${root}>`],
    ['constructors', `<${root}><constructor>1</constructor></${root}>`],
  ]
}

test('a delete list that is broken deletes nothing', async () => {
  await withRawBridge(async (raw) => {
    const post = (body: string | Buffer) => send(raw, 'POST', '/bucket?delete=', body)
    const content = '<Object><Key>key</Key></Object>'
    const entry = (text: string) => `<Delete>${content}<Object>${text}</Object></Delete>`
    const more = [
      ['nothing', ''],
      ['an entry without a key', entry('')],
      ['an empty key', entry('<Key></Key>')],
      ['two keys in one entry', entry('<Key>a</Key><Key>b</Key>')],
      ['a key with elements', entry('<Key><Key>key</Key></Key>')],
      ['no entries', '<Delete></Delete>'],
      ['an odd Quiet', `<Delete><Quiet>maybe</Quiet>${content}</Delete>`],
      ['1001 entries', `<Delete>${content.repeat(1001)}</Delete>`],
    ] as const
    for (const [what, body] of [...broken({ root: 'Delete', content }), ...more]) {
      const answer = await post(body)
      expectError(answer, { status: 400, code: ['MalformedXML', 'MissingRequestBodyError'] }, what)
    }
    const large = `<Delete>${content}${' '.repeat(3 * 1024 ** 2)}</Delete>`
    const codes = ['MaxMessageLengthExceeded', 'MalformedXML']
    expectError(await post(large), { status: 400, code: codes }, '3 MiB')
    await raw.expectUntouched('delete lists')
    // The same request without its fault: it was not refused for anything else.
    const right = await post(`<Delete><Object><Key>missing</Key></Object></Delete>`)
    assert.match(right.text, /<Deleted><Key>missing<\/Key><\/Deleted>/)
  })
})

test('any namespace is taken, since clients differ in it, and none as well', async () => {
  await withRawBridge(async (raw) => {
    const entry = '<Object><Key>missing</Key></Object>'
    for (const attribute of [
      '',
      ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"',
      ' xmlns="http://doc.s3.amazonaws.com/2006-03-01"',
      ' xmlns="urn:something-else"',
      ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"',
    ]) {
      const body = `<Delete${attribute}>${entry}</Delete>`
      const answer = await send(raw, 'POST', '/bucket?delete=', body)
      assert.match(answer.text, '<Deleted><Key>missing</Key></Deleted>', attribute)
    }
    await raw.expectUntouched('namespaces')
  })
})

test('a body of 50 MB is refused by its length, before it is asked for', async () => {
  await withRawBridge(async (raw) => {
    const targets = [
      ['POST', '/bucket?delete='],
      ['PUT', '/other'],
      ['POST', '/bucket/key?uploadId=x'],
    ] as const
    for (const [method, path] of targets) {
      await withConnection(raw.bridge, async (connection) => {
        const headers = { 'content-md5': createHash('md5').digest('base64') }
        const lines = ['Content-Length: 50000000', 'Expect: 100-continue']
        await connection.write(raw.head({ method, path, headers, lines }))
        const answer = await connection.answer()
        expectError(answer, { status: 400, code: 'MaxMessageLengthExceeded' }, path)
        assert.equal(answer.interim, [], path)
      })
    }
    await raw.expectUntouched('50 MB')
  })
})

test('keys in a delete list that no object can have are answered one by one', async () => {
  await withRawBridge(async (raw) => {
    const keys = ['../../bucket/key', 'k'.repeat(1025), '/key', 'key/', 'KEY', 'a&#x1;b', ' key ']
    const list = keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('')
    const answer = await send(raw, 'POST', '/bucket?delete=', `<Delete>${list}</Delete>`)
    assert.is(answer.status, 200, answer.text)
    assert.is(answer.text.match(/<Deleted>|<Error>/g)?.length, keys.length, answer.text)
    assert.match(answer.text, /<Code>KeyTooLongError<\/Code>/)
    await raw.expectUntouched('odd keys')
  })
})

test('a bucket is not made from a configuration that is broken', async () => {
  await withRawBridge(async (raw) => {
    const root = 'CreateBucketConfiguration'
    const content = '<LocationConstraint>eu-north-1</LocationConstraint>'
    for (const [what, body] of broken({ root, content })) {
      const answer = await send(raw, 'PUT', '/other', body)
      const code = ['MalformedXML', 'MaxMessageLengthExceeded']
      expectError(answer, { status: 400, code }, what)
    }
    const cases = [
      ['<LocationConstraint>../..</LocationConstraint>', 400, 'InvalidLocationConstraint'],
      [`${content}${content}`, 400, 'MalformedXML'],
      ['<Bucket><Type>Directory</Type></Bucket>', 501, 'NotImplemented'],
    ] as const
    for (const [inside, status, code] of cases) {
      const answer = await send(raw, 'PUT', '/other', `<${root}>${inside}</${root}>`)
      expectError(answer, { status, code }, inside)
    }
    const large = `<${root}>${content}${' '.repeat(100_000)}</${root}>`
    const wanted = { status: 400, code: 'MaxMessageLengthExceeded' }
    expectError(await send(raw, 'PUT', '/other', large), wanted, '100 KB')
    await raw.expectUntouched('bucket configurations')
  })
})

test('a list of parts that is broken completes nothing, and the upload goes on', async () => {
  await withRawBridge(async (raw) => {
    const created = await ask(raw.bridge, { method: 'POST', path: '/bucket/key?uploads=' })
    const path = `/bucket/key?uploadId=${/<UploadId>([^<]+)</.exec(created.text)?.[1]}`
    const put = await ask(raw.bridge, { method: 'PUT', path: `${path}&partNumber=2`, body: 'part' })
    const part = (number: string, etag: string) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`
    const etag = String(put.headers.etag)
    const root = 'CompleteMultipartUpload'
    for (const [what, body] of broken({ root, content: part('2', etag) })) {
      const answer = await send(raw, 'POST', path, body)
      expectError(answer, { status: 400, code: 'MalformedXML' }, what)
    }
    const cases: readonly [content: string, code: string | string[]][] = [
      ['', ['MalformedXML', 'InvalidRequest', 'MissingRequestBodyError']],
      [part('0', etag), 'MalformedXML'],
      [part('-2', etag), 'MalformedXML'],
      [part('2.0', etag), 'MalformedXML'],
      [part('10001', etag), 'MalformedXML'],
      [part('two', etag), 'MalformedXML'],
      [part('2', ''), 'MalformedXML'],
      [part('2', '"00000000000000000000000000000000"'), 'InvalidPart'],
      [part('2', '../../../etc/passwd'), 'InvalidPart'],
      [part('1', etag), 'InvalidPart'],
      [part('2', etag) + part('2', etag), 'InvalidPartOrder'],
      [part('2', etag) + part('1', etag), ['InvalidPart', 'InvalidPartOrder']],
      [part('2', etag).repeat(10_001), 'MalformedXML'],
      [
        part('2', etag).replace('</Part>', '<ChecksumCRC32>!</ChecksumCRC32></Part>'),
        'InvalidRequest',
      ],
    ]
    for (const [content, code] of cases) {
      const answer = await send(raw, 'POST', path, `<${root}>${content}</${root}>`)
      expectError(answer, { status: 400, code }, content.slice(0, 200))
    }
    const empty = await send(raw, 'POST', path, '')
    const codes = ['MalformedXML', 'InvalidRequest', 'MissingRequestBodyError']
    expectError(empty, { status: 400, code: codes }, 'nothing')

    const whole = `<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${part('2', etag)}</${root}>`
    const done = await send(raw, 'POST', path, whole)
    assert.is(done.status, 200, done.text)
    assert.match(done.text, /-1&quot;<\/ETag>|-1"<\/ETag>/)
    assert.is((await ask(raw.bridge, { method: 'GET', path: '/bucket/key' })).text, 'part')
  })
})

test('what reads no XML takes none for a wish', async () => {
  await withRawBridge(async (raw) => {
    const body = '<Tagging><TagSet/></Tagging>'
    for (const [method, path, status] of [
      ['GET', '/bucket/key', 200],
      ['GET', '/bucket', 200],
      ['GET', '/', 200],
      ['HEAD', '/bucket/key', 200],
      ['DELETE', '/bucket/missing', 204],
    ] as const) {
      const answer = await send(raw, method, path, body)
      assert.is(answer.status, status, `${method} ${path} ${answer.text}`)
    }
    await raw.expectUntouched('bodies that nobody reads')
  })
})

test.run()

/** A thousand million entities in a few lines, were they ever expanded. */
function bomb(root: string): string {
  const names = 'abcdefghi'
  const entities = [...names].map((name, index) => {
    const before = names[index - 1]
    return `<!ENTITY ${name} "${before === undefined ? 'boom' : `&${before};`.repeat(10)}">`
  })
  return `<?xml version="1.0"?><!DOCTYPE x [${entities.join('')}]><${root}>&i;</${root}>`
}

/** With its MD5, on a connection of its own, which must be sane afterwards. */
async function send(
  raw: RawBridge,
  method: string,
  path: string,
  body: string | Buffer,
): Promise<RawAnswer> {
  const bytes = Buffer.from(body)
  const headers = { 'content-md5': createHash('md5').update(bytes).digest('base64') }
  const lines = [`Content-Length: ${bytes.length}`]
  const result = Promise.withResolvers<RawAnswer>()
  await withConnection(raw.bridge, async (connection) => {
    await connection.write(raw.head({ method, path, headers, lines, signedBody: bytes }))
    await connection.write(bytes)
    const answer = await connection.answer(method)
    if (method !== 'POST' || answer.status !== 200) {
      await expectSane(raw, connection, answer, `${method} ${path}`)
    }
    result.resolve(answer)
  })
  return await result.promise
}
