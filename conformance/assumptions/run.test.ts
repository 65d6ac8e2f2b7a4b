// The program as a person runs it, in a process of its own; --live against an emulator that plays the
// real service, with a login that `jotta-s3 login` makes.
import { spawn } from 'node:child_process'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Emulator, startEmulator } from '../../jotta/emulator/emulator.ts'
import type { Session } from '../../jotta/emulator/testing/with-emulator.ts'
import { withFolder } from '../support/with-bridge.ts'
import { furnish, treeOf } from './support/account-tree.test-support.ts'

const test = suite('run')
const project = join(import.meta.dirname, '..', '..')

function start(script: string, args: readonly string[]) {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: project,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  })
  const closed = Promise.withResolvers<number | null>()
  child.once('error', closed.reject)
  child.once('close', closed.resolve)
  const ended = Promise.all([closed.promise, text(child.stdout), text(child.stderr)])
  return { child, ended }
}

const run = async (...args: readonly string[]) =>
  await start('conformance/assumptions/run.ts', args).ended

type Bench = {
  readonly emulator: Emulator
  readonly folder: string
  /** Flags that make the emulator the real service. */
  readonly live: readonly string[]
}

/** Fails when the owner's things are not afterwards as they were. */
async function withLogin(act: (bench: Bench, session: Session) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const emulator = await startEmulator({ dataDirectory: join(folder, 'jottacloud') })
    try {
      const session = await furnish(emulator)
      const before = await treeOf(session)
      const place = ['--data-dir', join(folder, 'data'), '--jfs-url', emulator.jfsUrl]
      const common = [...place, '--api-url', emulator.apiUrl]
      const login = ['login', '--token', emulator.loginToken(), ...common]
      const [code, , complaint] = await start('server/cli.ts', login).ended
      assert.is(code, 0, complaint)
      await act({ emulator, folder, live: ['--live', ...common] }, session)
      assert.is(await treeOf(session), before)
    } finally {
      await emulator.close()
    }
  })
}

test('a fresh emulator answers some questions, told one a line', async () => {
  const [code, output] = await run('--only', '1,j0040')
  assert.is(code, 0, output)
  assert.match(output, /^j0001 Is a file refused .* refused +refused +as assumed$/m)
  assert.match(output, /^j0040 .*as assumed$/m)
  assert.match(output, /2 as assumed\nEverything that was made is removed/)
})

test('what is asked wrongly is not asked', async () => {
  const cases = [
    [['--only', '9999'], /there is no question 9999/],
    [['--nonsense'], /nonsense/],
    [['--data-dir', 'x'], /--data-dir goes with --live/],
    [['--remove', 'x'], /--remove goes with --live/],
  ] as const
  for (const [args, expected] of cases) {
    const [code, output, complaint] = await run(...args)
    assert.is(code, 2, args.join(' '))
    assert.match(complaint, expected)
    assert.is(output, '')
  }
})

test('--live asks the service of the login, keeps to its device, and reports without secrets', async () => {
  await withLogin(async ({ emulator, folder, live }) => {
    const file = join(folder, 'report.json')
    const [code, output, complaint] = await run(...live, '--yes', '--report', file)
    assert.is(code, 0, output + complaint)
    assert.match(output, /^Account: owner@example\.test\n/)
    assert.match(output, /3 not asked/)
    const text = await readFile(file, 'utf8')
    const report = JSON.parse(text)
    assert.is(report.format, 'jotta-s3-assumptions/1')
    assert.is(report.leftovers, 0)
    assert.is(report.service.jfs, new URL(emulator.url).host)
    for (const secret of [emulator.username, 'owner@', 'jotta-s3-assumptions-0', 'upload/']) {
      assert.not.ok(text.includes(secret), secret)
    }
    const commands = emulator.faults.requests.filter(({ operation }) => operation === 'purge_trash')
    assert.equal(commands, [])
  })
})

test('--live does nothing without a terminal to ask on, nor without a login', async () => {
  await withLogin(async ({ emulator, live, folder }) => {
    emulator.faults.clear()
    const [code, , complaint] = await run(...live)
    assert.is(code, 2)
    assert.match(complaint, /--yes does without/)
    const elsewhere = join(folder, 'nobody')
    const [other, , said] = await run(...live, '--yes', '--data-dir', elsewhere)
    assert.is(other, 2)
    assert.match(said, /nobody is logged in.*jotta-s3 login/)
    assert.is(emulator.faults.count({ method: 'POST' }), 0)
  })
})

test('--live ends with 1 when an answer breaks the bridge', async () => {
  await withLogin(async ({ emulator, folder, live }) => {
    emulator.faults.add({ kind: 'spoilListing', how: 'wrong-stats' })
    const file = join(folder, 'report.json')
    const [code, output] = await run(...live, '--yes', '--only', '70', '--report', file)
    assert.is(code, 1, output)
    assert.match(output, /stats that do not match +BREAKS THE BRIDGE/)
  })
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends a live run, which removes what it made`, async () => {
    await withLogin(async ({ emulator, folder, live }) => {
      const hold = emulator.faults.hold({ operation: 'mv' })
      const report = ['--report', join(folder, 'report.json')]
      const args = [...live, '--yes', '--only', '2,3', ...report]
      const { child, ended } = start('conformance/assumptions/run.ts', args)
      await hold.reached()
      child.kill(signal)
      const [code, output] = await ended
      hold.release()
      assert.is(code, 130, output)
      assert.match(output, /removing what was made/)
      assert.match(output, /Everything that was made is removed/)
      await access(join(folder, 'report.json'))
    })
  })
}

test('--remove takes away what a killed run has left, and nothing that a run did not make', async () => {
  await withLogin(async ({ emulator, live }, session) => {
    const hold = emulator.faults.hold({ operation: 'mv' })
    const { child, ended } = start('conformance/assumptions/run.ts', [
      ...live,
      '--yes',
      '--only',
      '3',
    ])
    await hold.reached()
    child.kill('SIGKILL')
    const [, output] = await ended
    hold.release()
    const [device = ''] = /jotta-s3-assumptions-[0-9a-f]{8}/.exec(output) ?? []
    assert.is((await session.get(device)).status, 200)
    for (const name of ['Laptop', 'Jotta', `${device}/questions`]) {
      const [code, , complaint] = await run(...live, '--yes', '--remove', name)
      assert.is(code, 2)
      assert.match(complaint, /the name of a device that a run has made/)
    }
    const [code, said] = await run(...live, '--yes', '--remove', device)
    assert.is(code, 0, said)
    assert.is((await session.get(device)).status, 404)
  })
})

test.run()
