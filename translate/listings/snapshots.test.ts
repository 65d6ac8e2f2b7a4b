import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JottaError } from '../../jotta/jotta-error.ts'
import type { RequestContext } from '../bridge.ts'
import { compareKeys } from '../key-order.ts'
import { listPage } from '../listing.ts'
import { currentEncoding } from '../name-encoding.ts'
import { S3Error } from '../s3-error.ts'
import { openSnapshotDirectory } from './snapshot-directory.ts'
import { NoRoomError } from './snapshot-threads.ts'
import {
  type OpenSnapshot,
  openSnapshots,
  type SnapshotSource,
  type Snapshots,
  type SnapshotsOptions,
} from './snapshots.ts'

const test = suite('snapshots of listings')

type Setup = { readonly snapshots: Snapshots; readonly directory: string; clock: { nowMs: number } }

async function withSnapshots(
  options: Partial<Omit<SnapshotsOptions, 'directory' | 'now' | 'wait'>>,
  act: (setup: Setup) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'snapshots-'))
  const clock = { nowMs: 1_000_000 }
  const warn = (message: string): void => assert.unreachable(message)
  const maxBytes = 2 ** 30
  let last = 0
  const nextMoment = async (): Promise<number> => {
    last = Math.max(last + 1, clock.nowMs)
    return last
  }
  const snapshots = await openSnapshots({
    ...{ directory, maxBytes, now: () => clock.nowMs, nextMoment, warn },
    ...options,
  })
  try {
    await act({ snapshots, directory, clock })
  } finally {
    await snapshots.close()
    await rm(directory, { recursive: true })
  }
}

function contextOf(signal = AbortSignal.timeout(600_000)): RequestContext {
  return { requestId: 'test', signal, counter: { upstreamCalls: 0 } }
}

/** A recursive listing as Jottacloud writes it, in an order of its own. */
function* treeXml(keys: Iterable<string>, stats?: string): Generator<string> {
  yield '<filedirlist>'
  const folders = new Set<string>()
  let files = 0
  for (const key of keys) {
    const at = key.lastIndexOf('/')
    const path = `/bucket${at < 0 ? '' : `/${key.slice(0, at)}`}`
    folders.add(path)
    files += 1
    yield `<file><path>${path}</path><filename>${key.slice(at + 1)}</filename><md5>${'a'.repeat(32)}</md5><size>7</size><modified>2026-01-05T12:00:00.000Z</modified></file>`
  }
  yield stats ?? `<stats><folders>${folders.size}</folders><files>${files}</files></stats>`
  yield '</filedirlist>'
}

function chunksOf(pieces: Iterable<string>): Readable {
  return Readable.from(pieces, { objectMode: false })
}

function* numbered(count: number): Generator<string> {
  // 7919 is a prime: every number comes once, in no order.
  for (let n = 0; n < count; n += 1) {
    const number = (n * 7919) % count
    yield `f${String(number % 97).padStart(2, '0')}/key-${String(number).padStart(7, '0')}`
  }
}

type Told = { calls: number }

function sourceOf(
  open: (signal: AbortSignal) => Readable | Promise<Readable>,
  told: Told,
): SnapshotSource {
  return {
    ...{ name: 'source', kind: 'tree', prefix: '', encodingFlags: currentEncoding.flags },
    upstream: () => ({
      folders: async function* () {
        yield []
      },
      async open(_path, signal) {
        told.calls += 1
        const saw = async (): Promise<void> => {}
        return { bytes: await open(signal), subject: 'GET /bucket', rootSegments: 1, saw }
      },
    }),
  }
}

async function pageOf(
  opened: OpenSnapshot | undefined,
  after: string,
  maxKeys = 1000,
): Promise<{ names: string[]; nextAfter: string | undefined }> {
  assert.ok(opened !== undefined)
  const page = await listPage(opened.entries, { prefix: '', delimiter: '', after, maxKeys })
  opened.leave(page.nextAfter === undefined ? 'ended' : 'goes-on')
  const names = page.entries.map((entry) => (entry.kind === 'object' ? entry.key : entry.prefix))
  return { names, nextAfter: page.nextAfter }
}

