import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CorsRule, corsHeaders, parseHeaderNames } from './cors.ts'

const test = suite('cors')

function rule(origins: string[], methods: CorsRule['methods'], more: Partial<CorsRule> = {}) {
  return { origins, methods, headers: [], exposedHeaders: [], ...more } satisfies CorsRule
}

const rules: readonly CorsRule[] = [
  rule(['*suffix'], ['GET']),
  rule(['start*end'], ['GET']),
  rule(['prefix*', 'exact'], ['GET', 'HEAD']),
  rule(['*.put'], ['PUT'], { headers: ['x-amz-*', 'Content-Type'], maxAgeSeconds: 0 }),
  rule(['*.put'], ['PUT'], { headers: ['*'], id: 'second' }),
]

const cases: [origin: string, method: string, headers: string, methods: string | undefined][] = [
  ['foo.suffix', 'GET', '', 'GET'],
  ['suffix', 'GET', '', 'GET'],
  ['foo.suffix', 'HEAD', '', undefined],
  ['foo.suffix', 'get', '', undefined],
  ['foo.bar', 'GET', '', undefined],
  ['foo.suffix.get', 'GET', '', undefined],
  ['foo.SUFFIX', 'GET', '', undefined],
  ['startend', 'GET', '', 'GET'],
  ['start1end', 'GET', '', 'GET'],
  ['0start12end', 'GET', '', undefined],
  ['startnd', 'GET', '', undefined],
  ['prefix', 'HEAD', '', 'GET, HEAD'],
  ['prefix.suffix', 'GET', '', 'GET'],
  ['exact', 'GET', '', 'GET, HEAD'],
  ['exactly', 'GET', '', undefined],
  ['foo.put', 'PUT', '', 'PUT'],
  ['foo.put', 'PUT', 'x-amz-date,CONTENT-TYPE', 'PUT'],
  ['foo.put', 'PUT', 'authorization', 'PUT'],
  ['foo.suffix', 'GET', 'x-amz-date', undefined],
  ['foo.put', 'DELETE', '', undefined],
  ['*', 'PUT', '', undefined],
]
for (const [origin, method, headers, methods] of cases) {
  test(`${method} from ${origin} with "${headers}" is ${methods ?? 'not allowed'}`, () => {
    const found = corsHeaders(rules, { origin, method, headers: parseHeaderNames(headers) })
    assert.is(found?.['Access-Control-Allow-Methods'], methods)
    assert.is(found?.['Access-Control-Allow-Origin'], methods && origin)
  })
}

test('the first rule that allows a request gives all the headers', () => {
  const request = { origin: 'a.put', method: 'PUT', headers: ['x-amz-acl'] }
  assert.equal(corsHeaders(rules, request), {
    'Access-Control-Allow-Origin': 'a.put',
    'Access-Control-Allow-Methods': 'PUT',
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Allow-Headers': 'x-amz-acl',
    'Access-Control-Max-Age': '0',
    Vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  })
  const second = corsHeaders(rules, { ...request, headers: ['x-other'] })
  assert.is(second?.['Access-Control-Max-Age'], undefined)
})

test('an origin of any kind is answered with the wildcard, and never with credentials', () => {
  const any = [rule(['*'], ['GET'], { exposedHeaders: ['ETag', 'x-amz-id-2'] })]
  const found = corsHeaders(any, { origin: 'http://x', method: 'GET', headers: [] })
  assert.is(found?.['Access-Control-Allow-Origin'], '*')
  assert.is(found?.['Access-Control-Allow-Credentials'], undefined)
  assert.is(found?.['Access-Control-Expose-Headers'], 'ETag, x-amz-id-2')
})

test.run()
