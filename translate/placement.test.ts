// The same life of objects wherever a bucket lives and however it stores.
import { suite } from 'uvu'
import { type WorldOptions, withWorld } from './acts.test-support.ts'
import { encodingWithoutPercent } from './name-encoding.ts'
import { scenario } from './scenario.test-support.ts'

const test = suite('placement')

const cases: [where: string, options: WorldOptions][] = [
  ['in a folder that the operator named', { layout: 'alias' }],
  ['in a folder that is a bucket like its neighbours', { layout: 'folder' }],
  ['in a mountpoint without versions', { versions: 'none' }],
  ['in a named folder without versions', { layout: 'alias', versions: 'none' }],
  [
    'without versions where content is known by its path alone',
    { versions: 'none', emulator: { deduplication: 'path' } },
  ],
  [
    'without versions where listings show what is unfinished and in any order',
    { versions: 'none', emulator: { listingOrder: 'random', sameContent: 'new-revision' } },
  ],
  ['where deletes are for good', { layout: 'folder', deleteMode: 'permanent' }],
  [
    'in the encoding without Percent',
    { encoding: encodingWithoutPercent, emulator: { percentInPath: 'accept' } },
  ],
  ['with times out of metadata', { modifiedFrom: 'mtime' }],
]
for (const [where, options] of cases) {
  test(`objects live and die as they should ${where}`, async () => {
    await withWorld(options, (world) => scenario(world, { isRetrying: false }))
  })
}

test.run()
