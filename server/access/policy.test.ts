// Policies from their text to a decision: tables of cases for patterns, conditions, principals and documents,
// and what must hold whatever a policy says.
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../../translate/s3-error.ts'
import { requirementsOf } from './actions.ts'
import { evaluate } from './evaluate.ts'
import { limitsToStatements } from './limits.ts'
import { ownerNamed, rootOwner } from './owner.ts'
import { matchesPattern } from './pattern.ts'
import { parsePolicy } from './policy-document.ts'
import { isPublicPolicy } from './public.ts'
import type { Decision, PolicyRequest, Statement } from './statement.ts'

const test = suite('policy')

const alice = { name: 'laptop', ownerId: ownerNamed('alice').id }
const bob = { name: 'phone', ownerId: ownerNamed('bob').id }

type Context = Readonly<Record<string, string | readonly string[]>>

type Wanted = Partial<Omit<PolicyRequest, 'context'>> & { readonly context?: Context }

function ask(wanted: Wanted = {}): PolicyRequest {
  const { context = {}, ...rest } = wanted
  return {
    principal: 'principal' in wanted ? wanted.principal : alice,
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::bucket/key',
    ...rest,
    context: (key) => {
      const value = context[key]
      return typeof value === 'string' ? [value] : value
    },
  }
}

