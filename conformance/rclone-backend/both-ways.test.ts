// What rclone's backend stored is read through S3 under its natural key; what S3 stored is read by
// rclone under its natural name; sizes, MD5s and times are the same on all sides.
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  ListBucketsCommand,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { md5OfBuffer } from '../support/bytes.ts'
import {
  type AwkwardName,
  awkwardTree,
  invalidNames,
  percentNames,
  quoteNames,
  textNames,
} from './awkward-names.ts'
import { readTree, writeTree } from './local-tree.ts'
import { bucket, listKeys, put, readKey, type Stored, withBothWays } from './with-both-ways.ts'
import { logIn, testWithRclone } from './with-rclone.ts'

const test = suite('rclone and S3 on one account')

const namesFor = (rclone: { encodesPercent: boolean }): readonly AwkwardName[] =>
  rclone.encodesPercent ? [...textNames, ...percentNames] : textNames

/** For comparing: one line a key, in the order of its bytes. */
function render(entries: Iterable<readonly [string, Stored]>): string {
  return [...entries]
    .map(
      ([key, { sizeBytes, md5, modified }]) =>
        `${JSON.stringify(key)} ${sizeBytes} ${md5} ${modified}`,
    )
    .sort()
    .join('\n')
}

const asEntries = (files: Awaited<ReturnType<typeof readTree>>): [string, Stored][] =>
  files.map((file) => [file.path.toString(), file])

testWithRclone(test, 'what rclone stored is read through S3', async (program) => {
  await withBothWays(program, async ({ rclone, s3, folder }) => {
    await writeTree(folder, awkwardTree(namesFor(rclone)))
    await rclone('copy', folder, 's3:')
    const local = await readTree(folder)
    const listed = await listKeys(s3)
    assert.is(render(listed), render(asEntries(local)))
    const inOrder = [...listed.keys()].sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    )
    assert.equal([...listed.keys()], inOrder, 'in the order of their bytes')
    for (const [key, stored] of listed) {
      const { text, ...read } = await readKey(s3, key)
      assert.is(md5OfBuffer(Buffer.from(text)), stored.md5, key)
      assert.equal(read, stored, key)
    }
    // What rclone takes away is gone.
    await rclone('delete', 's3:files')
    assert.equal([...(await listKeys(s3, 'files/')).keys()], [])
  })
})

testWithRclone(test, 'what S3 stored is read by rclone', async (program) => {
  await withBothWays(program, async ({ rclone, s3, folder }) => {
    const tree = awkwardTree(namesFor(rclone))
    for (const [key, body] of tree) await put(s3, key.toString(), body)
    const listed = await listKeys(s3)
    assert.is(listed.size, tree.size)
    // Read before the copy, and with rclone's own idea of what is equal after it.
    await rclone('copy', '--fast-list', 's3:', folder)
    assert.is(render(asEntries(await readTree(folder))), render(listed))
    const checked = await rclone.attempt('check', '--checksum', folder, 's3:')
    assert.match(checked.stderr, / 0 differences found/)
    for (const [key] of listed) {
      await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
    }
    assert.is(await rclone('lsf', '-R', '--files-only', 's3:'), '')
  })
})

testWithRclone(
  test,
  'what S3 stored, S3 copies and reads, and rclone sees both',
  async (program) => {
    await withBothWays(program, async ({ rclone, s3, folder }) => {
      for (const { name } of namesFor(rclone)) await put(s3, `from/${name}`, `content of ${name}`)
      for (const { name } of namesFor(rclone)) {
        const source = `${bucket}/from/${name}`.split('/').map(encodeURIComponent).join('/')
        const copy = { Bucket: bucket, Key: `to/${name}`, CopySource: source }
        await s3.send(new CopyObjectCommand(copy))
        assert.is((await readKey(s3, `to/${name}`)).text, `content of ${name}`)
      }
      await rclone('copy', '--fast-list', 's3:', folder)
      assert.is(render(asEntries(await readTree(folder))), render(await listKeys(s3)))
      const checked = await rclone.attempt('check', '--fast-list', '--checksum', 's3:from', 's3:to')
      assert.match(checked.stderr, / 0 differences found/)
    })
  },
)

