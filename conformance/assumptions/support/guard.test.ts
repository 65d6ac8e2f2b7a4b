import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Bounds, checkBounds, type Sent } from './guard.ts'

const test = suite('guard')

const device = 'jotta-s3-assumptions-0123abcd'
const bounds: Bounds = {
  jfsUrl: 'https://jfs.example.test/jfs/',
  apiUrl: 'https://api.example.test/',
  loginOrigin: 'https://id.example.test',
  username: 'u1',
  device,
  uploadUrls: new Set(['https://up.example.test/x?y=1', 'http://up.example.test/x']),
}
const home = `https://jfs.example.test/jfs/u1/${device}`
const allocate = 'https://api.example.test/files/v1/allocate'

type Case = readonly [method: Sent['method'], url: string, body?: string]

const allowed: readonly Case[] = [
  ['GET', 'https://api.example.test/account/v1/customer'],
  ['GET', 'https://jfs.example.test/jfs/u1'],
  ['GET', 'https://jfs.example.test/jfs/u1/Jotta'],
  ['GET', 'https://jfs.example.test/jfs/u1/Jotta/Trash'],
  ['POST', `${home}?type=WORKSTATION`],
  ['POST', `${home}?rm=true`],
  ['POST', `${home}/questions`],
  ['GET', `${home}/questions/a%20b?mode=bin`],
  ['GET', `${home}/questions/back%5Cslash`],
  ['HEAD', `${home}/questions/...`],
  ['POST', `${home}/q/a?cp=%2Fu1%2F${device}%2Fq%2Fb`],
  ['POST', `${home}/q/a/?mvDir=%2Fu1%2F${device}%2Fq%2Fb`],
  ['POST', allocate, JSON.stringify({ path: `/jfs/${device}/q/a` })],
  ['POST', 'https://up.example.test/x?y=1'],
]

const refused: readonly Case[] = [
  ['POST', 'https://api.example.test/files/v1/purge_trash'],
  ['POST', 'https://api.example.test/account/v1/customer'],
  ['GET', 'https://jfs.example.test/jfs/u2'],
  ['GET', 'https://jfs.example.test/jfs/u1/Jotta/Archive'],
  ['GET', 'https://jfs.example.test/jfs/u1/Jotta/Trash?mode=bin'],
  ['GET', 'https://jfs.example.test/jfs/u1?mode=enableShare'],
  ['POST', 'https://jfs.example.test/jfs/u1'],
  ['POST', 'https://jfs.example.test/jfs/u1/Jotta?rm=true'],
  ['POST', 'https://jfs.example.test/jfs/u1/Jotta/Trash?rmDir=true'],
  ['POST', 'https://jfs.example.test/jfs/u1/Laptop?rm=true'],
  ['POST', `${home}4?rm=true`],
  ['POST', `https://jfs.example.test/jfs/u1/JOTTA-S3-assumptions-0123abcd?rm=true`],
  ['POST', `${home}/../Jotta/Archive/a?rm=true`],
  ['POST', `${home}/%2e%2e/Jotta?rm=true`],
  ['POST', `${home}/..%5CJotta?rm=true`],
  ['POST', `${home}/..%2fJotta?rm=true`],
  ['POST', `${home}/q/a?cp=%2Fu1%2FJotta%2FArchive%2Fb`],
  ['POST', `${home}/q/a?mv=%2Fu1%2F${device}%2F..%2FJotta%2Fb`],
  ['POST', `${home}/q/a?cp=%2Fu1%2F${device}%2Fb&cp=%2Fu1%2FJotta%2Fb`],
  ['GET', `${home}/q/a?mode=enableShare`],
  ['GET', `${home}/q/a?mode=disableShare`],
  ['GET', `${home}/q/a#b`],
  ['POST', allocate, JSON.stringify({ path: '/jfs/Jotta/Archive/a' })],
  ['POST', allocate, JSON.stringify({ path: `/jfs/${device}/../Jotta/a` })],
  ['POST', allocate, JSON.stringify({ path: ['a'] })],
  ['POST', allocate, 'null'],
  ['GET', 'https://up.example.test/x?y=1'],
  ['POST', 'https://up.example.test/x?y=2'],
  ['POST', 'http://up.example.test/x'],
  ['GET', 'https://elsewhere.example.test/'],
  ['GET', 'https://id.example.test/'],
]

const isAllowed = (sent: Sent, within = bounds): boolean => {
  try {
    checkBounds(sent, within)
    return true
  } catch (error) {
    assert.instance(error, RangeError)
    return false
  }
}

test('what happens on the device of the run is allowed, and a few looks elsewhere', () => {
  for (const [method, url, body] of allowed) {
    assert.ok(isAllowed({ method, url, body, auth: 'bearer' }), `${method} ${url}`)
  }
})

test('nothing else is', () => {
  for (const [method, url, body] of refused) {
    assert.not(isAllowed({ method, url, body, auth: 'bearer' }), `${method} ${url} ${body}`)
  }
})

test('without the token only the login service is asked', () => {
  const cases = [
    ['https://id.example.test/auth/realms/x', true],
    ['https://id.example.test:444/', false],
    ['https://jfs.example.test/jfs/u1', false],
    ['http://id.example.test/', false],
  ] as const
  for (const [url, expected] of cases) {
    assert.is(isAllowed({ method: 'GET', url, auth: 'none' }), expected, url)
  }
})

test('nothing is asked for a device that no run has named, nor before the account is known', () => {
  for (const name of ['Jotta', 'S3', 'jotta-s3-assumptions-', 'jotta-s3-assumptions-0123abcde']) {
    const url = `https://jfs.example.test/jfs/u1/${name}?rm=true`
    assert.not(
      isAllowed({ method: 'POST', url, auth: 'bearer' }, { ...bounds, device: name }),
      name,
    )
  }
  const sent: Sent = { method: 'POST', url: `${home}?rm=true`, auth: 'bearer' }
  assert.not(isAllowed(sent, { ...bounds, username: undefined }))
  assert.not(isAllowed(sent, { ...bounds, username: '' }))
})

test.run()
