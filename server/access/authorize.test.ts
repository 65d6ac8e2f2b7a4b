// Who may do what, through the whole app: owners, limits, policies, ACLs and public access blocks.
import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { canonicalId, outcome, people, withPeople } from './people.test-support.ts'

const test = suite('authorize')

const policyOf = (...statements: object[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })
const allow = (Action: string | string[], more: object = {}) => ({
  ...{ Effect: 'Allow', Principal: '*', Action },
  ...{ Resource: ['arn:aws:s3:::bucket', 'arn:aws:s3:::bucket/*'], ...more },
})
const block = (...flags: string[]) =>
  `<PublicAccessBlockConfiguration>${flags.map((flag) => `<${flag}>true</${flag}>`).join('')}</PublicAccessBlockConfiguration>`
const strangers = ['alice', undefined]

test('without a policy everything is its owner alone, and strangers cost no call but one', async () => {
  await withPeople({}, async (as, { bridge }) => {
    assert.is(outcome(await as('root', 'PUT', '/bucket/k', { body: 'x' })), 200)
    const asked: [method: string, path: string][] = [
      ['GET', '/bucket/k'],
      ['HEAD', '/bucket/k'],
      ['PUT', '/bucket/k'],
      ['DELETE', '/bucket/k'],
      ['GET', '/bucket'],
      ['GET', '/bucket?list-type=2'],
      ['GET', '/bucket?uploads'],
      ['GET', '/bucket?location'],
      ['GET', '/bucket?policy'],
      ['GET', '/bucket?acl'],
      ['GET', '/bucket/k?acl'],
      ['GET', '/bucket/k?tagging'],
      ['DELETE', '/bucket'],
      ['PUT', '/new'],
      ['GET', '/'],
      ['POST', '/bucket/k?uploads'],
      ['PUT', '/bucket/k?partNumber=1&uploadId=u'],
      ['GET', '/elsewhere/k'],
    ]
    const before = bridge.calls.length
    for (const [method, path] of asked) {
      const wanted = path === '/elsewhere/k' ? 404 : 403
      assert.is((await as(undefined, method, path)).status, wanted, `${method} ${path}`)
    }
    const methods = new Set(bridge.calls.slice(before).map(({ method }) => method))
    assert.equal([...methods], ['bucketMayExist'])
    for (const [method, path] of asked) {
      const { status } = await as('alice', method, path)
      const isHers = path === '/new' || path === '/'
      const wanted = isHers ? 200 : path === '/elsewhere/k' ? 404 : 403
      assert.is(status, wanted, `alice: ${method} ${path}`)
    }
    const changes = ['putObject', 'deleteObject', 'deleteBucket', 'createMultipartUpload']
    assert.equal(
      bridge.calls.slice(before).filter(({ method }) => changes.includes(method)),
      [],
    )
    assert.is(outcome(await as('clerk', 'GET', '/bucket/k')), 200)
  })
})

test('owners see their own buckets, and a name that is taken is taken', async () => {
  await withPeople({}, async (as) => {
    assert.is(outcome(await as('alice', 'PUT', '/hers')), 200)
    const names = async (who: string) =>
      [...(await as(who, 'GET', '/')).text.matchAll(/<Name>([^<]*)</g)].map(([, name]) => name)
    assert.equal(await names('alice'), ['hers'])
    assert.equal(await names('root'), ['bucket'])
    assert.equal(await names('bob'), [])
    assert.is(outcome(await as('alice', 'PUT', '/hers')), 'BucketAlreadyOwnedByYou')
    assert.is(outcome(await as('bob', 'PUT', '/hers')), 'BucketAlreadyExists')
    assert.is(outcome(await as('alice', 'PUT', '/bucket')), 'BucketAlreadyExists')
    assert.is(outcome(await as('root', 'PUT', '/hers')), 'BucketAlreadyExists')
    assert.is(outcome(await as('root', 'GET', '/hers')), 'AccessDenied')
    const listed = await as('alice', 'GET', '/hers?acl')
    assert.match(listed.text, new RegExp(`<Owner><ID>${canonicalId('alice')}</ID>`))
    for (const [owner, status] of [
      [canonicalId('alice'), 200],
      ['alice', 200],
      [canonicalId('root'), 403],
    ] as const) {
      const headers = { 'x-amz-expected-bucket-owner': owner }
      assert.is((await as('alice', 'HEAD', '/hers', { headers })).status, status, owner)
    }
  })
})

