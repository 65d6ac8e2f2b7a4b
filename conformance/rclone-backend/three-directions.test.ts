// One tree of awkward names on its way through rclone's two backends, S3's and Jottacloud's: whatever goes
// where, names, sizes, MD5s and times agree. And names that may be one name or two.
import { join } from 'node:path'
import { HeadObjectCommand, PutObjectCommand, S3ServiceException } from '@aws-sdk/client-s3'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accessKeyId, secretAccessKey } from '../support/with-bridge.ts'
import { awkwardTree, percentNames, textNames } from './awkward-names.ts'
import { readTree, renderTree, writeTree } from './local-tree.ts'
import { type BothWays, bucket, listKeys, readKey, withBothWays } from './with-both-ways.ts'
import { type Rclone, testWithRclone } from './with-rclone.ts'

const test = suite('three directions')

/** The bridge as rclone's S3 backend knows it: `bridge:`. */
async function addS3Remote(rclone: Rclone, url: string): Promise<void> {
  await rclone(
    ...['config', 'create', 'bridge', 's3', 'provider=Other', `endpoint=${url}`],
    ...[`access_key_id=${accessKeyId}`, `secret_access_key=${secretAccessKey}`],
    // As plain XML a key with a control character cannot be carried.
    'list_url_encode=true',
  )
}

/** Names, sizes, MD5s and times of what S3 lists below a prefix, as `renderTree` has them. */
async function listedBelow({ s3 }: BothWays, prefix: string): Promise<string> {
  const listed = [...(await listKeys(s3, prefix))].map(([key, stored]) => {
    return { ...stored, path: Buffer.from(key.slice(prefix.length)) }
  })
  return renderTree(listed.sort((a, b) => Buffer.compare(a.path, b.path)))
}

testWithRclone(
  test,
  'a tree keeps its times from S3 to rclone, from S3 to S3, and from rclone to S3',
  async (program) => {
    const env = { JOTTA_S3_MODIFIED_FROM: 'mtime' }
    await withBothWays(
      program,
      async (parts) => {
        const { rclone, s3, folder, url } = parts
        await addS3Remote(rclone, url)
        const names = rclone.encodesPercent ? [...textNames, ...percentNames] : textNames
        const up = join(folder, 'up')
        await writeTree(up, awkwardTree(names))
        const local = renderTree(await readTree(up))
        await rclone('copy', up, `bridge:${bucket}/by-s3`)
        assert.is(await listedBelow(parts, 'by-s3/'), local, 'stored by S3')

        // From S3 to rclone.
        const down = join(folder, 'down')
        await rclone('copy', '--fast-list', 's3:by-s3', down)
        assert.is(renderTree(await readTree(down)), local, 'stored by S3, read by rclone')

        // From S3 to S3, within the server and through the client.
        await rclone('copy', `bridge:${bucket}/by-s3`, `bridge:${bucket}/copied`)
        await rclone('copy', '--disable', 'copy', `bridge:${bucket}/by-s3`, `bridge:${bucket}/sent`)
        for (const copy of ['copied', 'sent']) {
          assert.is(await listedBelow(parts, `${copy}/`), local, copy)
          const checked = await rclone.attempt('check', '--checksum', `s3:${copy}`, up)
          assert.match(checked.stderr, / 0 differences found/, copy)
        }

        // From rclone to S3, and S3's word for the time of one is that of all.
        await rclone('copy', up, 's3:by-rclone')
        assert.is(await listedBelow(parts, 'by-rclone/'), local, 'stored by rclone')
        const again = join(folder, 'again')
        await rclone('copy', '--use-server-modtime', `bridge:${bucket}/by-rclone`, again)
        assert.is(renderTree(await readTree(again)), local, 'stored by rclone, read by S3')
        for (const [key, { modified }] of await listKeys(s3)) {
          const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
          assert.is(head.LastModified?.toISOString(), modified.replace('Z', '.000Z'), key)
        }
      },
      { env },
    )
  },
)

