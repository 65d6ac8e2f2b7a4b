// The real rclone as an S3 client: modification times as metadata, ETags as MD5s, copies onto themselves.
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { declareProofs } from '../coverage/proofs.ts'
import { md5OfFile, writeRandomFile } from '../support/bytes.ts'
import { overBoth } from '../support/over-both.ts'
import { type RunResult, run, sidRclone } from '../support/real-client.ts'
import {
  accessKeyId,
  type BridgeProcess,
  region,
  type Scheme,
  secretAccessKey,
  withBridge,
  withFolder,
} from '../support/with-bridge.ts'

const test = suite('rclone')
const mib = 1024 ** 2

type Rclone = (...args: string[]) => Promise<RunResult>

async function withRclone(
  program: string,
  scheme: Scheme,
  act: (rclone: Rclone, folder: string, bridge: BridgeProcess) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await withBridge(
      async (bridge) => {
        const env = {
          RCLONE_CONFIG: join(folder, 'no-config'),
          RCLONE_CONFIG_J_TYPE: 's3',
          RCLONE_CONFIG_J_PROVIDER: 'Other',
          RCLONE_CONFIG_J_ENDPOINT: bridge.url,
          RCLONE_CONFIG_J_REGION: region,
          RCLONE_CONFIG_J_ACCESS_KEY_ID: accessKeyId,
          RCLONE_CONFIG_J_SECRET_ACCESS_KEY: secretAccessKey,
          ...(bridge.certificateFile === undefined
            ? {}
            : { RCLONE_CA_CERT: bridge.certificateFile }),
          // What is broken shall fail, and not be tried again for minutes.
          RCLONE_RETRIES: '1',
          RCLONE_LOW_LEVEL_RETRIES: '1',
          RCLONE_S3_UPLOAD_CUTOFF: '8Mi',
          RCLONE_S3_CHUNK_SIZE: '5Mi',
        }
        const rclone: Rclone = (...args) => run(program, ['-v', ...args], { env })
        await act(rclone, folder, bridge)
      },
      { scheme },
    )
  })
}

const names = ['a.txt', 'b c.txt', 'æøå/Ærlig.txt', 'deep/er/and/deeper', 'plus+per%cent#.txt', '…']

async function plantTree(folder: string): Promise<string> {
  const tree = join(folder, 'tree')
  for (const name of names) {
    await mkdir(join(tree, name, '..'), { recursive: true })
    await writeFile(join(tree, name), `content of ${name}`)
    await utimes(join(tree, name), 1_600_000_000.25, 1_600_000_000.25)
  }
  await writeRandomFile(join(tree, 'large.bin'), 18 * mib, 'rclone')
  await writeFile(join(tree, 'empty'), '')
  return tree
}