test('the limits of a key hold in its own buckets, and against policies', async () => {
  await withPeople({}, async (as) => {
    await as('root', 'PUT', '/other')
    await as('root', 'PUT', '/bucket/k', { body: 'x' })
    const policy = policyOf(allow('s3:*'))
    assert.is(outcome(await as('root', 'PUT', '/bucket?policy', { body: policy })), 204)
    assert.is(outcome(await as('reader', 'GET', '/bucket/k')), 200)
    assert.is(outcome(await as('reader', 'GET', '/bucket?list-type=2')), 200)
    for (const [method, path] of [
      ['PUT', '/bucket/k'],
      ['DELETE', '/bucket/k'],
      ['PUT', '/new'],
      ['DELETE', '/other'],
      ['DELETE', '/bucket?policy'],
      ['POST', '/bucket/k?uploads'],
    ] as const) {
      assert.is(outcome(await as('reader', method, path)), 'AccessDenied', `${method} ${path}`)
    }
    assert.is(outcome(await as('boxed', 'PUT', '/bucket/k2', { body: 'x' })), 200)
    assert.is(outcome(await as('boxed', 'PUT', '/other/k', { body: 'x' })), 'AccessDenied')
    assert.is(outcome(await as('boxed', 'PUT', '/new')), 'AccessDenied')
    assert.not.match((await as('boxed', 'GET', '/')).text, /other/)
  })
})

test('a policy lets in and shuts out, and its owner can always mend it', async () => {
  await withPeople({}, async (as) => {
    await as('root', 'PUT', '/bucket/a/k', { body: 'x' })
    const put = async (...statements: object[]) =>
      outcome(await as('root', 'PUT', '/bucket?policy', { body: policyOf(...statements) }))
    assert.is(await put(allow('s3:GetObject', { Resource: 'arn:aws:s3:::bucket/a/*' })), 204)
    for (const who of strangers) {
      assert.is(outcome(await as(who, 'GET', '/bucket/a/k')), 200)
      assert.is((await as(who, 'HEAD', '/bucket/a/k')).status, 200)
      assert.is(outcome(await as(who, 'GET', '/bucket/b')), 'AccessDenied')
      assert.is(outcome(await as(who, 'PUT', '/bucket/a/k')), 'AccessDenied')
      // Without the right to list, what is missing is denied.
      assert.is(outcome(await as(who, 'GET', '/bucket/a/none')), 'AccessDenied')
      assert.is((await as(who, 'HEAD', '/bucket/a/none')).status, 403)
    }
    assert.is(await put(allow(['s3:ListBucket', 's3:GetObject'])), 204)
    for (const who of strangers) {
      assert.is(outcome(await as(who, 'GET', '/bucket/a/none')), 'NoSuchKey')
      assert.is(outcome(await as(who, 'GET', '/bucket?list-type=2')), 200)
      assert.is((await as(who, 'HEAD', '/bucket')).status, 200)
    }
    // A right to list one prefix tells of the keys below it.
    const Condition = { StringLike: { 's3:prefix': 'a/*' } }
    for (const read of ['s3:GetObject', 's3:GetObjectAcl']) {
      assert.is(await put(allow(read), allow('s3:ListBucket', { Condition })), 204)
      for (const who of strangers) {
        assert.is(outcome(await as(who, 'GET', '/bucket/a/none')), 'NoSuchKey', read)
        assert.is((await as(who, 'HEAD', '/bucket/a/none')).status, 404, read)
        assert.is(outcome(await as(who, 'GET', '/bucket/b/none')), 'AccessDenied', read)
        assert.is(outcome(await as(who, 'GET', '/bucket?prefix=b/')), 'AccessDenied', read)
      }
    }
    assert.is(await put(allow('s3:GetObject', { Principal: { AWS: 'bob' } })), 204)
    assert.is(outcome(await as('bob', 'GET', '/bucket/a/k')), 200)
    assert.is(outcome(await as('alice', 'GET', '/bucket/a/k')), 'AccessDenied')
    assert.is(await put(allow('s3:*'), allow('s3:*', { Effect: 'Deny' })), 204)
    for (const who of ['root', 'clerk', ...strangers]) {
      assert.is(outcome(await as(who, 'GET', '/bucket/a/k')), 'AccessDenied', who)
    }
    assert.is(outcome(await as('root', 'GET', '/bucket?policy')), 200)
    assert.is(outcome(await as('alice', 'GET', '/bucket?policy')), 'AccessDenied')
    assert.is(outcome(await as('root', 'DELETE', '/bucket?policy')), 204)
    assert.is(outcome(await as('root', 'GET', '/bucket/a/k')), 200)
  })
})

