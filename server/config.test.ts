import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentEncoding, encodingWithoutPercent } from '../translate/name-encoding.ts'
import { accountOf, placementOf, quotasOf } from './bucket-settings.ts'
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
  [['--port', ''], {}, /^--port: /],
  [['--no-such', '1'], {}, /no-such/],
  [['--jfs-url', 'ftp://x'], {}, /^--jfs-url: must be an http or https URL/],
  [['--device', 'jotta'], {}, /^--device: must not be the built-in device/],
  [['--root-access-key-id', 'ABC'], {}, /rootSecretAccessKey: must be given together/],
  [['--upload-memory-limit', 'lots'], {}, /^--upload-memory-limit: must be a size/],
  [['--download-chunk', '1KiB'], {}, /^--download-chunk: must be 64KiB or more/],
  [['--download-streams', '0'], {}, /^--download-streams: /],
  [['--account', '../x'], {}, /^--account: must be 1 to 32 lower-case letters/],
  [['--account', 'Work'], {}, /^--account: must be/],
  [[], { JOTTA_S3_ACCOUNT: 'a'.repeat(33) }, /^JOTTA_S3_ACCOUNT: must be/],
  [['--legacy-password', 'x'], {}, /legacy-password/],
  [['--delete-mode', 'never'], {}, /^--delete-mode: /],
  [['--domains', 'a b'], {}, /^--domains: must be a host name/],
  [['--encoding', 'Slash'], {}, /^--encoding: .*lacks Ctl/],
  [[], { JOTTA_S3_ENCODING: 'older' }, /^JOTTA_S3_ENCODING: "older" is no encoding flag/],
  [['--modified-from', 'now'], {}, /^--modified-from: /],
  [['--bucket-root', 'Jotta/Latest/x'], {}, /^--bucket-root: Jotta\/Latest is a view/],
  [['--bucket-root', '../x'], {}, /^--bucket-root: must not go through/],
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

const wrongBuckets: [buckets: unknown, says: RegExp][] = [
  ['{', /^--buckets: must be a JSON object/],
  ['[]', /^--buckets: must be a JSON object/],
  ['"text"', /^--buckets: must be a JSON object/],
  [{ 'No Name': {} }, /^--buckets: No Name: is not a name/],
  [{ photos: { paht: 'x' } }, /^--buckets: photos: unknown option paht/],
  [{ photos: { path: 'Jotta' } }, /^--buckets: photos: path: must be a device and a mountpoint/],
  [{ photos: { path: 'Jotta/Trash' } }, /^--buckets: photos: path: Jotta\/Trash is a view/],
  [{ photos: { encoding: 'Raw' } }, /^--buckets: photos: encoding: .*lacks Ctl/],
  [{ photos: { account: 'My Work' } }, /^--buckets: photos: account: must be 1 to 32/],
  [{ photos: { versions: 'all' } }, /^--buckets: photos: versions: /],
  [{ photos: 'Jotta/Archive' }, /^--buckets: photos: /],
]
for (const [buckets, says] of wrongBuckets) {
  const text = typeof buckets === 'string' ? buckets : JSON.stringify(buckets)
  test(`the buckets ${text} are refused by name`, () => {
    assert.match(refusal(['--buckets', text]), says)
  })
}

test('single buckets come from the file or as text, with what they name', () => {
  const buckets = {
    archive: { path: 'Jotta/Archive' },
    constructor: { versions: 'none', encoding: 'without-percent' },
    work: { account: 'work', modifiedFrom: 'mtime' },
  }
  withFile(JSON.stringify({ buckets, deleteMode: 'permanent' }), (file) => {
    const environment = { JOTTA_S3_BUCKETS: JSON.stringify(buckets) }
    const given = ['--delete-mode', 'permanent']
    for (const config of [readConfig(['--config', file], {}), readConfig(given, environment)]) {
      const { home, defaults, named } = placementOf(config, 'default')
      assert.equal(home, { kind: 'device', device: 'S3' })
      assert.equal(
        [defaults.deleteMode, defaults.versions, defaults.modifiedFrom, defaults.encoding.flags],
        ['permanent', 'keep', 'upload', currentEncoding.flags],
      )
      assert.equal([...named.keys()], ['archive', 'constructor'])
      const path = { device: 'Jotta', mountpoint: 'Archive', path: [] }
      assert.equal(named.get('archive')?.path, path)
      assert.is(named.get('constructor')?.encoding, encodingWithoutPercent)
      assert.equal([...placementOf(config, 'work').named.keys()], ['work'])
      assert.is(accountOf(config, 'work'), 'work')
      assert.is(accountOf(config, 'tostring'), 'default')
    }
  })
})

