import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { element, type Serving, withServing } from './serving.test-support.ts'

const test = suite('cross-origin exchange')

const origins = (...names: string[]) => names.map((n) => `<AllowedOrigin>${n}</AllowedOrigin>`)
const document = (...content: string[]) =>
  `<CORSConfiguration><CORSRule>${content.join('')}</CORSRule></CORSConfiguration>`
const get = '<AllowedMethod>GET</AllowedMethod>'
const site = document(...origins('http://site'), get, '<MaxAgeSeconds>9</MaxAgeSeconds>')

async function put({ ask }: Serving, body: string, bucket = 'bucket') {
  const md5 = createHash('md5').update(body).digest('base64')
  return await ask('PUT', `/${bucket}?cors`, { body, headers: { 'Content-MD5': md5 } })
}

test('a preflight is answered without a signature and without a call', async () => {
  await withServing({}, async (serving) => {
    assert.is((await put(serving, site)).status, 200)
    const before = serving.bridge.calls.length
    const ask = async (headers: string) =>
      await serving.raw(
        `OPTIONS /bucket/k HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`,
      )
    const method = 'Access-Control-Request-Method: GET\r\n'
    const allowed = await ask(`Origin: http://site\r\n${method}`)
    assert.match(allowed, /^HTTP\/1\.1 200 /)
    assert.match(allowed, /\r\nAccess-Control-Allow-Origin: http:\/\/site\r\n/)
    assert.match(allowed, /\r\nAccess-Control-Max-Age: 9\r\n/)
    assert.match(allowed, /\r\nVary: Origin, /)
    const cases: [headers: string, status: number, code: string][] = [
      [`Origin: http://other\r\n${method}`, 403, 'AccessForbidden'],
      [
        `Origin: http://site\r\n${method}Access-Control-Request-Headers: x-a\r\n`,
        403,
        'AccessForbidden',
      ],
      [method, 400, 'BadRequest'],
      ['Origin: http://site\r\n', 400, 'BadRequest'],
      ['Origin: http://site\r\nAccess-Control-Request-Method: bla\r\n', 400, 'BadRequest'],
    ]
    for (const [headers, status, code] of cases) {
      const answer = await ask(headers)
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), headers)
      assert.is(element(answer, 'Code'), code, headers)
      assert.not.match(answer, /access-control-allow/i, headers)
    }
    const calls = serving.bridge.calls.slice(before).map((call) => call.method)
    assert.equal(calls, [])
  })
})

test('without rules no preflight is allowed, wherever it points', async () => {
  await withServing({}, async ({ ask }) => {
    const headers = { Origin: 'http://site', 'Access-Control-Request-Method': 'GET' }
    for (const target of ['/', '/bucket', '/bucket/k', '/nobucket', '/bucket?policy']) {
      const answer = await ask('OPTIONS', target, { headers })
      assert.equal([answer.status, element(answer.text, 'Code')], [403, 'AccessForbidden'])
    }
  })
})

test('every answer carries the headers, also a refusal and what is not there', async () => {
  await withServing({}, async (serving) => {
    await put(serving, site)
    await serving.ask('PUT', '/bucket/k', { body: 'x' })
    const headers = { Origin: 'http://site' }
    const statuses: number[] = []
    for (const target of ['/bucket/k', '/bucket/none', '/bucket', '/bucket?brandNew']) {
      const answer = await serving.ask('GET', target, { headers })
      statuses.push(answer.status)
      assert.is(answer.headers['access-control-allow-origin'], 'http://site', target)
      assert.match(answer.headers.vary ?? '', 'Origin')
    }
    assert.equal(statuses, [200, 404, 200, 501])
    const unsigned = await serving.raw(
      'GET /bucket/k HTTP/1.1\r\nHost: x\r\nConnection: close\r\nOrigin: http://site\r\n\r\n',
    )
    assert.match(unsigned, /^HTTP\/1\.1 403 /)
    assert.match(unsigned, /\r\nAccess-Control-Allow-Origin: http:\/\/site\r\n/)
    const put2 = await serving.ask('PUT', '/bucket/k', { headers, body: 'y' })
    assert.equal([put2.status, put2.headers['access-control-allow-origin']], [200, undefined])
    const asGet = { ...headers, 'Access-Control-Request-Method': 'GET' }
    const put3 = await serving.ask('PUT', '/bucket/k', { headers: asGet, body: 'y' })
    assert.is(put3.headers['access-control-allow-origin'], 'http://site')
    const without = await serving.ask('GET', '/bucket/k')
    assert.is(without.headers['access-control-allow-origin'], undefined)
  })
})

