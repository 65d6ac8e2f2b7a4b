import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { withPeople } from './access/people.test-support.ts'
import { readConfig } from './config.ts'
import { createFindPeer, type FindPeer } from './peer.ts'
import { statusOf, withServing } from './serving.test-support.ts'
import { createThrottle, noLimits } from './throttle/throttle.ts'

const test = suite('peer')

const socketFrom = (remoteAddress: string | undefined) =>
  ({ remoteAddress }) as Parameters<FindPeer>[0]['socket']

const cases: [
  what: string,
  from: string,
  trusted: string,
  forwardedFor: string | undefined,
  address: string,
][] = [
  ['nobody is trusted by default', '10.0.0.1', '', '203.0.113.9', '10.0.0.1'],
  ['a client itself is not believed', '203.0.113.5', '10.0.0.0/8', '198.51.100.1', '203.0.113.5'],
  ['the proxy says who it was', '10.0.0.1', '10.0.0.0/8', '203.0.113.9', '203.0.113.9'],
  [
    'what the client wrote before it is not',
    '10.0.0.1',
    '10.0.0.1',
    '1.1.1.1, 203.0.113.9',
    '203.0.113.9',
  ],
  [
    'nor an address of a proxy that it wrote',
    '10.0.0.1',
    '10.0.0.0/8',
    '10.0.0.7, 203.0.113.9',
    '203.0.113.9',
  ],
  [
    'through two proxies',
    '10.0.0.1',
    '10.0.0.0/8',
    '1.1.1.1, 203.0.113.9, 10.0.0.2',
    '203.0.113.9',
  ],
  [
    'a second proxy that is not ours is the client',
    '10.0.0.1',
    '10.0.0.1',
    '203.0.113.9,10.0.0.2',
    '10.0.0.2',
  ],
  ['all of it is proxies: the first', '10.0.0.1', '10.0.0.0/8', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['no header: the proxy itself', '10.0.0.1', '10.0.0.0/8', undefined, '10.0.0.1'],
  ['an empty one', '10.0.0.1', '10.0.0.0/8', '', '10.0.0.1'],
  ['what is no address ends it', '10.0.0.1', '10.0.0.0/8', '203.0.113.9, unknown', '10.0.0.1'],
  ['and is not skipped', '10.0.0.1', '10.0.0.0/8', '203.0.113.9, evil, 10.0.0.2', '10.0.0.2'],
  ['a port after it', '10.0.0.1', '10.0.0.0/8', '203.0.113.9:4711', '203.0.113.9'],
  ['IPv6 with a port', '::1', '::1', '[2001:db8::5]:4711', '2001:db8::5'],
  ['IPv4 in IPv6', '::ffff:10.0.0.1', '10.0.0.0/8', '::ffff:203.0.113.9', '203.0.113.9'],
  ['a network of IPv6', '2001:db8:1::2', '2001:db8:1::/48', '2001:db8:2::1', '2001:db8:2::1'],
]
for (const [what, from, trusted, forwardedFor, address] of cases) {
  test(what, () => {
    const find = createFindPeer(trusted === '' ? [] : [trusted])
    const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
    assert.equal(find({ socket: socketFrom(from), headers }), { address, isSecure: false })
  })
}

test('the scheme is the last proxy’s word, and nobody else’s', () => {
  const find = createFindPeer(['10.0.0.1'])
  const isSecure = (from: string, proto: string) =>
    find({ socket: socketFrom(from), headers: { 'x-forwarded-proto': proto } }).isSecure
  assert.is(isSecure('10.0.0.1', 'https'), true)
  assert.is(isSecure('10.0.0.1', 'HTTPS'), true)
  assert.is(isSecure('10.0.0.1', 'https, http'), false)
  assert.is(isSecure('10.0.0.1', 'wss'), false)
  assert.is(isSecure('203.0.113.9', 'https'), false)
  assert.equal(find({ socket: socketFrom(undefined), headers: {} }).address, undefined)
})

const policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      ...{
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: 'arn:aws:s3:::bucket/*',
      },
      Condition: {
        IpAddress: { 'aws:SourceIp': '203.0.113.0/24' },
        Bool: { 'aws:SecureTransport': 'true' },
      },
    },
  ],
})

test('a policy on the source address opens to no one who only says so', async () => {
  const spoofs = { 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https' }
  const variants: [trusted: string[], headers: Record<string, string>, status: number][] = [
    [[], spoofs, 403],
    [['192.0.2.1'], spoofs, 403],
    [['127.0.0.1'], spoofs, 200],
    [['127.0.0.1'], { ...spoofs, 'X-Forwarded-Proto': 'http' }, 403],
    [['127.0.0.1'], { ...spoofs, 'X-Forwarded-For': '203.0.113.9, 198.51.100.1' }, 403],
    [['127.0.0.1'], { 'X-Forwarded-Proto': 'https' }, 403],
    [['127.0.0.1'], { Forwarded: 'for=203.0.113.9;proto=https', 'X-Real-IP': '203.0.113.9' }, 403],
  ]
  for (const [trusted, headers, status] of variants) {
    await withPeople({ findPeer: createFindPeer(trusted) }, async (as) => {
      await as('root', 'PUT', '/bucket/key', { body: 'x' })
      assert.is((await as('root', 'PUT', '/bucket?policy', { body: policy })).status, 204)
      const answer = await as(undefined, 'GET', '/bucket/key', { headers })
      assert.is(answer.status, status, JSON.stringify([trusted, headers]))
    })
  }
})

test('logs and limits know the client behind the proxy', async () => {
  const ofStranger = { maxInFlight: undefined, perSecond: 1, burstSeconds: 1 }
  const limits = { maxInFlight: undefined, ofKey: noLimits, ofStranger }
  const throttle = createThrottle(limits, () => 0)
  const findPeer = createFindPeer(['127.0.0.1'])
  await withServing({ throttle, findPeer }, async ({ raw, loggedLines }) => {
    const from = async (...addresses: string[]) => {
      const lines = addresses.map((address) => `X-Forwarded-For: ${address}\r\n`).join('')
      return statusOf(
        await raw(`GET /bucket HTTP/1.1\r\nHost: x\r\n${lines}Connection: close\r\n\r\n`),
      )
    }
    assert.equal([await from('203.0.113.1'), await from('203.0.113.1')], [403, 503])
    assert.is(await from('203.0.113.2'), 403)
    // Repeated, the lines are one list; a made-up beginning is no way around the limit.
    assert.is(await from('198.51.100.7', '203.0.113.2'), 503)
    const lines = await loggedLines(4)
    assert.equal(
      lines.map(({ remoteAddress }) => remoteAddress),
      ['203.0.113.1', '203.0.113.1', '203.0.113.2', '203.0.113.2'],
    )
  })
})

test('the setting takes addresses and networks, and nothing else', () => {
  const read = (value: string) => readConfig(['--trusted-proxies', value], {}).trustedProxies
  assert.equal(readConfig([], {}).trustedProxies, [])
  assert.equal(read('127.0.0.1, 10.0.0.0/8,::1'), ['127.0.0.1', '10.0.0.0/8', '::1'])
  for (const value of ['localhost', '10.0.0.0/33', '10.0.0.0/', '*', '']) {
    assert.throws(() => read(value), /must be addresses or networks/)
  }
})

test.run()