const beforePercent = 'Slash,LtGt,DoubleQuote,Colon,Question,Asterisk,Pipe,Del,Ctl,InvalidUtf8,Dot'
const encodings: [what: string, setting: string, flags: string][] = [
  ['that of rclone before 1.74', 'without-percent', beforePercent],
  [
    'one of the own choice',
    `${beforePercent},Percent,BackSlash,Hash,Semicolon,SquareBracket,LeftSpace,RightSpace,RightPeriod,LeftPeriod`,
    `${beforePercent},Percent,BackSlash,Hash,Semicolon,SquareBracket,LeftSpace,RightSpace,RightPeriod,LeftPeriod`,
  ],
]
for (const [what, setting, flags] of encodings) {
  testWithRclone(test, `another encoding, ${what}, is the same on both sides`, async (program) => {
    await withBothWays(
      program,
      async (parts) => {
        const { rclone, s3, folder, session } = parts
        const own = ['--jottacloud-encoding', flags]
        // A percent sign that is stored as it is can be opened by nobody.
        const wide = { name: Buffer.from('lit％'), stored: 'lit％' }
        const names =
          setting === 'without-percent' ? [...textNames, wide] : [...textNames, ...percentNames]
        const tree = awkwardTree(names)
        const up = join(folder, 'up')
        await writeTree(up, tree)
        const local = renderTree(await readTree(up))
        await rclone('copy', ...own, up, 's3:by-rclone')
        assert.is(await listedBelow(parts, 'by-rclone/'), local)
        for (const [path, body] of tree) {
          const Key = `by-s3/${path}`
          await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: body }))
        }
        for (const root of ['s3:by-rclone', 's3:by-s3']) {
          const checked = await rclone.attempt('check', ...own, '--checksum', up, root)
          assert.match(checked.stderr, / 0 differences found/, root)
        }
        const stored = await session.names(`S3/${bucket}/by-s3/files`)
        assert.equal(stored, await session.names(`S3/${bucket}/by-rclone/files`))
        assert.is(stored.includes('hash＃'), setting !== 'without-percent')
        assert.is(stored.includes('lit％'), setting === 'without-percent')
      },
      { env: { JOTTA_S3_ENCODING: setting } },
    )
  })
}

const composed = 'caf\u00e9'
const decomposed = 'cafe\u0301'

testWithRclone(
  test,
  'two spellings of one name are one file or two, as Jottacloud has it, and none is lost',
  async (program) => {
    for (const nameMatching of ['unicode', 'ascii'] as const) {
      await withBothWays(
        program,
        async ({ rclone, s3 }) => {
          await rclone.withInput('first', 'rcat', `s3:by rclone/${composed}`)
          await rclone.withInput('second', 'rcat', `s3:by rclone/${decomposed}`)
          const listed = [...(await listKeys(s3, 'by rclone/')).keys()]
          if (nameMatching === 'ascii') {
            assert.equal(listed, [`by rclone/${decomposed}`, `by rclone/${composed}`])
            assert.is((await readKey(s3, `by rclone/${composed}`)).text, 'first')
          } else {
            // rclone wrote over the one file that there is, which keeps its name.
            assert.equal(listed, [`by rclone/${composed}`])
          }
          assert.is((await readKey(s3, listed[0] ?? '')).text, 'second')

          // S3 has two keys here whatever Jottacloud has: the second is kept apart, or refused.
          assert.is(await putTwice(s3, `by s3/${composed}`, 'first'), 'no error')
          const code = await putTwice(s3, `by s3/${decomposed}`, 'second')
          assert.ok(['no error', 'KeyCaseConflict'].includes(code), code)
          assert.is((await readKey(s3, `by s3/${composed}`)).text, 'first')
          const keys = [...(await listKeys(s3, 'by s3/')).keys()]
          assert.ok(keys.includes(`by s3/${composed}`))
          assert.is(keys.includes(`by s3/${decomposed}`), code === 'no error')
          if (code === 'no error') {
            assert.is((await readKey(s3, `by s3/${decomposed}`)).text, 'second')
          }
          assert.is(await rclone('cat', `s3:by s3/${composed}`), 'first')
          const files = (await rclone('lsf', 's3:by s3')).trim().split('\n')
          assert.is(files.length, keys.length)
          if (nameMatching === 'ascii') assert.is(keys.length, 2)
        },
        { emulator: { nameMatching } },
      )
    }
  },
)

test.run()

/** Twice, so that writing over the one that is there is tried as well. */
async function putTwice(s3: BothWays['s3'], key: string, body: string): Promise<string> {
  try {
    for (const text of [`${body}?`, body]) {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: text }))
    }
    return 'no error'
  } catch (error) {
    if (error instanceof S3ServiceException) return error.name
    throw error
  }
}
