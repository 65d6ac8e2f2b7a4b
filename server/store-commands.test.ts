// The store commands over an emulator that the test holds in its hands, with a person who is made up.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Emulator, startEmulator } from '../jotta/emulator/emulator.ts'
import { Session } from '../jotta/emulator/testing/with-emulator.ts'
import { login } from './account.ts'
import { readConfig } from './config.ts'
import { runStoreCommand } from './store-commands.ts'
import { openTerminal } from './terminal.ts'

const test = suite('store commands')

/** Instead of an answer, the command is interrupted. */
const interruption = '…'

type Result = { code: number; out: string; told: string }

type Bench = {
  readonly emulator: Emulator
  readonly session: Session
  readonly home: string
  /** Runs a command; `typed` is what a person at a terminal answers, without it nobody is there. */
  readonly run: (words: string, typed?: string) => Promise<Result>
  readonly json: (words: string) => Promise<Record<string, unknown>[]>
  readonly interrupt: AbortController
  /** By the last command, also when it failed. */
  readonly printed: () => string
}

async function withBench(work: (bench: Bench) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'store-'))
  const emulator = await startEmulator({ dataDirectory: join(folder, 'jottacloud') })
  const hosts = ['--jfs-url', emulator.jfsUrl, '--api-url', emulator.apiUrl]
  const settings = ['--data-dir', join(folder, 'data'), ...hosts]
  const interrupt = new AbortController()
  let out = ''
  const run = async (words: string, typed?: string): Promise<Result> => {
    out = ''
    let told = ''
    const output = new Writable({
      write(chunk, _encoding, done) {
        out += String(chunk)
        done()
      },
    })
    const input = new PassThrough()
    if (typed !== undefined && typed !== interruption) input.end(`${typed}\n`)
    const shown = new Writable({
      write(chunk, _encoding, done) {
        told += String(chunk)
        if (typed === interruption && told.includes('to go on: ')) {
          interrupt.abort(new Error('interrupted'))
        }
        done()
      },
    })
    const terminal = typed === undefined ? undefined : openTerminal({ input, output: shown })
    const tell = (text: string) => {
      told += text
    }
    try {
      const args = [...words.split(' '), ...settings]
      const { signal } = interrupt
      const code = await runStoreCommand(args, { output, tell, terminal, signal })
      return { code, out, told }
    } finally {
      terminal?.close()
    }
  }
  try {
    const session = new Session(emulator.url, emulator.username)
    await session.login(emulator.loginToken())
    await session.ask('POST', `${session.jfs('S3')}?type=WORKSTATION`)
    await session.post('S3/photos')
    const terminal = openTerminal({ input: new PassThrough(), output: new PassThrough() })
    const token = emulator.loginToken()
    await login(readConfig(settings), { kind: 'token', token }, terminal)
    const json: Bench['json'] = async (words) => {
      const { out } = await run(`${words} --json`)
      return out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    }
    await work({ emulator, session, home: 'S3/photos', run, json, interrupt, printed: () => out })
  } finally {
    await emulator.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error('it did not fail')
}

test('account and about tell who it is, what is used, and whether writing is locked', async () => {
  await withBench(async ({ emulator, session, home, run, json }) => {
    await session.put(`${home}/x`, 'x'.repeat(2048))
    const { code, out } = await run('account')
    assert.is(code, 0)
    assert.match(out, /^name +Owner$/m)
    assert.match(out, new RegExp(`^user name +${emulator.username}$`, 'm'))
    assert.match(out, /^plan +paid, UNLIMITED$/m)
    assert.match(out, /^used +2\.0 KiB \(2048 bytes\)$/m)
    assert.match(out, /^quota +unlimited$/m)
    assert.match(out, /^writing +allowed$/m)
    assert.match((await run('about')).out, /^free +unlimited\ntotal +unlimited$/m)
    const unlimited = { usedBytes: 2048, freeBytes: null, totalBytes: null }
    assert.equal(await json('about'), [unlimited])

    emulator.faults.set({ capacityBytes: 4096 })
    assert.equal(await json('about'), [{ usedBytes: 2048, freeBytes: 2048, totalBytes: 4096 }])
    emulator.faults.set({ capacityBytes: 1000 })
    assert.match((await run('about')).out, /^free +0 bytes$/m)
    assert.match((await run('account')).out, /^writing +locked: the account is full$/m)
    emulator.faults.set({ capacityBytes: -1, writeLock: 'on' })
    assert.match((await run('account')).out, /^writing +locked: by Jottacloud/m)
    const [fields] = await json('account')
    assert.equal([fields?.writeLocked, fields?.quotaBytes, fields?.usedBytes], [true, null, 2048])
  })
})

