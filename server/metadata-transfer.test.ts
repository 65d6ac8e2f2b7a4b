import { execFile } from 'node:child_process'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openSqliteState } from '../translate/state/sqlite.ts'
import { stateFileName } from './account.ts'

const test = suite('metadata export')
const run = promisify(execFile)

/** The data folder of an account whose state has one object with so many characters of metadata. */
async function withState(
  metadataLength: number,
  act: (parts: {
    folder: string
    exportTo: (file: string, limit?: string) => Promise<string>
  }) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'export-'))
  try {
    // Where nobody is logged in, the built-in Jottacloud is meant.
    await mkdir(join(folder, 'embedded'))
    const state = openSqliteState({ file: join(folder, 'embedded', stateFileName) })
    const metadata = { user: { long: 'x'.repeat(metadataLength) } }
    const content = { bucket: 'b', md5: 'a'.repeat(32), sizeBytes: 1 }
    const record = { ...content, metadata, multipartEtag: undefined, checksums: undefined }
    await state.objects.commit(await state.objects.stage({ ...record, key: 'key' }))
    await state.close()
    const program = join(import.meta.dirname, 'cli.ts')
    await act({
      folder,
      async exportTo(file, limit = 'unlimited') {
        const args = [process.execPath, program, 'metadata', 'export', file, '--data-dir', folder]
        // A file may not become larger, as on a disk that is full.
        const shell = `trap '' XFSZ; ulimit -f ${limit}; exec "$@"`
        return (await run('bash', ['-c', shell, 'bash', ...args])).stdout
      },
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('an export that fails leaves the last one whole, and nothing beside it', () =>
  withState(300_000, async ({ folder, exportTo }) => {
    const backups = join(folder, 'backups')
    await mkdir(backups)
    const file = join(backups, 'backup.jsonl')
    await writeFile(file, 'the last good one\n')
    const failure = await exportTo(file, '100').catch((error: Error) => error.message)
    assert.match(failure, /EFBIG/)
    assert.is(await readFile(file, 'utf8'), 'the last good one\n')
    assert.equal(await readdir(backups), ['backup.jsonl'])
  }))

test('an export replaces the last one, for its owner alone, also behind a link', () =>
  withState(10, async ({ folder, exportTo }) => {
    const [file, link] = [join(folder, 'backup.jsonl'), join(folder, 'link')]
    await writeFile(file, 'old')
    await chmod(file, 0o644)
    await symlink(file, link)
    assert.match(await exportTo(link), /1 records written/)
    assert.is(JSON.parse(await readFile(file, 'utf8')).key, 'key')
    assert.is((await stat(file)).mode & 0o777, 0o600)
  }))

test('what is no file is written to and stays what it is', () =>
  withState(10, async ({ exportTo }) => {
    assert.match(await exportTo('/dev/null'), /1 records written/)
    assert.ok((await stat('/dev/null')).isCharacterDevice())
  }))

test.run()