async function filesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true })
  return names.filter((name) => name.endsWith('.sqlite') && name !== 'setup.sqlite')
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}

test('a large listing in no order is read page by page in order, from one request', async () => {
  await withSnapshots({}, async ({ snapshots, directory }) => {
    const count = 70_003
    const told = { calls: 0 }
    const source = sourceOf(() => chunksOf(treeXml(numbered(count))), told)
    let opened: OpenSnapshot | undefined = await snapshots.begin(source, contextOf())
    const cursor = opened?.cursor ?? ''
    assert.is((await filesIn(directory)).length, 1)
    let last = ''
    let seen = 0
    for (let after: string | undefined = ''; after !== undefined; ) {
      opened ??= await snapshots.goOn(source, cursor, contextOf())
      const page: Awaited<ReturnType<typeof pageOf>> = await pageOf(opened, after, 997)
      for (const name of page.names) {
        assert.ok(compareKeys(last, name) < 0)
        last = name
      }
      seen += page.names.length
      after = page.nextAfter
      opened = undefined
    }
    assert.is(seen, count)
    assert.is(told.calls, 1)
    // It has come to its end, and so has the file.
    while ((await filesIn(directory)).length > 0) await setImmediate()
    assert.is(snapshots.usage().snapshots, 0)
  })
})

test('a listing joins only one whose request is still to be sent', async () => {
  await withSnapshots({}, async ({ snapshots }) => {
    const told = { calls: 0 }
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const keys = [['old'], ['new']]
    const source = sourceOf(async () => {
      const at = told.calls - 1
      await gates[at]?.promise
      return chunksOf(treeXml(keys[at] ?? []))
    }, told)
    const first = snapshots.begin(source, contextOf())
    const later = [1, 2, 3].map(() => snapshots.begin(source, contextOf()))
    gates[0]?.resolve()
    assert.equal((await pageOf(await first, '')).names, ['old'])
    gates[1]?.resolve()
    for (const one of later) assert.equal((await pageOf(await one, '')).names, ['new'])
    assert.is(told.calls, 2)
  })
})

test('a page goes on in any snapshot that is not older than its listing, else in a new one', async () => {
  await withSnapshots({}, async ({ snapshots, clock }) => {
    const told = { calls: 0 }
    const source = sourceOf(() => chunksOf(treeXml(['a', 'b', 'c'])), told)
    const opened = await snapshots.begin(source, contextOf())
    const { nextAfter = '' } = await pageOf(opened, '', 1)
    const cursor = opened?.cursor ?? ''
    assert.equal(
      (await pageOf(await snapshots.goOn(source, cursor, contextOf()), nextAfter, 1)).names,
      ['b'],
    )
    assert.is(told.calls, 1)
    const later = (clock.nowMs + 1).toString(36)
    for (const other of [later, '', '-', 'z'.repeat(40)]) {
      clock.nowMs += 10
      await pageOf(await snapshots.goOn(source, other, contextOf()), nextAfter)
    }
    assert.is(told.calls, 5)
    // Unused for long, it is gone, and the page is there all the same.
    clock.nowMs += 3_600_000
    assert.equal((await pageOf(await snapshots.goOn(source, cursor, contextOf()), 'b')).names, [
      'c',
    ])
    assert.is(told.calls, 6)
  })
})

