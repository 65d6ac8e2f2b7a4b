// The trash against the local Jottacloud: what it shows, what comes out of it, what is purged.
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createJottaClient, type JottaClient, type Location } from './client.ts'
import { type Emulator, type EmulatorOptions, startEmulator } from './emulator/emulator.ts'
import { JottaError } from './jotta-error.ts'
import { loginWithToken } from './login.ts'
import { rejection, withServer } from './scripted-server.test-support.ts'
import { createStaticTokenSource, createTokenSource } from './token.ts'
import type { Restored } from './trash-restore.ts'

const test = suite('trash')

const at = (...names: string[]): Location => ({ device: 'S3', mountpoint: 'photos', path: names })
const call = { signal: new AbortController().signal }
const created = new Date('2026-01-05T12:00:00Z')
const modified = new Date('2026-01-06T12:00:00Z')

type Bench = {
  client: JottaClient
  emulator: Emulator
  put: (content: string, ...names: string[]) => Promise<void>
  /** Of the emulator. */
  pass: (seconds: number) => void
}

async function withEmulator(
  options: Partial<EmulatorOptions>,
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'trash-'))
  let nowMs = Date.parse('2026-03-01T08:00:00Z')
  const now = () => new Date(nowMs)
  const emulator = await startEmulator({
    now,
    ...options,
    dataDirectory: path.join(folder, 'data'),
  })
  try {
    const tokenFile = path.join(folder, 'token.json')
    await loginWithToken({ loginToken: emulator.loginToken(), tokenFile, ...call })
    const { jfsUrl, apiUrl } = emulator
    const client = createJottaClient({ tokens: createTokenSource({ tokenFile }), jfsUrl, apiUrl })
    try {
      await client.createDevice('S3', call)
      await client.createMountpoint('S3', 'photos', call)
      const put = (content: string, ...names: string[]) => upload(client, at(...names), content)
      const pass = (seconds: number) => {
        nowMs += seconds * 1000
      }
      await work({ client, emulator, put, pass })
    } finally {
      await client.close()
    }
  } finally {
    await emulator.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function upload(client: JottaClient, location: Location, content: string): Promise<void> {
  const bytes = Buffer.from(content)
  const input = {
    sizeBytes: bytes.length,
    md5: createHash('md5').update(bytes).digest('hex'),
    created,
    modified,
    onExisting: 'new-revision',
    openContent: (offset: number) => Readable.from([bytes.subarray(offset)]),
  } as const
  await client.upload(location, input, call)
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

async function errorOf(promise: Promise<unknown>): Promise<JottaError> {
  const error = await rejection(promise)
  assert.instance(error, JottaError, String(error))
  return error as JottaError
}

/** Every live file below the mountpoint, with its content, and every live folder. */
async function treeOf(client: JottaClient): Promise<string[]> {
  const found: string[] = []
  for (const entry of await all(client.listTree(at(), call))) {
    if (entry.kind === 'folder') {
      found.push(`${entry.path.join('/')}/`)
      continue
    }
    const names = [...entry.path, entry.name]
    const { stream } = await client.open(at(...names), call)
    const content = Buffer.concat(await all<Buffer>(stream)).toString()
    assert.equal([entry.created, entry.modified], [created, modified], 'times')
    found.push(`${names.join('/')}=${content}`)
  }
  return found.sort()
}

async function trashOf(client: JottaClient): Promise<string[]> {
  const entries = await all(client.listTrash(call))
  return entries.map(({ kind, location }) => `${kind} ${pathOf(location)}`).sort()
}

function pathOf(location: Location | undefined): string {
  if (location === undefined) return '?'
  return [location.device, location.mountpoint, ...location.path].join('/')
}

const told = (outcomes: readonly Restored[]): string[] =>
  outcomes.map(({ outcome, location }) => `${outcome} ${location.path.join('/')}`).sort()

async function restoreAll(
  client: JottaClient,
  location: Location,
  trashedBefore: 'leave' | 'restore' = 'leave',
): Promise<string[]> {
  return told(await all(client.restoreFolder(location, { ...call, trashedBefore })))
}

test('the trash shows what was put into it on all devices, under the place that it came from', async () => {
  await withEmulator({}, async ({ client, put, pass }) => {
    assert.equal(await trashOf(client), [])
    await put('1', 'a', 'same')
    await put('22', 'b & (c)', 'same')
    await put('3', 'd', 'inside')
    await upload(client, { device: 'Jotta', mountpoint: 'Archive', path: ['same'] }, '4444')
    await client.createMountpoint('S3', 'more', call)
    await client.removeFile(at('a', 'same'), 'trash', call)
    pass(60)
    await client.removeFile(at('b & (c)', 'same'), 'trash', call)
    await client.removeFolder(at('d'), 'trash', call)
    const archived = { device: 'Jotta', mountpoint: 'Archive', path: ['same'] }
    await client.removeFile(archived, 'trash', call)
    await client.removeMountpoint('S3', 'more', 'trash', call)
    assert.equal(await trashOf(client), [
      'file Jotta/Archive/same',
      'file S3/photos/a/same',
      'file S3/photos/b & (c)/same',
      'folder S3/photos/d',
      'mountpoint S3/more',
    ])
    const entries = await all(client.listTrash(call))
    const first = entries.find(({ location }) => location?.path[0] === 'a')
    assert.is(first?.name, 'same')
    assert.equal(first?.deletedAt, new Date('2026-03-01T08:00:00Z'))
    assert.is(first?.current?.sizeBytes, 1)
    assert.equal(first?.current?.modified, modified)
    assert.equal(
      entries.find(({ kind }) => kind === 'folder')?.deletedAt,
      new Date('2026-03-01T08:01:00Z'),
    )
  })
})

test('a trashed folder can be listed, and only a trashed one', async () => {
  await withEmulator({}, async ({ client, put }) => {
    await put('1', 'd', 'x')
    await put('2', 'd', 'e', 'y')
    const listed = () => all(client.listTrashedFolder(at('d'), call))
    assert.is((await errorOf(listed())).kind, 'conflict')
    await client.removeFolder(at('d'), 'trash', call)
    const children = (await listed()).map(({ kind, location }) => `${kind} ${pathOf(location)}`)
    assert.equal(children, ['folder S3/photos/d/e', 'file S3/photos/d/x'])
    assert.is((await errorOf(all(client.list(at('d'), call)))).kind, 'not-found')
    assert.is((await errorOf(all(client.listTrashedFolder(at('n'), call)))).kind, 'not-found')
    assert.is((await errorOf(all(client.listTrashedFolder(at('d', 'x'), call)))).kind, 'conflict')
  })
})

test('a file comes back with its content and times, whatever became of the folders above it', async () => {
  for (const trashedFolderReuse of ['revive', 'rename'] as const) {
    await withEmulator({ trashedFolderReuse }, async ({ client, put }) => {
      await put('one', 'a', 'b', 'x')
      await put('two', 'a', 'b', 'y')
      await client.removeFile(at('a', 'b', 'x'), 'trash', call)
      await client.restoreFile(at('a', 'b', 'x'), call)
      assert.equal(await treeOf(client), ['a/', 'a/b/', 'a/b/x=one', 'a/b/y=two'])
      assert.equal(await trashOf(client), [])
      await client.removeFolder(at('a'), 'trash', call)
      const file = await client.restoreFile(at('a', 'b', 'x'), call)
      assert.equal(file.current?.modified, modified)
      assert.equal(await treeOf(client), ['a/', 'a/b/', 'a/b/x=one'])
    })
  }
})

test('a file is not restored over what is live, nor without content', async () => {
  await withEmulator({}, async ({ client, put, emulator }) => {
    await put('one', 'x')
    assert.is((await errorOf(client.restoreFile(at('x'), call))).kind, 'conflict')
    assert.is((await errorOf(client.restoreFile(at('none'), call))).kind, 'not-found')
    await client.removeFile(at('x'), 'trash', call)
    emulator.faults.failNext({ status: 404, match: { operation: 'cphash' } })
    const gone = await errorOf(client.restoreFile(at('x'), call))
    assert.is(gone.kind, 'not-found')
    assert.match(gone.message, /does not have the content of x/)
    await put('other', 'x')
    assert.is((await errorOf(client.restoreFile(at('x'), call))).kind, 'conflict')
    assert.equal(await treeOf(client), ['x=other'])
    await put('z', 'f', 'z')
    await client.removeFolder(at('f'), 'trash', call)
    assert.is((await errorOf(client.restoreFile(at('f'), call))).kind, 'conflict')
    assert.is((await errorOf(restoreAll(client, at('x')))).kind, 'conflict')
    assert.is((await errorOf(restoreAll(client, at('none')))).kind, 'not-found')
  })
})

test('a folder comes back whole: deep files, empty folders, and not what was in the trash before it', async () => {
  for (const trashedFolderReuse of ['revive', 'rename'] as const) {
    await withEmulator({ trashedFolderReuse }, async ({ client, put, pass }) => {
      const expected = ['d/']
      for (let index = 0; index < 14; index += 1) {
        await put(`c${index}`, 'd', `f${index}`)
        expected.push(`d/f${index}=c${index}`)
      }
      await put('deep', 'd', 'e', 'f', 'g', 'deep')
      expected.push('d/e/', 'd/e/f/', 'd/e/f/g/', 'd/e/f/g/deep=deep', 'd/void/', 'd/void/empty/')
      await client.createFolder(at('d', 'void', 'empty'), call)
      await put('old', 'd', 'old')
      await put('old 2', 'd', 'older', 'x')
      await client.removeFile(at('d', 'old'), 'trash', call)
      await client.removeFolder(at('d', 'older'), 'trash', call)
      pass(5)
      await client.removeFolder(at('d'), 'trash', call)
      assert.equal(await treeOf(client), [])
      const outcomes = await restoreAll(client, at('d'))
      assert.equal(await treeOf(client), expected.sort())
      assert.equal(
        outcomes.filter((line) => line.startsWith('trashed-before')),
        ['trashed-before d/old', 'trashed-before d/older'],
      )
      assert.ok(outcomes.includes('restored d/e/f/g/deep'))
      assert.ok(outcomes.includes('restored d/void/empty'))
      assert.ok(outcomes.includes('restored d'))
      if (trashedFolderReuse === 'rename') return
      assert.equal(await trashOf(client), ['file S3/photos/d/old', 'folder S3/photos/d/older'])
    })
  }
})

test('what was in the trash before the folder comes along when asked for', async () => {
  await withEmulator({}, async ({ client, put, pass }) => {
    await put('old', 'd', 'e', 'old')
    await client.removeFile(at('d', 'e', 'old'), 'trash', call)
    pass(5)
    await client.removeFolder(at('d'), 'trash', call)
    await restoreAll(client, at('d'), 'restore')
    assert.equal(await treeOf(client), ['d/', 'd/e/', 'd/e/old=old'])
    assert.equal(await trashOf(client), [])
  })
})

test('a folder whose restoring meets gone content and taken names goes on, and overwrites nothing', async () => {
  await withEmulator({}, async ({ client, put, emulator }) => {
    for (const name of ['a', 'b', 'c', 'd']) await put(name, 'f', name)
    await put('deep', 'f', 'sub', 'deep')
    await client.removeFolder(at('f'), 'trash', call)
    emulator.faults.failNext({
      status: 404,
      match: { operation: 'cphash', pathPrefix: `/jfs/${emulator.username}/S3/photos/f/b` },
    })
    // Somebody is quicker, after the tombstones were read.
    const held = emulator.faults.hold({ operation: 'cphash' })
    const restoring = restoreAll(client, at('f'))
    await held.reached(4)
    await put('theirs', 'f', 'sub')
    held.release()
    const outcomes = await restoring
    assert.equal(outcomes, [
      'gone f/b',
      'restored f',
      'restored f/a',
      'restored f/c',
      'restored f/d',
      'taken f/sub',
      'taken f/sub/deep',
    ])
    assert.equal(await treeOf(client), ['f/', 'f/a=a', 'f/c=c', 'f/d=d', 'f/sub=theirs'])
  })
})

test('a file that came to the place of another since the tombstones were read is left alone', async () => {
  await withEmulator({}, async ({ client, put, emulator }) => {
    for (let index = 0; index < 8; index += 1) await put(`c${index}`, 'f', `f${index}`)
    await client.removeFolder(at('f'), 'trash', call)
    const held = emulator.faults.hold({ operation: 'cphash' })
    const restoring = restoreAll(client, at('f'))
    await held.reached(6)
    await put('theirs', 'f', 'f7')
    held.release()
    const outcomes = await restoring
    assert.is(outcomes.filter((line) => line.startsWith('restored')).length, 8)
    assert.ok(outcomes.includes('taken f/f7'))
    assert.ok((await treeOf(client)).includes('f/f7=theirs'))
  })
})

test('a full account ends a restoring, and what was restored is told', async () => {
  await withEmulator({}, async ({ client, put, emulator }) => {
    for (let index = 0; index < 8; index += 1) await put(`c${index}`, 'f', `f${index}`)
    await client.removeFolder(at('f'), 'trash', call)
    const rest = { operation: 'cphash', pathPrefix: `/jfs/${emulator.username}/S3/photos/f/f3` }
    emulator.faults.failNext({ status: 460, match: { ...rest, operation: 'cphash' } })
    const outcomes: Restored[] = []
    const error = await errorOf(
      (async () => {
        const options = { ...call, trashedBefore: 'leave' } as const
        for await (const each of client.restoreFolder(at('f'), options)) outcomes.push(each)
      })(),
    )
    assert.is(error.kind, 'quota')
    assert.is(outcomes.length, 5)
    assert.is((await treeOf(client)).length, 6, 'the folder and five files')
  })
})

test('a mountpoint in the trash comes back with what is in it', async () => {
  await withEmulator({}, async ({ client, put }) => {
    await put('one', 'a', 'x')
    await put('two', 'y')
    await client.removeMountpoint('S3', 'photos', 'trash', call)
    await restoreAll(client, at())
    assert.equal(await treeOf(client), ['a/', 'a/x=one', 'y=two'])
    assert.equal(await trashOf(client), [])
    await client.removeMountpoint('S3', 'photos', 'trash', call)
    await client.restoreFile(at('a', 'x'), call)
    assert.equal(await treeOf(client), ['a/', 'a/x=one'])
  })
})

test('an upload that was never completed is no file to restore', async () => {
  await withEmulator({}, async ({ client, put, emulator }) => {
    await put('whole', 'f', 'whole')
    emulator.faults.add({ kind: 'fail', status: 460, match: { operation: 'upload' } })
    assert.is((await errorOf(put('half', 'f', 'half'))).kind, 'quota')
    await client.removeFolder(at('f'), 'trash', call)
    const outcomes = await restoreAll(client, at('f'))
    assert.equal(outcomes, ['restored f', 'restored f/whole', 'unfinished f/half'])
  })
})

test('purging takes what is in the trash, one thing or all, and never what is live', async () => {
  await withEmulator({}, async ({ client, put }) => {
    for (const name of ['x', 'y', 'z']) await put(name, name)
    await put('1', 'd', 'x')
    await put('2', 'e', 'x')
    await client.createMountpoint('S3', 'more', call)
    assert.is((await errorOf(client.purgeTrashedFile(at('x'), call))).kind, 'conflict')
    assert.is((await errorOf(client.purgeTrashedFolder(at('d'), call))).kind, 'conflict')
    const more = { device: 'S3', mountpoint: 'more', path: [] }
    assert.is((await errorOf(client.purgeTrashedFolder(more, call))).kind, 'conflict')
    assert.is((await errorOf(client.purgeTrashedFile(at('none'), call))).kind, 'not-found')
    for (const name of ['x', 'y']) await client.removeFile(at(name), 'trash', call)
    for (const name of ['d', 'e']) await client.removeFolder(at(name), 'trash', call)
    await client.removeMountpoint('S3', 'more', 'trash', call)
    assert.is((await errorOf(client.purgeTrashedFolder(at('x'), call))).kind, 'conflict')
    assert.is((await errorOf(client.purgeTrashedFile(at('d'), call))).kind, 'conflict')
    assert.is(await client.purgeTrashedFile(at('x'), call), 'removed')
    assert.is(await client.purgeTrashedFolder(at('d'), call), 'removed')
    assert.is(await client.purgeTrashedFolder(more, call), 'removed')
    assert.equal(await trashOf(client), ['file S3/photos/y', 'folder S3/photos/e'])
    assert.equal(await client.purgeTrash(call), { files: 1, folders: 1 })
    assert.equal(await trashOf(client), [])
    assert.equal(await treeOf(client), ['z=z'])
  })
})

test('emptying the trash is not said twice', async () => {
  await withEmulator({}, async ({ client, emulator }) => {
    emulator.faults.failNext({ status: 503, match: { operation: 'purge_trash' } })
    assert.is((await errorOf(client.purgeTrash(call))).kind, 'unavailable')
    assert.is(emulator.faults.count({ operation: 'purge_trash' }), 1)
  })
})

const views: [name: string, xml: string, shown: string[] | 'protocol'][] = [
  ['nothing in it', '<mountPoint><name>Trash</name></mountPoint>', []],
  [
    'places that are none',
    `<mountPoint><folders><folder name="a" deleted="t"/>
     <folder name=".." deleted=""><abspath>/u/S3/photos</abspath></folder>
     <folder name="b" deleted="t"><abspath>/u/S3/../Jotta</abspath></folder>
     <folder name="c" deleted="t"><abspath>/u</abspath></folder></folders>
     <files><file name="d" deleted="t"><abspath>u/S3</abspath></file></files></mountPoint>`,
    ['folder ?', 'folder ?', 'folder ?', 'folder ?', 'file ?'],
  ],
  ['cut short', '<mountPoint><folders><folder name="a"/>', 'protocol'],
  ['not a folder', '<file name="a"/>', 'protocol'],
  ['not XML', 'gone fishing', 'protocol'],
]
for (const [name, xml, shown] of views) {
  test(`a view of the trash: ${name}`, async () => {
    await withServer(
      ({ target }, response) =>
        response.end(target.includes('customer') ? '{"username":"u"}' : xml),
      async (server) => {
        const tokens = createStaticTokenSource('token')
        const client = createJottaClient({ tokens, jfsUrl: server.url, apiUrl: server.url })
        const entries = async () =>
          (await all(client.listTrash(call))).map((one) => `${one.kind} ${pathOf(one.location)}`)
        if (shown !== 'protocol') assert.equal(await entries(), shown)
        else assert.ok(['protocol', 'conflict'].includes((await errorOf(entries())).kind))
        await client.close()
      },
    )
  })
}

test('a name that climbs is not followed out of a trashed folder', async () => {
  const xml =
    '<folder name="d" deleted="t"><folders><folder name=".." deleted="t"/></folders></folder>'
  await withServer(
    ({ target }, response) => response.end(target.includes('customer') ? '{"username":"u"}' : xml),
    async (server) => {
      const tokens = createStaticTokenSource('token')
      const client = createJottaClient({ tokens, jfsUrl: server.url, apiUrl: server.url })
      const error = await errorOf(restoreAll(client, at('d')))
      assert.is(error.kind, 'protocol')
      assert.ok(server.asked.every(({ method }) => method === 'GET'))
      await client.close()
    },
  )
})

test.run()
