// The console's own acts: access keys, share links, the overview.
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { json, outcome, secretOf, withConsole } from './visiting.test-support.ts'

const test = suite('console API')

test('root’s unlimited keys make and remove keys; the secret is told once', async () => {
  await withConsole(async ({ logIn, ask, accessKeys }) => {
    const root = await logIn('root')
    const wanted = json({ name: 'laptop', access: 'read-only', buckets: ['bucket'] })
    const made = JSON.parse((await root.ask('POST', '/api/keys', wanted)).text)
    assert.match(made.secretAccessKey, /^[A-Za-z0-9]{40}$/)
    const kept = await accessKeys.find(made.accessKeyId)
    assert.equal(
      [kept?.name, kept?.owner, kept?.limits],
      ['laptop', 'root', { buckets: ['bucket'], access: 'read-only' }],
    )
    const list = (await root.ask('GET', '/api/keys')).text
    assert.not.match(list, /secret/i)
    const names = JSON.parse(list).keys.map((key: { name: string }) => key.name)
    assert.equal(names, ['root', 'alice', 'boxed', 'clerk', 'laptop', 'reader'])
    const login = json({ accessKeyId: made.accessKeyId, secretAccessKey: made.secretAccessKey })
    assert.is((await ask('POST', '/api/session', login)).status, 200)
    const remove = json({ name: 'laptop' })
    assert.is((await root.ask('POST', '/api/keys/remove', remove)).status, 200)
    assert.is(outcome(await root.ask('POST', '/api/keys/remove', remove)), 'InvalidRequest')
    assert.is(outcome(await ask('POST', '/api/session', login)), 'AccessDenied')
  })
})

test('a wish for a key that cannot be is refused with the reason, and makes none', async () => {
  await withConsole(async ({ logIn, accessKeys }) => {
    const root = await logIn('root')
    const before = await accessKeys.list()
    for (const [wish, reason] of [
      [{ name: 'root', access: 'full' }, /name: root is/],
      [{ name: 'clerk', access: 'full' }, /exists/],
      [{ name: '<b>', access: 'full' }, /name: must be/],
      [{ name: 'x', access: 'full', owner: '*' }, /owner: must be/],
      [{ name: 'x', access: 'full', buckets: ['No'] }, /bucket: No is/],
      [{ name: 'x', access: 'all' }, /access/],
      [{ name: 'x', access: 'full', accessKeyId: 'root' }, /accessKeyId/],
    ] as const) {
      const answer = await root.ask('POST', '/api/keys', json(wish))
      assert.is(outcome(answer), 'InvalidRequest', JSON.stringify(wish))
      assert.match(answer.text, reason)
    }
    assert.equal(await accessKeys.list(), before)
  })
})

test('keys and the account are nobody else’s: not of limited keys, not of other owners', async () => {
  await withConsole(async ({ logIn, accessKeys }) => {
    const before = await accessKeys.list()
    for (const name of ['reader', 'boxed', 'alice']) {
      const { ask } = await logIn(name)
      assert.is(outcome(await ask('GET', '/api/keys')), 'AccessDenied', name)
      const wanted = json({ name: 'more', access: 'full' })
      assert.is(outcome(await ask('POST', '/api/keys', wanted)), 'AccessDenied', name)
      const remove = json({ name: 'clerk' })
      assert.is(outcome(await ask('POST', '/api/keys/remove', remove)), 'AccessDenied', name)
      assert.not.ok('accounts' in JSON.parse((await ask('GET', '/api/overview')).text), name)
    }
    assert.equal(await accessKeys.list(), before)
    const { ask } = await logIn('clerk')
    const overview = JSON.parse((await ask('GET', '/api/overview')).text)
    assert.equal(overview.accounts, [{ account: 'default', trouble: 'away' }])
    assert.equal([overview.inFlight, overview.health], [0, { status: 'ok' }])
    assert.equal(overview.recent, { all: 0, refused: 0, failed: 0 })
  })
})

