import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JottaError } from '../jotta/jotta-error.ts'
import { toS3Error } from './jotta-error.ts'
import { S3Error } from './s3-error.ts'

const test = suite('failures of Jottacloud')

test('what Jottacloud asks its callers to wait is handed on, in whole seconds', () => {
  const cases: [retryAfterMs: number | undefined, seconds: number | undefined][] = [
    [undefined, undefined],
    [0, 0],
    [1, 1],
    [7000, 7],
    [7001, 8],
  ]
  for (const [retryAfterMs, seconds] of cases) {
    const error = toS3Error(new JottaError('throttled', 'secret words', { retryAfterMs }))
    assert.instance(error, S3Error)
    const { code, status, message, retryAfterSeconds } = error as S3Error
    assert.equal([code, status, retryAfterSeconds], ['SlowDown', 503, seconds])
    assert.not.match(message, 'secret')
  }
})

test("what is none of Jottacloud's stays as it is", () => {
  const error = new TypeError('a mistake of ours')
  assert.is(toS3Error(error), error)
})

/** What comes of an act that fails, and whose clean-ups fail as well. */
async function failureOf(act: unknown, ...cleanUps: readonly unknown[]): Promise<unknown> {
  try {
    await using parts = new AsyncDisposableStack()
    for (const failure of cleanUps) parts.defer(async () => await Promise.reject(failure))
    await Promise.reject(act)
  } catch (error) {
    return error
  }
  return undefined
}

test('of an act and its clean-up that both failed, what is known is told, and the act comes first', async () => {
  const full = Object.assign(new Error('a disk'), { code: 'ENOSPC' })
  const locked = Object.assign(new Error('a database'), { errcode: 5 })
  const defect = new TypeError('a mistake of ours')
  const gone = new JottaError('not-found', 'secret words')
  const refused = new S3Error('BadDigest')
  const cases: [failures: readonly [unknown, ...unknown[]], code: string][] = [
    [[full, locked], 'SlowDown'],
    [[locked, full], 'ServiceUnavailable'],
    [[full, defect], 'SlowDown'],
    [[defect, full], 'SlowDown'],
    [[defect, defect, full], 'SlowDown'],
    [[full, defect, defect], 'SlowDown'],
    [[gone, full], 'NoSuchKey'],
    [[refused, full, locked], 'BadDigest'],
  ]
  for (const [failures, code] of cases) {
    const failure = await failureOf(...failures)
    assert.instance(failure, SuppressedError)
    const told = toS3Error(failure)
    assert.is(told instanceof S3Error ? told.code : undefined, code)
  }
  // The log has no words for one that hides what failed.
  assert.is(toS3Error(await failureOf(defect, new Error('another'))), defect)
})

test.run()
