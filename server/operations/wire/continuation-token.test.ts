import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  parseContinuationToken,
  renderContinuationToken,
  tokenKeyOf,
} from './continuation-token.ts'

const test = suite('continuation token')

const key = tokenKeyOf('secret')

test('every name and cursor comes back, and the token needs no escaping', () => {
  void fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.stringMatching(/^[0-9a-z]{0,20}$/),
      fc.array(fc.string()),
      (after, cursor, list) => {
        const token = renderContinuationToken({ after, cursor }, list, key)
        assert.match(token, /^\w[\w-]*$/)
        assert.equal(parseContinuationToken(token, list, key), { after, cursor })
      },
    ),
  )
})

test('a token of another list, or altered anywhere, is refused', () => {
  const list = ['bucket', 'a', '/']
  const token = renderContinuationToken({ after: 'a/name', cursor: 'x1' }, list, key)
  for (const other of [['bucket', 'a', ''], ['bucket', 'a/', ''], ['bucke', 'ta', '/'], []]) {
    assert.throws(() => parseContinuationToken(token, other, key), /continuation token/)
  }
  for (let at = 0; at < token.length; at += 1) {
    const altered = `${token.slice(0, at)}${token[at] === 'x' ? 'y' : 'x'}${token.slice(at + 1)}`
    assert.throws(() => parseContinuationToken(altered, list, key), /continuation token/)
    assert.throws(() => parseContinuationToken(token.slice(0, at), list, key), /continuation token/)
  }
  for (const more of [`${token}x`, `${token}=`, ` ${token}`, `${token}\n`]) {
    assert.throws(() => parseContinuationToken(more, list, key), /continuation token/)
  }
})

test('a token is signed: every process with the secret takes it, and who does not know it can make none', () => {
  const list = ['bucket', 'a', '/']
  const going = { after: 'a/name', cursor: 'x1' }
  const token = renderContinuationToken(going, list, key)
  assert.equal(parseContinuationToken(token, list, tokenKeyOf('secret')), going)
  for (const secret of ['Secret', 'secret ', '']) {
    const forged = renderContinuationToken(going, list, tokenKeyOf(secret))
    assert.throws(() => parseContinuationToken(forged, list, key), /continuation token/)
  }
  // As they were made by anybody, before tokens were signed.
  const content = Buffer.concat([Buffer.of(2), Buffer.from('x1a/name')])
  for (const version of ['v2', 'v3']) {
    const hash = createHash('sha256').update(JSON.stringify([version, ...list]))
    const digest = hash.update(content).digest().subarray(0, 12)
    const forged = `t${Buffer.concat([digest, content]).toString('base64url')}`
    assert.is(forged.length, token.length)
    assert.throws(() => parseContinuationToken(forged, list, key), /continuation token/)
  }
})

test.run()
