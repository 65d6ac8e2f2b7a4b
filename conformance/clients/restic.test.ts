// The real restic: a repository over the bridge, written, read to the last byte, restored and pruned.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { declareProofs } from '../coverage/proofs.ts'
import { md5OfFile, writeRandomFile } from '../support/bytes.ts'
import { overBoth } from '../support/over-both.ts'
import { run, sidRestic } from '../support/real-client.ts'
import { ask } from '../support/signed-request.ts'
import {
  accessKeyId,
  type BridgeProcess,
  region,
  type Scheme,
  secretAccessKey,
  withBridge,
  withFolder,
} from '../support/with-bridge.ts'

const test = suite('restic')
const mib = 1024 ** 2

type Restic = (...args: string[]) => Promise<string>

async function withRestic(
  program: string,
  scheme: Scheme,
  act: (restic: Restic, folder: string, bridge: BridgeProcess) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await withBridge(
      async (bridge) => {
        const env = {
          AWS_ACCESS_KEY_ID: accessKeyId,
          AWS_SECRET_ACCESS_KEY: secretAccessKey,
          AWS_DEFAULT_REGION: region,
          RESTIC_REPOSITORY: `s3:${bridge.url}/backup/repository`,
          RESTIC_PASSWORD: 'a password for tests',
          RESTIC_CACHE_DIR: join(folder, 'cache'),
        }
        const { certificateFile } = bridge
        const trust = certificateFile === undefined ? [] : ['--cacert', certificateFile]
        const restic: Restic = async (...args) =>
          (await run(program, [...trust, ...args], { env })).stdout
        await act(restic, folder, bridge)
      },
      { scheme },
    )
  })
}

for (const [label, program] of [
  ["Debian's", 'restic'],
  ["Debian sid's", sidRestic],
] as const) {
  overBoth(
    test,
    [program],
    `backs up, checks every byte, restores, forgets and prunes, by ${label}`,
    async (scheme) => {
      await withRestic(program, scheme, async (restic, folder, bridge) => {
        const source = join(folder, 'source')
        await mkdir(join(source, 'deep', 'er'), { recursive: true })
        await writeRandomFile(join(source, 'large.bin'), 40 * mib, 'restic')
        for (let index = 0; index < 100; index += 1) {
          await writeFile(join(source, 'deep', 'er', `${index} æ.txt`), `file ${index}`)
        }

        await restic('init')
        assert.match(await restic('backup', source), /Files: +101 new/)
        await writeFile(join(source, 'deep', 'changed.txt'), 'changed')
        assert.match(await restic('backup', source), /Files: +1 new, +0 changed, +101 unmodified/)
        assert.match(await restic('check', '--read-data'), /no errors were found/)

        const target = join(folder, 'target')
        await restic('restore', 'latest', '--verify', '--target', target)
        const restored = join(target, source)
        assert.is(
          await md5OfFile(join(restored, 'large.bin')),
          await md5OfFile(join(source, 'large.bin')),
        )
        for (const name of ['deep/er/7 æ.txt', 'deep/er/99 æ.txt', 'deep/changed.txt']) {
          assert.is(
            await readFile(join(restored, name), 'utf8'),
            await readFile(join(source, name), 'utf8'),
          )
        }

        await writeRandomFile(join(source, 'large.bin'), 1 * mib, 'another')
        await restic('backup', source)
        const before = await storedBytes(bridge)
        assert.match(await restic('forget', '--keep-last', '1', '--prune'), /done/)
        assert.is(JSON.parse(await restic('snapshots', '--json')).length, 1)
        assert.match(await restic('check', '--read-data'), /no errors were found/)
        const after = await storedBytes(bridge)
        assert.ok(before > 40 * mib && after < 10 * mib, `${before} bytes, then ${after}`)
        const left = await ask(bridge, {
          method: 'GET',
          path: '/backup?prefix=repository/locks/',
        })
        assert.not.match(left.text, /<Key>/, 'every lock is gone')
      })
    },
  )

  overBoth(
    test,
    [program],
    `a wrong password and a second init are refused by ${label}`,
    async (scheme) => {
      await withRestic(program, scheme, async (restic, folder) => {
        await restic('init')
        const again = await restic('init').catch((error: Error) => error.message)
        assert.match(again, /already (?:exists|initialized)/)
        await writeFile(join(folder, 'password'), 'another password')
        const wrong = await restic('-p', join(folder, 'password'), 'snapshots').catch(
          (error: Error) => error.message,
        )
        assert.match(wrong, /wrong password/)
      })
    },
  )
}

declareProofs(test, 'restic', ['restic'])

test.run()

async function storedBytes(bridge: BridgeProcess): Promise<number> {
  const listed = await ask(bridge, { method: 'GET', path: '/backup?list-type=2' })
  const sizes = [...listed.text.matchAll(/<Size>(\d+)<\/Size>/g)]
  return sizes.reduce((sum, match) => sum + Number(match[1]), 0)
}
