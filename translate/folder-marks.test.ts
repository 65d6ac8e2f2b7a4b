import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FolderCount, type FolderSeen, TreeMarks } from './folder-marks.ts'

const test = suite('folder marks')

const tagged = 'a‛k0123456789abc'
const shard = '‛s0'

test('of a whole folder all is counted, and shards are folders', () => {
  const count = new FolderCount()
  count.add({ name: 'a', kind: 'file' })
  count.add({ name: shard, kind: 'file' })
  assert.equal({ ...count }, { entries: 2, hasIrregular: false, hasShards: false })
  count.add({ name: shard, kind: 'folder' })
  count.add({ name: tagged, kind: 'file' })
  assert.equal({ ...count }, { entries: 4, hasIrregular: true, hasShards: true })
})

test('of a tree each folder is told once, below what the tree is in', () => {
  const told: FolderSeen[][] = []
  const marks = new TreeMarks(['base'], (folders) => told.push(folders))
  marks.addFolders(['a', shard])
  for (const name of ['plain', tagged, tagged]) marks.addFile(['a', shard], name)
  marks.addFile(['a'], tagged)
  marks.addFolders(['a', shard, 'b'])
  assert.equal(told, [])
  marks.flush()
  marks.flush()
  const some = { entries: undefined, hasIrregular: false, hasShards: false }
  assert.equal(told, [
    [
      { ...some, path: ['base', 'a'], hasShards: true },
      { ...some, path: ['base', 'a', shard], hasIrregular: true },
      { ...some, path: ['base', 'a'], hasIrregular: true },
    ],
  ])
})

test('what is kept is bounded: batches are told when they are full, and the told are forgotten', () => {
  const sizes: number[] = []
  let times = 0
  const marks = new TreeMarks([], (batch) => {
    sizes.push(batch.length)
    times += batch.filter(({ path }) => path[0] === 'first').length
  })
  for (let round = 0; round < 3; round += 1) {
    for (let n = 0; n < 2000; n += 1) {
      marks.addFile([`${n}`], tagged)
      if (n < 10) marks.addFile(['first'], tagged)
    }
  }
  marks.flush()
  assert.equal(new Set(sizes.slice(0, -1)), new Set([256]))
  assert.is(times, 3)
})

test.run()
