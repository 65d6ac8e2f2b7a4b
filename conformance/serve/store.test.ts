// The store commands as a person runs them: beside a bridge that serves the same login, and over the embedded
// Jottacloud when nobody is logged in.
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from '../support/real-client.ts'
import { ask } from '../support/signed-request.ts'
import { startBridge, withFolder } from '../support/with-bridge.ts'
import { withEmulatedBridge } from '../support/with-emulated-bridge.ts'

const test = suite('store commands')
const cwd = join(import.meta.dirname, '..', '..')

/** Nobody is at its terminal: its input is a pipe. */
async function cli(dataDirectory: string, env: Record<string, string>, ...args: string[]) {
  const options = { cwd, env, mayFail: true, input: 'purge\n' }
  const all = ['server/cli.ts', ...args, '--data-dir', dataDirectory]
  return await run(process.execPath, all, options)
}

test('what S3 deleted is listed, restored and purged while the bridge serves', async () => {
  await withEmulatedBridge(async ({ emulator, bridge }) => {
    const env = { JOTTA_S3_JFS_URL: emulator.jfsUrl, JOTTA_S3_API_URL: emulator.apiUrl }
    const jotta = (...args: string[]) => cli(bridge.dataDirectory, env, ...args)
    await ask(bridge.url, { method: 'PUT', path: '/bucket' })
    await ask(bridge.url, { method: 'PUT', path: '/bucket/a%3Ab/key', body: 'content' })
    await ask(bridge.url, { method: 'DELETE', path: '/bucket/a%3Ab/key' })
    assert.is((await ask(bridge.url, { method: 'GET', path: '/bucket/a%3Ab/key' })).status, 404)

    const listed = await jotta('trash', 'ls')
    assert.equal([listed.code, listed.stderr], [0, ''])
    const path = /S3\/bucket\S*/.exec(listed.stdout)?.[0] ?? ''
    assert.match(path, /^S3\/bucket\/a：b/, 'in stored names')
    const restored = await jotta('trash', 'restore', '--all-under', path)
    assert.is(restored.code, 0, restored.stdout)
    const got = await ask(bridge.url, { method: 'GET', path: '/bucket/a%3Ab/key' })
    assert.equal([got.status, got.text], [200, 'content'])

    const refused = await jotta('trash', 'purge')
    assert.is(refused.code, 1)
    assert.match(refused.stderr, /whole account, and nobody is there to be asked: say --yes/)
    assert.is(emulator.faults.count({ operation: 'purge_trash' }), 0)
    assert.is((await jotta('trash', 'purge', '--yes')).code, 0)
    assert.match((await jotta('account')).stdout, /^name +Owner$/m)
    assert.match((await jotta('mountpoints', 'S3')).stdout, /S3\/bucket\n$/)

    emulator.faults.staleRefreshTokens()
    emulator.faults.expireAccessTokens()
    const dead = await jotta('about')
    assert.is(dead.code, 1)
    assert.match(dead.stderr, /`jotta-s3 login`/)
  })
})

test('without a login they are about the embedded Jottacloud, unless it is being served', async () => {
  await withFolder(async (folder) => {
    const dataDirectory = join(folder, 'data')
    const made = await cli(dataDirectory, {}, 'mkdevice', 'Backup')
    assert.is(made.code, 0, made.stderr)
    assert.match(made.stderr, /^Nobody is logged in: this is about the embedded Jottacloud in/)
    const devices = await cli(dataDirectory, {}, 'devices', '--json')
    assert.match(devices.stdout, /^\{"name":"Jotta".*\n\{"name":"Backup"/)

    const bridge = await startBridge({ dataDirectory })
    try {
      const busy = await cli(dataDirectory, {}, 'devices')
      assert.equal([busy.code, busy.stdout], [1, ''])
      assert.match(busy.stderr, /is in use by another process, such as `jotta-s3 serve`: stop that/)
    } finally {
      assert.is(await bridge.stop(), 0)
    }
    const work = await cli(dataDirectory, {}, 'about', '--account', 'work')
    assert.is(work.code, 1)
    assert.match(work.stderr, /`jotta-s3 login --account work`/)
  })
})

const wrongCalls: [args: string[], says: RegExp][] = [
  [['trash'], /trash: one of ls, restore, purge must follow/],
  [['trash', 'restore'], /trash restore: PATH must follow/],
  [['trash', 'purge', '--yes', ''], /trash purge: PATH must follow/],
  [['devices', '--yes'], /--yes/],
  [['acount'], /unknown command acount; there are .*account/],
]
for (const [args, says] of wrongCalls) {
  test(`\`jotta-s3 ${args.join(' ')}\` ends with 2, says what is wrong and starts nothing`, async () => {
    await withFolder(async (folder) => {
      const { code, stderr } = await cli(join(folder, 'data'), {}, ...args)
      assert.is(code, 2, stderr)
      assert.match(stderr, says)
      assert.equal(await readdir(folder), [])
    })
  })
}

test('a reader that has seen enough is no failure to speak of', async () => {
  await withFolder(async (folder) => {
    const command = `"$0" server/cli.ts devices --data-dir "$1" 2>"$1.err" | true; cat "$1.err"`
    const env = { PATH: process.env.PATH }
    const said = await new Promise<string>((resolve, reject) => {
      execFile(
        'sh',
        ['-c', command, process.execPath, join(folder, 'data')],
        { cwd, env, timeout: 600_000 },
        (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
      )
    })
    assert.match(said, /^Nobody is logged in[^\n]*\n$/)
  })
})

test.run()