test('conditions see the request', async () => {
  await withPeople({ now: () => new Date('2026-11-26T12:00:00Z') }, async (as) => {
    await as('root', 'PUT', '/bucket/k', { body: 'x' })
    const cases: [
      condition: object,
      path: string,
      headers: Record<string, string>,
      yes: boolean,
    ][] = [
      [{ IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } }, '/bucket/k', {}, true],
      [{ IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } }, '/bucket/k', {}, false],
      [{ Bool: { 'aws:SecureTransport': 'true' } }, '/bucket/k', {}, false],
      [
        { StringLike: { 'aws:Referer': 'https://a/*' } },
        '/bucket/k',
        { Referer: 'https://a/b' },
        true,
      ],
      [{ StringLike: { 'aws:Referer': 'https://a/*' } }, '/bucket/k', {}, false],
      [{ StringEquals: { 'aws:UserAgent': 'x' } }, '/bucket/k', { 'User-Agent': 'x' }, true],
      [{ DateLessThan: { 'aws:CurrentTime': '2026-11-26T12:00:01Z' } }, '/bucket/k', {}, true],
      [{ DateLessThan: { 'aws:CurrentTime': '2026-11-26T11:59:59Z' } }, '/bucket/k', {}, false],
      [{ StringEquals: { 'aws:username': 'alice' } }, '/bucket/k', {}, true],
      [{ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::alice:user/*' } }, '/bucket/k', {}, true],
      [{ StringEquals: { 's3:prefix': 'a/' } }, '/bucket?prefix=a/', {}, true],
      [{ StringEquals: { 's3:prefix': 'a/' } }, '/bucket?prefix=b/', {}, false],
      [{ NumericLessThan: { 's3:max-keys': '10' } }, '/bucket?max-keys=9', {}, true],
      [{ NumericLessThan: { 's3:max-keys': '10' } }, '/bucket?max-keys=10', {}, false],
      [{ StringEquals: { 's3:VersionId': 'null' } }, '/bucket/k?versionId=null', {}, true],
    ]
    for (const [Condition, path, headers, yes] of cases) {
      const body = policyOf(allow('s3:*', { Condition }))
      assert.is(outcome(await as('root', 'PUT', '/bucket?policy', { body })), 204)
      const seen = outcome(await as('alice', 'GET', path, { headers }))
      assert.is(seen, yes ? 200 : 'AccessDenied', JSON.stringify(Condition))
    }
  })
})

test('what a write asks for in its headers is judged with it', async () => {
  await withPeople({}, async (as) => {
    const deny = allow('s3:PutObjectAcl', {
      Effect: 'Deny',
      Condition: { StringLike: { 's3:x-amz-acl': 'public*' } },
    })
    const body = policyOf(allow('s3:Put*'), deny)
    await as('root', 'PUT', '/bucket?policy', { body })
    const put = async (headers: Record<string, string>) =>
      outcome(await as('alice', 'PUT', '/bucket/k', { headers, body: 'x' }))
    assert.is(await put({}), 200)
    assert.is(await put({ 'x-amz-acl': 'private' }), 200)
    assert.is(await put({ 'x-amz-acl': 'public-read' }), 'AccessDenied')
    // What is not offered is told to those who may ask for it.
    const encrypted = { 'x-amz-server-side-encryption': 'aws:kms' }
    assert.is(await put(encrypted), 'NotImplemented')
    const tagged = allow('s3:PutObject*', {
      Condition: { StringEquals: { 's3:RequestObjectTag/team': 'red' } },
    })
    await as('root', 'PUT', '/bucket?policy', { body: policyOf(tagged) })
    assert.is(await put({ 'x-amz-tagging': 'team=red' }), 200)
    assert.is(await put({ 'x-amz-tagging': 'team=blue' }), 'AccessDenied')
    assert.is(await put(encrypted), 'AccessDenied')
    const tags = (team: string) =>
      `<Tagging><TagSet><Tag><Key>team</Key><Value>${team}</Value></Tag></TagSet></Tagging>`
    const open = allow('s3:*')
    const never = allow('s3:PutObjectTagging', {
      Effect: 'Deny',
      Condition: { StringNotEquals: { 's3:RequestObjectTag/team': 'red' } },
    })
    await as('root', 'PUT', '/bucket?policy', { body: policyOf(open) })
    assert.is(outcome(await as('alice', 'PUT', '/bucket/k?tagging', { body: tags('blue') })), 200)
    const seen = allow('s3:GetObject', {
      Condition: { StringEquals: { 's3:ExistingObjectTag/team': 'blue' } },
    })
    await as('root', 'PUT', '/bucket?policy', { body: policyOf(seen, never) })
    assert.is(outcome(await as('alice', 'GET', '/bucket/k')), 200)
    const retag = await as('root', 'PUT', '/bucket/k?tagging', { body: tags('blue') })
    assert.is(outcome(retag), 'AccessDenied')
  })
})

test('a copy needs its source to be readable', async () => {
  await withPeople({}, async (as) => {
    await as('alice', 'PUT', '/hers')
    await as('root', 'PUT', '/bucket/secret', { body: 'x' })
    await as('root', 'PUT', '/bucket/open/k', { body: 'x' })
    const only = allow('s3:GetObject', { Resource: 'arn:aws:s3:::bucket/open/*' })
    await as('root', 'PUT', '/bucket?policy', { body: policyOf(only) })
    const copy = async (source: string, path = '/hers/copy') =>
      outcome(await as('alice', 'PUT', path, { headers: { 'x-amz-copy-source': source } }))
    assert.is(await copy('bucket/open/k'), 200)
    assert.is(await copy('/bucket/%73ecret'), 'AccessDenied')
    assert.is(await copy('bucket/secret', '/hers/copy?partNumber=1&uploadId=u'), 'AccessDenied')
    assert.is(await copy('bucket/open/k', '/bucket/copy'), 'AccessDenied')
    assert.is(await copy('bucket/open/none'), 'AccessDenied')
  })
})

test('many keys are judged one by one', async () => {
  await withPeople({}, async (as, { bridge }) => {
    const only = allow('s3:DeleteObject', { Resource: 'arn:aws:s3:::bucket/tmp/*' })
    await as('root', 'PUT', '/bucket?policy', { body: policyOf(only) })
    const body = '<Delete><Object><Key>tmp/a</Key></Object><Object><Key>b</Key></Object></Delete>'
    const headers = { 'Content-MD5': md5Of(body) }
    const { status, text } = await as('alice', 'POST', '/bucket?delete', { headers, body })
    assert.is(status, 200)
    assert.match(text, /<Deleted><Key>tmp\/a<\/Key><\/Deleted>/)
    assert.match(text, /<Error><Key>b<\/Key><Code>AccessDenied<\/Code>/)
    const deletes = () => bridge.calls.filter(({ method }) => method === 'deleteObjects')
    assert.equal(
      deletes().map(({ input }) => input),
      [{ bucket: 'bucket', keys: ['tmp/a'], conditions: [undefined] }],
    )
    await as('root', 'DELETE', '/bucket?policy')
    const before = bridge.calls.length
    const denied = await as(undefined, 'POST', '/bucket?delete', { headers, body })
    assert.equal([denied.status, outcome(denied)], [403, 'AccessDenied'])
    const methods = bridge.calls.slice(before).map(({ method }) => method)
    assert.equal(methods, ['bucketMayExist'])
  })
})

test("a stranger's list of keys is read only where he may have a right on one of them", async () => {
  const elsewhere = { Resource: 'arn:aws:s3:::bucket/tmp/*' }
  const fromThere = { Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } }
  const deny = (more: object) => allow('s3:Delete*', { Effect: 'Deny', ...more })
  const cases: [statements: object[], ofStrangers: 'read' | 'not read'][] = [
    [[], 'not read'],
    [[allow('s3:GetObject'), allow('s3:PutObject')], 'not read'],
    [[allow('s3:*')], 'read'],
    [[allow('s3:DeleteObject', elsewhere)], 'read'],
    [[allow('s3:DeleteObjectVersion', elsewhere)], 'read'],
    // Whether a condition holds is asked of each key.
    [[allow('s3:DeleteObject', fromThere)], 'read'],
    [[allow('s3:DeleteObject', { Principal: { AWS: 'alice' } })], 'not read'],
    [[allow('s3:*'), deny({})], 'not read'],
    [[allow('s3:*'), deny({ Principal: { AWS: 'clerk' } })], 'read'],
    [[allow('s3:*'), deny(elsewhere)], 'read'],
    [[allow('s3:*'), deny(fromThere)], 'read'],
  ]
  await withPeople({}, async (as, { bridge }) => {
    const asked = async (who: string | undefined) => {
      const headers = { 'Content-MD5': md5Of('no list') }
      return outcome(await as(who, 'POST', '/bucket?delete', { headers, body: 'no list' }))
    }
    for (const [statements, ofStrangers] of cases) {
      const path = '/bucket?policy'
      const body = policyOf(...statements)
      const set = statements.length === 0 ? 204 : outcome(await as('root', 'PUT', path, { body }))
      assert.is(set, 204)
      const wanted = ofStrangers === 'read' ? 'MalformedXML' : 'AccessDenied'
      assert.is(await asked(undefined), wanted, body)
      // Who has signed is told of each key.
      for (const who of ['root', 'clerk', 'alice', 'reader']) {
        assert.is(await asked(who), 'MalformedXML', `${who}: ${body}`)
      }
    }
    await as('root', 'DELETE', '/bucket?policy')
    const headers = { 'x-amz-acl': 'public-read-write' }
    assert.is(outcome(await as('root', 'PUT', '/bucket?acl', { headers })), 200)
    assert.is(await asked(undefined), 'MalformedXML')
    const body = block('IgnorePublicAcls')
    assert.is(outcome(await as('root', 'PUT', '/bucket?publicAccessBlock', { body })), 200)
    assert.is(await asked(undefined), 'AccessDenied')
    assert.not.ok(bridge.calls.some(({ method }) => method === 'deleteObjects'))
  })
})

test('canned ACLs of buckets', async () => {
  const cases: [acl: string, list: string[], write: string[]][] = [
    ['private', [], []],
    ['public-read', ['alice', 'nobody'], []],
    ['public-read-write', ['alice', 'nobody'], ['alice', 'nobody']],
    ['authenticated-read', ['alice'], []],
  ]
  for (const [acl, list, write] of cases) {
    await withPeople({}, async (as) => {
      const headers = { 'x-amz-acl': acl }
      assert.is(outcome(await as('root', 'PUT', '/bucket?acl', { headers })), 200)
      const shown = (await as('root', 'GET', '/bucket?acl')).text
      const kinds = [...shown.matchAll(/xsi:type="(\w+)"/g)].map(([, kind]) => kind)
      const groups = acl === 'private' ? 0 : acl === 'public-read-write' ? 2 : 1
      assert.equal(kinds, [...Array(groups).fill('Group'), 'CanonicalUser'], acl)
      for (const who of ['alice', 'nobody']) {
        const listed = await as(who, 'GET', '/bucket?list-type=2')
        assert.is(listed.status === 200, list.includes(who), `${acl}: ${who} lists`)
        const written = await as(who, 'PUT', '/bucket/k', { body: 'x' })
        assert.is(written.status === 200, write.includes(who), `${acl}: ${who} writes`)
        assert.is((await as(who, 'GET', '/bucket/k')).status === 200, false, `${acl}: ${who} reads`)
        assert.is((await as(who, 'GET', '/bucket?acl')).status, 403)
      }
    })
  }
})

test('canned ACLs of objects, by every way there is to set one', async () => {
  await withPeople({}, async (as) => {
    const headers = { 'x-amz-acl': 'public-read' }
    await as('root', 'PUT', '/bucket/put', { headers, body: 'x' })
    await as('root', 'PUT', '/bucket/plain', { body: 'x' })
    const from = { 'x-amz-copy-source': 'bucket/put' }
    await as('root', 'PUT', '/bucket/copied', { headers: from })
    await as('root', 'PUT', '/bucket/open-copy', { headers: { ...headers, ...from } })
    await as('root', 'PUT', '/bucket/later', { body: 'x' })
    assert.is(outcome(await as('root', 'PUT', '/bucket/later?acl', { headers })), 200)
    for (const [key, isOpen] of [
      ['put', true],
      ['plain', false],
      ['copied', false],
      ['open-copy', true],
      ['later', true],
      ['none', false],
    ] as const) {
      for (const who of strangers) {
        const wanted = isOpen ? 200 : 'AccessDenied'
        assert.is(outcome(await as(who, 'GET', `/bucket/${key}`)), wanted, key)
        assert.is((await as(who, 'PUT', `/bucket/${key}`)).status, 403, key)
      }
    }
    await as('root', 'PUT', '/bucket/later?acl', { headers: { 'x-amz-acl': 'private' } })
    assert.is(outcome(await as('alice', 'GET', '/bucket/later')), 'AccessDenied')
    // Written over without an ACL, it is its owner's alone again.
    await as('root', 'PUT', '/bucket/put', { body: 'y' })
    assert.is(outcome(await as('alice', 'GET', '/bucket/put')), 'AccessDenied')
  })
})

test('a form that nobody signed is taken where strangers may write', async () => {
  await withPeople({}, async (as) => {
    const part = (head: string, value: string) =>
      `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`
    const form = (...fields: [name: string, value: string][]) =>
      `${fields.map(([name, value]) => part(`name="${name}"`, value)).join('')}${part('name="file"; filename="f"', 'x')}--b--\r\n`
    const post = async (...fields: [name: string, value: string][]) => {
      const headers = { 'Content-Type': 'multipart/form-data; boundary=b' }
      return outcome(await as('', 'POST', '/bucket', { headers, body: form(...fields) }))
    }
    assert.is(await post(['key', 'k']), 'AccessDenied')
    await as('root', 'PUT', '/bucket?acl', { headers: { 'x-amz-acl': 'public-read-write' } })
    assert.is(await post(['key', 'k']), 204)
    assert.is(outcome(await as('root', 'GET', '/bucket/k')), 200)
    assert.is(outcome(await as(undefined, 'GET', '/bucket/k')), 'AccessDenied')
    assert.is(await post(['key', 'k'], ['acl', 'public-read']), 204)
    assert.is(outcome(await as(undefined, 'GET', '/bucket/k')), 200)
  })
})

test('whom an ACL lets write may say ACL and tags of what is written, unless a policy denies that', async () => {
  await withPeople({}, async (as) => {
    const open = { 'x-amz-acl': 'public-read' }
    const put = async (who: string | undefined, path: string, headers: Record<string, string>) =>
      outcome(await as(who, 'PUT', path, { headers, body: 'x' }))
    await as('root', 'PUT', '/bucket?acl', { headers: { 'x-amz-acl': 'public-read-write' } })
    for (const who of strangers) {
      assert.is(await put(who, '/bucket/open', open), 200)
      assert.is(outcome(await as(undefined, 'GET', '/bucket/open')), 200)
      const grant = { 'x-amz-grant-read': `id=${canonicalId('bob')}` }
      assert.is(await put(who, '/bucket/shared', grant), 200)
      assert.is(outcome(await as('bob', 'GET', '/bucket/shared')), 200)
      assert.is(outcome(await as('alice', 'GET', '/bucket/shared')), 'AccessDenied')
      const tags = { 'x-amz-tagging': 'team=red' }
      assert.is(await put(who, '/bucket/tagged', tags), 200)
      assert.match((await as('root', 'GET', '/bucket/tagged?tagging')).text, '<Value>red</Value>')
      // Of what is there already they are not theirs to change.
      assert.is(await put(who, '/bucket/tagged?tagging', {}), 'AccessDenied')
      assert.is(await put(who, '/bucket/shared?acl', open), 'AccessDenied')
      assert.is(await put(who, '/bucket?acl', open), 'AccessDenied')
    }
    const deny = { ...allow('s3:PutObjectAcl'), Effect: 'Deny' }
    await as('root', 'PUT', '/bucket?policy', { body: policyOf(deny) })
    assert.is(await put('alice', '/bucket/open', open), 'AccessDenied')
    assert.is(await put('alice', '/bucket/open', {}), 200)
    // A policy that allows the write alone does not allow the ACL.
    await as('root', 'PUT', '/bucket?acl', { headers: { 'x-amz-acl': 'private' } })
    await as('root', 'PUT', '/bucket?policy', { body: policyOf(allow('s3:PutObject')) })
    assert.is(await put('alice', '/bucket/open', open), 'AccessDenied')
    assert.is(await put('alice', '/bucket/open', {}), 200)
  })
})

test('grants in headers and in XML reach whom they name, and show who that is', async () => {
  await withPeople({}, async (as) => {
    await as('root', 'PUT', '/bucket/k', { body: 'x' })
    const grant = async (path: string, permission: string, id = canonicalId('alice')) =>
      outcome(
        await as('root', 'PUT', `${path}?acl`, {
          body: `<AccessControlPolicy><Owner><ID>${canonicalId('root')}</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>${id}</ID></Grantee><Permission>${permission}</Permission></Grant></AccessControlList></AccessControlPolicy>`,
        }),
      )
    const can = async (method: string, path: string, who = 'alice') =>
      (await as(who, method, path, { headers: { 'x-amz-acl': 'private' } })).status < 300
    const rights = async () => [
      await can('GET', '/bucket'),
      await can('PUT', '/bucket/new'),
      await can('GET', '/bucket?acl'),
      await can('GET', '/bucket/k'),
      await can('GET', '/bucket/k?acl'),
    ]
    const table: [path: string, permission: string, rights: boolean[]][] = [
      ['/bucket', 'READ', [true, false, false, false, false]],
      ['/bucket', 'WRITE', [false, true, false, false, false]],
      ['/bucket', 'READ_ACP', [false, false, true, false, false]],
      ['/bucket', 'FULL_CONTROL', [true, true, true, false, false]],
      ['/bucket', 'WRITE_ACP', [false, false, false, false, false]],
      ['/bucket/k', 'READ', [false, false, false, true, false]],
      ['/bucket/k', 'READ_ACP', [false, false, false, false, true]],
      ['/bucket/k', 'FULL_CONTROL', [false, false, false, true, true]],
    ]
    for (const [path, permission, wanted] of table) {
      assert.is(await grant(path, permission), 200)
      assert.equal(await rights(), wanted, `${path} ${permission}`)
      assert.is(await can('GET', path, 'bob'), false)
    }
    await grant('/bucket', 'WRITE_ACP')
    assert.is(await can('PUT', '/bucket?acl', 'bob'), false)
    assert.is(await can('PUT', '/bucket?acl'), true)
    assert.is(await grant('/bucket', 'READ', 'f'.repeat(64)), 'InvalidArgument')
    const headers = {
      'x-amz-grant-read': `id="${canonicalId('alice')}", id=${canonicalId('bob')}`,
      'x-amz-grant-full-control': `uri="http://acs.amazonaws.com/groups/global/AllUsers"`,
    }
    assert.is(outcome(await as('root', 'PUT', '/bucket/k2', { headers, body: 'x' })), 200)
    const { text } = await as('root', 'GET', '/bucket/k2?acl')
    const names = [...text.matchAll(/<DisplayName>([^<]*)</g)].map(([, name]) => name)
    assert.equal(names, ['root', 'alice', 'bob'], 'the owner, then the grants in their order')
    const kept = [...text.matchAll(/<Permission>(\w+)/g)].map(([, permission]) => permission)
    assert.equal(kept, ['FULL_CONTROL', 'READ', 'READ'])
    assert.match(text, /<Grantee xmlns:xsi="[^"]+" xsi:type="Group"><URI>/)
    assert.match(text, /xsi:type="CanonicalUser"><ID>/)
    assert.is(outcome(await as(undefined, 'GET', '/bucket/k2')), 200)
  })
})

test('what is no ACL is refused and changes nothing', async () => {
  await withPeople({}, async (as, { bridge }) => {
    await as('root', 'PUT', '/bucket/k', { body: 'x' })
    const owner = `<Owner><ID>${canonicalId('root')}</ID></Owner>`
    const list = (grant: string) =>
      `<AccessControlPolicy>${owner}<AccessControlList><Grant>${grant}</Grant></AccessControlList></AccessControlPolicy>`
    const cases: [code: string, headers: Record<string, string>, body: string][] = [
      ['MissingSecurityHeader', {}, ''],
      ['InvalidArgument', { 'x-amz-acl': 'everybody' }, ''],
      ['InvalidRequest', { 'x-amz-acl': 'private', 'x-amz-grant-read': 'id=x' }, ''],
      ['InvalidArgument', { 'x-amz-grant-read': 'x' }, ''],
      ['InvalidArgument', { 'x-amz-grant-read': 'uri="http://x"' }, ''],
      ['UnresolvableGrantByEmailAddress', { 'x-amz-grant-read': 'emailAddress="a@b.c"' }, ''],
      ['UnexpectedContent', { 'x-amz-acl': 'private' }, '<x/>'],
      ['MalformedACLError', {}, '<x/>'],
      ['MalformedACLError', {}, '<AccessControlPolicy/>'],
      ['MalformedACLError', {}, list('<Permission>READ</Permission>')],
      ['MalformedACLError', {}, list('<Grantee/><Permission>READ</Permission>')],
      ['MalformedACLError', {}, list('<Grantee><ID>x</ID></Grantee><Permission>FLY</Permission>')],
      ['InvalidArgument', {}, list('<Grantee><ID>x</ID></Grantee><Permission>READ</Permission>')],
      [
        'AccessDenied',
        {},
        list('').replace(canonicalId('root'), canonicalId('alice')).replace('<Grant></Grant>', ''),
      ],
    ]
    const before = bridge.calls.length
    for (const path of ['/bucket?acl', '/bucket/k?acl']) {
      for (const [code, headers, body] of cases) {
        const answer = await as('root', 'PUT', path, { headers, body })
        assert.is(outcome(answer), code, `${path} ${JSON.stringify(headers)} ${body}`)
      }
    }
    assert.equal(bridge.calls.slice(before), [])
  })
})

test('each flag of the public access block acts', async () => {
  const open = { 'x-amz-acl': 'public-read' }
  await withPeople({}, async (as) => {
    const set = async (...flags: string[]) =>
      outcome(await as('root', 'PUT', '/bucket?publicAccessBlock', { body: block(...flags) }))
    const none = await as('root', 'GET', '/bucket?publicAccessBlock')
    assert.is(outcome(none), 'NoSuchPublicAccessBlockConfiguration')
    assert.is(await set('BlockPublicAcls'), 200)
    const { text } = await as('root', 'GET', '/bucket?publicAccessBlock')
    assert.match(text, /<BlockPublicAcls>true<.*<RestrictPublicBuckets>false</)
    const put = async (path: string) =>
      outcome(await as('root', 'PUT', path, { headers: open, body: path.includes('?') ? '' : 'x' }))
    assert.is(await put('/bucket?acl'), 'AccessDenied')
    assert.is(await put('/bucket/k'), 'AccessDenied')
    assert.is(outcome(await as('root', 'PUT', '/bucket/k', { body: 'x' })), 200)
    assert.is(await put('/bucket/k?acl'), 'AccessDenied')

    await set()
    assert.is(await put('/bucket/k'), 200)
    assert.is(await put('/bucket?acl'), 200)
    assert.is(outcome(await as(undefined, 'GET', '/bucket/k')), 200)
    await set('IgnorePublicAcls')
    assert.is(outcome(await as(undefined, 'GET', '/bucket/k')), 'AccessDenied')
    assert.is(outcome(await as('alice', 'GET', '/bucket')), 'AccessDenied')

    await set('BlockPublicPolicy')
    const everyone = policyOf(allow('s3:GetObject'))
    const someone = policyOf(allow('s3:GetObject', { Principal: { AWS: 'bob' } }))
    const putPolicy = async (body: string) =>
      outcome(await as('root', 'PUT', '/bucket?policy', { body }))
    assert.is(await putPolicy(everyone), 'AccessDenied')
    assert.is(await putPolicy(someone), 204)

    await set()
    await as('root', 'PUT', '/bucket/k', { body: 'x' })
    assert.is(await putPolicy(everyone), 204)
    assert.is(outcome(await as('alice', 'GET', '/bucket/k')), 200)
    await set('RestrictPublicBuckets')
    assert.is(outcome(await as('alice', 'GET', '/bucket/k')), 'AccessDenied')
    assert.is(outcome(await as('clerk', 'GET', '/bucket/k')), 200)
    assert.is(outcome(await as('root', 'DELETE', '/bucket?publicAccessBlock')), 204)
    assert.is(outcome(await as('alice', 'GET', '/bucket/k')), 200)
  })
})

test('an operator can shut all strangers out, and clients that send public-read go on', async () => {
  await withPeople({ publicAccess: 'blocked' }, async (as, { bridge }) => {
    assert.is(outcome(await as(undefined, 'GET', '/elsewhere/k')), 'AccessDenied')
    assert.equal(bridge.calls, [])
    const headers = { 'x-amz-acl': 'public-read' }
    assert.is(outcome(await as('root', 'PUT', '/bucket/k', { headers, body: 'x' })), 200)
    const body = policyOf(allow('s3:*'))
    assert.is(outcome(await as('root', 'PUT', '/bucket?policy', { body })), 204)
    for (const who of strangers) {
      assert.is(outcome(await as(who, 'GET', '/bucket/k')), 'AccessDenied')
    }
    const named = policyOf(allow('s3:GetObject', { Principal: { AWS: 'bob' } }))
    await as('root', 'PUT', '/bucket?policy', { body: named })
    assert.is(outcome(await as('bob', 'GET', '/bucket/k')), 200)
  })
})

test('BucketOwnerEnforced turns ACLs off', async () => {
  await withPeople({}, async (as) => {
    const controls = (ownership: string) =>
      `<OwnershipControls><Rule><ObjectOwnership>${ownership}</ObjectOwnership></Rule></OwnershipControls>`
    const set = async (ownership: string) =>
      outcome(await as('root', 'PUT', '/bucket?ownershipControls', { body: controls(ownership) }))
    const none = await as('root', 'GET', '/bucket?ownershipControls')
    assert.is(outcome(none), 'OwnershipControlsNotFoundError')
    const open = { 'x-amz-acl': 'public-read' }
    await as('root', 'PUT', '/bucket/k', { headers: open, body: 'x' })
    await as('root', 'PUT', '/bucket?acl', { headers: open })
    assert.is(await set('BucketOwnerEnforced'), 'InvalidBucketAclWithObjectOwnership')
    await as('root', 'PUT', '/bucket?acl', { headers: { 'x-amz-acl': 'private' } })
    assert.is(await set('BucketOwnerEnforced'), 200)
    assert.match((await as('root', 'GET', '/bucket?ownershipControls')).text, /BucketOwnerEnforced/)
    assert.is(outcome(await as(undefined, 'GET', '/bucket/k')), 'AccessDenied')
    assert.not.match((await as('root', 'GET', '/bucket/k?acl')).text, /AllUsers/)
    for (const path of ['/bucket?acl', '/bucket/k?acl', '/bucket/k3']) {
      const refused = outcome(await as('root', 'PUT', path, { headers: open }))
      assert.is(refused, 'AccessControlListNotSupported', path)
      const headers = { 'x-amz-acl': 'bucket-owner-full-control' }
      assert.is(outcome(await as('root', 'PUT', path, { headers })), 200, path)
    }
    assert.is(outcome(await as('root', 'DELETE', '/bucket?ownershipControls')), 204)
    await as('root', 'PUT', '/bucket/k', { headers: open, body: 'x' })
    assert.is(outcome(await as(undefined, 'GET', '/bucket/k')), 200)
    assert.is(await set('Nobody'), 'MalformedXML')
    const created = { ...open, 'x-amz-object-ownership': 'BucketOwnerEnforced' }
    const refused = outcome(await as('root', 'PUT', '/fresh', { headers: created }))
    assert.is(refused, 'InvalidBucketAclWithObjectOwnership')
    assert.is(outcome(await as('root', 'PUT', '/fresh', { headers: open })), 200)
    assert.is(outcome(await as(undefined, 'GET', '/fresh')), 200)
  })
})

test('the policy status says what strangers can do', async () => {
  await withPeople({}, async (as) => {
    const status = async () =>
      /<IsPublic>(\w+)</.exec((await as('root', 'GET', '/bucket?policyStatus')).text)?.[1]
    assert.is(await status(), 'false')
    await as('root', 'PUT', '/bucket?acl', { headers: { 'x-amz-acl': 'public-read' } })
    assert.is(await status(), 'true')
    await as('root', 'PUT', '/bucket?acl', { headers: { 'x-amz-acl': 'private' } })
    await as('root', 'PUT', '/bucket?policy', { body: policyOf(allow('s3:GetObject')) })
    assert.is(await status(), 'true')
    const Condition = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }
    const body = policyOf(allow('s3:GetObject', { Condition }))
    await as('root', 'PUT', '/bucket?policy', { body })
    assert.is(await status(), 'false')
  })
})

test('policies are kept as they came, within their limits', async () => {
  await withPeople({}, async (as) => {
    assert.is(outcome(await as('root', 'GET', '/bucket?policy')), 'NoSuchBucketPolicy')
    const text = `  ${policyOf(allow('s3:GetObject'))}\n`
    await as('root', 'PUT', '/bucket?policy', { body: text })
    assert.is((await as('root', 'GET', '/bucket?policy')).text, text)
    const put = async (body: string) => outcome(await as('root', 'PUT', '/bucket?policy', { body }))
    assert.is(
      await put(policyOf(allow('s3:GetObject', { Sid: 'x'.repeat(21_000) }))),
      'MalformedPolicy',
    )
    for (const principal of ['arn:aws:iam::nobody:root', 'stranger', 'f'.repeat(64)]) {
      const body = policyOf(allow('s3:GetObject', { Principal: { AWS: principal } }))
      assert.is(await put(body), 'MalformedPolicy', principal)
    }
    for (const name of Object.keys(people)) {
      const body = policyOf(allow('s3:GetObject', { Principal: { AWS: name } }))
      assert.is(await put(body), 204, name)
    }
    assert.is(outcome(await as('root', 'PUT', '/none?policy', { body: text })), 'MalformedPolicy')
    const other = text.replaceAll('bucket', 'none')
    assert.is(outcome(await as('root', 'PUT', '/none?policy', { body: other })), 'NoSuchBucket')
  })
})

test.run()

function md5Of(text: string): string {
  return createHash('md5').update(text).digest('base64')
}
