import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseContinuationToken, renderContinuationToken } from './continuation-token.ts'

const test = suite('continuation token')

test('every name and cursor comes back, and the token needs no escaping', () => {
  void fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.stringMatching(/^[0-9a-z]{0,20}$/),
      fc.array(fc.string()),
      (after, cursor, list) => {
        const token = renderContinuationToken({ after, cursor }, list)
        assert.match(token, /^\w[\w-]*$/)
        assert.equal(parseContinuationToken(token, list), { after, cursor })
      },
    ),
  )
})

test('a token of another list, or altered anywhere, is refused', () => {
  const list = ['bucket', 'a', '/']
  const token = renderContinuationToken({ after: 'a/name', cursor: 'x1' }, list)
  for (const other of [['bucket', 'a', ''], ['bucket', 'a/', ''], ['bucke', 'ta', '/'], []]) {
    assert.throws(() => parseContinuationToken(token, other), /continuation token/)
  }
  for (let at = 0; at < token.length; at += 1) {
    const altered = `${token.slice(0, at)}${token[at] === 'x' ? 'y' : 'x'}${token.slice(at + 1)}`
    assert.throws(() => parseContinuationToken(altered, list), /continuation token/)
    assert.throws(() => parseContinuationToken(token.slice(0, at), list), /continuation token/)
  }
  for (const more of [`${token}x`, `${token}=`, ` ${token}`, `${token}\n`]) {
    assert.throws(() => parseContinuationToken(more, list), /continuation token/)
  }
})

test.run()
