// The self-signed pair in a folder, by a clock that the test moves.
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../log.ts'
import { checkPair } from './key-pair.ts'
import { certificateFileOf, loadSelfSigned, namesOf } from './self-signed.ts'

const test = suite('self-signed')
const log = createLog({ level: 'silent' })
const names = namesOf({ host: 'nas', domains: ['s3.example.test'], tlsNames: ['192.0.2.7'] })
const dayMs = 24 * 60 * 60 * 1000

async function withDataDir(act: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'self-signed-'))
  try {
    await act(dataDir)
  } finally {
    await rm(dataDir, { recursive: true })
  }
}

test('a pair is made for every name, and only its owner can read the key', async () => {
  await withDataDir(async (dataDir) => {
    const pair = await loadSelfSigned({ dataDir, names, log })
    checkPair(pair)
    const certificate = new X509Certificate(pair.cert)
    for (const name of ['localhost', 'nas', 's3.example.test', 'bucket.s3.example.test']) {
      assert.ok(certificate.checkHost(name), name)
    }
    for (const address of ['127.0.0.1', '::1', '192.0.2.7']) {
      assert.ok(certificate.checkIP(address), address)
    }
    assert.is(certificate.checkHost('example.test'), undefined)
    assert.is(certificate.ca, false, 'nobody who trusts it trusts what its key signs')
    const key = join(dataDir, 'tls', 'self-signed.pem')
    assert.is((await stat(key)).mode & 0o777, 0o600)
    const shown = await readFile(certificateFileOf(dataDir), 'utf8')
    assert.not.match(shown, /PRIVATE/)
    assert.is(new X509Certificate(shown).fingerprint256, certificate.fingerprint256)
    assert.equal((await readdir(join(dataDir, 'tls'))).sort(), [
      'certificate.pem',
      'self-signed.pem',
    ])
  })
})

test('it stays the same until 30 days before its end, and no client sees it end', async () => {
  await withDataDir(async (dataDir) => {
    const start = new Date('2026-01-01T00:00:00Z')
    const load = (days: number) => {
      const now = () => new Date(start.getTime() + days * dayMs)
      return loadSelfSigned({ dataDir, names, log, now })
    }
    const first = await load(0)
    assert.equal(await load(789), first)
    const second = await load(791)
    assert.is.not(second.key, first.key)
    const { validUntil } = checkPair(second)
    assert.is(validUntil.getTime(), start.getTime() + (791 + 820) * dayMs)
    assert.match(await readFile(certificateFileOf(dataDir), 'utf8'), second.cert)
    assert.equal(await load(792), second)
  })
})

test('a further name makes a new pair, a name less does not', async () => {
  await withDataDir(async (dataDir) => {
    const first = await loadSelfSigned({ dataDir, names, log })
    const more = await loadSelfSigned({ dataDir, names: [...names, '*.other.test'], log })
    assert.is.not(more.cert, first.cert)
    assert.ok(new X509Certificate(more.cert).checkHost('a.other.test'))
    assert.equal(await loadSelfSigned({ dataDir, names: ['localhost'], log }), more)
  })
})

test('a broken file is made anew', async () => {
  await withDataDir(async (dataDir) => {
    const first = await loadSelfSigned({ dataDir, names, log })
    const file = join(dataDir, 'tls', 'self-signed.pem')
    for (const text of ['', 'nonsense', first.cert, (await readFile(file, 'utf8')).slice(0, 300)]) {
      await writeFile(file, text)
      checkPair(await loadSelfSigned({ dataDir, names, log }))
      assert.is((await stat(file)).mode & 0o777, 0o600)
    }
  })
})

test('listening everywhere names no place', () => {
  for (const host of ['0.0.0.0', '::', 'localhost']) {
    assert.equal(namesOf({ host, domains: [], tlsNames: [] }), ['localhost', '127.0.0.1', '::1'])
  }
})

test.run()
