// rclone copies, syncs, checks, lists and reads: content up and down, and nothing sent twice.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Emulator } from '../../jotta/emulator/emulator.ts'
import { randomBuffer } from '../support/bytes.ts'
import { readTree, renderTree, writeTree } from './local-tree.ts'
import { type Rclone, testWithRclone, withRclone } from './with-rclone.ts'

const test = suite('rclone transfers')

const mebibyte = 1024 * 1024
const tree = new Map<string, Buffer>([
  ['empty', Buffer.alloc(0)],
  ['one', Buffer.from('1')],
  ['kibi.bin', randomBuffer(1024, 'kibi')],
  ['a/b/c/deep.txt', Buffer.from('deep')],
  ['a/b/sibling', Buffer.from('sibling')],
  ['a/same content', randomBuffer(1024, 'kibi')],
  // Larger than what rclone hashes in memory.
  ['large.bin', randomBuffer(12 * mebibyte, 'large')],
])

const sends = ({ faults }: Emulator, from = 0): number =>
  faults.requests
    .slice(from)
    .filter(({ operation, status }) => operation === 'upload' && status === 200).length

testWithRclone(
  test,
  'a tree goes up, is checked by MD5, and comes back the same',
  async (program) => {
    await withRclone(program, async ({ rclone, emulator, folder }) => {
      const [up, down] = [join(folder, 'up'), join(folder, 'down')]
      await writeTree(up, tree)
      await rclone('copy', up, 'jotta:backup/tree')
      // What the account already has is not sent, unless both copies are sent at the same time.
      const sent = sends(emulator)
      assert.ok(sent === tree.size || sent === tree.size - 1, `${sent} sent`)

      const checked = await rclone.attempt('check', '--checksum', up, 'jotta:backup/tree')
      assert.match(checked.stderr, / 0 differences found/)
      assert.match(checked.stderr, new RegExp(` ${tree.size} matching files`))

      const before = emulator.faults.requests.length
      await rclone('copy', up, 'jotta:backup/tree')
      const again = emulator.faults.requests.slice(before).map(({ operation }) => operation)
      assert.not.ok(again.includes('allocate') || again.includes('cphash'), again.join(' '))

      for (const how of [[], ['--fast-list'], ['--checksum']]) {
        await rclone('copy', ...how, 'jotta:backup/tree', down)
        assert.is(renderTree(await readTree(down)), renderTree(await readTree(up)))
        await rm(down, { recursive: true })
      }
    })
  },
)

testWithRclone(test, 'sync sends what changed and removes what is gone', async (program) => {
  await withRclone(program, async ({ rclone, emulator, folder, session }) => {
    await writeTree(folder, tree)
    await rclone('sync', folder, 'jotta:synced')
    await writeTree(
      folder,
      new Map([
        ['kibi.bin', 'new'],
        ['a/new', 'also new'],
      ]),
    )
    await rm(join(folder, 'a/b'), { recursive: true })
    const before = emulator.faults.requests.length
    await rclone('sync', '--fast-list', folder, 'jotta:synced')
    assert.is(sends(emulator, before), 2)
    const checked = await rclone.attempt('check', '--checksum', folder, 'jotta:synced')
    assert.match(checked.stderr, / 0 differences found/)
    const left = await rclone('lsf', '-R', '--files-only', 'jotta:synced')
    assert.equal(left.trim().split('\n').sort(), [
      ...['a/new', 'a/same content', 'empty', 'kibi.bin', 'large.bin', 'one'],
    ])
    assert.equal(await session.names('Jotta/Archive/synced/a'), ['b/†', 'new', 'same content'])
    await rclone('sync', folder, 'jotta:synced')
    assert.is(sends(emulator, before), 2, 'the second sync sends nothing')
  })
})

testWithRclone(test, 'only new times are sent without content', async (program) => {
  await withRclone(program, async ({ rclone, emulator, folder }) => {
    await writeTree(folder, new Map([['file', 'content']]))
    await rclone('copy', folder, 'jotta:')
    await writeTree(folder, new Map([['file', 'content']]), '2022-02-02T02:02:02Z')
    await rclone('copy', folder, 'jotta:')
    assert.is(sends(emulator), 1)
    assert.match(await rclone('lsl', 'jotta:'), /2022-02-02 03:02:02/, 'in the time zone of rclone')
  })
})

