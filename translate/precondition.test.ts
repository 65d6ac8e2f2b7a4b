import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Conditions } from './bridge.ts'
import {
  checkCopySourceConditions,
  checkReadConditions,
  checkWriteConditions,
} from './precondition.ts'
import { S3Error } from './s3-error.ts'

const test = suite('precondition')

const modified = new Date('2024-05-06T07:08:09.900Z')
const sameSecond = new Date('2024-05-06T07:08:09Z')
const before = new Date('2024-05-06T07:08:08Z')
const after = new Date('2024-05-06T07:08:10Z')
const object = { etag: 'e1', modified }

/** What a read and a copy do, the condition that is to blame in the detail `Condition`. */
const reads: [what: string, conditions: Conditions, read: string, copy: string][] = [
  ['nothing', {}, 'ok', 'ok'],
  ['If-Match of it', { ifMatch: ['e1'] }, 'ok', 'ok'],
  ['If-Match *', { ifMatch: ['*'] }, 'ok', 'ok'],
  ['If-Match in a list', { ifMatch: ['e0', 'e1'] }, 'ok', 'ok'],
  ['If-Match of another', { ifMatch: ['e2'] }, '412 If-Match', '412 If-Match'],
  ['If-Match of weak ones only', { ifMatch: [] }, '412 If-Match', '412 If-Match'],
  ['If-None-Match of another', { ifNoneMatch: ['e2'] }, 'ok', 'ok'],
  ['If-None-Match of it', { ifNoneMatch: ['e2', 'e1'] }, '304', '412 If-None-Match'],
  ['If-None-Match *', { ifNoneMatch: ['*'] }, '304', '412 If-None-Match'],
  ['If-None-Match of none', { ifNoneMatch: [] }, 'ok', 'ok'],
  ['If-Modified-Since before', { ifModifiedSince: before }, 'ok', 'ok'],
  [
    'If-Modified-Since the same second',
    { ifModifiedSince: sameSecond },
    '304',
    '412 If-Modified-Since',
  ],
  ['If-Modified-Since after', { ifModifiedSince: after }, '304', '412 If-Modified-Since'],
  ['If-Modified-Since no date', { ifModifiedSince: new Date(Number.NaN) }, 'ok', 'ok'],
  ['If-Unmodified-Since the same second', { ifUnmodifiedSince: sameSecond }, 'ok', 'ok'],
  ['If-Unmodified-Since after', { ifUnmodifiedSince: after }, 'ok', 'ok'],
  [
    'If-Unmodified-Since before',
    { ifUnmodifiedSince: before },
    '412 If-Unmodified-Since',
    '412 If-Unmodified-Since',
  ],
  ['If-Unmodified-Since no date', { ifUnmodifiedSince: new Date(Number.NaN) }, 'ok', 'ok'],
  [
    'a true If-Match with a false If-Unmodified-Since',
    { ifMatch: ['e1'], ifUnmodifiedSince: before },
    'ok',
    'ok',
  ],
  [
    'a false If-Match with a true If-Unmodified-Since',
    { ifMatch: ['e2'], ifUnmodifiedSince: after },
    '412 If-Match',
    '412 If-Match',
  ],
  [
    'a false If-None-Match with a true If-Modified-Since',
    { ifNoneMatch: ['e1'], ifModifiedSince: before },
    '304',
    '412 If-None-Match',
  ],
  [
    'a true If-None-Match with a false If-Modified-Since',
    { ifNoneMatch: ['e2'], ifModifiedSince: after },
    'ok',
    'ok',
  ],
  [
    'a true If-Match with a false If-None-Match',
    { ifMatch: ['e1'], ifNoneMatch: ['e1'] },
    '304',
    '412 If-None-Match',
  ],
]
for (const [what, conditions, read, copy] of reads) {
  test(`${what}: ${read} for a read, ${copy} for a copy`, () => {
    assert.is(
      outcome(() => checkReadConditions(conditions, object)),
      read,
    )
    const expected = copy.replace('412 ', '412 x-amz-copy-source-')
    assert.is(
      outcome(() => checkCopySourceConditions(conditions, object)),
      expected,
    )
  })
}

test('304 carries what its headers must say', () => {
  try {
    checkReadConditions({ ifNoneMatch: ['e1'] }, object)
    assert.unreachable()
  } catch (error) {
    assert.instance(error, S3Error)
    assert.equal(error instanceof S3Error && error.elements, {
      ETag: '"e1"',
      'Last-Modified': 'Mon, 06 May 2024 07:08:09 GMT',
    })
  }
})

const writes: [what: string, conditions: Conditions, existing: string, missing: string][] = [
  ['nothing', {}, 'ok', 'ok'],
  ['If-None-Match *', { ifNoneMatch: ['*'] }, '412 If-None-Match', 'ok'],
  ['If-None-Match of it', { ifNoneMatch: ['e2', 'e1'] }, '412 If-None-Match', 'ok'],
  ['If-None-Match of another', { ifNoneMatch: ['e2'] }, 'ok', 'ok'],
  ['If-None-Match * and another', { ifNoneMatch: ['*', 'e2'] }, '412 If-None-Match', 'ok'],
  ['If-Match of it', { ifMatch: ['e1'] }, 'ok', '404'],
  ['If-Match *', { ifMatch: ['*'] }, 'ok', '404'],
  ['If-Match of another', { ifMatch: ['e2'] }, '412 If-Match', '404'],
  ['If-Match of weak ones only', { ifMatch: [] }, '412 If-Match', '404'],
  ['both', { ifMatch: ['e1'], ifNoneMatch: ['*'] }, '412 If-None-Match', '404'],
  ['If-Modified-Since', { ifModifiedSince: before }, '501', '501'],
  ['If-Unmodified-Since', { ifUnmodifiedSince: after }, '501', '501'],
]
for (const [what, conditions, existing, missing] of writes) {
  test(`a write with ${what}: ${existing} over an object, ${missing} where none is`, () => {
    assert.is(
      outcome(() => checkWriteConditions(conditions, object)),
      existing,
    )
    assert.is(
      outcome(() => checkWriteConditions(conditions, undefined)),
      missing,
    )
  })
}

function outcome(check: () => void): string {
  try {
    check()
    return 'ok'
  } catch (error) {
    if (!(error instanceof S3Error)) throw error
    return [error.status, error.elements.Condition].filter((part) => part !== undefined).join(' ')
  }
}

test('a 304 repeats what caches need, where the object has it', () => {
  const elementsOf = (metadata: object): unknown => {
    try {
      checkReadConditions({ ifNoneMatch: ['e1'] }, { ...object, metadata })
    } catch (error) {
      if (error instanceof S3Error) return error.elements
    }
    return undefined
  }
  const validators = { ETag: '"e1"', 'Last-Modified': 'Mon, 06 May 2024 07:08:09 GMT' }
  assert.equal(elementsOf({}), validators)
  assert.equal(elementsOf({ cacheControl: 'no-cache', expires: '0', contentType: 'a/b' }), {
    ...validators,
    'Cache-Control': 'no-cache',
    Expires: '0',
  })
})

test.run()
