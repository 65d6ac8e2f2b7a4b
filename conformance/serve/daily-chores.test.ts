// What a server does by itself, day after day, on the whole of it: started as `serve` starts it, over an emulator,
// with one clock for both that stands still until it is told.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createJottaClient } from '../../jotta/client.ts'
import { type Emulator, startEmulator } from '../../jotta/emulator/emulator.ts'
import { loginWithToken } from '../../jotta/login.ts'
import { createTokenSource } from '../../jotta/token.ts'
import type { Clock } from '../../server/clock.ts'
import { readConfig } from '../../server/config.ts'
import { createLog } from '../../server/log.ts'
import { startServer } from '../../server/main.ts'
import { ask, type WholeAnswer } from '../support/signed-request.ts'
import { accessKeyId, secretAccessKey, withFolder } from '../support/with-bridge.ts'

const test = suite('daily chores of a server')
const { signal } = new AbortController()

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** Of real time, for work that takes no time by the clock. */
const patienceMs = 120_000
const startMs = Date.UTC(2030, 0, 1, 12)

type MovedClock = Clock & {
  /** Lets what waits until then go on, and comes back when so many wait again. */
  advance(ms: number, waiting: number): Promise<void>
  /** Comes back when so many wait. */
  idle(waiting: number): Promise<void>
}

/** Pauses of seconds, within a piece of work, are over at once. */
function createClock(): MovedClock {
  let nowMs = startMs
  const sleepers = new Map<() => void, number>()
  const watchers = new Set<() => void>()
  const idle = async (waiting: number): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const limit = setTimeout(() => {
      reject(new Error(`${sleepers.size} wait for their time, and not ${waiting}`))
    }, patienceMs)
    const look = () => {
      if (sleepers.size === waiting) resolve()
    }
    watchers.add(look)
    look()
    await promise.finally(() => clearTimeout(limit))
    watchers.delete(look)
  }
  return {
    now: () => nowMs,
    idle,
    async wait(ms, stopSignal) {
      stopSignal.throwIfAborted()
      if (ms < minuteMs) {
        nowMs += ms
        return
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const stop = () => reject(stopSignal.reason)
      stopSignal.addEventListener('abort', stop)
      sleepers.set(resolve, nowMs + ms)
      for (const look of watchers) look()
      try {
        await promise
      } finally {
        sleepers.delete(resolve)
        stopSignal.removeEventListener('abort', stop)
      }
    },
    async advance(ms, waiting) {
      nowMs += ms
      for (const [wake, dueMs] of [...sleepers]) {
        if (dueMs > nowMs) continue
        sleepers.delete(wake)
        wake()
      }
      await idle(waiting)
    },
  }
}

type Bench = {
  readonly clock: MovedClock
  readonly faults: Emulator['faults']
  /** How far the clock of Jottacloud is ahead. */
  readonly service: { aheadMs: number }
  /** Lines of the log that say so, in order. */
  told(message: string): readonly Record<string, unknown>[]
  s3(
    method: string,
    path: string,
    more?: { body?: string | Buffer; headers?: Record<string, string> },
  ): Promise<WholeAnswer>
  /** Whether a file of the device S3 is in the trash, as its owner sees it. */
  isInTrash(...path: string[]): Promise<boolean | undefined>
}

async function withServer(
  settings: readonly string[],
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const clock = createClock()
    const dataDirectory = join(folder, 'jottacloud')
    await using parts = new AsyncDisposableStack()
    const service = { aheadMs: 0 }
    const now = () => new Date(clock.now() + service.aheadMs)
    const emulator = await startEmulator({ dataDirectory, now })
    parts.defer(() => emulator.close())
    const dataDir = join(folder, 'data')
    const { jfsUrl, apiUrl } = emulator
    for (const tokenFile of [join(dataDir, 'jottacloud-token.json'), join(folder, 'app.json')]) {
      await loginWithToken({ loginToken: emulator.loginToken(), tokenFile, signal })
    }
    const tokens = createTokenSource({ tokenFile: join(folder, 'app.json') })
    const app = createJottaClient({ jfsUrl, apiUrl, tokens })
    parts.defer(() => app.close())
    const config = readConfig(
      [
        ...['--port', '0', '--console-port', 'off', '--data-dir', dataDir],
        ...['--jfs-url', jfsUrl, '--api-url', apiUrl],
        ...['--root-access-key-id', accessKeyId, '--root-secret-access-key', secretAccessKey],
        ...settings,
      ],
      {},
    )
    const lines: Record<string, unknown>[] = []
    const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
    const server = await startServer(config, createLog({ destination }), clock)
    parts.defer(() => server.stop())
    await work({
      clock,
      faults: emulator.faults,
      service,
      told: (message) => lines.filter(({ msg }) => msg === message),
      s3: async (method, path, more = {}) => await ask(server.url, { method, path, ...more }),
      isInTrash: async (mountpoint = '', ...path) =>
        (await app.stat({ device: 'S3', mountpoint, path }, { signal }))?.deleted,
    })
  })
}

const expireAfterADay =
  '<LifecycleConfiguration><Rule><ID>r</ID><Filter/><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>'
const md5Of = (text: string): string => createHash('md5').update(text).digest('base64')

