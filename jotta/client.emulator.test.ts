// The client against the local Jottacloud, which shares no code with it: what both sides were told of
// the service must fit together.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createJottaClient, type JottaClient, type Location, type UploadInput } from './client.ts'
import { type Emulator, type EmulatorOptions, startEmulator } from './emulator/emulator.ts'
import { JottaError } from './jotta-error.ts'
import { loginWithToken } from './login.ts'
import { rejection } from './scripted-server.test-support.ts'
import { createTokenSource } from './token.ts'

const test = suite('client against the emulator')

const at = (...names: string[]): Location => ({ device: 'S3', mountpoint: 'photos', path: names })
const call = { signal: new AbortController().signal }
const created = new Date('2026-01-05T12:00:00Z')
const modified = new Date('2026-01-06T12:00:00Z')

type Bench = { client: JottaClient; emulator: Emulator; tokenFile: string }

async function withEmulator(
  options: Omit<EmulatorOptions, 'dataDirectory'>,
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'client-'))
  const emulator = await startEmulator({ ...options, dataDirectory: path.join(folder, 'data') })
  try {
    const tokenFile = path.join(folder, 'token.json')
    const { signal } = call
    await loginWithToken({ loginToken: emulator.loginToken(), tokenFile, signal })
    const client = createJottaClient({
      tokens: createTokenSource({ tokenFile }),
      jfsUrl: emulator.jfsUrl,
      apiUrl: emulator.apiUrl,
      environment: { random: () => 0.1 },
    })
    try {
      await client.createDevice('S3', call)
      await client.createMountpoint('S3', 'photos', call)
      await work({ client, emulator, tokenFile })
    } finally {
      await client.close()
    }
  } finally {
    await emulator.close()
    await rm(folder, { recursive: true, force: true })
  }
}

function inputOf(bytes: Buffer, more: Partial<UploadInput> = {}): UploadInput {
  return {
    sizeBytes: bytes.length,
    md5: createHash('md5').update(bytes).digest('hex'),
    created,
    modified,
    onExisting: 'new-revision',
    openContent: (offset) => Readable.from(bytes.subarray(offset), { objectMode: false }),
    ...more,
  }
}

