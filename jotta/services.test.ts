import { readFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findService, services, wellKnownUrlOf } from './services.ts'

const test = suite('services')

test('there are thirteen, each with a key of its own', () => {
  assert.is(services.length, 13)
  assert.is(new Set(services.map(({ key }) => key)).size, 13)
  assert.is(new Set(services.map(({ domain }) => domain)).size, 13)
})

test('a key finds its service, and no other word does', () => {
  for (const service of services) assert.is(findService(service.key), service)
  for (const key of ['', 'telia', 'TELIA_SE', 'constructor']) assert.is(findService(key), undefined)
})

test('two services know their client by another name, and give it fewer scopes', () => {
  const windows = services.filter(({ clientId }) => clientId === 'desktop-win')
  assert.equal(
    windows.map(({ key, scope }) => [key, scope]),
    [
      ['letsgo', 'openid offline_access'],
      ['phonero', 'openid offline_access'],
    ],
  )
  const rest = services.filter((service) => !windows.includes(service))
  for (const { clientId, scope } of rest) {
    assert.equal([clientId, scope], ['desktop', 'openid jotta-default offline_access'])
  }
})

test('discovery lies on the domain of the service, or where somebody plays it', () => {
  const telia = findService('telia_se')
  assert.ok(telia)
  assert.is(
    wellKnownUrlOf(telia),
    'https://cloud-auth.telia.se/auth/realms/telia_se/.well-known/openid-configuration',
  )
  for (const origin of ['http://127.0.0.1:1', 'http://127.0.0.1:1/']) {
    assert.is(
      wellKnownUrlOf(telia, origin),
      'http://127.0.0.1:1/auth/realms/telia_se/.well-known/openid-configuration',
    )
  }
})

test('the manual names them all', () => {
  const manual = readFileSync(path.join(import.meta.dirname, '..', 'MANUAL.md'), 'utf8')
  for (const { key, displayName } of services) {
    assert.ok(manual.includes(`| \`${key}\` | ${displayName} |`), key)
  }
})

test.run()