function policy(statement: object, version = '2012-10-17'): Statement[] {
  const whole = {
    ...{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject' },
    ...{ Resource: 'arn:aws:s3:::bucket/*', ...statement },
  }
  return parsePolicy(JSON.stringify({ Version: version, Statement: [whole] }), 'bucket')
}

test('patterns know stars, question marks and variables that are never wildcards', () => {
  const lookup = (name: string) => ({ name: 'a*b' })[name]
  const cases: [pattern: string, text: string, matches: boolean][] = [
    ['a*c', 'abbbc', true],
    ['a*c', 'ac', true],
    ['a*b*c', 'aXbYbc', true],
    ['a?c', 'ac', false],
    ['a?c', 'a😀c', true],
    ['*', '', true],
    ['a', 'A', false],
    ['a**', 'a', true],
    ['*a', 'aab', false],
    ['a.c', 'abc', false],
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the variables of policies
    ['${name}', 'a*b', true],
    ['${name}', 'aXb', false],
    ['x/${name}/*', 'x/a*b/y', true],
    ['${*}', '*', true],
    ['${*}', 'x', false],
    ["${other, 'z'}", 'z', true],
    ['${other}', '', false],
    ['$x', '$x', true],
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: the variables of policies
  ]
  for (const [pattern, text, matches] of cases) {
    assert.is(matchesPattern(pattern, text, lookup), matches, `${pattern} on ${text}`)
  }
})

test('a pattern made to be slow is not', () => {
  const started = performance.now()
  assert.not(matchesPattern('*a'.repeat(60), `${'a'.repeat(1000)}b`))
  assert.ok(performance.now() - started < 2000)
})

test('principals are everyone, owners and keys', () => {
  const aliceId = ownerNamed('alice').id
  const cases: [principal: unknown, alice: Decision, bob: Decision, nobody: Decision][] = [
    ['*', 'allow', 'allow', 'allow'],
    [{ AWS: '*' }, 'allow', 'allow', 'allow'],
    [{ AWS: 'laptop' }, 'allow', 'none', 'none'],
    [{ AWS: ['phone', 'laptop'] }, 'allow', 'allow', 'none'],
    [{ AWS: 'arn:aws:iam::alice:root' }, 'allow', 'none', 'none'],
    [{ AWS: `arn:aws:iam::${aliceId}:root` }, 'allow', 'none', 'none'],
    [{ AWS: 'arn:aws:iam::alice:user/laptop' }, 'allow', 'none', 'none'],
    [{ AWS: 'arn:aws:iam:::user/laptop' }, 'allow', 'none', 'none'],
    [{ AWS: 'arn:aws:iam::bob:user/laptop' }, 'none', 'none', 'none'],
    [{ AWS: aliceId }, 'allow', 'none', 'none'],
    [{ CanonicalUser: aliceId }, 'allow', 'none', 'none'],
  ]
  for (const [principal, ofAlice, ofBob, ofNobody] of cases) {
    const statements = policy({ Principal: principal })
    const seen = [alice, bob, undefined].map((one) => evaluate(statements, ask({ principal: one })))
    assert.equal(seen, [ofAlice, ofBob, ofNobody], JSON.stringify(principal))
  }
  const others = policy({ Principal: undefined, NotPrincipal: { AWS: 'laptop' }, Effect: 'Deny' })
  assert.is(evaluate(others, ask()), 'none')
  assert.is(evaluate(others, ask({ principal: bob })), 'deny')
  assert.is(evaluate(others, ask({ principal: undefined })), 'deny')
})

test('actions and resources, and all but some', () => {
  const cases: [statement: object, request: Wanted, decision: Decision][] = [
    [{ Action: 's3:*' }, { action: 's3:PutObject' }, 'allow'],
    [{ Action: '*' }, { action: 's3:PutObject' }, 'allow'],
    [{ Action: 's3:get*' }, {}, 'allow'],
    [{ Action: 'S3:GETOBJECT' }, {}, 'allow'],
    [{ Action: ['s3:PutObject', 's3:GetObject'] }, {}, 'allow'],
    [{ Action: undefined, NotAction: 's3:PutObject' }, {}, 'allow'],
    [{ Action: undefined, NotAction: 's3:Get*' }, {}, 'none'],
    [{ Resource: '*' }, {}, 'allow'],
    [{ Resource: 'arn:aws:s3:::bucket/k?y' }, {}, 'allow'],
    [{ Resource: 'arn:aws:s3:::bucket' }, {}, 'none'],
    [{ Resource: 'arn:aws:s3:::bucket/*' }, { resource: 'arn:aws:s3:::bucket' }, 'none'],
    [{ Resource: undefined, NotResource: 'arn:aws:s3:::bucket/key' }, {}, 'none'],
    [{ Resource: undefined, NotResource: 'arn:aws:s3:::bucket/other' }, {}, 'allow'],
  ]
  for (const [statement, request, decision] of cases) {
    assert.is(evaluate(policy(statement), ask(request)), decision, JSON.stringify(statement))
  }
})

test('conditions, operator by operator', () => {
  const day = '2026-11-26T12:00:00Z'
  const cases: [condition: object, context: Context, holds: boolean][] = [
    [{ StringEquals: { 's3:prefix': 'a' } }, { 's3:prefix': 'a' }, true],
    [{ StringEquals: { 'S3:Prefix': ['b', 'a'] } }, { 's3:prefix': 'a' }, true],
    [{ StringEquals: { 's3:prefix': 'A' } }, { 's3:prefix': 'a' }, false],
    [{ StringEquals: { 's3:prefix': 'a' } }, {}, false],
    [{ StringEqualsIfExists: { 's3:prefix': 'a' } }, {}, true],
    [{ StringEqualsIfExists: { 's3:prefix': 'a' } }, { 's3:prefix': 'b' }, false],
    [{ StringNotEquals: { 's3:prefix': ['a', 'b'] } }, { 's3:prefix': 'b' }, false],
    [{ StringNotEquals: { 's3:prefix': ['a', 'b'] } }, { 's3:prefix': 'c' }, true],
    [{ StringNotEquals: { 's3:prefix': 'a' } }, {}, true],
    [{ StringEqualsIgnoreCase: { 's3:prefix': 'A' } }, { 's3:prefix': 'a' }, true],
    [{ StringNotEqualsIgnoreCase: { 's3:prefix': 'A' } }, { 's3:prefix': 'a' }, false],
    [{ StringLike: { 's3:x-amz-acl': 'public*' } }, { 's3:x-amz-acl': 'public-read' }, true],
    [{ StringNotLike: { 's3:x-amz-acl': 'public*' } }, { 's3:x-amz-acl': 'public-read' }, false],
    [{ NumericLessThanEquals: { 's3:max-keys': 10 } }, { 's3:max-keys': '10' }, true],
    [{ NumericLessThan: { 's3:max-keys': '10' } }, { 's3:max-keys': '10' }, false],
    [{ NumericNotEquals: { 's3:max-keys': 10 } }, { 's3:max-keys': '11' }, true],
    [{ NumericGreaterThan: { 's3:max-keys': 10 } }, { 's3:max-keys': 'x' }, false],
    [{ DateLessThan: { 'aws:CurrentTime': '2026-11-27' } }, { 'aws:currenttime': day }, true],
    [
      { DateGreaterThan: { 'aws:CurrentTime': '2026-11-26T12:00:01' } },
      { 'aws:currenttime': day },
      false,
    ],
    [{ DateGreaterThanEquals: { 'aws:EpochTime': '1000' } }, { 'aws:epochtime': '1000' }, true],
    [{ Bool: { 'aws:SecureTransport': false } }, { 'aws:securetransport': 'false' }, true],
    [{ Bool: { 'aws:SecureTransport': 'true' } }, { 'aws:securetransport': 'false' }, false],
    [{ IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } }, { 'aws:sourceip': '192.0.2.7' }, true],
    [
      { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } },
      { 'aws:sourceip': '::ffff:192.0.2.7' },
      true,
    ],
    [{ IpAddress: { 'aws:SourceIp': '192.0.2.7' } }, { 'aws:sourceip': '192.0.2.8' }, false],
    [{ IpAddress: { 'aws:SourceIp': '2001:db8::/32' } }, { 'aws:sourceip': '2001:db8::1' }, true],
    [{ NotIpAddress: { 'aws:SourceIp': '192.0.2.0/24' } }, { 'aws:sourceip': '192.0.2.7' }, false],
    [{ NotIpAddress: { 'aws:SourceIp': '192.0.2.0/24' } }, { 'aws:sourceip': '2001:db8::1' }, true],
    [{ Null: { 's3:prefix': 'true' } }, {}, true],
    [{ Null: { 's3:prefix': false } }, { 's3:prefix': '' }, true],
    [{ Null: { 's3:prefix': 'true' } }, { 's3:prefix': '' }, false],
    [
      { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:user/l*' } },
      { 'aws:principalarn': 'arn:aws:iam::alice:user/laptop' },
      true,
    ],
    [
      { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::b*:user/laptop' } },
      { 'aws:principalarn': 'arn:aws:iam::alice:user/laptop' },
      false,
    ],
    [
      { ArnNotEquals: { 'aws:PrincipalArn': 'arn:aws:iam::bob:user/x' } },
      { 'aws:principalarn': 'arn:aws:iam::alice:user/laptop' },
      true,
    ],
    [
      { 'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': ['a', 'b'] } },
      { 's3:requestobjecttagkeys': ['a', 'b'] },
      true,
    ],
    [
      { 'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': ['a', 'b'] } },
      { 's3:requestobjecttagkeys': ['a', 'c'] },
      false,
    ],
    [{ 'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': 'a' } }, {}, true],
    [
      { 'ForAnyValue:StringEquals': { 's3:RequestObjectTagKeys': ['a', 'b'] } },
      { 's3:requestobjecttagkeys': ['c', 'b'] },
      true,
    ],
    [{ 'ForAnyValue:StringNotEquals': { 's3:RequestObjectTagKeys': 'a' } }, {}, false],
    [
      { StringEquals: { 's3:ExistingObjectTag/Colour': 'blue' } },
      { 's3:existingobjecttag/Colour': 'blue' },
      true,
    ],
    [
      { StringEquals: { 's3:ExistingObjectTag/colour': 'blue' } },
      { 's3:existingobjecttag/Colour': 'blue' },
      false,
    ],
    [
      { StringEquals: { 's3:prefix': 'a' }, Bool: { 'aws:SecureTransport': true } },
      { 's3:prefix': 'a', 'aws:securetransport': 'false' },
      false,
    ],
  ]
  for (const [Condition, context, holds] of cases) {
    const decision = evaluate(policy({ Condition }), ask({ context }))
    const what = `${JSON.stringify(Condition)} on ${JSON.stringify(context)}`
    assert.is(decision, holds ? 'allow' : 'none', what)
  }
})

