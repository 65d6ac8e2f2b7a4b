// A disk of the data folder that is full: a small file system of its own, which only some machines may mount.
// Writes are refused and say so, nothing is lost, and all goes on when there is room again.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFile, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { consoleUrlOf } from '../support/browser.ts'
import { skip } from '../support/real-client.ts'
import { ask } from '../support/signed-request.ts'
import {
  accessKeyId,
  type BridgeProcess,
  secretAccessKey,
  withFolder,
} from '../support/with-bridge.ts'
import { withEmulatedBridge } from '../support/with-emulated-bridge.ts'

const test = suite('a full disk')
const mib = 2 ** 20

function mount(folder: string, size = '64m'): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]).status === 0
}

async function withSmallDisk(
  act: (bridge: BridgeProcess, disk: string) => Promise<void>,
  size?: string,
): Promise<void> {
  await withFolder(async (disk) => {
    assert.ok(mount(disk, size))
    try {
      await withEmulatedBridge(
        async ({ bridge }) => {
          await ask(bridge.url, { method: 'PUT', path: '/bucket' })
          await act(bridge, disk)
        },
        {},
        { bridgeFolder: join(disk, 'bridge') },
      )
    } finally {
      assert.is(spawnSync('umount', [disk]).status, 0)
    }
  })
}

async function fill(file: string): Promise<void> {
  for (let sizeBytes = mib; sizeBytes >= 4096; sizeBytes /= 2) {
    const block = randomBytes(sizeBytes)
    let isFull = false
    while (!isFull) {
      await appendFile(file, block).catch((error: NodeJS.ErrnoException) => {
        assert.is(error.code, 'ENOSPC')
        isFull = true
      })
    }
  }
}

const isPossible = await (async () => {
  let mounted = false
  await withFolder(async (folder) => {
    mounted = mount(folder)
    if (mounted) spawnSync('umount', [folder])
  })
  return mounted
})()
const onSmallDisk = (
  sentence: string,
  act: Parameters<typeof withSmallDisk>[0],
  size?: string,
): void => {
  if (isPossible) test(sentence, () => withSmallDisk(act, size))
  else skip(test, sentence, 'no file system may be mounted here')
}

onSmallDisk(
  'every write says that the disk is full, reads go on, and writes too later',
  async (bridge, disk) => {
    const path = '/bucket/key'
    const old = { method: 'PUT', path, body: 'old', headers: { 'x-amz-meta-of': 'old' } }
    assert.is((await ask(bridge.url, old)).status, 200)
    await fill(join(disk, 'filler'))
    let refused = 0
    // Some find room in a journal that has been longer.
    for (let n = 0; n < 200 && refused < 5; n += 1) {
      const body = `${n}`
      const headers = { 'x-amz-meta-of': 'x'.repeat(1500) }
      const { status, text } = await ask(bridge.url, {
        method: 'PUT',
        path: `${path}${n}`,
        body,
        headers,
      })
      if (status === 200) continue
      refused += 1
      assert.is(status, 503, text)
      assert.match(text, /<Code>SlowDown<.*free space/s)
    }
    assert.is(refused, 5)
    const removed = await ask(bridge.url, { method: 'DELETE', path: `${path}-other` })
    assert.ok([204, 503].includes(removed.status), removed.text)
    const seen = await ask(bridge.url, { method: 'GET', path })
    assert.equal([seen.text, seen.headers['x-amz-meta-of']], ['old', 'old'])

    await rm(join(disk, 'filler'))
    const again = await ask(bridge.url, { ...old, body: 'new', path: `${path}-new` })
    assert.is(again.status, 200, again.text)
    assert.is((await ask(bridge.url, { method: 'DELETE', path })).status, 204)
  },
)

onSmallDisk(
  'parts leave some of the disk to the state, so that deletes still work',
  async (bridge, disk) => {
    const path = '/bucket/key'
    assert.is((await ask(bridge.url, { method: 'PUT', path, body: 'x' })).status, 200)
    const begun = await ask(bridge.url, { method: 'POST', path: '/bucket/parts?uploads' })
    const [, uploadId = ''] = /<UploadId>([^<]+)</.exec(begun.text) ?? []
    let last = 200
    for (let n = 1; last === 200 && n < 20; n += 1) {
      const part = `/bucket/parts?uploadId=${uploadId}&partNumber=${n}`
      const answer = await ask(bridge.url, {
        method: 'PUT',
        path: part,
        body: randomBytes(6 * mib),
      })
      last = answer.status
      if (last !== 200) assert.match(answer.text, /<Code>SlowDown<.*free space/s)
    }
    assert.is(last, 503)
    const { bavail, bsize } = await statfs(disk)
    assert.ok(bavail * bsize > 24 * mib)
    const { status, text } = await ask(bridge.url, { method: 'DELETE', path })
    assert.is(status, 204, text)
  },
)

onSmallDisk(
  'access keys that are made in the console say so as well, and are made when there is room',
  async (bridge, disk) => {
    const console = consoleUrlOf(bridge)
    const post = async (path: string, wanted: unknown, own = {}) => {
      const headers = { 'Content-Type': 'application/json', ...own }
      const body = JSON.stringify(wanted)
      const answer = await fetch(new URL(path, console), { method: 'POST', headers, body })
      const value: unknown = await answer.json()
      return { status: answer.status, headers: answer.headers, value: { ...Object(value) } }
    }
    const visit = await post('/api/session', { accessKeyId, secretAccessKey })
    const cookie = visit.headers.get('set-cookie')?.replace(/;.*/, '') ?? ''
    const own = { Cookie: cookie, 'X-Console-Token': visit.value.token }
    await fill(join(disk, 'filler'))
    const made: string[] = []
    const make = async (name: string) => {
      const answer = await post('/api/keys', { name, access: 'full' }, own)
      if (answer.status === 200) made.push(name)
      return answer
    }
    let refused = await make('key')
    // Some find room in a journal that has been longer.
    for (let n = 0; n < 200 && refused.status === 200; n += 1) refused = await make(`key${n}`)
    assert.equal([refused.status, refused.value.code], [503, 'SlowDown'])
    assert.match(refused.value.message, /free space/)
    await rm(join(disk, 'filler'))
    assert.is((await make('last')).status, 200)
    const list = await fetch(new URL('/api/keys', console), { headers: own })
    const { keys } = JSON.parse(await list.text())
    const names = keys.map(({ name }: { name: string }) => name)
    assert.equal(names.sort(), ['root', ...made].sort())
  },
)

onSmallDisk(
  'a file system that does not tell its size is not taken for a full one',
  async (bridge) => {
    const body = randomBytes(12 * mib)
    const { status, text } = await ask(bridge.url, { method: 'PUT', path: '/bucket/key', body })
    assert.is(status, 200, text)
  },
  '0',
)

test.run()
