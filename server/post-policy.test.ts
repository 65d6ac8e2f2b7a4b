// What a form's policy may say, and what it lets in. Pure tables.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../translate/s3-error.ts'
import { checkPostPolicy, type PostPolicy, parsePostPolicy } from './post-policy.ts'

const test = suite('post policy')
const expiration = '2030-01-01T00:00:00.000Z'
const now = new Date('2029-12-31T23:59:59Z')

function parse(document: unknown): PostPolicy {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  return parsePostPolicy(Buffer.from(text).toString('base64'))
}

function errorOf(act: () => unknown): S3Error {
  try {
    act()
  } catch (error) {
    if (error instanceof S3Error) return error
    throw error
  }
  throw new Error('no error')
}

function check(conditions: unknown[], fields: Record<string, string>, time = now): void {
  checkPostPolicy(parse({ expiration, conditions }), new Map(Object.entries(fields)), time)
}

test('a document that is no policy is refused', () => {
  const policy = (...conditions: unknown[]) => ({ expiration, conditions })
  const cases: readonly [what: string, document: unknown][] = [
    ['nothing', ''],
    ['no JSON', '{"expiration":'],
    ['a list', []],
    ['null', 'null'],
    ['no expiration', { conditions: [] }],
    ['no conditions', { expiration }],
    ['another case', { EXPIRATION: expiration, conditions: [] }],
    ['conditions in another case', { expiration, CONDITIONS: [] }],
    ['one property more', { expiration, conditions: [], extra: 1 }],
    ['conditions as an object', { expiration, conditions: {} }],
    ['a number as a time', { expiration: 1, conditions: [] }],
    ['another form of time', { expiration: '2030-01-01 00:00:00+00:00', conditions: [] }],
    ['no such day', { expiration: '2030-13-01T00:00:00Z', conditions: [] }],
    ['an empty condition', policy({})],
    ['two properties', policy({ acl: 'private', key: 'a' })],
    ['a number as a value', policy({ success_action_status: 201 })],
    ['a text', policy('key')],
    ['null as a condition', policy(null)],
    ['an empty list', policy([])],
    ['an unknown operation', policy(['ends-with', '$key', 'a'])],
    ['no dollar', policy(['eq', 'key', 'a'])],
    ['a dollar alone', policy(['eq', '$', 'a'])],
    ['two arguments', policy(['eq', '$key'])],
    ['four arguments', policy(['eq', '$key', 'a', 'b'])],
    ['one end of a range', policy(['content-length-range', 0])],
    ['a negative range', policy(['content-length-range', -1, 0])],
    ['a range of fractions', policy(['content-length-range', 0, 1.5])],
    ['a range that ends before it begins', policy(['content-length-range', 2, 1])],
    ['a range that is no number', policy(['content-length-range', 0, 'many'])],
    ['a range past what counts exactly', policy(['content-length-range', 0, 2 ** 53])],
  ]
  for (const [what, document] of cases) {
    assert.is(errorOf(() => parse(document)).code, 'InvalidPolicyDocument', what)
  }
  for (const encoded of ['%%%', 'e30', Buffer.from([0xff, 0xfe]).toString('base64')]) {
    assert.is(errorOf(() => parsePostPolicy(encoded)).code, 'InvalidPolicyDocument', encoded)
  }
})

test('conditions hold, or are named in the refusal', () => {
  const covered = [{ bucket: 'b' }, ['starts-with', '$key', 'user/']] as const
  const fields = { bucket: 'b', key: 'user/a' }
  check([...covered], fields)
  const cases: readonly [unknown, Record<string, string>, string][] = [
    [{ acl: 'private' }, { acl: 'public-read' }, '["eq","$acl","private"]'],
    [{ acl: 'private' }, {}, '["eq","$acl","private"]'],
    [['eq', '$ACL', 'private'], { acl: 'Private' }, '["eq","$acl","private"]'],
    [['starts-with', '$x-amz-meta-a', 'x'], { 'x-amz-meta-a': 'yx' }, 'starts-with'],
    [
      ['starts-with', '$Content-Type', 'image/'],
      { 'content-type': 'image/png,text/html' },
      'starts-with',
    ],
  ]
  for (const [condition, more, named] of cases) {
    const error = errorOf(() => check([...covered, condition], { ...fields, ...more }))
    assert.is(error.code, 'AccessDenied')
    assert.ok(error.message.startsWith('Invalid according to Policy: Policy Condition failed: '))
    assert.ok(error.message.includes(named), error.message)
  }
  check([...covered, ['StArTs-WiTh', '$CoNtEnT-tYpE', 'image/']], {
    ...fields,
    'content-type': 'image/png, image/gif',
  })
  check([...covered, ['starts-with', '$Content-Type', '']], fields)
  check([...covered, ['eq', '$x-amz-meta-a', '']], fields)
})

test('every field needs a condition, but those that make the claim and checksums', () => {
  const conditions = [{ bucket: 'b' }, { key: 'k' }]
  const claim = { policy: 'p', 'x-amz-signature': 's', awsaccesskeyid: 'a', signature: 's' }
  check(conditions, { bucket: 'b', key: 'k', ...claim })
  const checksum = { 'x-amz-checksum-sha256': 's' }
  check(conditions, { bucket: 'b', key: 'k', ...claim, ...checksum })
  const one = [...conditions, { 'x-amz-checksum-sha256': 'another' }]
  assert.is(errorOf(() => check(one, { bucket: 'b', key: 'k', ...checksum })).code, 'AccessDenied')
  for (const extra of ['acl', 'x-amz-date', 'x-amz-checksum-algorithm', 'submit', 'constructor']) {
    const error = errorOf(() => check(conditions, { bucket: 'b', key: 'k', [extra]: '' }))
    assert.is(error.message, `Invalid according to Policy: Extra input fields: ${extra}`)
  }
  const noBucket = errorOf(() => check([{ key: 'k' }], { bucket: 'b', key: 'k' }))
  assert.is(noBucket.message, 'Invalid according to Policy: Extra input fields: bucket')
})

test('a policy ends at its time', () => {
  const conditions = [{ bucket: 'b' }]
  check(conditions, { bucket: 'b' }, now)
  const error = errorOf(() => check(conditions, { bucket: 'b' }, new Date(expiration)))
  assert.is(error.message, 'Invalid according to Policy: Policy expired.')
})

test('ranges are narrowed by each other, and a dollar may be escaped', () => {
  const ranges = [
    ['content-length-range', 1, '10'],
    ['content-length-range', 0, 5],
  ]
  assert.equal(parse({ expiration, conditions: ranges }).fileSize, { minBytes: 1, maxBytes: 5 })
  const [escaped] = parse(
    `{"expiration":"${expiration}","conditions":[["eq","$key","\\$a\\\\$b\\v"]]}`,
  ).conditions
  assert.is(escaped?.value, '$a\\$b\v')
})

test.run()
