import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { z } from 'zod'
import { stateContract } from './contract.ts'
import type { NewObjectRecord } from './records.ts'
import { openSqliteState } from './sqlite.ts'
import { migrations, openDatabase } from './sqlite-database.ts'
import type { State } from './state.ts'

/** In memory where the system has such a folder: each of thousands of commits waits for the disk. */
const parentFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

async function withFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(parentFolder, 'sqlite-state-'))
  try {
    await act(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

stateContract('sqlite', (act) =>
  withFolder(async (folder) => {
    const opened: State[] = []
    try {
      await act(async () => {
        const state = openSqliteState({ file: join(folder, 'state.db') })
        opened.push(state)
        return state
      })
    } finally {
      for (const state of opened) await state.close()
    }
  }),
)

const test = suite('sqlite')

const content = { md5: '0'.repeat(32), sizeBytes: 1 }

function record(key: string, mark: string): NewObjectRecord {
  return {
    bucket: 'bucket',
    key,
    ...content,
    metadata: { user: { mark } },
    multipartEtag: undefined,
    checksums: undefined,
  }
}

/** A process of its own with a `state`, running the statements of `script`. */
function startProcess(file: string, script: string) {
  const sources = `
    import { openSqliteState } from ${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)}
    const state = openSqliteState({ file: ${JSON.stringify(file)} })
    const record = ${record.toString().replace(/\bcontent\b/, JSON.stringify(content))}
    ${script}
    await state.close()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', sources], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 600_000,
  })
  const exit = once(child, 'exit')
  return {
    child,
    exit,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exit
    },
  }
}

test('the file and what SQLite puts beside it belong to the owner alone', () =>
  withFolder(async (folder) => {
    const state = openSqliteState({ file: join(folder, 'state.db') })
    await state.objects.stage(record('key', 'a'))
    const names = (await readdir(folder)).sort()
    assert.equal(names, ['state.db', 'state.db-shm', 'state.db-wal'])
    for (const name of names) assert.is((await stat(join(folder, name))).mode & 0o777, 0o600)
    await state.close()
  }))

test('it can be closed twice, and says so when it is used afterwards', () =>
  withFolder(async (folder) => {
    const state = openSqliteState({ file: join(folder, 'state.db') })
    await state.close()
    await state.close()
    assert.match(await messageOf(() => state.uploads.find('u')), /finalized|not open/)
    assert.match(await messageOf(() => state.objects.remove('b', 'k')), /finalized|not open/)
  }))

const unusable: [what: string, content: string, message: RegExp][] = [
  ['that is no database', 'not a database at all'.repeat(100), /not a database/],
]
for (const [what, bytes, message] of unusable) {
  test(`a file ${what} is refused and left as it is`, () =>
    withFolder(async (folder) => {
      const file = join(folder, 'state.db')
      await writeFile(file, bytes)
      assert.match(await messageOf(async () => openSqliteState({ file })), message)
      assert.is((await stat(file)).size, bytes.length)
    }))
}

test('a folder that does not exist is an error', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'missing', 'state.db')
    assert.match(await messageOf(async () => openSqliteState({ file })), /ENOENT/)
  }))

test('a file of a newer version is refused', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'state.db')
    const database = new DatabaseSync(file)
    database.exec('PRAGMA user_version = 1000')
    database.close()
    assert.match(await messageOf(async () => openSqliteState({ file })), /newer version/)
  }))

test('what was kept before parts had a table is found as it was, with its parts in it', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'state.db')
    const database = openDatabase(file, migrations.slice(0, 1))
    const insert = database.prepare(
      `INSERT INTO object_records (bucket, key, is_staged, md5, size_bytes, data)
       VALUES ('bucket', ?, 0, ?, ?, ?)`,
    )
    const metadata = { user: [['odd', 'é\0\ud800"\u2028']] }
    const data = {
      metadata,
      multipartEtag: 'e-3',
      partSizes: [
        [4, 2],
        [1, 1],
      ],
    }
    insert.run(Buffer.from('parts'), content.md5, 9, JSON.stringify(data))
    const plain = { metadata, partSizes: [] }
    insert.run(Buffer.from('plain'), content.md5, 9, JSON.stringify(plain))
    database.close()

    const state = openSqliteState({ file })
    const wanted = { ...content, sizeBytes: 9 }
    const found = await state.objects.find('bucket', 'parts', wanted)
    assert.equal([found?.partCount, found?.multipartEtag], [3, 'e-3'])
    assert.equal(found?.metadata.user, { odd: 'é\0\ud800"\u2028' })
    const all = { afterPartNumber: 0, limit: 9 }
    assert.equal(await state.objects.parts('bucket', 'parts', wanted, all), [
      { partNumber: 1, start: 0, sizeBytes: 4, checksums: {} },
      { partNumber: 2, start: 4, sizeBytes: 4, checksums: {} },
      { partNumber: 3, start: 8, sizeBytes: 1, checksums: {} },
    ])
    assert.is((await state.objects.find('bucket', 'plain', wanted))?.partCount, undefined)
    assert.equal(await state.objects.parts('bucket', 'plain', wanted, all), [])
    await state.close()
  }))

test('removals of buckets that an earlier version counted are none that is open', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'state.db')
    const database = openDatabase(file, migrations.slice(0, 13))
    database.exec('INSERT INTO bucket_removals (only, count) VALUES (1, 7)')
    database.close()
    const state = openSqliteState({ file })
    assert.equal(await state.bucketRemovals.counts(), { begun: 7, open: 0 })
    await state.close()
  }))

test('a commit is on disk when it returns', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'state.db')
    await using started = startProcess(
      file,
      `await state.objects.commit(await state.objects.stage(record('committed', 'dead')))
       await state.objects.stage(record('staged', 'dead'))
       process.stdout.write('ready')
       await new Promise((resolve) => setTimeout(resolve, 600_000))`,
    )
    await once(started.child.stdout, 'readable')
    started.child.kill('SIGKILL')
    assert.equal(await started.exit, [null, 'SIGKILL'])

    const state = openSqliteState({ file })
    for (const key of ['committed', 'staged']) {
      const found = await state.objects.find('bucket', key, content)
      assert.is(found?.metadata.user.mark, 'dead')
    }
    await state.close()
  }))

test('several processes open a new file and write to it at the same time', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'state.db')
    const writes = 150
    const script = (mark: string) => `
      for (let index = 0; index < ${writes}; index += 1) {
        await state.objects.commit(await state.objects.stage(record('own-${mark}-' + index, '${mark}')))
        await state.objects.commit(await state.objects.stage(record('shared', '${mark}' + index)))
      }`
    await using stack = new AsyncDisposableStack()
    const processes = ['a', 'b', 'c'].map((mark) => stack.use(startProcess(file, script(mark))))
    const state = openSqliteState({ file })
    await state.uploads.create({
      uploadId: 'u',
      bucket: 'bucket',
      key: 'key',
      initiated: new Date(0),
      metadata: { user: {} },
      checksumAlgorithm: undefined,
      checksumType: undefined,
    })
    for (const { exit } of processes) assert.equal(await exit, [0, null])

    const shared = await state.objects.find('bucket', 'shared', content)
    assert.match(shared?.metadata.user.mark ?? '', new RegExp(`^[abc]${writes - 1}$`))
    let count = 0
    for await (const _ of state.objects.all()) count += 1
    assert.is(count, 3 * writes + 1)
    assert.is((await state.uploads.find('u'))?.status, 'open')
    await state.close()
  }))

test('of several processes that complete one upload, one gets the files', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'state.db')
    const state = openSqliteState({ file })
    const count = 40
    for (let index = 0; index < count; index += 1) {
      const uploadId = `u${index}`
      const date = new Date(0)
      await state.uploads.create({
        uploadId,
        bucket: 'bucket',
        key: 'key',
        initiated: date,
        metadata: { user: {} },
        checksumAlgorithm: undefined,
        checksumType: undefined,
      })
      await state.parts.put({
        uploadId,
        partNumber: 1,
        ...content,
        modified: date,
        checksums: {},
        fileName: uploadId,
      })
    }
    const script = `
      let files = 0
      for (let index = 0; index < ${count}; index += 1) {
        const result = { etag: 'e-1', checksums: undefined }
        files += (await state.uploads.markCompleted('u' + index, result, new Date(1))).length
      }
      process.stdout.write(String(files))`
    await using stack = new AsyncDisposableStack()
    const counts = await Promise.all(
      ['one', 'other'].map(async () => {
        const { child, exit } = stack.use(startProcess(file, script))
        const output = await text(child.stdout)
        assert.equal(await exit, [0, null])
        return Number(output)
      }),
    )
    const files = counts.reduce((sum, its) => sum + its, 0)
    assert.is(files, count)
    await state.close()
  }))

test('several processes get moments of one order, and one of them goes on from each page', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'state.db')
    const state = openSqliteState({ file })
    const count = 300
    const page = (n: number) => ({ name: `page-${n}`, nowMs: 0, keptMs: 1 })
    for (let n = 0; n < count; n += 1) {
      await state.listings.remember({ ...page(n), moment: n, namesMax: count })
    }
    const script = `
      const page = ${page.toString()}
      const moments = []
      let taken = 0
      for (let n = 0; n < ${count}; n += 1) {
        moments.push(await state.listings.nextMoment(1_000_000 - n))
        if ((await state.listings.take(page(n))) !== undefined) taken += 1
      }
      process.stdout.write(JSON.stringify({ moments, taken }))`
    await using stack = new AsyncDisposableStack()
    const told = await Promise.all(
      ['one', 'other'].map(async () => {
        const { child, exit } = stack.use(startProcess(file, script))
        const output = await text(child.stdout)
        assert.equal(await exit, [0, null])
        return z.object({ moments: z.array(z.int()), taken: z.int() }).parse(JSON.parse(output))
      }),
    )
    assert.is(
      told.reduce((sum, { taken }) => sum + taken, 0),
      count,
    )
    const moments = told.flatMap((its) => its.moments)
    assert.is(new Set(moments).size, 2 * count)
    assert.ok((await state.listings.nextMoment(0)) > Math.max(...moments))
    for (const its of told)
      assert.equal(
        its.moments,
        its.moments.toSorted((a, b) => a - b),
      )
    await state.close()
  }))

for (const [what, writtenMs] of [
  ['are forgotten', 1000],
  ['a clock that was ahead has written', 90_000],
] as const) {
  test(`pages of listings that ${what} leave the file a few at a time`, () =>
    withFolder(async (folder) => {
      const file = join(folder, 'state.db')
      const state = openSqliteState({ file })
      const database = new DatabaseSync(file)
      const rows = (): number =>
        Number(database.prepare('SELECT count(*) AS count FROM listing_pages').get()?.count)
      const remember = async (name: string, nowMs: number): Promise<void> => {
        await state.listings.remember({ name, nowMs, keptMs: 100, moment: 1, namesMax: 1000 })
      }
      for (let n = 0; n < 40; n += 1) await remember(`gone-${n}`, writtenMs)
      const left: number[] = []
      for (let n = 0; n < 6; n += 1) {
        await remember(`new-${n}`, 2000)
        left.push(rows() - n - 1)
      }
      assert.equal(left, [32, 24, 16, 8, 0, 0])
      database.close()
      await state.close()
    }))
}

async function messageOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act()
  } catch (error) {
    if (error instanceof Error) return error.message
    throw error
  }
  throw new Error('nothing was thrown')
}

test.run()