testWithRclone(test, 'lsjson is the same level by level and as one stream', async (program) => {
  await withRclone(program, async ({ rclone, folder }) => {
    await writeTree(folder, tree)
    await rclone('copy', folder, 'jotta:x/tree')
    await rclone('mkdir', 'jotta:x/tree/empty folder/inner')
    for (const root of ['jotta:', 'jotta:x', 'jotta:x/tree']) {
      const walked = await listed(rclone, '-R', '--disable', 'ListR', root)
      const streamed = await listed(rclone, '-R', '--fast-list', root)
      assert.equal(streamed, walked, root)
      assert.equal(await listed(rclone, '-R', root), walked, root)
    }
    const entries = await listed(rclone, '-R', 'jotta:x/tree')
    const local = await readTree(folder)
    assert.is(
      entries
        .filter(({ isFolder }) => !isFolder)
        .map(renderEntry)
        .sort()
        .join('\n'),
      renderTree(local).split('\n').sort().join('\n'),
    )
    assert.equal(
      entries.filter(({ isFolder }) => isFolder).map(({ path }) => path),
      ['a', 'a/b', 'a/b/c', 'empty folder', 'empty folder/inner'],
    )
  })
})

type Listed = { path: string; sizeBytes: number; modified: string; md5: string; isFolder: boolean }

async function listed(rclone: Rclone, ...args: string[]): Promise<Listed[]> {
  const entries: unknown = JSON.parse(await rclone('lsjson', '--hash', ...args))
  assert.ok(Array.isArray(entries))
  return entries
    .map((entry: Record<string, unknown>) => {
      const isFolder = entry.IsDir === true
      const hashes = new Map(Object.entries(entry.Hashes ?? {}))
      return {
        path: String(entry.Path),
        sizeBytes: Number(entry.Size),
        // Jottacloud's folders have no times, so rclone shows some of its own.
        modified: isFolder ? '' : `${new Date(String(entry.ModTime)).toISOString().slice(0, 19)}Z`,
        md5: String(hashes.get('md5') ?? ''),
        isFolder,
      }
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

function renderEntry({ path, sizeBytes, md5, modified }: Listed): string {
  return `${JSON.stringify(path)} ${sizeBytes} ${md5} ${modified}`
}

const content = '0123456789abcdefghij'
const ranges = [
  [['--offset', '5', '--count', '3'], '567'],
  [['--offset', '15'], 'fghij'],
  [['--count', '4'], '0123'],
  [['--head', '2'], '01'],
  [['--tail', '3'], 'hij'],
  [['--offset', '-4', '--count', '2'], 'gh'],
  [['--offset', '19', '--count', '100'], 'j'],
  [[], content],
] as const

testWithRclone(test, 'cat reads ranges', async (program) => {
  await withRclone(program, async ({ rclone, emulator }) => {
    await rclone.withInput(content, 'rcat', 'jotta:file')
    for (const [args, text] of ranges) {
      assert.is(await rclone('cat', ...args, 'jotta:file'), text, args.join(' '))
    }
    const partial = emulator.faults.requests.filter(({ status }) => status === 206)
    assert.ok(partial.length >= 5, 'as ranges of Jottacloud')
    await rclone.withInput('', 'rcat', 'jotta:nothing')
    assert.is(await rclone('cat', 'jotta:nothing'), '')
  })
})

testWithRclone(
  test,
  'rcat stores what has no length beforehand, small and large',
  async (program) => {
    await withRclone(program, async ({ rclone, folder }) => {
      for (const sizeBytes of [0, 3, 200 * 1024, 11 * mebibyte]) {
        const file = join(folder, 'file')
        const bytes = randomBuffer(sizeBytes, `rcat ${sizeBytes}`)
        await writeFile(file, bytes)
        await rclone.withInput(bytes, 'rcat', 'jotta:piped/file')
        const checked = await rclone.attempt('check', '--checksum', folder, 'jotta:piped')
        assert.match(checked.stderr, / 0 differences found/, `${sizeBytes}`)
      }
    })
  },
)

testWithRclone(test, 'an upload that was cut is resumed where it ended', async (program) => {
  await withRclone(program, async ({ rclone, emulator, folder }) => {
    await writeTree(folder, new Map([['large.bin', randomBuffer(12 * mebibyte, 'resumed')]]))
    emulator.faults.add({ kind: 'cutUpload', afterBytes: 5 * mebibyte, count: 1 })
    const cut = await rclone.attempt('copy', '--low-level-retries', '1', folder, 'jotta:')
    assert.is.not(cut.code, 0)
    const before = emulator.faults.requests.length
    await rclone('copy', folder, 'jotta:')
    const [resumed] = emulator.faults.requests
      .slice(before)
      .filter(({ operation }) => operation === 'upload')
    assert.is(resumed?.bytesIn, 7 * mebibyte)
    const checked = await rclone.attempt('check', '--checksum', folder, 'jotta:')
    assert.match(checked.stderr, / 0 differences found/)
  })
})

test.run()
