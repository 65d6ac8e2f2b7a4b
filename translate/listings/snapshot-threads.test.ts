import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { getPriority, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentEncoding } from '../name-encoding.ts'
import type { Made } from './job.ts'
import { createSnapshotThreads, NoRoomError, type SnapshotThreads } from './snapshot-threads.ts'

const test = suite('threads that read listings')

/** Of one folder with so many files, kept in `file` when they are many. */
async function makeSnapshot(
  threads: SnapshotThreads,
  { files, file }: { readonly files: number; readonly file: string },
): Promise<Made> {
  return await threads.run(
    { kind: 'tree', prefix: '', encodingFlags: currentEncoding.flags, file },
    {
      folders: async function* () {
        yield []
      },
      open: async () => ({
        bytes: Readable.from(treeXml(files)),
        subject: 'GET /bucket',
        rootSegments: 1,
        saw: async () => undefined,
      }),
    },
    { signal: AbortSignal.timeout(600_000), onSize: () => undefined },
  )
}

function* treeXml(files: number): Generator<Buffer> {
  yield Buffer.from('<filedirlist>')
  const rest = '<md5>d41d8cd98f00b204e9800998ecf8427e</md5><size>0</size>'
  const modified = '<modified>2026-01-05T12:00:00.000Z</modified>'
  // In no order that a single run could take.
  for (let n = files; n > 0; n -= 1) {
    const name = `<path>/bucket</path><filename>${String(n).padStart(40, '0')}</filename>`
    yield Buffer.from(`<file>${name}${rest}${modified}</file>`)
  }
  const folders = Math.min(files, 1)
  const stats = `<stats><folders>${folders}</folders><files>${files}</files></stats>`
  yield Buffer.from(`${stats}</filedirlist>`)
}

test('a thread that reads listings gives way to requests, and nothing else of the process does', async () => {
  const before = getPriority()
  const priorities = await whileListing()
  assert.is(getPriority(), before, 'the thread that serves requests')
  if (process.platform === 'linux') assert.ok(priorities.includes(Math.max(10, before)))
})

test('in a process that gives way by itself the thread does no less', async () => {
  if (process.platform !== 'linux' || getPriority() > 15) return
  const before = getPriority()
  setPriority(15)
  try {
    assert.ok((await whileListing()).filter((nice) => nice === 15).length > 1)
  } finally {
    // Of root alone; the others stay where they are, to the end of this file.
    if (process.getuid?.() === 0) setPriority(before)
  }
})

/** A listing is read; returns how the threads of this process stand then. */
async function whileListing(): Promise<number[]> {
  const threads = createSnapshotThreads()
  try {
    const made = await makeSnapshot(threads, { files: 0, file: 'not written' })
    assert.is(made.kind === 'packed' && made.run.ends.length, 0)
    return process.platform === 'linux' ? await prioritiesOfThreads() : []
  } finally {
    await threads.close()
  }
}

test('a file that SQLite cannot open is told as what the disk does, and not as a mistake', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'snapshot-threads-'))
  const threads = createSnapshotThreads()
  try {
    // Longer than SQLite takes, and not longer than the system does.
    const deep = join(folder, 'a'.repeat(250), 'b'.repeat(250))
    await mkdir(deep, { recursive: true })
    const failure = await makeSnapshot(threads, { files: 40_000, file: join(deep, 'c') }).catch(
      (error: unknown) => error,
    )
    assert.instance(failure, NoRoomError)
    assert.match(String(failure), /unable to open database file/)
  } finally {
    await threads.close()
    await rm(folder, { recursive: true })
  }
})

/** Nice values, as the kernel tells them: the 17th field behind the name. */
async function prioritiesOfThreads(): Promise<number[]> {
  const folder = '/proc/self/task'
  const stats = (await readdir(folder)).map((id) => readFile(`${folder}/${id}/stat`, 'utf8'))
  return (await Promise.all(stats)).map((stat) => {
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[16])
  })
}

test.run()
