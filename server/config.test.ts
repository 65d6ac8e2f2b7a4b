import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError, describeSettings, readConfig } from './config.ts'

const test = suite('config')

function withFile(text: string, act: (file: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'config-'))
  try {
    writeFileSync(join(folder, 'settings.json'), text)
    act(join(folder, 'settings.json'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function refusal(args: string[], environment: NodeJS.ProcessEnv = {}): string {
  try {
    readConfig(args, environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'accepted'
}

test('everything has a default', () => {
  const config = readConfig([], {})
  assert.is(config.host, '127.0.0.1')
  assert.is(config.port, 9000)
  assert.is(config.uploadMemoryLimit, 10 * 1024 ** 2)
  assert.is(config.rootAccessKeyId, undefined)
  assert.ok(Object.isFrozen(config))
})

test('flags weigh more than the environment, and that more than the file', () => {
  withFile('{"port": 1, "host": "file", "region": "file-1"}', (file) => {
    const environment = { JOTTA_S3_CONFIG: file, JOTTA_S3_PORT: '2', JOTTA_S3_HOST: 'environment' }
    const config = readConfig(['--port', '3'], environment)
    assert.equal([config.port, config.host, config.region], [3, 'environment', 'file-1'])
    assert.is(readConfig(['--config', file], {}).port, 1)
  })
})

test('sizes take units, and domains a list', () => {
  const of = (size: string) => readConfig(['--upload-memory-limit', size], {}).uploadMemoryLimit
  assert.equal(
    ['0', '5', '1k', '1KiB', '1.5MiB', '2 GB'].map(of),
    [0, 5, 1000, 1024, 1_572_864, 2_000_000_000],
  )
  const { domains } = readConfig(['--domains', 's3.example.test, other.test'], {})
  assert.equal(domains, ['s3.example.test', 'other.test'])
})

const wrong: [args: string[], environment: NodeJS.ProcessEnv, says: RegExp][] = [
  [['--port', '70000'], {}, /^--port: /],
  [[], { JOTTA_S3_PORT: 'many' }, /^JOTTA_S3_PORT: /],
  [['--no-such', '1'], {}, /no-such/],
  [['--jfs-url', 'ftp://x'], {}, /^--jfs-url: must be an http or https URL/],
  [['--device', 'jotta'], {}, /^--device: must not be the built-in device/],
  [['--root-access-key-id', 'ABC'], {}, /rootSecretAccessKey: must be given together/],
  [['--upload-memory-limit', 'lots'], {}, /^--upload-memory-limit: must be a size/],
  [['--account', '../x'], {}, /^--account: must be 1 to 32 lower-case letters/],
  [['--account', 'Work'], {}, /^--account: must be/],
  [[], { JOTTA_S3_ACCOUNT: 'a'.repeat(33) }, /^JOTTA_S3_ACCOUNT: must be/],
  [['--legacy-password', 'x'], {}, /legacy-password/],
  [['--delete-mode', 'never'], {}, /^--delete-mode: /],
  [['--domains', 'a b'], {}, /^--domains: must be a host name/],
  [['--config', '/nonexistent'], {}, /nonexistent cannot be read/],
]
for (const [args, environment, says] of wrong) {
  test(`${[...args, ...Object.keys(environment)].join(' ')} is refused by name`, () => {
    assert.match(refusal(args, environment), says)
  })
}

test('a setting in the file that does not exist is refused by name', () => {
  withFile('{"prot": 1}', (file) => {
    assert.match(refusal(['--config', file]), /unknown setting prot/)
  })
})

test('an error never repeats a secret', () => {
  const text = refusal(['--root-access-key-id', 'abc', '--root-secret-access-key', 'secret!'])
  assert.match(text, /root-secret-access-key/)
  assert.not.match(text, /secret!/)
})

test('every setting is described', () => {
  assert.match(describeSettings(), /--data-dir +JOTTA_S3_DATA_DIR +folder/)
})

test.run()