async function read(client: JottaClient, location: Location): Promise<Buffer> {
  const { stream } = await client.open(location, call)
  return Buffer.concat(await all<Buffer>(stream))
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

async function kindOf(promise: Promise<unknown>): Promise<string> {
  const error = await rejection(promise)
  assert.instance(error, JottaError, String(error))
  return (error as JottaError).kind
}

test('account, devices and mountpoints', async () => {
  await withEmulator({}, async ({ client, emulator }) => {
    assert.is((await client.customer(call)).username, emulator.username)
    const drive = await client.drive(call)
    assert.is(drive.username, emulator.username)
    assert.not(drive.writeLocked)
    assert.is((await client.device('s3', call))?.name, 'S3')
    assert.is(await client.device('none', call), undefined)
    assert.is(await client.mountpoints('none', call), undefined)
    const names = async () => (await client.mountpoints('S3', call))?.map(({ name }) => name)
    assert.equal(await names(), ['photos'])
    await client.createMountpoint('S3', 'photos', call)
    await client.createMountpoint('S3', 'more', call)
    assert.equal((await names())?.sort(), ['more', 'photos'])
    assert.is(await client.removeMountpoint('S3', 'more', 'trash', call), 'removed')
    assert.equal(await names(), ['photos'])
    await client.createMountpoint('S3', 'more', call)
    assert.is(await client.removeMountpoint('S3', 'more', 'permanent', call), 'removed')
    assert.is(await client.removeMountpoint('S3', 'more', 'permanent', call), 'missing')
    const root = await client.stat(at(), call)
    assert.equal([root?.kind, root?.name, root?.deleted], ['folder', 'photos', false])
  })
})

test('files of many names and sizes come back as they went', async () => {
  await withEmulator({}, async ({ client }) => {
    const names = [
      'plain',
      'a b',
      'a+b;c&d=e@f,g$h',
      "o'clock (1)!",
      'æøå 😀',
      'hash#',
      '~[x]{y}',
      '％',
    ]
    const sizes = [0, 1, 70_000, 3_000_000]
    for (const [index, name] of names.entries()) {
      const bytes = randomBytes(sizes[index % sizes.length] ?? 0)
      const location = at('folder ø', name)
      const file = await client.upload(location, inputOf(bytes), call)
      assert.equal([file.name, file.current?.sizeBytes], [name, bytes.length])
      assert.equal(file.current?.modified, modified)
      assert.equal(file.current?.created, created)
      assert.ok((await read(client, location)).equals(bytes), name)
    }
    const listed = await all(client.list(at('folder ø'), call))
    assert.equal(listed.map(({ name }) => name).sort(), [...names].sort())
    const tree = await all(client.listTree(at(), call))
    assert.equal(
      tree.flatMap((entry) => (entry.kind === 'file' ? [[...entry.path, entry.name]] : [])).sort(),
      names.map((name) => ['folder ø', name]).sort(),
    )
    assert.is((await all(client.listTree(at('folder ø'), call))).length, names.length)
    assert.equal(await all(client.list(at(), call)).then((entries) => entries.length), 1)
  })
})

test('ranges, and what is not there', async () => {
  await withEmulator({}, async ({ client }) => {
    const bytes = randomBytes(1000)
    await client.upload(at('x'), inputOf(bytes), call)
    const { stream, sizeBytes } = await client.open(at('x'), {
      ...call,
      range: { start: 10, endInclusive: 19 },
    })
    assert.is(sizeBytes, 10)
    assert.ok(Buffer.concat(await all<Buffer>(stream)).equals(bytes.subarray(10, 20)))
    const beyond = client.open(at('x'), { ...call, range: { start: 1000, endInclusive: 1001 } })
    assert.is(await kindOf(beyond), 'range')
    assert.is(await client.stat(at('y'), call), undefined)
    assert.is(await client.stat(at('y', 'z'), call), undefined)
    assert.is(await kindOf(client.open(at('y'), call)), 'not-found')
    assert.is(await kindOf(all(client.list(at('y'), call))), 'not-found')
    assert.is(await kindOf(all(client.listTree(at('y'), call))), 'not-found')
    assert.is(await kindOf(all(client.list(at('x'), call))), 'conflict')
    assert.is(await kindOf(client.createFolder(at('x'), call)), 'conflict')
    assert.is(
      await kindOf(client.upload(at('n'.repeat(300)), inputOf(bytes), call)),
      'invalid-name',
    )
    assert.is(await kindOf(client.stat(at('per%cent'), call)), 'invalid-name')
  })
})

test('overwriting, refusing to overwrite, removing and coming back', async () => {
  await withEmulator({}, async ({ client }) => {
    const [one, two] = [randomBytes(500), randomBytes(600)]
    await client.upload(at('x'), inputOf(one), call)
    const reject = inputOf(two, { onExisting: 'reject' })
    assert.is(await kindOf(client.upload(at('x'), reject, call)), 'conflict')
    assert.ok((await read(client, at('x'))).equals(one))
    await client.upload(at('x'), inputOf(two), call)
    assert.ok((await read(client, at('x'))).equals(two))
    assert.is((await client.stat(at('x'), call))?.kind, 'file')
    assert.is(await client.removeFile(at('x'), 'trash', call), 'removed')
    assert.is((await client.stat(at('x'), call))?.deleted, true)
    await client.upload(at('x'), reject, call)
    assert.ok((await read(client, at('x'))).equals(two))
    assert.is(await client.removeFile(at('x'), 'permanent', call), 'removed')
    assert.is(await client.stat(at('x'), call), undefined)
    assert.is(await client.removeFile(at('x'), 'permanent', call), 'missing')
    await client.createFolder(at('d', 'e'), call)
    assert.is(await client.removeFolder(at('d'), 'trash', call), 'removed')
    assert.is(await kindOf(all(client.list(at('d'), call))), 'not-found')
    await client.createFolder(at('d'), call)
    assert.is((await client.stat(at('d'), call))?.deleted, false)
    assert.is(await client.removeFolder(at('d'), 'permanent', call), 'removed')
  })
})

test('by hash, copied and moved, also onto what is in the trash', async () => {
  await withEmulator({}, async ({ client }) => {
    const bytes = randomBytes(5000)
    const input = inputOf(bytes)
    assert.is(await client.createByHash(at('x'), input, call), undefined)
    await client.upload(at('x'), input, call)
    const later = { ...input, modified: new Date('2027-01-01T00:00:00Z') }
    assert.equal(
      (await client.createByHash(at('x'), later, call))?.current?.modified,
      later.modified,
    )
    for (const target of [at('a', 'b', 'copy'), at('a', 'b', 'copy')]) {
      const copied = await client.copyFile(at('x'), target, call)
      assert.not(copied.deleted)
      assert.ok((await read(client, target)).equals(bytes))
      await client.removeFile(target, 'trash', call)
    }
    const moved = await client.moveFile(at('x'), at('a', 'b', 'copy'), call)
    assert.not(moved.deleted)
    assert.ok((await read(client, at('a', 'b', 'copy'))).equals(bytes))
    const source = await client.stat(at('x'), call)
    assert.ok(source === undefined || source.deleted)
    await client.moveFile(at('a', 'b', 'copy'), at('c + d', 'e#f'), call)
    assert.ok((await read(client, at('c + d', 'e#f'))).equals(bytes))
    assert.is(await kindOf(client.copyFile(at('none'), at('y'), call)), 'not-found')
    assert.is(await kindOf(client.moveFile(at('none'), at('y'), call)), 'not-found')
  })
})

test('uploads go on after cuts of every kind', async () => {
  await withEmulator({}, async ({ client, emulator }) => {
    for (const [index, rule] of (
      [
        { kind: 'cutUpload', afterBytes: 100_000, how: 'cut', count: 3 },
        { kind: 'cutUpload', afterBytes: 100_000, how: '420', count: 3 },
        { kind: 'fail', status: 503, count: 2, match: { operation: 'upload' } },
        { kind: 'fail', status: 503, when: 'after', match: { operation: 'upload' } },
        { kind: 'cut', when: 'after', match: { operation: 'upload' } },
        { kind: 'cut', when: 'after', match: { operation: 'allocate' } },
        { kind: 'fail', status: 401, match: { operation: 'upload' } },
        { kind: 'delayVisibility', gets: 2 },
      ] as const
    ).entries()) {
      for (const onExisting of ['new-revision', 'reject'] as const) {
        emulator.faults.clear()
        const bytes = randomBytes(1_000_000)
        const location = at(`${index} ${onExisting}`)
        emulator.faults.add(rule)
        const offsets: number[] = []
        const openContent = (offset: number) => {
          offsets.push(offset)
          return Readable.from(bytes.subarray(offset), { objectMode: false })
        }
        await client.upload(location, inputOf(bytes, { onExisting, openContent }), call)
        if (rule.kind === 'cutUpload') {
          assert.equal(offsets, [0, 100_000, 200_000, 300_000], JSON.stringify(rule))
        }
        assert.ok((await read(client, location)).equals(bytes), JSON.stringify(rule))
      }
    }
  })
})

test('a service that takes little at a time gets it all', async () => {
  await withEmulator({ cutUploadsAfterBytes: 200_000 }, async ({ client }) => {
    const bytes = randomBytes(3_000_000)
    await client.upload(at('x'), inputOf(bytes), call)
    assert.ok((await read(client, at('x'))).equals(bytes))
  })
})

test('a wrong MD5 and a full account are said, and leave what was there', async () => {
  await withEmulator({}, async ({ client, emulator }) => {
    const bytes = randomBytes(1000)
    await client.upload(at('x'), inputOf(bytes), call)
    const wrong = { ...inputOf(randomBytes(1000)), md5: '0'.repeat(32) }
    assert.is(await kindOf(client.upload(at('x'), wrong, call)), 'corrupt')
    emulator.faults.set({ capacityBytes: 1500 })
    assert.is(await kindOf(client.upload(at('x'), inputOf(randomBytes(2000)), call)), 'quota')
    assert.ok((await read(client, at('x'))).equals(bytes))
  })
})

test('an expired token is refreshed in passing, a stale one asks for a login', async () => {
  await withEmulator({}, async ({ client, emulator, tokenFile }) => {
    emulator.faults.expireAccessTokens()
    const found = await Promise.all([1, 2, 3, 4].map(() => client.stat(at(), call)))
    assert.ok(found.every((entry) => entry?.kind === 'folder'))
    emulator.faults.expireAccessTokens()
    const bytes = randomBytes(1000)
    await client.upload(at('x'), inputOf(bytes), call)
    emulator.faults.staleRefreshTokens()
    emulator.faults.expireAccessTokens()
    assert.is(await kindOf(client.stat(at(), call)), 'login-required')
    const { signal } = call
    await loginWithToken({ loginToken: emulator.loginToken(), tokenFile, signal })
    assert.ok((await read(client, at('x'))).equals(bytes))
  })
})

test('spoilt and cut listings and downloads are never taken for whole ones', async () => {
  await withEmulator({}, async ({ client, emulator }) => {
    for (let i = 0; i < 20; i += 1)
      await client.upload(at(`f${i}`), inputOf(randomBytes(9000)), call)
    for (const how of ['no-stats', 'wrong-stats', 'truncated'] as const) {
      emulator.faults.add({ kind: 'spoilListing', how })
      assert.is(await kindOf(all(client.listTree(at(), call))), 'protocol', how)
    }
    await client.createFolder(at('folder'), call)
    for (const entries of [0, 1, 20]) {
      emulator.faults.add({ kind: 'shortListing', entries })
      assert.is(await kindOf(all(client.list(at(), call))), 'protocol', `${entries} entries`)
    }
    assert.is((await all(client.list(at(), call))).length, 21)
    for (const [operation, act] of [
      ['list', () => all(client.list(at(), call))],
      ['liststream', () => all(client.listTree(at(), call))],
      ['download', () => read(client, at('f1'))],
    ] as const) {
      emulator.faults.clear()
      emulator.faults.add({ kind: 'cutDownload', afterBytes: 600 })
      assert.is(await kindOf(act()), 'unavailable', operation)
      await act()
    }
  })
})

test('a folder too large to list is told from its parent, exactly as it is named there', async () => {
  await withEmulator({}, async ({ client, emulator }) => {
    for (const name of ['1', '2', '3']) {
      await client.upload(at('Sub', 'Large', name), inputOf(Buffer.from(name)), call)
    }
    const before = await client.stat(at('Sub', 'Large'), call)
    emulator.faults.set({ folderMaxEntries: 2 })
    assert.is(await kindOf(all(client.list(at('Sub', 'Large'), call))), 'unlistable')
    assert.equal(await client.stat(at('Sub', 'Large'), call), before)
    assert.equal(await client.stat(at('sub', 'LARGE'), call), before)
    await client.removeFolder(at('Sub', 'Large'), 'trash', call)
    const trashed = await client.stat(at('Sub', 'Large'), call)
    assert.equal(trashed, before && { ...before, deleted: true })
    for (const name of ['1', '2', '3']) await client.createFolder(at(name), call)
    const root = await client.stat(at(), call)
    assert.equal([root?.kind, root?.name, root?.deleted], ['folder', 'photos', false])
    for (const name of ['1', '2', '3']) {
      await client.upload(at('1', name), inputOf(Buffer.from(name)), call)
    }
    assert.is(await kindOf(client.stat(at('1'), call)), 'unlistable')
  })
})

test('moves whose reply is lost are not lost', async () => {
  await withEmulator({}, async ({ client, emulator }) => {
    const bytes = randomBytes(100)
    for (const when of ['before', 'after'] as const) {
      await client.upload(at('d', 'x'), inputOf(bytes), call)
      emulator.faults.add({ kind: 'cut', when, match: { operation: 'mv' } })
      await client.moveFile(at('d', 'x'), at('d', 'y'), call)
      assert.ok((await read(client, at('d', 'y'))).equals(bytes))
      emulator.faults.add({ kind: 'cut', when, match: { operation: 'rmDir' } })
      assert.is(await client.removeFolder(at('d'), 'permanent', call), 'removed')
    }
  })
})

test('the clock of the service is known from its replies', async () => {
  let nowMs = Date.parse('2031-02-03T04:05:06Z')
  await withEmulator({ now: () => new Date(nowMs) }, async ({ client }) => {
    const apartMs = () => Math.abs((client.serviceNow() ?? 0) - nowMs)
    assert.ok(apartMs() < 60_000, 'after the first calls')
    nowMs += 3_600_000
    assert.ok(apartMs() > 3_000_000, 'nothing has been asked since')
    await client.stat(at('none'), call)
    assert.ok(apartMs() < 60_000)
  })
})

test.run()