test('devices and mountpoints are listed and devices made', async () => {
  await withBench(async ({ run, json }) => {
    const names = (await json('devices')).map(({ name }) => name)
    assert.equal(names, ['Jotta', 'S3'])
    assert.match((await run('devices')).out, /JOTTA +Jotta\n.*WORKSTATION +S3\n$/)
    assert.equal(await json('mountpoints s3'), [
      { device: 'S3', name: 'photos', sizeBytes: 0, modified: null },
    ])
    const all = (await run('mountpoints')).out
    assert.match(all, / {2}Jotta\/Archive\n/)
    assert.match(all, / {2}S3\/photos\n/)
    assert.match(await failure(run('mountpoints none')), /no device none; `jotta-s3 devices`/)
    assert.match((await run('mkdevice Backup')).out, /Backup was made/)
    assert.equal(await json('mkdevice bACKUP'), [{ name: 'Backup', created: false }])
    for (const name of ['a/b', 'a%b', '..', 'a:b']) {
      assert.match(await failure(run(`mkdevice ${name}`)), /without special characters/)
    }
  })
})

test('the trash is listed as it is named, and restored by that name', async () => {
  await withBench(async ({ session, home, run, json }) => {
    assert.is((await run('trash ls')).out, 'The trash is empty.\n')
    assert.equal(await json('trash ls'), [])
    await session.put(`${home}/d/x`, 'content')
    await session.put(`${home}/y`, 'why')
    await session.post(`${home}/d`, '?dlDir=true')
    await session.post(`${home}/y`, '?dl=true')
    const { out } = await run('trash ls')
    assert.match(out, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ +- +S3\/photos\/d\/$/m)
    assert.match(out, /^\S+ \S+ +3 +S3\/photos\/y$/m)
    const [, file] = await json('trash ls')
    assert.equal([file?.kind, file?.path, file?.sizeBytes], ['file', 'S3/photos/y', 3])

    const folder = await run('trash restore S3/photos/d/')
    assert.is(folder.code, 0)
    assert.match(folder.out, /^restored +S3\/photos\/d\/x\nrestored +S3\/photos\/d\/\nIn all: 2/)
    assert.equal(await json('trash restore S3/photos/y'), [
      { kind: 'file', path: 'S3/photos/y', outcome: 'restored', message: null },
    ])
    assert.is(await session.content(`${home}/d/x`), 'content')
    assert.is(await session.content(`${home}/y`), 'why')
    assert.match(
      await failure(run('trash restore S3/photos/y')),
      /y is not in the trash: a live file/,
    )
    assert.match(await failure(run('trash restore S3/photos/z')), /nothing is there/)
    assert.match(await failure(run('trash restore S3')), /Device\/Mountpoint\/path/)
  })
})

test('--all-under restores all that was trashed below a path, and goes on past what it cannot', async () => {
  await withBench(async ({ emulator, session, home, run }) => {
    for (const name of ['d/a', 'd/b', 'd/e/c', 'd/e/f', 'other']) {
      await session.put(`${home}/${name}`, name)
    }
    for (const name of ['d/a', 'd/b', 'other', 'd/e/f'])
      await session.post(`${home}/${name}`, '?dl=true')
    await session.post(`${home}/d/e`, '?dlDir=true')
    const pathPrefix = session.jfs(`${home}/d/b`)
    emulator.faults.failNext({ status: 404, match: { operation: 'cphash', pathPrefix } })
    const { code, out } = await run('trash restore --all-under s3/Photos/d')
    assert.is(code, 1, 'one is not back')
    assert.match(out, /^refused +S3\/photos\/d\/b: .*does not have the content/m)
    assert.match(out, /In all: .*1 refused/)
    for (const name of ['d/a', 'd/e/c', 'd/e/f']) {
      assert.is(await session.content(`${home}/${name}`), name)
    }
    assert.equal(await session.names(home), ['d/', 'other†'])
    const nothing = await run('trash restore --all-under S3/none')
    assert.equal([nothing.code, nothing.out], [1, 'Nothing in the trash comes from S3/none.\n'])
    assert.is((await run('trash restore --all-under S3')).code, 0)
  })
})