const bodies: [what: string, body: string, outcome: number | string][] = [
  ['a rule', site, 200],
  ['a hundred rules', many(100), 200],
  ['a rule too many', many(101), 'InvalidRequest'],
  ['no rule', '<CORSConfiguration></CORSConfiguration>', 'MalformedXML'],
  ['no origin', document(get), 'MalformedXML'],
  ['no method', document(...origins('*')), 'MalformedXML'],
  ['an unknown element', document(...origins('*'), get, '<X/>'), 'MalformedXML'],
  ['an age that is none', site.replace('>9<', '>-9<'), 'MalformedXML'],
  ['a method that is none', site.replace('GET', 'PATCH'), 'InvalidRequest'],
  ['two wildcards in an origin', document(...origins('*a*'), get), 'InvalidRequest'],
  [
    'two wildcards in a header',
    document(...origins('*'), get, '<AllowedHeader>**</AllowedHeader>'),
    'InvalidRequest',
  ],
  [
    'a wildcard in what is exposed',
    document(...origins('*'), get, '<ExposeHeader>*</ExposeHeader>'),
    'InvalidRequest',
  ],
  [
    'a line break in what is exposed',
    document(...origins('*'), get, '<ExposeHeader>a&#10;b</ExposeHeader>'),
    'InvalidRequest',
  ],
  [
    'an id that is too long',
    document(`<ID>${'i'.repeat(256)}</ID>`, ...origins('*'), get),
    'InvalidRequest',
  ],
]
for (const [what, body, outcome] of bodies) {
  test(`a configuration with ${what} is ${outcome}`, async () => {
    await withServing({}, async (serving) => {
      const { status, text } = await put(serving, body)
      assert.is(status === 200 ? status : element(text, 'Code'), outcome, text)
      const kept = await serving.bridge.bucketConfigurations('bucket')
      assert.is(kept.has('cors'), outcome === 200)
    })
  })
}

test('a configuration comes back as it was put, and is gone when it is removed', async () => {
  await withServing({}, async (serving) => {
    const { ask } = serving
    assert.is(element((await ask('GET', '/bucket?cors')).text, 'Code'), 'NoSuchCORSConfiguration')
    const rule = `<CORSRule><ID>r</ID><AllowedHeader>*</AllowedHeader>${get}<AllowedOrigin>http://a*</AllowedOrigin><AllowedOrigin>b</AllowedOrigin><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>5</MaxAgeSeconds></CORSRule>`
    await put(serving, `<CORSConfiguration>${rule}</CORSConfiguration>`)
    assert.match((await ask('GET', '/bucket?cors')).text, `>${rule}</CORSConfiguration>`)
    assert.is((await ask('DELETE', '/bucket?cors')).status, 204)
    assert.is((await ask('DELETE', '/bucket?cors')).status, 204)
    assert.is((await ask('GET', '/bucket?cors')).status, 404)
    for (const method of ['GET', 'DELETE']) {
      assert.is(element((await ask(method, '/none?cors')).text, 'Code'), 'NoSuchBucket')
    }
    assert.is(element((await put(serving, site, 'none')).text, 'Code'), 'NoSuchBucket')
    const bare = await ask('PUT', '/bucket?cors', { body: site })
    assert.is(element(bare.text, 'Code'), 'InvalidRequest')
  })
})

function many(count: number): string {
  return `<CORSConfiguration>${site.replace(/<\/?CORSConfiguration>/g, '').repeat(count)}</CORSConfiguration>`
}

test.run()
