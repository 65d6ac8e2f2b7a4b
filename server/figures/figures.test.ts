import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { spaceAgeMaxMs, type WatchedAccount } from './account-figures.ts'
import { createFigures } from './figures.ts'
import { createExposition } from './prometheus.ts'

const test = suite('figures')

const usage = {
  spool: { usedBytes: 5, limitBytes: 100 },
  listings: { snapshots: 1, sizeBytes: 7, limitBytes: 50, threads: 1, running: 1 },
  unfinishedUploads: 2,
}

function accountNamed(name: string, more: Partial<WatchedAccount> = {}): WatchedAccount {
  return {
    name,
    health: async () => ({ status: 'ok' }),
    usage: async () => usage,
    space: async () => ({ usedBytes: 10, capacityBytes: undefined }),
    ...more,
  }
}

test('Jottacloud is asked for the space seldom, and nobody waits for it', async () => {
  let nowMs = 1_000_000
  const answers = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let asked = 0
  const warnings: string[] = []
  using figures = createFigures({ now: () => nowMs, warn: (message) => warnings.push(message) })
  const space = async () => {
    const answer = answers[asked]
    asked += 1
    await answer?.promise
    return { usedBytes: asked * 100, capacityBytes: 1000 }
  }
  figures.watch(accountNamed('default', { space }))
  const look = async () => (await figures.snapshot()).accounts[0]?.space
  assert.is(await look(), undefined)
  assert.is(await look(), undefined)
  assert.is(asked, 1)
  answers[0]?.resolve()
  await setImmediate()
  const askedAt = new Date(nowMs)
  assert.equal(await look(), { usedBytes: 100, capacityBytes: 1000, askedAt })
  nowMs += spaceAgeMaxMs - 1
  await look()
  assert.is(asked, 1)
  nowMs += 1
  // The old numbers stay until there are new ones, also when there never are.
  assert.is((await look())?.usedBytes, 100)
  assert.is(asked, 2)
  answers[1]?.reject(new Error('away'))
  await setImmediate()
  assert.is((await look())?.usedBytes, 100)
  assert.is(warnings.length, 1)
})

test('nothing is asked of an account whose login has died', async () => {
  let asked = 0
  using figures = createFigures({ now: Date.now, warn: () => {} })
  const space = async () => {
    asked += 1
    return { usedBytes: 1, capacityBytes: 1 }
  }
  const health = async () => ({ status: 'login-required', command: 'jotta-s3 login' }) as const
  figures.watch(accountNamed('default', { health, space }))
  assert.is((await figures.snapshot()).accounts[0]?.login, 'login-required')
  assert.is(asked, 0)
})

test('calls to Jottacloud are counted by kind and outcome, retries apart', async () => {
  using figures = createFigures({ now: Date.now, warn: () => {} })
  const call = { kind: 'look', outcome: 200, durationMs: 30, isRetry: false } as const
  figures.onUpstreamCall(call)
  figures.onUpstreamCall({ ...call, outcome: 'failed' })
  figures.onUpstreamCall({ ...call, isRetry: true })
  const { upstream, upstreamRetries } = await figures.snapshot()
  assert.equal(upstream, [
    { kind: 'look', outcome: 200, count: 2 },
    { kind: 'look', outcome: 'failed', count: 1 },
  ])
  assert.equal(upstreamRetries, [{ kind: 'look', count: 1 }])
})

test('the process tells its memory, and a lag that is held up shows', async () => {
  using figures = createFigures({ now: Date.now, warn: () => {} })
  // The monitor needs a turn before the one that is held up.
  const seen = async () => (await figures.snapshot()).eventLoopLag.maxSeconds
  for (let tries = 0; tries < 20 && (await seen()) < 0.15; tries += 1) {
    await setImmediate()
    const end = performance.now() + 200
    while (performance.now() < end) {}
    await setImmediate()
  }
  const { residentBytes, cpuSeconds, eventLoopLag } = await figures.snapshot()
  assert.ok(residentBytes > 1024 ** 2 && cpuSeconds > 0)
  assert.ok(eventLoopLag.maxSeconds >= 0.15 && eventLoopLag.maxSeconds < 60)
})

test('each account has its numbers, and what is not known is left out', async () => {
  using figures = createFigures({ now: Date.now, warn: () => {} })
  const exposition = createExposition(figures)
  figures.watch(accountNamed('default'))
  figures.watch(accountNamed('work', { space: async () => ({ usedBytes: 3, capacityBytes: 9 }) }))
  await figures.snapshot()
  await setImmediate()
  const lines = (await exposition.render()).split('\n').filter((line) => line.includes('account='))
  assert.equal(lines, [
    'jotta_s3_login_ok{account="default"} 1',
    'jotta_s3_login_ok{account="work"} 1',
    'jotta_s3_account_used_bytes{account="default"} 10',
    'jotta_s3_account_used_bytes{account="work"} 3',
    'jotta_s3_account_capacity_bytes{account="work"} 9',
    'jotta_s3_spool_used_bytes{account="default"} 5',
    'jotta_s3_spool_used_bytes{account="work"} 5',
    'jotta_s3_spool_limit_bytes{account="default"} 100',
    'jotta_s3_spool_limit_bytes{account="work"} 100',
    'jotta_s3_multipart_uploads{account="default"} 2',
    'jotta_s3_multipart_uploads{account="work"} 2',
    'jotta_s3_listings_running{account="default"} 1',
    'jotta_s3_listings_running{account="work"} 1',
    'jotta_s3_listings_used_bytes{account="default"} 7',
    'jotta_s3_listings_used_bytes{account="work"} 7',
    'jotta_s3_listings_limit_bytes{account="default"} 50',
    'jotta_s3_listings_limit_bytes{account="work"} 50',
  ])
})

test('a metric without a value is not there: an account without a limit is not one that is full', async () => {
  using figures = createFigures({ now: Date.now, warn: () => {} })
  const exposition = createExposition(figures)
  figures.watch(accountNamed('default'))
  const samplesOf = async () =>
    (await exposition.render()).split('\n').filter((line) => line.startsWith('jotta_s3_'))
  const first = await samplesOf()
  for (const name of ['account_used_bytes', 'account_capacity_bytes', 'upstream_requests_total']) {
    assert.equal(
      first.filter((line) => line.startsWith(`jotta_s3_${name}`)),
      [],
    )
  }
  // Nothing has been counted, which is known: these are 0.
  assert.ok(first.includes('jotta_s3_sent_bytes_total 0'))
  await setImmediate()
  const second = await samplesOf()
  assert.ok(second.includes('jotta_s3_account_used_bytes{account="default"} 10'))
  assert.not(second.some((line) => line.startsWith('jotta_s3_account_capacity_bytes')))
})

test.run()