test('an interrupted restoring tells what it did, and is gone on with by --all-under', async () => {
  await withBench(async ({ emulator, session, home, run, interrupt, printed }) => {
    for (let index = 0; index < 9; index += 1) await session.put(`${home}/d/f${index}`, `${index}`)
    await session.post(`${home}/d`, '?dlDir=true')
    emulator.faults.failNext({
      status: 460,
      match: { operation: 'cphash', pathPrefix: session.jfs(`${home}/d/f7`) },
    })
    assert.match(await failure(run('trash restore S3/photos/d')), /460/)
    assert.match(printed(), /^In all: \d restored\.\n$/m)
    assert.is((await run('trash restore --all-under S3/photos/d')).code, 0)
    assert.is((await session.names(`${home}/d`)).filter((name) => !name.endsWith('†')).length, 9)

    await session.post(`${home}/d`, '?dlDir=true')
    const held = emulator.faults.hold({ operation: 'cphash' })
    const restoring = failure(run('trash restore S3/photos/d'))
    await held.reached(6)
    interrupt.abort(new Error('interrupted'))
    assert.match(await restoring, /interrupted/)
    held.release()
  })
})

test('one thing is purged by its name, and never what is live', async () => {
  await withBench(async ({ session, home, run, json }) => {
    for (const name of ['x', 'y', 'd/z']) await session.put(`${home}/${name}`, name)
    assert.match(await failure(run('trash purge S3/photos/x')), /not in the trash: a live file/)
    assert.match(await failure(run('trash purge --yes S3/photos/d')), /a live folder/)
    await session.post(`${home}/x`, '?dl=true')
    await session.post(`${home}/d`, '?dlDir=true')
    assert.match(await failure(run('trash purge S3/photos/x/')), /x\/ is a file/)
    assert.match((await run('trash purge S3/photos/x')).out, /S3\/photos\/x is gone for good/)
    assert.equal(await json('trash purge S3/photos/d/'), [
      { path: 'S3/photos/d', kind: 'folder', purged: true },
    ])
    assert.equal(await session.names(home), ['y'])
  })
})

test('all is purged only by the word of a person, or --yes', async () => {
  await withBench(async ({ emulator, session, home, run, json }) => {
    for (const name of ['x', 'y']) {
      await session.put(`${home}/${name}`, name)
      await session.post(`${home}/${name}`, '?dl=true')
    }
    assert.match(await failure(run('trash purge')), /nobody is there to be asked: say --yes/)
    for (const answer of ['', 'yes', 'Purge']) {
      const refused = await run('trash purge', answer)
      assert.equal([refused.code, refused.out], [1, 'Nothing was removed.\n'])
      assert.match(refused.told, /whole account, whoever put it there: 2\n.*Type purge/s)
    }
    assert.is(emulator.faults.count({ operation: 'purge_trash' }), 0)
    const done = await run('trash purge', 'purge')
    assert.equal(
      [done.code, done.out],
      [0, 'The trash is empty: 2 files and 0 folders are gone.\n'],
    )
    assert.equal(await json('trash purge --yes'), [{ files: 0, folders: 0 }])
  })
})

test('an interruption ends the wait for an answer, and nothing is purged', async () => {
  await withBench(async ({ emulator, run }) => {
    assert.match(await failure(run('trash purge', interruption)), /interrupted/)
    assert.is(emulator.faults.count({ operation: 'purge_trash' }), 0)
  })
})

test.run()