testWithRclone(
  test,
  'keys with the quote character, NUL and dots are shown quoted',
  async (program) => {
    await withBothWays(program, async ({ rclone, s3 }) => {
      const keys = [
        ...quoteNames.map(({ name, shown }) => [name.toString(), shown] as const),
        ['a\0b', 'a␀b'],
        ['a␀b', 'a‛␀b'],
        ['．', '‛．'],
        ['．．', '‛．‛．'],
        ['a／b', 'a‛／b'],
      ] as const
      for (const [index, [key, shown]] of keys.entries()) {
        await put(s3, `by s3 ${index}/${key}`, key)
        assert.is(await rclone('lsf', `s3:by s3 ${index}`), `${shown}\n`)
        assert.is(await rclone('cat', `s3:by s3 ${index}/${shown}`), key)
        await rclone.withInput(key, 'rcat', `s3:by rclone ${index}/${shown}`)
        assert.equal(
          [...(await listKeys(s3, `by rclone ${index}/`)).keys()],
          [`by rclone ${index}/${key}`],
        )
        assert.is((await readKey(s3, `by rclone ${index}/${key}`)).text, key)
      }
    })
  },
)

testWithRclone(test, 'overwriting from one side is seen on the other', async (program) => {
  await withBothWays(program, async ({ rclone, s3, folder }) => {
    const file = join(folder, 'file')
    for (const [round, text] of ['one', 'two two', 'three three three'].entries()) {
      await put(s3, 'd/key', `s3 ${text}`)
      assert.is(await rclone('cat', 's3:d/key'), `s3 ${text}`)
      await writeFile(file, text)
      const seconds = 1_500_000_000 + round * 86_400
      await utimes(file, seconds, seconds)
      await rclone('copyto', file, 's3:d/key')
      const read = await readKey(s3, 'd/key')
      const modified = `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
      assert.equal([read.text, read.modified], [text, modified])
      assert.is((await listKeys(s3)).get('d/key')?.modified, modified)
    }
    await rclone('touch', '--timestamp', '1999-12-31T23:59:59', 's3:d/key')
    assert.is((await readKey(s3, 'd/key')).modified, '1999-12-31T23:59:59Z')
    await rclone('moveto', 's3:d/key', 's3:e/other')
    assert.equal([...(await listKeys(s3)).keys()], ['e/other'])
    await rclone('purge', 's3:e')
    assert.equal([...(await listKeys(s3)).keys()], [])
    assert.is(await codeOf(readKey(s3, 'e/other')), 'NotFound')
    // A key in the trash is free.
    await put(s3, 'e/other', 'again')
    assert.is(await rclone('cat', 's3:e/other'), 'again')
  })
})

testWithRclone(
  test,
  'the first second of the year 1, which rclone may leave, is a time to S3',
  async (program) => {
    await withBothWays(program, async ({ rclone, s3 }) => {
      await put(s3, 'source', 'x')
      await put(s3, 'target', 'y')
      await rclone('deletefile', 's3:target')
      await rclone('copyto', 's3:source', 's3:target')
      const listed = await listKeys(s3)
      assert.equal([...listed.keys()], ['source', 'target'])
      const { text, ...read } = await readKey(s3, 'target')
      assert.is(text, 'x')
      assert.equal(read, listed.get('target'))
    })
  },
)

testWithRclone(test, 'a bucket that rclone made is a bucket', async (program) => {
  await withBothWays(program, async ({ rclone, s3, emulator }) => {
    const place = {
      config_non_standard: 'true',
      config_device: 'S3',
      config_mountpoint: 'by-rclone',
    }
    await logIn(rclone, emulator, 'made', place)
    const { Buckets } = await s3.send(new ListBucketsCommand({}))
    assert.equal(
      Buckets?.map(({ Name }) => Name),
      [bucket, 'by-rclone'],
    )
  })
})

testWithRclone(test, 'names that are no key’s have a key as well', async (program) => {
  await withBothWays(program, async ({ rclone, s3, session, folder }) => {
    const percent = rclone.encodesPercent ? [] : ['100%', 'lit％']
    const files = new Map<string | Buffer, string>([
      ...invalidNames.map(({ name }) => [name, 'bytes'] as const),
      ...percent.map((name) => [name, 'percent'] as const),
      ['plain', 'plain'],
    ])
    await writeTree(folder, files)
    await rclone('copy', folder, 's3:')
    const before = await session.names(`S3/${bucket}`)
    const foreign = invalidNames.map(({ stored }) => `‛w${stored}`)
    const keys = [...(await listKeys(s3)).keys()]
    // Before 1.74 a percent sign was stored as it is. Jottacloud lists such a name and opens it for
    // nobody; and what was stored as the full-width sign reads as a percent sign.
    const others = rclone.encodesPercent ? ['plain'] : ['lit%', 'plain', '‛w100%']
    assert.equal([...keys].sort(), [...others, ...foreign].sort())
    for (const key of foreign) {
      assert.is((await readKey(s3, key)).text, 'bytes')
      await put(s3, key, 'by S3')
    }
    assert.is(await codeOf(readKey(s3, '100%')), 'NotFound')
    await put(s3, '100%', 'a key of its own')
    assert.is((await readKey(s3, '100%')).text, 'a key of its own')
    assert.equal(await session.names(`S3/${bucket}`), [...before, '100％'].sort())
    // What S3 wrote over them, rclone reads under the names that it knows.
    await rclone('copy', '--ignore-times', '--exclude', '100*', 's3:', folder)
    const texts = (await readTree(folder)).filter(
      ({ md5 }) => md5 === md5OfBuffer(Buffer.from('by S3')),
    )
    assert.is(texts.length, invalidNames.length)
  })
})

testWithRclone(
  test,
  'names that only S3 needs are shown by rclone, and left as they are',
  async (program) => {
    await withBothWays(program, async ({ rclone, s3, session }) => {
      const long = 'long '.repeat(70)
      const keys = ['Hello.doc', 'hello.doc', 'a/b', 'a', 'a//b', 'a/', `${long}/x`, 'x\uffff']
      for (const key of keys) await put(s3, `d/${key}`, key)
      const stored = await session.names(`S3/${bucket}/d`)
      assert.is(stored.filter((name) => name.includes('‛')).length, 4)
      const shown = (await rclone('lsf', 's3:d')).split('\n').filter((line) => line !== '')
      const asShown = stored.map((name) => name.replaceAll('‛', '‛‛'))
      assert.equal(shown.sort(), asShown.sort())
      assert.is(await rclone('cat', 's3:d/Hello.doc'), 'Hello.doc')
      assert.is(await rclone('cat', 's3:d/a/b'), 'a/b')
      // Its encoding has no such name, so it cannot open one, and does nothing to it either.
      const tagged = shown.find((line) => line.startsWith('hello')) ?? ''
      assert.is.not((await rclone.attempt('cat', `s3:d/${tagged}`)).code, 0)
      await rclone.attempt('deletefile', `s3:d/${tagged}`)
      assert.equal(await session.names(`S3/${bucket}/d`), stored)
      // Moved with the folder around them they are keys there.
      await rclone('moveto', 's3:d', 's3:moved')
      const moved = [...(await listKeys(s3)).keys()]
      assert.equal(new Set(moved), new Set(keys.map((key) => `moved/${key}`)))
      for (const key of keys) assert.is((await readKey(s3, `moved/${key}`)).text, key)
      await rclone.withInput('by rclone', 'rcat', 's3:moved/a/c')
      assert.is((await readKey(s3, 'moved/a/c')).text, 'by rclone')
      for (const key of keys) {
        await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: `moved/${key}` }))
      }
      assert.equal([...(await listKeys(s3)).keys()], ['moved/a/c'])
    })
  },
)

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'no error'
  } catch (error) {
    if (error instanceof S3ServiceException) return error.name
    throw error
  }
}

test.run()
