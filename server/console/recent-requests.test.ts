import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createRecentRequests } from './recent-requests.ts'

const test = suite('recent requests')

const request = (status: number) => ({
  ...({ operation: 'GetObject', code: undefined, bytesIn: 1, bytesOut: 1, ms: 1 } as const),
  status,
})

test('an hour is remembered: what was refused, what failed, and no client that went away', () => {
  let now = 0
  const recent = createRecentRequests(() => now)
  for (const status of [200, 206, 304, 403, 404, 499, 500, 503]) recent.onRequest(request(status))
  assert.equal(recent.read(), { all: 8, refused: 2, failed: 2 })
  now = 59 * 60_000
  recent.onRequest(request(500))
  assert.equal(recent.read(), { all: 9, refused: 2, failed: 3 })
  now = 60 * 60_000
  assert.equal(recent.read(), { all: 1, refused: 0, failed: 1 })
  now = 200 * 60_000
  assert.equal(recent.read(), { all: 0, refused: 0, failed: 0 })
})

test.run()
