// The audit log of a server that runs: written, moved away, and on a disk that is full.
import { readFile, rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ask } from '../support/signed-request.ts'
import { accessKeyId, secretAccessKey, startBridge, withFolder } from '../support/with-bridge.ts'

const test = suite('audit log of a server')

async function operationsIn(file: string): Promise<unknown[]> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line).operation)
}

test('SIGHUP after a rotation goes on in a new file, and the server with it', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'audit.log')
    const bridge = await startBridge({ dataDirectory: folder, args: ['--audit-log', file] })
    try {
      await ask(bridge.url, { method: 'PUT', path: '/bucket' })
      await rename(file, `${file}.1`)
      bridge.process.kill('SIGHUP')
      // Until the signal has been taken, lines still go into the old file.
      const limit = performance.now() + 120_000
      const isThere = async () =>
        await readFile(file).then(
          () => true,
          () => false,
        )
      while (!(await isThere()) && performance.now() < limit) {
        await ask(bridge.url, { method: 'GET', path: '/' })
      }
      await ask(bridge.url, { method: 'HEAD', path: '/bucket' })
    } finally {
      assert.is(await bridge.stop(), 0)
    }
    const [old, fresh] = [await operationsIn(`${file}.1`), await operationsIn(file)]
    assert.is(old[0], 'CreateBucket')
    assert.is(fresh.at(-1), 'HeadBucket')
    const text = (await readFile(`${file}.1`, 'utf8')) + (await readFile(file, 'utf8'))
    assert.match(text, `"accessKeyId":"${accessKeyId}"`)
    assert.not.match(text, secretAccessKey)
  })
})

test('on a full disk S3 goes on, the log says it once, and the server stops as it should', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'audit.log')
    await symlink('/dev/full', file)
    const bridge = await startBridge({ dataDirectory: folder, args: ['--audit-log', file] })
    try {
      for (const path of ['/bucket', '/bucket/a', '/bucket/b']) {
        assert.is((await ask(bridge.url, { method: 'PUT', path })).status, 200)
      }
    } finally {
      assert.is(await bridge.stop(), 0)
    }
    const said = bridge.log.filter(({ msg }) => msg === 'the audit log cannot be written')
    assert.is(said.length, 1)
  })
})

test('a file that cannot be opened keeps the server from starting, by name', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'no', 'such', 'folder')
    const failure = await startBridge({ dataDirectory: folder, args: ['--audit-log', file] }).then(
      () => 'started',
      (error: Error) => error.message,
    )
    assert.match(failure, `the audit log ${file} cannot be opened`)
  })
})

test.run()
