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

test.run()
