// The console's doors: logging in, the gate, and S3 behind it with the rights of a session's key.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { freeTries } from './login-bounds.ts'
import { idleMaxMs } from './sessions.ts'
import {
  type AskOptions,
  json,
  loginOf,
  outcome,
  secretOf,
  withConsole,
} from './visiting.test-support.ts'

const test = suite('console')

const put: AskOptions = { body: 'hello' }

test('a key and its secret log in; the cookie is out of reach of scripts and of other sites', async () => {
  await withConsole(async ({ ask, host, logLines }) => {
    const answer = await ask('POST', '/api/session', loginOf('alice'))
    const port = host.split(':')[1]
    const cookie = answer.headers['set-cookie'] ?? []
    assert.is(cookie.length, 1)
    const form = `^jotta-s3-console-${port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`
    assert.match(cookie[0] ?? '', new RegExp(form))
    const told = JSON.parse(answer.text)
    assert.equal([told.name, told.owner, told.isAdmin], ['alice', 'alice', false])
    assert.is(told.s3Url, 'http://127.0.0.1:9000')
    assert.not.match(answer.text, /secret-of/)
    assert.not.match(logLines.join(''), /secret-of/)
    assert.match(logLines.join(''), /"act":"POST session"/)
  })
})

test('a wrong secret, another’s secret and nobody’s key are refused alike', async () => {
  await withConsole(async ({ ask }) => {
    const refused = [
      await ask('POST', '/api/session', loginOf('alice', 'wrong')),
      await ask('POST', '/api/session', loginOf('alice', secretOf('clerk'))),
      await ask('POST', '/api/session', loginOf('nobody', 'wrong')),
    ]
    for (const answer of refused) {
      assert.is(outcome(answer), 'AccessDenied')
      assert.is(answer.text, refused[0]?.text)
      assert.is(answer.headers['set-cookie'], undefined)
    }
  })
})

test('guessing is slowed down, also for whoever then has the right secret', async () => {
  await withConsole(async ({ ask, pass }) => {
    for (let at = 0; at < freeTries; at += 1) {
      assert.is(
        outcome(await ask('POST', '/api/session', loginOf('alice', 'wrong'))),
        'AccessDenied',
      )
    }
    const slowed = await ask('POST', '/api/session', loginOf('alice'))
    assert.equal([outcome(slowed), slowed.headers['retry-after']], ['SlowDown', '1'])
    pass(1000)
    assert.is(outcome(await ask('POST', '/api/session', loginOf('alice'))), 200)
  })
})

test('a login is small JSON and nothing else', async () => {
  await withConsole(async ({ ask }) => {
    const { body } = loginOf('alice')
    const asForm = { headers: { 'Content-Type': 'text/plain' }, body: body ?? '' }
    const large = json({ accessKeyId: 'alice', secretAccessKey: 'x'.repeat(20_000) })
    assert.is(outcome(await ask('POST', '/api/session', asForm)), 'InvalidRequest')
    assert.is(outcome(await ask('POST', '/api/session', large)), 'MaxMessageLengthExceeded')
    assert.is(outcome(await ask('POST', '/api/session', json({}))), 'InvalidRequest')
    assert.is(outcome(await ask('POST', '/api/session', json([]))), 'InvalidRequest')
    const further = json({ accessKeyId: 'alice', secretAccessKey: secretOf('alice'), more: 1 })
    assert.is(outcome(await ask('POST', '/api/session', further)), 'InvalidRequest')
  })
})

test('without a session nothing is let in, and no Bridge is asked', async () => {
  await withConsole(async ({ ask, bridge }) => {
    for (const path of [
      '/api/overview',
      '/api/keys',
      '/s3/',
      '/s3/bucket%2Fa',
      '/download/bucket%2Fa',
    ]) {
      const answer = await ask('GET', path)
      assert.equal([answer.status, outcome(answer)], [401, 'SessionEnded'], path)
    }
    assert.is(outcome(await ask('PUT', '/s3/bucket%2Fa', put)), 'SessionEnded')
    assert.equal(bridge.calls, [])
  })
})