for (const [label, program] of [
  ["Debian's", 'rclone'],
  ["Debian sid's", sidRclone],
] as const) {
  overBoth(
    test,
    [program],
    `syncs a tree with its times, and the second sync moves nothing, by ${label}`,
    async (scheme) => {
      await withRclone(program, scheme, async (rclone, folder, { log }) => {
        const tree = await plantTree(folder)
        await rclone('mkdir', 'j:tree')
        await rclone('sync', tree, 'j:tree/x')
        assert.ok(
          log.some(({ operation }) => operation === 'UploadPart'),
          'the large file in parts',
        )
        assert.match(
          (await rclone('check', '--download', tree, 'j:tree/x')).stderr,
          /0 differences found/,
        )
        assert.match((await rclone('check', tree, 'j:tree/x')).stderr, /0 differences found/)

        const before = log.length
        assert.match((await rclone('sync', tree, 'j:tree/x')).stderr, /nothing to transfer/)
        const written = log
          .slice(before)
          .filter(({ operation }) => !/^(Head|List)/.test(`${operation}`))
        assert.equal(written, [])

        const back = join(folder, 'back')
        await rclone('copy', 'j:tree/x', back)
        for (const name of names) {
          assert.is(await readFile(join(back, name), 'utf8'), `content of ${name}`)
        }
        assert.is(
          await md5OfFile(join(back, 'large.bin')),
          await md5OfFile(join(tree, 'large.bin')),
        )
        assert.match(
          (await rclone('check', '--one-way', 'j:tree/x', back)).stderr,
          /0 differences found/,
        )
      })
    },
  )

  overBoth(
    test,
    [program],
    `lists, sums and changes what it stored, by ${label}`,
    async (scheme) => {
      await withRclone(program, scheme, async (rclone, folder, { log }) => {
        const tree = await plantTree(folder)
        await rclone('mkdir', 'j:things')
        await rclone('copy', tree, 'j:things')
        const listed = await rclone('lsjson', '--recursive', '--files-only', '--hash', 'j:things')
        const entries: { Path: string; Size: number; ModTime: string; Hashes: { md5: string } }[] =
          JSON.parse(listed.stdout)
        const all = [...names, 'large.bin', 'empty'].sort()
        assert.equal(entries.map((entry) => entry.Path).sort(), all)
        for (const entry of entries) {
          // Also of the one that came in parts: rclone keeps its MD5 as metadata.
          assert.is(entry.Hashes.md5, await md5OfFile(join(tree, entry.Path)), entry.Path)
        }
        const dated = entries.find((entry) => entry.Path === 'a.txt')
        assert.is(Date.parse(dated?.ModTime ?? ''), 1_600_000_000_250)
        const sums = (await rclone('md5sum', 'j:things')).stdout.trim().split('\n')
        assert.is(sums.length, all.length)
        assert.match((await rclone('size', 'j:things')).stdout, /Total objects: 8\b/)
        assert.equal(
          (await rclone('lsf', 'j:things')).stdout.trim().split('\n').sort(),
          [
            'a.txt',
            'b c.txt',
            'deep/',
            'empty',
            'large.bin',
            'plus+per%cent#.txt',
            'æøå/',
            '…',
          ].sort(),
        )

        // Only the time has changed: a copy onto itself with new metadata, and no upload.
        await utimes(join(tree, 'a.txt'), 1_700_000_000, 1_700_000_000)
        const before = log.length
        await rclone('copy', tree, 'j:things')
        const operations = log.slice(before).map(({ operation }) => operation)
        assert.ok(operations.includes('CopyObject'), operations.join())
        assert.not(operations.includes('PutObject'), operations.join())
        assert.match((await rclone('lsl', 'j:things/a.txt')).stdout, /2023-11-14/)

        await rclone('moveto', 'j:things/a.txt', 'j:things/moved/a.txt')
        assert.is((await rclone('cat', 'j:things/moved/a.txt')).stdout, 'content of a.txt')
        assert.is((await rclone('cat', '--offset', '11', 'j:things/moved/a.txt')).stdout, 'a.txt')
        await rclone('delete', 'j:things/deep')
        assert.not.match((await rclone('lsf', 'j:things')).stdout, /deep/)
      })
    },
  )

  overBoth(
    test,
    [program],
    `takes in what a link of its own gives, and removes everything, by ${label}`,
    async (scheme) => {
      await withRclone(program, scheme, async (rclone, folder) => {
        const tree = await plantTree(folder)
        await rclone('mkdir', 'j:gone')
        await rclone('copy', tree, 'j:gone/some/where')
        await rm(join(tree, 'b c.txt'))
        await rclone('sync', tree, 'j:gone/some/where')
        assert.not.match((await rclone('lsf', 'j:gone/some/where')).stdout, /b c/)
        // From a link that it made itself: presigned, and of a length that it does not know before.
        const link = (await rclone('link', 'j:gone/some/where/large.bin')).stdout.trim()
        await rclone('copyurl', link, 'j:gone/some/url')
        const sum = (await rclone('md5sum', '--download', 'j:gone/some/url')).stdout.slice(0, 32)
        assert.is(sum, await md5OfFile(join(tree, 'large.bin')))
        const refused = await rclone('rmdir', 'j:gone').catch((error: Error) => error.message)
        assert.match(String(refused), /BucketNotEmpty/)
        await rclone('purge', 'j:gone')
        assert.is((await rclone('lsf', 'j:')).stdout, '')
      })
    },
  )
}

declareProofs(test, 'rclone', ['rclone'])

test.run()