test('the layout, the encoding and the times of all buckets are settings too', () => {
  const given = ['--bucket-root', 'Jotta/Archive/S3', '--encoding', 'Slash,Ctl,Dot,InvalidUtf8']
  const config = readConfig([...given, '--versions', 'none', '--modified-from', 'mtime'], {})
  const { home, defaults } = placementOf(config, 'default')
  const folder = { device: 'Jotta', mountpoint: 'Archive', path: ['S3'] }
  assert.equal(home, { kind: 'folder', folder })
  assert.equal(
    [defaults.encoding.flags, defaults.versions, defaults.modifiedFrom],
    ['Slash,Ctl,InvalidUtf8,Dot', 'none', 'mtime'],
  )
})

test('an error never repeats a secret', () => {
  const text = refusal(['--root-access-key-id', 'abc', '--root-secret-access-key', 'secret!'])
  assert.match(text, /root-secret-access-key/)
  assert.not.match(text, /secret!/)
})

test('the token of the metrics is long, and not shown when it is not', () => {
  assert.is(readConfig([], {}).metricsToken, undefined)
  for (const token of ['short', 'with blanks in the token', 'x'.repeat(501)]) {
    const text = refusal(['--metrics-token', token])
    assert.match(text, /--metrics-token: must be 16 letters/)
    assert.not.match(text, token)
  }
})

test('limits are whole numbers, or off', () => {
  const { maxRequests, keyRateLimit, strangerRateLimit } = readConfig([], {})
  assert.equal([maxRequests, keyRateLimit, strangerRateLimit], [1000, undefined, 100])
  assert.is(readConfig(['--max-requests', 'off'], {}).maxRequests, undefined)
  assert.is(readConfig(['--key-rate-limit', '5'], {}).keyRateLimit, 5)
  for (const value of ['0', '1.5', 'on', '']) {
    assert.match(
      refusal(['--max-requests', value]),
      /--max-requests: must be a whole number, or off/,
    )
  }
})

test('a bucket may have a quota, on the account that it is on', () => {
  const buckets = '{"aaa":{"quota":"1KiB"},"bbb":{"quota":5,"account":"work"},"ccc":{}}'
  const config = readConfig(['--buckets', buckets], {})
  assert.equal([...quotasOf(config, 'default')], [['aaa', 1024]])
  assert.equal([...quotasOf(config, 'work')], [['bbb', 5]])
  const text = refusal(['--buckets', '{"aaa":{"quota":"much"}}'])
  assert.match(text, /--buckets: aaa: quota: must be a size such as 512MiB/)
})

test('every setting is described', () => {
  assert.match(describeSettings(), /--data-dir +JOTTA_S3_DATA_DIR +folder/)
})

test('the manual has every setting in its table, and no other', () => {
  const manual = readFileSync('MANUAL.md', 'utf8')
  const [, section = ''] = manual.split('\n## Settings\n')
  const [table = ''] = section.split('\n## ')
  const rows = [...table.matchAll(/^\| (`[^|]+) \|/gm)].map((row) => row[1] ?? '')
  const named = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map((name) => name[1]))
  const flags = [...describeSettings().matchAll(/^ {2}--([\w-]+)/gm)].map((flag) => flag[1] ?? '')
  assert.ok(flags.length > 50)
  const settings = flags.map((flag) =>
    flag.replaceAll(/-./g, (letters) => letters.slice(1).toUpperCase()),
  )
  assert.equal(named.toSorted(), settings.toSorted())
})

test('a certificate goes with its key, and not with a self-signed one', () => {
  assert.match(refusal(['--tls-cert', 'c.pem']), /must be given together with tlsCert/)
  assert.match(refusal(['--tls-key', 'k.pem']), /must be given together with tlsCert/)
  const both = ['--tls-cert', 'c.pem', '--tls-key', 'k.pem']
  assert.is(refusal(both), 'accepted')
  assert.match(refusal([...both, '--tls', 'auto']), /tlsCert is given: choose one/)
  assert.match(refusal(['--tls-names', 'a b']), /must be host names or addresses/)
  const names = 'nas.local,192.0.2.7,fe80::1'
  assert.equal(readConfig(['--tls-names', names], {}).tlsNames, names.split(','))
})

test.run()
