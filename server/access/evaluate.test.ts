import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { evaluate, evaluateForAny } from './evaluate.ts'
import { bucketArn, objectArn } from './limits.ts'
import type { Decision, Matcher, Statement } from './statement.ts'

const test = suite('evaluate')

const matcher = <T>(...patterns: T[]): fc.Arbitrary<Matcher<T>> =>
  fc.record({
    not: fc.boolean(),
    patterns: fc.subarray(patterns, { minLength: 1, maxLength: 2 }),
  })

const keys = ['a', 'a/b', '*', '?', 'c']
const statement: fc.Arbitrary<Statement> = fc.record({
  effect: fc.constantFrom('Allow' as const, 'Deny' as const),
  principals: fc.option(
    matcher({ kind: 'everyone' } as const, { kind: 'owner', id: 'alice' } as const),
    { nil: undefined },
  ),
  actions: matcher('*', 's3:delete*', 's3:deleteobject', 's3:getobject'),
  resources: matcher(
    ...['*', bucketArn('*'), bucketArn('bucket'), bucketArn('bucket*'), objectArn('bucket', '*')],
    ...[objectArn('other', '*'), ...keys.map((key) => objectArn('bucket', key))],
  ),
  conditions: fc.constantFrom(
    ...[true, false].map((ifExists) => [
      { operator: 'StringEquals', set: undefined, ifExists, key: 'aws:referer', values: ['x'] },
    ]),
    [],
  ),
  variables: fc.constantFrom('on' as const, 'off' as const),
})

test('what is so of any object is so of the objects one by one', () => {
  const seen: Record<Decision, number> = { allow: 0, deny: 0, none: 0 }
  const principal = fc.constantFrom(undefined, { name: 'alice', ownerId: 'alice' })
  fc.assert(
    fc.property(
      fc.array(statement, { minLength: 1, maxLength: 4 }),
      principal,
      (statements, who) => {
        const asked = { principal: who, action: 's3:DeleteObject', context: () => undefined }
        const ofAny = evaluateForAny(statements, { ...asked, resource: objectArn('bucket', '*') })
        seen[ofAny] += 1
        const ofEach = keys.map((key) =>
          evaluate(statements, { ...asked, resource: objectArn('bucket', key) }),
        )
        if (ofAny === 'deny') assert.equal([...new Set(ofEach)], ['deny'])
        if (ofAny === 'none') assert.not.ok(ofEach.includes('allow'))
      },
    ),
    { numRuns: 20_000, seed: 5 },
  )
  assert.ok(Math.min(...Object.values(seen)) > 100, JSON.stringify(seen))
})

test.run()