test('whoever comes while the moment of a snapshot is found out waits for the next one', async () => {
  const moments = [Promise.withResolvers<number>(), Promise.withResolvers<number>()]
  let asked = 0
  const nextMoment = async (): Promise<number> => {
    asked += 1
    return (await moments[asked - 1]?.promise) ?? Number.NaN
  }
  await withSnapshots({ nextMoment }, async ({ snapshots }) => {
    const told = { calls: 0 }
    const source = sourceOf(() => chunksOf(treeXml(told.calls === 1 ? ['old'] : ['new'])), told)
    const first = snapshots.begin(source, contextOf())
    assert.is(asked, 1)
    const second = snapshots.begin(source, contextOf())
    // Another process might list, and get the moment 6, between these two.
    moments[0]?.resolve(5)
    moments[1]?.resolve(7)
    const [opened, later] = [await first, await second]
    assert.equal([opened.cursor, later.cursor], ['5', '7'])
    assert.equal((await pageOf(opened, '')).names, ['old'])
    assert.equal((await pageOf(later, '')).names, ['new'])
  })
})

test('without a moment every page is right, and begins a snapshot of its own', async () => {
  const warnings: string[] = []
  const options: Partial<SnapshotsOptions> = {
    nextMoment: async () => await Promise.reject(new Error('full')),
    warn: (message) => warnings.push(message),
  }
  await withSnapshots(options, async ({ snapshots }) => {
    const told = { calls: 0 }
    const source = sourceOf(() => chunksOf(treeXml(['a', 'b', 'c'])), told)
    let opened = await snapshots.begin(source, contextOf())
    for (const [after, name] of [
      ['', 'a'],
      ['a', 'b'],
      ['b', 'c'],
    ] as const) {
      assert.is(opened.cursor, '')
      assert.equal((await pageOf(opened, after, 1)).names, [name])
      opened = await snapshots.goOn(source, opened.cursor, contextOf())
    }
    assert.equal([told.calls, warnings.length], [4, 4])
    // Nor does it serve who comes with a moment.
    await snapshots.goOn(source, '1', contextOf())
    assert.is(told.calls, 5)
  })
})

test('a listing that is cut or lies is asked for again, and refused when it goes on so', async () => {
  await withSnapshots({}, async ({ snapshots, directory }) => {
    const wrong = '<stats><folders>1</folders><files>2</files></stats>'
    for (const stats of [wrong, '']) {
      const told = { calls: 0 }
      const twice = sourceOf(
        () => chunksOf(treeXml(['a'], told.calls < 3 ? stats : undefined)),
        told,
      )
      assert.equal((await pageOf(await snapshots.begin(twice, contextOf()), '')).names, ['a'])
      const always = sourceOf(() => chunksOf(treeXml(numbered(33_000), stats)), told)
      const error = await failureOf(snapshots.begin(always, contextOf()))
      assert.instance(error, S3Error)
      assert.is((error as S3Error).code, 'ServiceUnavailable')
      assert.equal(await filesIn(directory), [])
    }
    const told = { calls: 0 }
    const cut = sourceOf(() => {
      const body = chunksOf(treeXml(numbered(1000)))
      body.once('data', () => body.destroy(new JottaError('unavailable', 'cut')))
      return body
    }, told)
    const error = await failureOf(snapshots.begin(cut, contextOf()))
    assert.ok(error instanceof JottaError && error.kind === 'unavailable')
    assert.is(told.calls, 3)
    assert.is(snapshots.usage().snapshots, 0)
  })
})

test('when nobody waits any more, the request is ended and the file is gone', async () => {
  await withSnapshots({}, async ({ snapshots, directory }) => {
    const told = { calls: 0 }
    const begun = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    const endless = sourceOf(() => {
      const body = chunksOf(
        (function* () {
          let n = 0
          for (const piece of treeXml(numbered(2 ** 31))) {
            yield piece
            n += 1
            if (n === 80_000) begun.resolve()
          }
        })(),
      )
      body.once('close', () => ended.resolve())
      return body
    }, told)
    const leaving = [new AbortController(), new AbortController()]
    const waits = leaving.map(({ signal }) => snapshots.begin(endless, contextOf(signal)))
    await begun.promise
    leaving[0]?.abort(new Error('left'))
    assert.match(String(await failureOf(waits[0] ?? Promise.resolve())), 'left')
    leaving[1]?.abort(new Error('left'))
    assert.match(String(await failureOf(waits[1] ?? Promise.resolve())), 'left')
    await ended.promise
    while (snapshots.usage().snapshots > 0) await setImmediate()
    assert.equal(await filesIn(directory), [])
  })
})

