import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadRootAccessKey } from './root-access-key.ts'

const test = suite('root access key')

async function withFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'key-'))
  try {
    await act(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('it is made once, private, of letters and digits', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'new', 'key.json')
    const made = await loadRootAccessKey(file)
    assert.is(made.isNew, true)
    assert.match(made.key.accessKeyId, /^[A-Z2-7]{20}$/)
    assert.match(made.key.secretAccessKey, /^[A-Za-z0-9]{40}$/)
    assert.is((await stat(file)).mode & 0o777, 0o600)
    assert.equal(await loadRootAccessKey(file), { key: made.key, isNew: false })
    assert.equal(await readdir(join(folder, 'new')), ['key.json'])
  })
})

test('starts at the same time agree on one key', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'key.json')
    const first = await loadRootAccessKey(file)
    const others = await Promise.all([loadRootAccessKey(file), loadRootAccessKey(file)])
    for (const { key } of others) assert.equal(key, first.key)
  })
})

test('a file that is no key is not replaced', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'key.json')
    await writeFile(file, '{"accessKeyId":')
    const error = await loadRootAccessKey(file).catch((reason: Error) => reason.message)
    assert.match(String(error), /is not a root access key/)
  })
})

test.run()