const buckets = JSON.stringify({
  limited: { quota: '100KiB' },
  // The same files, and no quota: what comes this way is seen by a count alone.
  unlimited: { path: 'S3/limited' },
})

test('lifecycle rules, counts for quotas and the expiry of uploads are done day after day', async () => {
  const settings = ['--buckets', buckets, '--upload-expiry-days', '1']
  await withServer(settings, async ({ clock, s3, told, isInTrash }) => {
    /** The hourly look for old uploads, and the three daily chores. */
    const workers = 4
    const lifecycleRuns = () => told('lifecycle rules carried out').map((run) => run.objectsExpired)
    const status = async (...asked: Parameters<typeof s3>) => (await s3(...asked)).status
    await clock.idle(workers)
    for (const path of ['/bucket', '/limited']) assert.is(await status('PUT', path), 200)
    assert.is(await status('PUT', '/bucket/old', { body: 'old' }), 200)
    const headers = { 'content-md5': md5Of(expireAfterADay) }
    const rules = await s3('PUT', '/bucket?lifecycle', { body: expireAfterADay, headers })
    assert.is(rules.status, 200, rules.text)
    assert.is(await status('POST', '/bucket/unfinished?uploads'), 200)
    const few = Buffer.alloc(20_000)
    assert.is(await status('PUT', '/limited/a', { body: few }), 200)

    await clock.advance(2 * minuteMs, workers)
    assert.equal(lifecycleRuns(), [0], 'soon after the start')
    assert.is(await status('PUT', '/unlimited/b', { body: Buffer.alloc(70_000) }), 200)
    assert.is(await status('PUT', '/limited/c', { body: few }), 200, 'as far as the count knows')
    await clock.advance(hourMs, workers)
    assert.equal(lifecycleRuns(), [0], 'once a day')
    assert.match((await s3('GET', '/bucket?uploads')).text, '<Key>unfinished</Key>')

    // Past one midnight: a day after the start, and less than the object takes to be a day old.
    await clock.advance(24 * hourMs, workers)
    assert.equal(lifecycleRuns(), [0, 0])
    assert.is(await status('HEAD', '/bucket/old'), 200)
    assert.equal(
      told('expired uploads removed').map(({ uploads }) => uploads),
      [1],
    )
    assert.not.match((await s3('GET', '/bucket?uploads')).text, '<Key>unfinished</Key>')
    assert.is(await status('PUT', '/limited/d', { body: few }), 507, 'the day has counted it')

    await clock.advance(12 * hourMs, workers)
    assert.equal(lifecycleRuns(), [0, 0, 1])
    assert.is(await status('HEAD', '/bucket/old'), 404)
    assert.is(await isInTrash('bucket', 'old'), true)
    assert.equal(told('a chore is not done any more'), [])
  })
})

test('a chore that fails is told of, and tried again within the hour', async () => {
  await withServer([], async ({ clock, service, s3, told }) => {
    /** Without quotas nothing is counted. */
    const workers = 3
    await clock.idle(workers)
    assert.is((await s3('PUT', '/bucket')).status, 200)
    const headers = { 'content-md5': md5Of(expireAfterADay) }
    await s3('PUT', '/bucket?lifecycle', { body: expireAfterADay, headers })
    // With a wrong clock nothing is as old as it seems.
    service.aheadMs = hourMs
    await clock.advance(2 * minuteMs, workers)
    const failure = 'not done, and to be tried again within the hour: lifecycle'
    assert.equal(
      told(failure).map(({ account, chore, level }) => [account, chore, level]),
      [['default', 'lifecycle', 'warn']],
    )
    assert.equal(told('lifecycle rules carried out'), [])
    service.aheadMs = 0
    await clock.advance(hourMs, workers)
    assert.equal([told(failure).length, told('lifecycle rules carried out').length], [1, 1])
  })
})

test("metadata of a write that was carried out and not answered is its object's before two days are over", async () => {
  await withServer([], async ({ clock, faults, s3, told }) => {
    const workers = 3
    const settled = () =>
      told('metadata that failed writes left was settled').map(({ keys }) => keys)
    await clock.idle(workers)
    await s3('PUT', '/bucket')
    await s3('PUT', '/bucket/first', { body: 'same' })
    // What Jottacloud has already is stored by this very request.
    const match = { operation: 'allocate' } as const
    faults.add({ kind: 'fail', status: 200, body: 'nonsense', when: 'after', match })
    const headers = { 'x-amz-meta-of': 'the write' }
    const written = await s3('PUT', '/bucket/second', { body: 'same', headers })
    assert.is(written.status, 500, written.text)
    await clock.advance(2 * minuteMs, workers)
    await clock.advance(24 * hourMs, workers)
    assert.equal(settled(), [1])
    await clock.advance(24 * hourMs, workers)
    assert.equal(settled(), [1])
    assert.is((await s3('HEAD', '/bucket/second')).headers['x-amz-meta-of'], 'the write')
  })
})

test('a server that is read-only does none of it', async () => {
  await withServer(['--read-only', 'on', '--buckets', buckets], async ({ clock, s3, told }) => {
    await clock.idle(0)
    await clock.advance(48 * hourMs, 0)
    assert.is((await s3('GET', '/')).status, 200)
    assert.equal(told('lifecycle rules carried out'), [])
  })
})

test.run()
