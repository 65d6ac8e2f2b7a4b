import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  isTransientStatus,
  parseRetryAfter,
  type RetryPolicy,
  retryDelayMs,
  retryPolicyOf,
} from './retry.ts'

const test = suite('retry')
const policy: RetryPolicy = {
  maxTries: 5,
  baseDelayMs: 100,
  maxDelayMs: 300,
  budgetMs: 1000,
  maxRetryAfterMs: 500,
}
const now = Date.parse('2026-03-01T08:00:00Z')

test('only failures that pass by themselves are repeated', () => {
  for (const status of [429, 500, 502, 503, 504, 509]) assert.ok(isTransientStatus(status))
  for (const status of [200, 301, 400, 401, 403, 404, 409, 416, 420, 421, 460, 501, 507]) {
    assert.not(isTransientStatus(status), String(status))
  }
})

test('waits double up to a ceiling and are jittered over the whole of it', () => {
  const delay = (tries: number, random: number) =>
    retryDelayMs({ tries, elapsedMs: 0, retryAfterMs: undefined, random }, policy)
  assert.equal(
    [1, 2, 3, 4].map((tries) => delay(tries, 0.999)),
    [99, 199, 299, 299],
  )
  assert.equal(
    [1, 2, 3, 4].map((tries) => delay(tries, 0)),
    [0, 0, 0, 0],
  )
})

test('tries and time are bounded', () => {
  const at = { retryAfterMs: undefined, random: 0.5 }
  assert.is(retryDelayMs({ ...at, tries: 5, elapsedMs: 0 }, policy), undefined)
  assert.is(retryDelayMs({ ...at, tries: 1, elapsedMs: 999 }, policy), undefined)
  assert.is(retryDelayMs({ ...at, tries: 1, elapsedMs: 950 }, policy), 50)
})

test('a reply that never comes is asked for once more, however long its silence is waited for', () => {
  const at = { tries: 1, retryAfterMs: undefined, random: 0.999 }
  for (const silenceMs of [300, 60_000, 3_600_000]) {
    const once = retryDelayMs({ ...at, elapsedMs: silenceMs }, retryPolicyOf(silenceMs))
    assert.is(once, 99, String(silenceMs))
  }
  const twice = { ...at, tries: 2, elapsedMs: 120_100 }
  assert.is(retryDelayMs(twice, retryPolicyOf(60_000)), undefined)
  assert.is(retryPolicyOf(60_000, { budgetMs: 7 }).budgetMs, 7)
})

test('Retry-After is the least wait, and one beyond the cap ends the tries', () => {
  const at = { tries: 1, random: 0.5 }
  assert.is(retryDelayMs({ ...at, elapsedMs: 0, retryAfterMs: 400 }, policy), 400)
  assert.is(retryDelayMs({ ...at, elapsedMs: 0, retryAfterMs: 501 }, policy), undefined)
  assert.is(retryDelayMs({ ...at, elapsedMs: 0, retryAfterMs: 10 }, policy), 50)
  assert.is(retryDelayMs({ ...at, elapsedMs: 700, retryAfterMs: 400 }, policy), undefined)
})

test('Retry-After is read as seconds or as a date, and garbage is ignored', () => {
  const cases: [value: string | undefined, ms: number | undefined][] = [
    ['0', 0],
    [' 7 ', 7000],
    ['Sun, 01 Mar 2026 08:00:10 GMT', 10_000],
    ['Sun, 01 Mar 2026 07:00:00 GMT', 0],
    ['Sunday, 01-Mar-26 08:00:10 GMT', 10_000],
    [undefined, undefined],
    ['', undefined],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['99999999999999', undefined],
    ['Not a date', undefined],
  ]
  for (const [value, ms] of cases) assert.is(parseRetryAfter(value, now), ms, String(value))
})

test.run()
