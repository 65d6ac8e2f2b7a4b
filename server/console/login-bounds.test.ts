import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLoginBounds, freeTries } from './login-bounds.ts'

const test = suite('login bounds')

test('a few tries are free, and then each is followed by a longer wait', () => {
  let now = 0
  const bounds = createLoginBounds(() => now)
  for (let at = 1; at <= freeTries; at += 1) assert.is(bounds.begin('10.0.0.1'), 0)
  const waits: number[] = []
  for (let at = 0; at < 12; at += 1) {
    const seconds = bounds.begin('10.0.0.1')
    waits.push(seconds)
    now += seconds * 1000
    assert.is(bounds.begin('10.0.0.1'), 0, 'after the wait')
  }
  assert.equal(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
})

test('a try that came too early does not make the wait longer', () => {
  let now = 0
  const bounds = createLoginBounds(() => now)
  for (let at = 1; at <= freeTries; at += 1) bounds.begin('10.0.0.1')
  for (let at = 1; at <= 100; at += 1) assert.is(bounds.begin('10.0.0.1'), 1)
  now = 1000
  assert.is(bounds.begin('10.0.0.1'), 0)
})

test('addresses do not answer for each other, and a success clears one', () => {
  const bounds = createLoginBounds(() => 0)
  for (let at = 1; at <= freeTries; at += 1) bounds.begin('10.0.0.1')
  assert.is(bounds.begin('10.0.0.2'), 0)
  assert.is(bounds.begin('10.0.0.1'), 1)
  bounds.succeed('10.0.0.1')
  assert.is(bounds.begin('10.0.0.1'), 0)
})

test('the addresses of one IPv6 network are one', () => {
  const bounds = createLoginBounds(() => 0)
  const network = [
    '2001:db8:0:7::1',
    '2001:db8::7:0:0:0:2',
    '2001:db8:0:7:ffff::',
    '2001:db8:0:7::9',
  ]
  for (const address of network) bounds.begin(address)
  bounds.begin('2001:db8:0:7:1:2:3:4')
  assert.is(bounds.begin('2001:db8:0:7::5'), 1)
  assert.is(bounds.begin('2001:db8:0:8::5'), 0)
  assert.is(bounds.begin('::ffff:10.0.0.1'), 0)
})

test('what is remembered is bounded', () => {
  const bounds = createLoginBounds(() => 0)
  for (let at = 1; at <= freeTries; at += 1) bounds.begin('10.9.9.9')
  for (let at = 0; at < 5000; at += 1) bounds.begin(`10.1.${at >> 8}.${at & 255}`)
  assert.is(bounds.begin('10.9.9.9'), 0)
})

test.run()