test('the cookie alone writes and reads nothing: pages elsewhere cannot have the token', async () => {
  await withConsole(async ({ ask, logIn, bridge }) => {
    const { cookie, token } = await logIn('root')
    const stranger = { headers: { Cookie: cookie } }
    for (const [method, path] of [
      ['GET', '/s3/'],
      ['PUT', '/s3/made'],
      ['DELETE', '/s3/bucket%2Fa'],
      ['GET', '/api/keys'],
      ['POST', '/api/keys'],
      ['DELETE', '/api/session'],
    ] as const) {
      assert.is(outcome(await ask(method, path, stranger)), 'AccessDenied', path)
      const guessed = { headers: { ...stranger.headers, 'X-Console-Token': `${token}x` } }
      assert.is(outcome(await ask(method, path, guessed)), 'AccessDenied', path)
    }
    assert.equal(bridge.calls, [])
  })
})

test('requests that another page makes are refused even with the token', async () => {
  await withConsole(async ({ logIn, bridge, host }) => {
    const { ask } = await logIn('root')
    for (const headers of [
      { Origin: 'http://evil.example' },
      { Origin: 'http://127.0.0.1:9000', 'Sec-Fetch-Site': 'same-site' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site' },
    ]) {
      assert.is(outcome(await ask('PUT', '/s3/made', { headers })), 'AccessDenied')
      assert.is(outcome(await ask('GET', '/api/session', { headers })), 'AccessDenied')
      if ('Sec-Fetch-Site' in headers) {
        assert.is(outcome(await ask('GET', '/download/bucket%2Fa', { headers })), 'AccessDenied')
      }
    }
    assert.equal(bridge.calls, [])
    const headers = { Origin: `http://${host}`, 'Sec-Fetch-Site': 'same-origin' }
    assert.is(outcome(await ask('PUT', '/s3/made', { headers })), 200)
  })
})

test('names that are not the console’s get nothing, not even the page', async () => {
  await withConsole(async ({ ask, logIn }) => {
    const { cookie, token } = await logIn('root')
    const own = { Cookie: cookie, 'X-Console-Token': token }
    for (const path of ['/', '/main.js', '/api/session', '/s3/']) {
      const answer = await ask('GET', path, { headers: { ...own, Host: 'rebound.example' } })
      assert.is(answer.status, 421, path)
      assert.not.match(answer.text, /bucket|token/i)
    }
    assert.is((await ask('GET', '/', { headers: { Host: 'console.test:1' } })).status, 200)
  })
})

test('a session ends by logging out, by time, and with its key', async () => {
  await withConsole(async ({ logIn, pass, accessKeys }) => {
    const first = await logIn('clerk')
    const second = await logIn('clerk')
    const out = await first.ask('DELETE', '/api/session')
    assert.match(out.headers['set-cookie']?.[0] ?? '', /=; .*Max-Age=0/)
    assert.is(outcome(await first.ask('GET', '/s3/')), 'SessionEnded')
    assert.is(outcome(await second.ask('GET', '/s3/')), 200)

    const idle = await logIn('alice')
    pass(idleMaxMs)
    assert.is(outcome(await second.ask('GET', '/api/overview?look')), 200)
    pass(1)
    assert.is(outcome(await idle.ask('GET', '/s3/')), 'SessionEnded')
    assert.is(outcome(await second.ask('GET', '/s3/')), 'SessionEnded')

    const removed = await logIn('clerk')
    await accessKeys.remove('clerk')
    const again = { name: 'clerk', owner: 'root', limits: { buckets: [], access: 'full' } } as const
    const other = { accessKeyId: 'clerk', secretAccessKey: 'another-secret', created: new Date() }
    await accessKeys.add({ ...again, ...other })
    assert.is(outcome(await removed.ask('GET', '/s3/')), 'SessionEnded')
  })
})

test('S3 through the console has the rights of the key: its owner’s, and its limits', async () => {
  await withConsole(async ({ logIn, bridge, logLines }) => {
    const [clerk, reader, boxed, alice] = [
      await logIn('clerk'),
      await logIn('reader'),
      await logIn('boxed'),
      await logIn('alice'),
    ]
    assert.is(outcome(await clerk.ask('PUT', '/s3/bucket%2Fa', put)), 200)
    assert.is(outcome(await clerk.ask('PUT', '/s3/other')), 200)
    assert.match((await clerk.ask('GET', '/s3/')).text, /<Name>bucket<.*<Name>other</)

    assert.is(outcome(await reader.ask('GET', '/s3/bucket%2Fa')), 200)
    for (const [method, path] of [
      ['PUT', '/s3/bucket%2Fb'],
      ['DELETE', '/s3/bucket%2Fa'],
      ['PUT', '/s3/made'],
      ['DELETE', '/s3/other'],
      ['POST', '/s3/bucket%2Fb?uploads'],
      ['PUT', '/s3/bucket?policy'],
    ] as const) {
      assert.is(outcome(await reader.ask(method, path)), 'AccessDenied', path)
    }
    assert.ok(bridge.objects.has('bucket/a'))

    assert.is(outcome(await boxed.ask('GET', '/s3/other?list-type=2')), 'AccessDenied')
    assert.not.match((await boxed.ask('GET', '/s3/')).text, /other/)

    assert.not.match((await alice.ask('GET', '/s3/')).text, /<Name>/)
    for (const path of ['/s3/bucket?list-type=2', '/s3/bucket%2Fa', '/download/bucket%2Fa']) {
      assert.is(outcome(await alice.ask('GET', path)), 'AccessDenied', path)
    }
    const entry = logLines.map((line) => JSON.parse(line)).find((line) => line.key === 'a')
    assert.equal([entry.operation, entry.accessKeyId, entry.via], ['PutObject', 'clerk', 'console'])
  })
})

test('what is not there is closed: paths, methods, the server’s own pages', async () => {
  await withConsole(async ({ logIn }) => {
    const { ask } = await logIn('root')
    const statuses = await Promise.all(
      [
        ['GET', '/api/nothing'],
        ['GET', '/api/__proto__'],
        ['GET', '/api/constructor'],
        ['DELETE', '/api/keys'],
        ['GET', '/s3/-/healthz'],
        ['GET', '/s3/-/metrics'],
        ['OPTIONS', '/s3/bucket'],
        ['PATCH', '/s3/bucket'],
        ['GET', '/page/main.js'],
        ['GET', '/../console.ts'],
        ['GET', '/%2e%2e/console.ts'],
        ['GET', '/console.ts'],
        ['GET', '/download/bucket'],
        ['GET', '/download/bucket%2F'],
        ['GET', '/download/%ff'],
      ].map(async ([method = '', path = '']) => (await ask(method, path)).status),
    )
    assert.equal(
      statuses,
      statuses.map(() => 404),
    )
    assert.is((await ask('POST', '/')).status, 405)
    assert.is((await ask('POST', '/download/bucket%2Fa')).status, 403)
  })
})

test('a download is a file to keep, whatever the object says that it is', async () => {
  await withConsole(async ({ logIn }) => {
    const { ask, cookie } = await logIn('root')
    const page = {
      headers: { 'Content-Type': 'text/html', 'Content-Disposition': 'inline' },
      body: '<script>alert(1)</script>',
    }
    const key = 'dir/evil "x"\u202e\n;.html'
    const path = encodeURIComponent(`bucket/${key}`)
    assert.is((await ask('PUT', `/s3/${path}`, page)).status, 200)
    // As a link does it: with the cookie, without the token, and with overrides of somebody's own.
    const asked = `/download/${path}?response-content-type=text/html&response-content-disposition=inline`
    const { status, headers, text } = await ask('GET', asked, {
      headers: { Cookie: cookie, 'X-Console-Token': '' },
    })
    assert.equal([status, text], [200, page.body])
    assert.is(headers['content-type'], 'application/octet-stream')
    assert.is(headers['content-disposition'], "attachment; filename*=UTF-8''evil%20_x___%3B.html")
    assert.match(String(headers['content-security-policy']), /^sandbox; default-src 'none'/)
    assert.is(headers['x-content-type-options'], 'nosniff')
    const missing = await ask('GET', '/download/bucket%2Fmissing')
    assert.is(outcome(missing), 'NoSuchKey')
    assert.match(String(missing.headers['content-security-policy']), /^sandbox/)
  })
})

test('keys with dots, slashes and escapes arrive as they are', async () => {
  await withConsole(async ({ logIn, bridge }) => {
    const { ask } = await logIn('root')
    const keys = [
      '..',
      'a/../b',
      './x',
      'a//b',
      '/a',
      'a/',
      '%2e',
      'a+b c',
      '-/healthz',
      '<img src=x onerror=alert(1)>',
    ]
    for (const key of keys) {
      const path = `/s3/${encodeURIComponent(`bucket/${key}`)}`
      assert.is((await ask('PUT', path, put)).status, 200, key)
    }
    const stored = [...bridge.objects.keys()].map((name) => name.slice('bucket/'.length))
    assert.equal(stored.sort(), keys.sort())
  })
})

test('the page comes with rules that let in nothing but itself', async () => {
  await withConsole(async ({ ask }) => {
    const page = await ask('GET', '/')
    const { headers } = page
    const policy = String(headers['content-security-policy'])
    for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'"]) {
      assert.ok(policy.includes(rule), rule)
    }
    assert.match(policy, /frame-ancestors 'none'.*require-trusted-types-for 'script'/)
    assert.not.match(policy, /unsafe|https?:|data:|\*/)
    assert.is(headers['x-content-type-options'], 'nosniff')
    assert.is(headers['referrer-policy'], 'no-referrer')
    assert.not.match(page.text, /<script(?![^>]* src="\/)|style=|\son\w+=|https?:/)
    const etag = String(headers.etag)
    assert.is((await ask('GET', '/', { headers: { 'If-None-Match': etag } })).status, 304)
    assert.is(
      (await ask('HEAD', '/main.js')).headers['content-type'],
      'text/javascript; charset=utf-8',
    )
  })
})

test('behind a proxy that is trusted, its word on address and scheme counts', async () => {
  const trustedProxies = ['127.0.0.1']
  await withConsole(
    async ({ ask, logIn }) => {
      const via = (address: string, options: AskOptions): AskOptions => ({
        ...options,
        headers: {
          ...options.headers,
          ...{ 'X-Forwarded-For': address, 'X-Forwarded-Proto': 'https', Host: 'console.test' },
        },
      })
      for (let at = 0; at < freeTries; at += 1) {
        await ask('POST', '/api/session', via('192.0.2.1', loginOf('alice', 'wrong')))
      }
      const slowed = await ask('POST', '/api/session', via('192.0.2.1', loginOf('alice')))
      assert.is(outcome(slowed), 'SlowDown')
      const answer = await ask('POST', '/api/session', via('192.0.2.2', loginOf('alice')))
      assert.match(answer.headers['set-cookie']?.[0] ?? '', /^__Host-jotta-s3-.*; Secure/)
      assert.is(JSON.parse(answer.text).s3Url, 'https://console.test:9000')
      // Over plain HTTP it is another cookie.
      assert.not.match((await logIn('alice')).cookie, /__Host-/)
    },
    { trustedProxies },
  )
  await withConsole(async ({ ask }) => {
    const headers = { 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': 'https' }
    for (let at = 0; at < freeTries; at += 1) {
      await ask('POST', '/api/session', { ...loginOf('alice', 'wrong') })
    }
    const { headers: own = {}, body = '' } = loginOf('alice')
    const answer = await ask('POST', '/api/session', { headers: { ...own, ...headers }, body })
    assert.is(outcome(answer), 'SlowDown')
  })
})

test('a console below a domain of host-style requests is no bucket', async () => {
  await withConsole(
    async ({ logIn, bridge }) => {
      const { ask } = await logIn('root')
      const headers = { Host: 'console.test' }
      assert.is((await ask('PUT', '/s3/bucket%2Fa', { ...put, headers })).status, 200)
      assert.equal([...bridge.objects.keys()], ['bucket/a'])
      assert.is((await ask('GET', '/download/bucket%2Fa', { headers })).text, 'hello')
    },
    { domains: ['test'] },
  )
})

test('no cache keeps what a session was shown, whatever the object says of caches', async () => {
  await withConsole(async ({ logIn }) => {
    const { ask } = await logIn('root')
    const copy = { 'x-amz-copy-source': 'bucket/a', 'x-amz-metadata-directive': 'REPLACE' }
    const lasting = { headers: { 'Cache-Control': 'public, max-age=31536000', ...copy } }
    assert.is((await ask('PUT', '/s3/bucket%2Fa', put)).status, 200)
    assert.is((await ask('PUT', '/s3/bucket%2Fa', lasting)).status, 200)
    for (const path of [
      '/download/bucket%2Fa',
      '/s3/bucket%2Fa',
      '/s3/bucket%2Fa?response-cache-control=public',
    ]) {
      assert.is((await ask('GET', path)).headers['cache-control'], 'private, no-store', path)
    }
  })
})

test('the page does not keep a connection for a body that never comes', async () => {
  await withConsole(async ({ ask }) => {
    const open = {
      headers: { 'Transfer-Encoding': 'chunked', Connection: 'keep-alive' },
      isOpen: true,
    }
    assert.is((await ask('GET', '/', open)).headers.connection, 'close')
  })
})

test('a login that calls itself a look is logged all the same', async () => {
  await withConsole(async ({ ask, logLines }) => {
    await ask('POST', '/api/session?look', loginOf('alice', 'wrong'))
    assert.match(logLines.join(''), /"act":"POST session"/)
  })
})

test.run()