test('variables belong to version 2012-10-17', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the variables of policies
  const home = { Resource: 'arn:aws:s3:::bucket/${aws:username}/*' }
  const own = ask({
    resource: 'arn:aws:s3:::bucket/laptop/x',
    context: { 'aws:username': 'laptop' },
  })
  assert.is(evaluate(policy(home), own), 'allow')
  assert.is(evaluate(policy(home), { ...own, context: () => undefined }), 'none')
  assert.is(evaluate(policy(home, '2008-10-17'), own), 'none')
})

test('what is no policy is refused with the reason', () => {
  const good = {
    ...{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject' },
    Resource: 'arn:aws:s3:::bucket/*',
  }
  const cases: [json: unknown, message: RegExp][] = [
    [[], /valid JSON/],
    [{ Statement: [] }, /Statement/],
    [{ Version: '2011-01-01', Statement: good }, /Version/],
    [{ Statement: good, Extra: 1 }, /Extra/],
    [{ Statement: { ...good, Effect: 'allow' } }, /Effect/],
    [{ Statement: { ...good, Principal: undefined } }, /Missing required field Principal/],
    [{ Statement: { ...good, Principal: { AWS: [] } } }, /Missing required field Principal/],
    [{ Statement: { ...good, NotPrincipal: '*' } }, /negation/],
    [
      { Statement: { ...good, Principal: undefined, NotPrincipal: { AWS: 'x' } } },
      /Allow with NotPrincipal/,
    ],
    [{ Statement: { ...good, Principal: { AWS: 'arn:aws:iam::x:group/y' } } }, /Invalid principal/],
    [{ Statement: { ...good, Principal: { Service: 's3.amazonaws.com' } } }, /Invalid principal/],
    [{ Statement: { ...good, Action: undefined } }, /Missing required field Action/],
    [{ Statement: { ...good, Action: 's3:Fly' } }, /invalid action/],
    [{ Statement: { ...good, Action: 'ec2:*' } }, /invalid action/],
    [{ Statement: { ...good, Resource: [] } }, /Missing required field Resource/],
    [{ Statement: { ...good, Resource: 'arn:aws:s3:::other/*' } }, /invalid resource/],
    [{ Statement: { ...good, Resource: 'bucket/*' } }, /invalid resource/],
    [
      { Statement: { ...good, Condition: { StringLikes: { 's3:prefix': 'a' } } } },
      /Condition type/,
    ],
    [{ Statement: { ...good, Condition: { StringLike: { 's3:none': 'a' } } } }, /condition key/],
    [
      { Statement: { ...good, Condition: { IpAddress: { 'aws:SourceIp': '1.2.3' } } } },
      /not valid/,
    ],
    [{ Statement: { ...good, Condition: { Bool: { 'aws:SecureTransport': 'x' } } } }, /not valid/],
    [{ Statement: { ...good, Condition: { NumericEquals: { 's3:max-keys': 'x' } } } }, /not valid/],
    [{ Statement: { ...good, Condition: { Null: { 's3:max-keys': 'x' } } } }, /not valid/],
    [
      {
        Statement: [
          { ...good, Sid: 'a' },
          { ...good, Sid: 'a' },
        ],
      },
      /unique/,
    ],
  ]
  for (const [json, message] of cases) {
    const text = JSON.stringify(json)
    try {
      parsePolicy(text, 'bucket')
      assert.unreachable(text)
    } catch (error) {
      assert.ok(error instanceof S3Error, `${text}: ${error}`)
      assert.is(error.code, 'MalformedPolicy', text)
      assert.match(error.message, message, text)
    }
  }
  assert.throws(() => parsePolicy('{', 'bucket'), /valid JSON/)
})

test('what makes a policy public', () => {
  const at = (SourceIp: string) => ({ Condition: { IpAddress: { 'aws:SourceIp': SourceIp } } })
  const cases: [statement: object, isPublic: boolean][] = [
    [{}, true],
    [{ Effect: 'Deny' }, false],
    [{ Principal: { AWS: 'laptop' } }, false],
    [at('192.0.2.0/24'), false],
    [at('192.0.2.1'), false],
    [at('0.0.0.0/0'), true],
    [at('::/0'), true],
    [{ Condition: { NotIpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } }, true],
    [{ Condition: { StringLike: { 'aws:Referer': 'https://example.org/*' } } }, true],
    [{ Condition: { StringEquals: { 'aws:username': 'laptop' } } }, false],
    [{ Condition: { StringEqualsIfExists: { 'aws:username': 'laptop' } } }, true],
    [{ Condition: { StringLike: { 'aws:username': '*' } } }, true],
  ]
  for (const [statement, isPublic] of cases) {
    assert.is(isPublicPolicy(policy(statement)), isPublic, JSON.stringify(statement))
  }
})

test('limits of keys hold whatever a policy allows', () => {
  const readOnly = limitsToStatements({ buckets: [], access: 'read-only' })
  const oneBucket = limitsToStatements({ buckets: ['bucket'], access: 'full' })
  const resource = 'arn:aws:s3:::bucket-2/key'
  const cases: [statements: readonly Statement[], request: Wanted, Decision][] = [
    [readOnly, {}, 'allow'],
    [readOnly, { action: 's3:ListBucket' }, 'allow'],
    [readOnly, { action: 's3:ListAllMyBuckets', resource: '*' }, 'allow'],
    [readOnly, { action: 's3:PutObject' }, 'deny'],
    [readOnly, { action: 's3:DeleteObject' }, 'deny'],
    [readOnly, { action: 's3:AbortMultipartUpload' }, 'deny'],
    [readOnly, { action: 's3:PutBucketPolicy' }, 'deny'],
    [oneBucket, { action: 's3:PutObject' }, 'allow'],
    [oneBucket, { action: 's3:DeleteBucket', resource: 'arn:aws:s3:::bucket' }, 'allow'],
    [oneBucket, { resource }, 'deny'],
    [oneBucket, { action: 's3:ListAllMyBuckets', resource: '*' }, 'allow'],
  ]
  for (const [statements, request, decision] of cases) {
    assert.is(evaluate(statements, ask(request)), decision, JSON.stringify(request))
  }
  const both = [...policy({ Resource: '*' }), ...oneBucket]
  assert.is(evaluate(both, ask({ resource })), 'deny')
})

test('what a request asks for by its headers has to be allowed too', () => {
  const query = { has: () => false, get: () => undefined, names: () => [] }
  const ofVersion = { ...query, get: (name: string) => (name === 'versionId' ? 'null' : undefined) }
  const actions = (...args: Parameters<typeof requirementsOf>) =>
    requirementsOf(...args).map(({ action, on }) => `${action} on ${on}`)
  assert.equal(actions('GetObject', { query: ofVersion, headers: {} }), [
    's3:GetObjectVersion on object',
  ])
  assert.equal(actions('CopyObject', { query, headers: { 'x-amz-acl': 'private' } }), [
    's3:PutObject on object',
    's3:GetObject on source',
  ])
  const headers = { 'x-amz-acl': 'public-read', 'x-amz-tagging': 'a=b' }
  assert.equal(actions('PutObject', { query, headers }), [
    's3:PutObject on object',
    's3:PutObjectAcl on object',
    's3:PutObjectTagging on object',
  ])
  assert.equal(actions('DeleteObjects', { query, headers }), ['s3:DeleteObject on some-object'])
})

const names = fc.constantFrom('s3:GetObject', 's3:PutObject', 's3:*', '*', 's3:List*')
const places = fc.constantFrom('*', 'arn:aws:s3:::bucket', 'arn:aws:s3:::bucket/*')
const people = fc.constantFrom<unknown>('*', { AWS: 'laptop' }, { AWS: 'arn:aws:iam::bob:root' })
const effects = fc.constantFrom('Allow', 'Deny')
const arbitrary = fc
  .record({ Effect: effects, Principal: people, Action: names, Resource: places })
  .map((statement) => policy(statement))
const requests = fc
  .record({
    principal: fc.constantFrom(alice, bob, undefined),
    action: fc.constantFrom('s3:GetObject', 's3:PutObject', 's3:ListBucket'),
    resource: fc.constantFrom('arn:aws:s3:::bucket', 'arn:aws:s3:::bucket/key'),
  })
  .map((request) => ask(request))

test('an explicit deny always wins, wherever it stands', () => {
  fc.assert(
    fc.property(fc.array(arbitrary), requests, fc.nat(), (many, request, at) => {
      const deny = policy({ Effect: 'Deny', Action: '*', Resource: '*' })
      const statements = many.flat()
      statements.splice(at % (statements.length + 1), 0, ...deny)
      assert.is(evaluate(statements, request), 'deny')
    }),
  )
})

test('nobody is let in by no statement, and the order of statements is no matter', () => {
  assert.is(evaluate([], ask({ principal: { name: 'root', ownerId: rootOwner.id } })), 'none')
  fc.assert(
    fc.property(fc.array(arbitrary), requests, (many, request) => {
      const statements = many.flat()
      const decision = evaluate(statements, request)
      assert.is(evaluate(statements.toReversed(), request), decision)
      const allows = statements.filter(({ effect }) => effect === 'Allow')
      if (evaluate(allows, request) === 'none') assert.is.not(decision, 'allow')
    }),
  )
})

test.run()
