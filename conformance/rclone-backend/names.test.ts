// Every row of rclone's encoding table, as a file's name and as a folder's: what is stored, and that it
// comes back.
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { testWith } from '../support/real-client.ts'
import {
  type AwkwardName,
  awkwardTree,
  invalidNames,
  percentNames,
  quoteNames,
  textNames,
} from './awkward-names.ts'
import { readTree, renderTree, writeTree } from './local-tree.ts'
import {
  debianRclone,
  sidRclone,
  testWithRclone,
  withRclone,
  withRcloneFor,
} from './with-rclone.ts'

const test = suite('names through rclone')

const namesFor = (rclone: { encodesPercent: boolean }): readonly AwkwardName[] => [
  ...textNames,
  ...invalidNames,
  ...(rclone.encodesPercent ? percentNames : []),
]

testWithRclone(
  test,
  'awkward names are stored encoded, and come back as they were',
  async (program) => {
    await withRclone(program, async ({ rclone, session, folder }) => {
      const names = namesFor(rclone)
      const up = join(folder, 'up')
      await writeTree(up, awkwardTree(names))
      await rclone('copy', up, 'jotta:tree')
      const stored = names.map((name) => name.stored).sort()
      assert.equal(await session.names('Jotta/Archive/tree/files'), stored)
      assert.equal(
        await session.names('Jotta/Archive/tree/folders'),
        stored.map((name) => `${name}/`).sort(),
      )
      const checked = await rclone.attempt('check', '--checksum', up, 'jotta:tree')
      assert.match(checked.stderr, / 0 differences found/)
      assert.match(checked.stderr, new RegExp(` ${2 * names.length} matching files`))
      assert.equal(
        (await rclone('lsf', '-R', '--fast-list', 'jotta:tree')).split('\n').sort(),
        (await rclone('lsf', '-R', '--disable', 'ListR', 'jotta:tree')).split('\n').sort(),
      )
      await rclone('copy', '--fast-list', 'jotta:tree/files', 'jotta:copies/files')
      await rclone('move', 'jotta:tree/folders', 'jotta:copies/folders')
      const down = join(folder, 'down')
      await rclone('copy', '--fast-list', 'jotta:copies', down)
      assert.is(renderTree(await readTree(down)), renderTree(await readTree(up)))
    })
  },
)

/** What rclone means by what is typed: `␀` is NUL, `／` a slash within a name, `．` a period. */
const typed = [
  ['a␀b', 'a␀b'],
  ['a‛␀b', 'a‛␀b'],
  ['a／b', 'a／b'],
  ['a‛／b', 'a‛／b'],
  ['．', '．'],
  ['．．', '．．'],
  ['‛．', '‛．'],
  ['‛．‛．', '‛．‛．'],
  ['␍', '␍'],
  ['‛␍', '‛␍'],
  ...quoteNames.map(({ shown, stored }) => [shown, stored] as const),
] as const

testWithRclone(test, 'names that no local disk holds are stored as typed', async (program) => {
  await withRclone(program, async ({ rclone, session }) => {
    for (const [index, [name, stored]] of typed.entries()) {
      await rclone.withInput(name, 'rcat', `jotta:typed ${index}/${name}`)
      assert.equal(await session.names(`Jotta/Archive/typed ${index}`), [stored])
      assert.is(await rclone('lsf', `jotta:typed ${index}`), `${name}\n`)
      assert.is(await rclone('cat', `jotta:typed ${index}/${name}`), name)
    }
  })
})

testWith(
  test,
  [debianRclone, sidRclone, 'openssl'],
  'two versions of rclone see the same names',
  async () => {
    await withRclone(debianRclone, async (older) => {
      const names = [...textNames, ...invalidNames]
      const up = join(older.folder, 'up')
      await writeTree(up, awkwardTree(names))
      await older.rclone('copy', up, 'jotta:by older')
      await withRcloneFor(sidRclone, older.emulator, async (newer) => {
        await newer.rclone('copy', up, 'jotta:by newer')
        for (const [rclone, root] of [
          [newer.rclone, 'jotta:by older'],
          [older.rclone, 'jotta:by newer'],
        ] as const) {
          const checked = await rclone.attempt('check', '--fast-list', '--checksum', up, root)
          assert.match(checked.stderr, / 0 differences found/, root)
        }
      })
    })
  },
)

testWith(
  test,
  [debianRclone, sidRclone, 'openssl'],
  'a percent sign stored by rclone before 1.74 is listed, and can be opened by nobody',
  async () => {
    await withRclone(debianRclone, async (older) => {
      if (older.rclone.encodesPercent) return
      await writeTree(
        older.folder,
        new Map([
          ['100%', 'percent'],
          ['lit％', 'wide'],
        ]),
      )
      await older.rclone('copy', older.folder, 'jotta:')
      assert.equal(await older.session.names('Jotta/Archive'), ['100%', 'lit％'])
      assert.is.not((await older.rclone.attempt('cat', 'jotta:100%')).code, 0)
      await withRcloneFor(sidRclone, older.emulator, async ({ rclone }) => {
        // Two names for one: what was wide reads as a percent sign, and what was one is not found.
        assert.is(await rclone('lsf', 'jotta:'), '100%\nlit%\n')
        assert.is.not((await rclone.attempt('cat', 'jotta:100%')).code, 0)
        assert.is(await rclone('cat', 'jotta:lit%'), 'wide')
      })
    })
  },
)

test.run()
