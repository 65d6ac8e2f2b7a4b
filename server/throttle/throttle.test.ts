import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../../translate/s3-error.ts'
import { type CallerLimits, createCallers } from './callers.ts'
import { networkOf } from './network.ts'
import { createThrottle, noLimits, type ThrottleLimits } from './throttle.ts'

const test = suite('throttle')

/** Seconds to wait, 0 when admitted. */
function waitOf(act: () => void): number {
  try {
    act()
    return 0
  } catch (error) {
    if (!(error instanceof S3Error)) throw error
    assert.equal([error.code, error.status], ['SlowDown', 503])
    return error.retryAfterSeconds ?? -1
  }
}

function callersOf(limits: Partial<CallerLimits>, maxCallers = 100) {
  const clock = { nowMs: 5_000_000 }
  const now = () => clock.nowMs
  return { clock, callers: createCallers({ ...noLimits, ...limits }, { now, maxCallers }) }
}

test('a caller has so many requests under way, and others are not touched by it', () => {
  const { callers } = callersOf({ maxInFlight: 2 })
  const first = callers.admit('a')
  callers.admit('a')
  assert.is(
    waitOf(() => callers.admit('a')),
    1,
  )
  assert.is(
    waitOf(() => callers.admit('b')),
    0,
  )
  first[Symbol.dispose]()
  assert.is(
    waitOf(() => callers.admit('a')),
    0,
  )
  assert.is(
    waitOf(() => callers.admit('a')),
    1,
  )
})

test('after its burst a caller gets what comes in a second, and is told how long to wait', () => {
  const { callers, clock } = callersOf({ perSecond: 2, burstSeconds: 3 })
  const many = (count: number) =>
    Array.from({ length: count }, () => waitOf(() => callers.admit('a')[Symbol.dispose]()))
  assert.equal(many(7), [0, 0, 0, 0, 0, 0, 1])
  clock.nowMs += 500
  assert.equal(many(2), [0, 1])
  clock.nowMs += 60 * 60_000
  assert.equal(many(7), [0, 0, 0, 0, 0, 0, 1])
  // Who is refused does not pay for it.
  many(50)
  clock.nowMs += 500
  assert.equal(many(2), [0, 1])
})

test('a rate below one in a second says how long it takes', () => {
  const { callers } = callersOf({ perSecond: 0.1, burstSeconds: 1 })
  callers.admit('a')
  assert.is(
    waitOf(() => callers.admit('a')),
    10,
  )
})

test('the table of callers is bounded: those at rest go, and newcomers to a full one share an entry', () => {
  const { callers, clock } = callersOf({ maxInFlight: 1 }, 3)
  const held = ['a', 'b', 'c'].map((name) => callers.admit(name))
  const shared = callers.admit('d')
  assert.is(
    waitOf(() => callers.admit('e')),
    1,
    'd and e are one',
  )
  assert.is(
    waitOf(() => callers.admit('a')),
    1,
  )
  shared[Symbol.dispose]()
  assert.is(
    waitOf(() => callers.admit('e')),
    0,
  )
  assert.is(callers.size(), 3)
  held[0]?.[Symbol.dispose]()
  clock.nowMs += 1000
  assert.is(
    waitOf(() => callers.admit('f')),
    0,
  )
  assert.is(
    waitOf(() => callers.admit('f')),
    1,
  )
  assert.is(callers.size(), 3)
  for (let number = 0; number < 1000; number += 1) waitOf(() => callers.admit(`x${number}`))
  assert.is(callers.size(), 3)
})

const networks: [address: string, network: string][] = [
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
]
for (const [address, network] of networks) {
  test(`${address} is counted as ${network}`, () => assert.is(networkOf(address), network))
}

const limits = (more: Partial<ThrottleLimits>): ThrottleLimits => ({
  ...{ maxInFlight: undefined, ofKey: noLimits, ofStranger: noLimits },
  ...more,
})

test('all requests together are bounded until they end, and one that never entered ends nothing', () => {
  const throttle = createThrottle(limits({ maxInFlight: 1 }), () => 0)
  const first = throttle.begin('192.0.2.1')
  first.enter()
  for (let tries = 0; tries < 3; tries += 1) {
    const other = throttle.begin('192.0.2.2')
    assert.is(
      waitOf(() => other.enter()),
      1,
    )
    other[Symbol.dispose]()
  }
  first[Symbol.dispose]()
  assert.is(
    waitOf(() => throttle.begin('192.0.2.2').enter()),
    0,
  )
})

test('a key is bounded by itself, whatever strangers of its address do', () => {
  const ofStranger = { ...noLimits, maxInFlight: 1 }
  const throttle = createThrottle(limits({ ofStranger }), () => 0)
  const admit = (key?: string) => {
    const admission = throttle.begin('192.0.2.1')
    admission.enter()
    admission.admit(key)
  }
  assert.is(
    waitOf(() => admit()),
    0,
  )
  assert.is(
    waitOf(() => admit()),
    1,
  )
  for (let tries = 0; tries < 5; tries += 1)
    assert.is(
      waitOf(() => admit('KEY')),
      0,
    )
})

test('whoever fails to show who he is counts as a stranger, and is told to slow down in the end', () => {
  const ofStranger = { maxInFlight: undefined, perSecond: 1, burstSeconds: 2 }
  const throttle = createThrottle(limits({ ofStranger }), () => 0)
  const failure = new S3Error('SignatureDoesNotMatch')
  const codes = Array.from({ length: 3 }, () => {
    using admission = throttle.begin('192.0.2.1')
    admission.enter()
    const told = admission.told(failure)
    return told instanceof S3Error ? told.code : undefined
  })
  assert.equal(codes, ['SignatureDoesNotMatch', 'SignatureDoesNotMatch', 'SlowDown'])
  using known = throttle.begin('192.0.2.1')
  known.enter()
  known.admit('KEY')
  const missing = new S3Error('NoSuchKey')
  assert.is(known.told(missing), missing)
})

test.run()
