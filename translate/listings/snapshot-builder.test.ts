import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { currentEncoding } from '../name-encoding.ts'
import { SnapshotBuilder } from './snapshot-builder.ts'

const test = suite('rows of a snapshot')

test('what waits to be written is bounded by how long the keys are, too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rows-'))
  const sizes: number[] = []
  const work = { kind: 'tree', prefix: '', encodingFlags: currentEncoding.flags } as const
  const builder = new SnapshotBuilder({ ...work, file: join(folder, 'rows') }, (size) =>
    sizes.push(size),
  )
  // A thousand bytes each, and too few for their number alone to matter.
  const deep = Array.from({ length: 4 }, () => 'd'.repeat(240)).join('/')
  const count = 10_000
  async function* bytes() {
    yield Buffer.from('<filedirlist>')
    for (let n = 0; n < count; n += 1) {
      yield Buffer.from(
        `<file><path>/b/${deep}</path><filename>${String(n).padStart(36, '0')}</filename><md5>${'a'.repeat(32)}</md5><size>1</size></file>`,
      )
    }
    yield Buffer.from(`<stats><folders>1</folders><files>${count}</files></stats></filedirlist>`)
  }
  try {
    const feed = { id: 1, subject: 'GET /b', rootSegments: 1, path: [] }
    await builder.read(feed, bytes(), () => undefined)
    assert.is(sizes.length, 2, 'ten million letters')
    assert.equal(builder.finish().kind, 'file')
    assert.is(sizes.length, 3)
  } finally {
    builder.close()
    await rm(folder, { recursive: true })
  }
})

test.run()