test('too large for its place, a snapshot is refused, and idle ones make way before', async () => {
  await withSnapshots({ maxBytes: 4 * 2 ** 20 }, async ({ snapshots, directory }) => {
    const told = { calls: 0 }
    const of = (name: string, count: number): SnapshotSource => ({
      ...sourceOf(() => chunksOf(treeXml(numbered(count))), told),
      name,
    })
    for (const name of ['one', 'two']) {
      await pageOf(await snapshots.begin(of(name, 33_000), contextOf()), '')
    }
    assert.is(snapshots.usage().snapshots, 1)
    const error = await failureOf(snapshots.begin(of('huge', 200_000), contextOf()))
    assert.instance(error, NoRoomError)
    assert.equal(await filesIn(directory), [])
  })
  await withSnapshots({ maxSnapshots: 3 }, async ({ snapshots }) => {
    for (let n = 0; n < 9; n += 1) {
      const source = {
        ...sourceOf(() => chunksOf(treeXml(['a', 'b'])), { calls: 0 }),
        name: `${n}`,
      }
      await pageOf(await snapshots.begin(source, contextOf()), '', 1)
    }
    assert.ok(snapshots.usage().snapshots <= 4)
  })
})

test('a snapshot that others may be reading is kept, and makes way before those that go on', async () => {
  await withSnapshots({ maxSnapshots: 2 }, async ({ snapshots, clock }) => {
    const told = { calls: 0 }
    const of = (name: string): SnapshotSource => ({
      ...sourceOf(() => chunksOf(treeXml(['a', 'b'])), told),
      name,
    })
    const goingOn = await snapshots.begin(of('goes on'), contextOf())
    goingOn.leave('goes-on')
    clock.nowMs += 10
    const perhaps = await snapshots.begin(of('perhaps'), contextOf())
    perhaps.leave('perhaps-ended')
    const another = await snapshots.goOn(of('perhaps'), perhaps.cursor, contextOf())
    another.leave('perhaps-ended')
    assert.is(told.calls, 2)
    const further = await snapshots.begin(of('further'), contextOf())
    further.leave('goes-on')
    const still = await snapshots.goOn(of('goes on'), goingOn.cursor, contextOf())
    still.leave('goes-on')
    assert.is(told.calls, 3)
    const gone = await snapshots.goOn(of('perhaps'), perhaps.cursor, contextOf())
    gone.leave('ended')
    assert.is(told.calls, 4)
  })
})

test('small snapshots are held in the memory, and idle ones make way', async () => {
  // Each takes some seven thousand bytes.
  await withSnapshots({ maxHeldBytes: 30_000 }, async ({ snapshots, directory }) => {
    for (let n = 0; n < 9; n += 1) {
      const open = (): Readable => chunksOf(treeXml(numbered(100)))
      const source = { ...sourceOf(open, { calls: 0 }), name: `${n}` }
      await pageOf(await snapshots.begin(source, contextOf()), '', 1)
    }
    const { snapshots: count, sizeBytes } = snapshots.usage()
    assert.ok(count > 2 && count < 7, `${count}`)
    assert.is(sizeBytes, 0)
    assert.equal(await filesIn(directory), [])
  })
})

test('what a killed process left is removed, and what a living one has is not', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'snapshots-'))
  try {
    const living = await openSnapshotDirectory(directory)
    const before = await readdir(directory)
    const other = await openSnapshotDirectory(directory)
    for (const name of before) assert.ok((await readdir(directory)).includes(name), name)
    await other.close()
    await living.close()
    assert.equal(await readdir(directory), ['setup.sqlite'])
  } finally {
    await rm(directory, { recursive: true })
  }
})

test.run()
