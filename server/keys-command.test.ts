// `jotta-s3 keys`, run in this process on a data folder of its own.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ownerNamed, rootOwner } from './access/owner.ts'
import { openAccessKeys } from './access/sqlite-access-keys.ts'
import { accessKeysFile, runKeysCommand } from './keys-command.ts'

const test = suite('keys command')

test('a made key is shown once, alphanumeric, and never by ls', async () => {
  await withFolder(async (keys, dataDir) => {
    const made = JSON.parse(await keys('add', 'laptop', '--owner', 'alice', '--json'))
    assert.match(made.secretAccessKey, /^[A-Za-z0-9]{40}$/)
    assert.match(made.accessKeyId, /^[A-Z0-9]{20}$/)
    assert.is(made.canonicalId, ownerNamed('alice').id)
    for (const list of [await keys('ls'), await keys('ls', '--json')]) {
      assert.not.ok(list.includes(made.secretAccessKey), list)
      assert.ok(list.includes(made.accessKeyId), list)
      assert.ok(list.includes(made.canonicalId), list)
    }
    const store = openAccessKeys(accessKeysFile({ dataDir }))
    assert.is((await store.find(made.accessKeyId))?.secretAccessKey, made.secretAccessKey)
    await store.close()
  })
})

test('limits, and a given id and secret, are kept', async () => {
  await withFolder(async (keys) => {
    const given = ['--access-key-id', 'GIVENKEY', '--secret-access-key=given-secret-1']
    const shown = await keys(
      'add',
      'backup',
      ...given,
      '--bucket',
      'one',
      '--bucket=two',
      '--read-only',
    )
    assert.not.match(shown, /given-secret/)
    const [listed] = (await keys('ls', '--json')).split('\n')
    const { created, ...rest } = JSON.parse(listed ?? '')
    assert.match(created, /^\d{4}-/)
    assert.equal(rest, {
      name: 'backup',
      owner: 'root',
      canonicalId: rootOwner.id,
      accessKeyId: 'GIVENKEY',
      buckets: ['one', 'two'],
      access: 'read-only',
    })
  })
})

test('what exists is not replaced, the root key included', async () => {
  await withFolder(async (keys, dataDir) => {
    const given = (id: string) => ['--access-key-id', id, '--secret-access-key', 'a-secret-here']
    await keys('add', 'a', ...given('IDA'))
    await refused(keys('add', 'b', ...given('IDA')), /exists/)
    await refused(keys('add', 'a', ...given('IDB')), /exists/)
    const root = { accessKeyId: 'ROOTID', secretAccessKey: 'root-secret' }
    await writeFile(join(dataDir, 'root-access-key.json'), JSON.stringify(root))
    await refused(keys('add', 'c', ...given('ROOTID')), /exists/)
    await refused(keys('add', 'root'), /root key/)
    assert.is((await keys('ls', '--json')).split('\n').length, 2)
  })
})

test('a removed key is gone, and removing it again says so', async () => {
  await withFolder(async (keys) => {
    await keys('add', 'a')
    assert.match(await keys('rm', 'a'), /removed/)
    assert.is(await keys('ls', '--json'), '')
    await refused(keys('rm', 'a'), /no access key named a/)
  })
})

test('wrong calls are told what is wrong', async () => {
  await withFolder(async (keys) => {
    const cases: [args: string[], message: RegExp][] = [
      [[], /add, ls, rm/],
      [['show'], /add, ls, rm/],
      [['add'], /one NAME/],
      [['add', 'a', 'b'], /one NAME/],
      [['add', 'a/b'], /NAME: must be/],
      [['add', 'a', '--owner', '*'], /--owner: must be/],
      [['add', 'a', '--owner', 'x', '--owner', 'y'], /once/],
      [['add', 'a', '--bucket', 'No'], /no name of a bucket/],
      [['add', 'a', '--access-key-id', 'ABC'], /both/],
      [['add', 'a', '--access-key-id', 'A', '--secret-access-key', '12345678'], /3 to 128/],
      [['add', 'a', '--access-key-id', 'ABC', '--secret-access-key', '123'], /8 to 128/],
      [['add', 'a', '--nonsense', 'x'], /nonsense/],
      [['ls', 'a'], /nothing must follow/],
      [['ls', '--read-only'], /no --read-only/],
      [['rm', 'a', '--json'], /no --json/],
    ]
    for (const [args, message] of cases) await refused(keys(...args), message)
    assert.is(await keys('ls', '--json'), '')
  })
})

test.run()

type Keys = (...args: string[]) => Promise<string>

async function withFolder(act: (keys: Keys, dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'keys-command-'))
  try {
    await act((...args) => runKeysCommand([...args, '--data-dir', dataDir]), dataDir)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function refused(running: Promise<string>, message: RegExp): Promise<void> {
  const error = await running.then(
    (text) => new Error(`not refused: ${text}`),
    (thrown: unknown) => thrown,
  )
  assert.instance(error, Error)
  assert.match(error instanceof Error ? error.message : '', message)
}
