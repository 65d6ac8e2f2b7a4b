// A pair that changes under a server: only good ones get through.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../log.ts'
import { followPair } from './follow-pair.ts'
import type { KeyPair } from './key-pair.ts'
import { loadSelfSigned } from './self-signed.ts'

const test = suite('follow-pair')

async function makePair(): Promise<KeyPair> {
  const dataDir = await mkdtemp(join(tmpdir(), 'follow-pair-'))
  try {
    const log = createLog({ level: 'silent' })
    return await loadSelfSigned({ dataDir, names: ['localhost'], log })
  } finally {
    await rm(dataDir, { recursive: true })
  }
}

test('a good pair is taken once, bad ones never, and the log says each fault once', async () => {
  const [first, second] = [await makePair(), await makePair()]
  const lines: string[] = []
  const log = createLog({ destination: { write: (line) => lines.push(line) } })
  const applied: KeyPair[] = []
  let offered: KeyPair | Error = first
  const followed = await followPair({
    load: async () => {
      if (offered instanceof Error) throw offered
      return offered
    },
    apply: ({ pair }) => applied.push(pair),
    log,
  })
  const offer = async (pair: KeyPair | Error) => {
    offered = pair
    await followed.look()
    await followed.look()
  }
  await offer(first)
  assert.equal([applied, lines], [[], []])

  const faults = [
    ['a key of another certificate', { key: second.key, cert: first.cert }, /belong together/],
    ['no key', { key: '', cert: first.cert }, /key cannot be read/],
    [
      'half a certificate',
      { ...first, cert: first.cert.slice(0, 200) },
      /certificate cannot be read/,
    ],
    ['an unreadable file', new Error('the TLS key /k cannot be read'), /\/k cannot be read/],
  ] as const
  for (const [what, fault, said] of faults) {
    await offer(fault)
    assert.is(lines.length, 1, `${what}: ${lines.join()}`)
    assert.match(lines.splice(0).join(), said, what)
    assert.equal(followed.current().pair, first, what)
  }

  await offer(second)
  assert.equal(applied, [second])
  assert.is(lines.length, 1)
  assert.match(lines.join(), followed.current().fingerprint)
  assert.not.match(lines.join(), /PRIVATE/)
})

test('a bad pair at the start is refused', async () => {
  const log = createLog({ level: 'silent' })
  const load = async () => ({ key: '', cert: '' })
  const refused = await followPair({ load, apply: () => undefined, log }).catch(
    (error: Error) => error.message,
  )
  assert.match(String(refused), /certificate cannot be read/)
})

test.run()