test('a share link is signed by the session’s key, for as long as a signature may last', async () => {
  await withConsole(async ({ logIn }) => {
    const { ask } = await logIn('reader')
    const wish = { bucket: 'bucket', key: 'a/../b', expiresSeconds: 604_800 }
    const answer = await ask('POST', '/api/share', json(wish))
    const { url, expires } = JSON.parse(answer.text)
    const { origin, pathname, searchParams } = new URL(url)
    assert.is(origin + pathname, 'http://127.0.0.1:9000/bucket%2Fa%2F..%2Fb')
    assert.match(searchParams.get('X-Amz-Credential') ?? '', /^reader\//)
    assert.is(searchParams.get('X-Amz-Expires'), '604800')
    assert.is(expires, '2026-12-03T12:00:00.000Z')
    assert.not.ok(answer.text.includes(secretOf('reader')))
    for (const bad of [
      { ...wish, expiresSeconds: 604_801 },
      { ...wish, expiresSeconds: 0 },
      { ...wish, expiresSeconds: 1.5 },
      { ...wish, key: '' },
      { ...wish, key: '\ud800' },
      { ...wish, bucket: '\ud800' },
      { ...wish, method: 'PUT' },
    ]) {
      assert.is(outcome(await ask('POST', '/api/share', json(bad))), 'InvalidRequest')
    }
  })
})

test('what is done is in the audit log, by whom and to what, and no secret', async () => {
  await withConsole(async ({ logIn, ask, audited, logLines }) => {
    await ask('POST', '/api/session', json({ accessKeyId: 'root', secretAccessKey: 'wrong' }))
    const root = await logIn('root')
    const wanted = json({ name: 'laptop', access: 'full', owner: 'bob' })
    const made = JSON.parse((await root.ask('POST', '/api/keys', wanted)).text)
    await root.ask('GET', '/api/keys')
    await root.ask('POST', '/api/share', json({ bucket: 'b', key: 'k', expiresSeconds: 60 }))
    await (await logIn('alice')).ask('POST', '/api/keys/remove', json({ name: 'laptop' }))
    await root.ask('POST', '/api/keys/remove', json({ name: 'laptop' }))
    await root.ask('DELETE', '/api/session')
    const told = audited.map(({ act, owner, status, keyName, bucket, key }) =>
      [act, owner, status, keyName, bucket, key].map((word) => word ?? '-').join(' '),
    )
    assert.equal(told, [
      'POST session - 403 - - -',
      'POST session root 200 - - -',
      'POST keys root 200 laptop - -',
      'POST share root 200 - b k',
      'POST session alice 200 - - -',
      'POST keys/remove alice 403 - - -',
      'POST keys/remove root 200 laptop - -',
      'DELETE session root 200 - - -',
    ])
    const everything = JSON.stringify(audited) + logLines.join('')
    for (const secret of [made.secretAccessKey, secretOf('root'), root.token, 'X-Amz-Signature']) {
      assert.not.ok(everything.includes(secret), secret)
    }
  })
})

test('a disk that takes no new key is told with what to do, and to the log; no key is made', async () => {
  await withConsole(async ({ logIn, accessKeys, audited, logLines }) => {
    const root = await logIn('root')
    const before = await accessKeys.list()
    const full = new DatabaseSync(':memory:')
    full.exec('PRAGMA max_page_count = 1')
    const failing = async () => full.exec('CREATE TABLE more (id)')
    Object.assign(accessKeys, { add: failing, remove: failing })
    const wanted = json({ name: 'laptop', access: 'full' })
    const remove = json({ name: 'clerk' })
    for (const [path, body] of [
      ['/api/keys', wanted],
      ['/api/keys/remove', remove],
    ] as const) {
      const answer = await root.ask('POST', path, body)
      assert.equal([answer.status, outcome(answer)], [503, 'SlowDown'])
      assert.match(JSON.parse(answer.text).message, /disk.*full.*free space/)
      assert.equal([audited.at(-1)?.status, audited.at(-1)?.code], [503, 'SlowDown'])
    }
    full.close()
    assert.is(logLines.filter((line) => line.includes('database or disk is full')).length, 2)
    assert.equal(await accessKeys.list(), before)
  })
})

test.run()
