import { readdir, readFile } from 'node:fs/promises'
import { getPriority } from 'node:os'
import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentEncoding } from '../name-encoding.ts'
import { createSnapshotThreads } from './snapshot-threads.ts'

const test = suite('threads that read listings')

test('a thread that reads listings gives way to requests, and nothing else of the process does', async () => {
  const before = getPriority()
  const threads = createSnapshotThreads()
  try {
    const xml = '<filedirlist><stats><folders>0</folders><files>0</files></stats></filedirlist>'
    const made = await threads.run(
      { kind: 'tree', prefix: '', encodingFlags: currentEncoding.flags, file: 'not written' },
      {
        folders: async function* () {
          yield []
        },
        open: async () => ({
          bytes: Readable.from(xml, { objectMode: false }),
          subject: 'GET /bucket',
          rootSegments: 1,
          saw: async () => undefined,
        }),
      },
      { signal: AbortSignal.timeout(600_000), onSize: () => undefined },
    )
    assert.is(made.kind === 'packed' && made.run.ends.length, 0)
    assert.is(getPriority(), before, 'the thread that serves requests')
    if (process.platform === 'linux') {
      assert.ok((await prioritiesOfThreads()).includes(10))
    }
  } finally {
    await threads.close()
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
