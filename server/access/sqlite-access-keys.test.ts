// The contract of access keys on SQLite, who may read the file, and what waits for its lock.
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accessKeysContract, keyNamed } from './contract.ts'
import { openAccessKeys } from './sqlite-access-keys.ts'

accessKeysContract('access keys on SQLite', async (act) => {
  await withFile(async (file) => {
    const [one, other] = [openAccessKeys(file), openAccessKeys(file)]
    try {
      await act(one, other)
    } finally {
      await one.close()
      await other.close()
    }
  })
})

const test = suite('access keys file')

test('only its owner can read the file, and it outlives its process', async () => {
  await withFile(async (file) => {
    const keys = openAccessKeys(file)
    await keys.add(keyNamed('a'))
    for (const suffix of ['', '-wal', '-shm']) {
      assert.is((await stat(`${file}${suffix}`)).mode & 0o777, 0o600, suffix)
    }
    await keys.close()
    const again = openAccessKeys(file)
    assert.equal(await again.find('ID-a'), keyNamed('a'))
    await again.close()
  })
})

test('while another program has the file locked, keys are found, and a new one waits', async () => {
  await withFile(async (file) => {
    const keys = openAccessKeys(file)
    await keys.add(keyNamed('a'))
    const other = new DatabaseSync(file)
    other.exec('BEGIN EXCLUSIVE')
    const adding = keys.add(keyNamed('b'))
    assert.equal(await keys.find('ID-a'), keyNamed('a'))
    assert.is(await keys.find('ID-b'), undefined)
    other.exec('ROLLBACK')
    other.close()
    await adding
    assert.equal(await keys.find('ID-b'), keyNamed('b'))
    await keys.close()
  })
})

test.run()

async function withFile(act: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'access-keys-'))
  try {
    await act(join(folder, 'access-keys.sqlite'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
