import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isOwnHost, isOwnRequest, isOwnVisit, readCookie } from './gate.ts'

const test = suite('gate of the console')

const names = ['console.example.org']

test('addresses and known names are hosts of the console', () => {
  for (const host of [
    'localhost:9001',
    'LOCALHOST',
    '127.0.0.1:9001',
    '192.168.1.5',
    '[::1]:9001',
    '[fe80::1]',
    'console.example.org',
    'Console.Example.org.:443',
  ]) {
    assert.ok(isOwnHost(host, names), host)
  }
})

test('any other name is not, whatever it points to', () => {
  for (const host of [
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    'evil-console.example.org',
    '127.0.0.1.nip.example:9001',
    '127.0.0.1@evil.example',
    '127.0.0.1:9001:1',
    '[evil]:1',
    '::1',
    '0x7f000001',
  ]) {
    assert.not.ok(isOwnHost(host, names), String(host))
  }
})

const host = '127.0.0.1:9001'
const own = [
  {},
  { origin: 'http://127.0.0.1:9001' },
  { origin: 'https://127.0.0.1:9001', 'sec-fetch-site': 'same-origin' },
]
const foreign = [
  { origin: 'null' },
  { origin: 'http://evil.example' },
  // The S3 port of the same machine: the same site, with the same cookies, and full of others' pages.
  { origin: 'http://127.0.0.1:9000' },
  { origin: 'http://127.0.0.1:9000', 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'cross-site' },
  { origin: 'http://127.0.0.1:9001', 'sec-fetch-site': 'cross-site' },
  { origin: 'http://127.0.0.1:9001/' },
]

test('a request is the console’s own when its browser says so, or is none', () => {
  for (const headers of own) assert.ok(isOwnRequest({ host, ...headers }), JSON.stringify(headers))
  for (const headers of [...foreign, { 'sec-fetch-site': 'none' }]) {
    assert.not.ok(isOwnRequest({ host, ...headers }), JSON.stringify(headers))
  }
})

test('a visit may come from the address bar too', () => {
  for (const headers of [...own, { 'sec-fetch-site': 'none' }]) {
    assert.ok(isOwnVisit({ host, ...headers }), JSON.stringify(headers))
  }
  for (const headers of foreign.filter((each) => 'sec-fetch-site' in each)) {
    assert.not.ok(isOwnVisit({ host, ...headers }), JSON.stringify(headers))
  }
})

test('a cookie that comes twice is none: one of them was put there by another page', () => {
  assert.is(readCookie({ cookie: 'a=1; session=x=y; b=2' }, 'session'), 'x=y')
  assert.is(readCookie({ cookie: 'session=x; session=y' }, 'session'), undefined)
  assert.is(readCookie({ cookie: 'mysession=x' }, 'session'), undefined)
  assert.is(readCookie({}, 'session'), undefined)
})

test.run()
