import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CallOptions, createJottaClient, type JottaClient, type Location } from './client.ts'
import { JottaError } from './jotta-error.ts'
import {
  type Answer,
  eventually,
  rejection,
  type ScriptedServer,
  withServer,
} from './scripted-server.test-support.ts'
import { createStaticTokenSource } from './token.ts'

const test = suite('client')

const at = (...path: string[]): Location => ({ device: 'S3', mountpoint: 'photos', path })
const md5 = '0123456789abcdef0123456789abcdef'

type Bench = { client: JottaClient; server: ScriptedServer; call: CallOptions; asked(): string[] }

/** The user name is answered here; everything else by `answer`. */
async function withClient(answer: Answer, work: (bench: Bench) => Promise<void>): Promise<void> {
  const withName: Answer = (asked, response) =>
    asked.target === '/account/v1/customer'
      ? response.end('{"username":"u"}')
      : answer(asked, response)
  await withServer(withName, async (server) => {
    const client = createJottaClient({
      tokens: createStaticTokenSource('token'),
      jfsUrl: `${server.url}/jfs/`,
      apiUrl: `${server.url}/`,
      environment: { wait: async () => {} },
    })
    const { signal } = new AbortController()
    const asked = () =>
      server.asked
        .filter((one) => one.target !== '/account/v1/customer')
        .map((one) => `${one.method} ${one.target.replace('/jfs/u', '')}`)
    try {
      await work({ client, server, call: { signal }, asked })
    } finally {
      await client.close()
    }
  })
}

const replies =
  (...bodies: (string | number)[]): Answer =>
  ({ number }, response) => {
    // The first request asks for the user name.
    const body = bodies[Math.min(number - 2, bodies.length - 1)] ?? ''
    if (typeof body === 'number') response.writeHead(body).end()
    else response.end(body)
  }

async function kindOf(promise: Promise<unknown>): Promise<string> {
  const error = await rejection(promise)
  assert.instance(error, JottaError, String(error))
  return (error as JottaError).kind
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

const revision = (state = 'COMPLETED', more = '') =>
  `<number>2</number><state>${state}</state><created>2026-01-05-T12:00:00Z</created><modified></modified><mime>text/csv</mime>${more}<updated>nonsense</updated>`
const content = `<size>5120</size><md5>${md5.toUpperCase()}</md5>`
const file = (attributes = '', inner = '') =>
  `<?xml version="1.0" encoding="UTF-8"?><file name="a.csv" uuid="id-1"${attributes} time="t" host="h"><path xml:space="preserve">/u/S3/photos</path><abspath xml:space="preserve">/u/S3/photos</abspath><currentRevision>${revision('COMPLETED', content)}</currentRevision>${inner}</file>`

test('a file is read whole: revisions, times, MD5 in lower case', async () => {
  const inner = `<latestRevision>${revision('INCOMPLETE')}</latestRevision><revisions><revision>${revision('CORRUPT')}</revision><revision>${revision('DREAMING')}</revision></revisions>`
  await withClient(replies(file('', inner)), async ({ client, call }) => {
    const entry = await client.stat(at('a.csv'), call)
    assert.ok(entry?.kind === 'file')
    const base = {
      number: 2,
      created: new Date('2026-01-05T12:00:00Z'),
      modified: undefined,
      updated: undefined,
      mime: 'text/csv',
    }
    const bare = { ...base, sizeBytes: undefined, md5: undefined }
    assert.equal(entry, {
      kind: 'file',
      name: 'a.csv',
      uuid: 'id-1',
      deleted: false,
      parentPath: '/u/S3/photos',
      current: { ...base, state: 'COMPLETED', sizeBytes: 5120, md5 },
      latest: { ...bare, state: 'INCOMPLETE' },
      revisions: [
        { ...bare, state: 'CORRUPT' },
        { ...bare, state: 'UNKNOWN' },
      ],
    })
  })
})

test('what is in the trash says so by the attribute, whatever its value', async () => {
  const cases: [xml: string, kind: string][] = [
    [file(' deleted="2026-01-01-T00:00:00Z"'), 'file'],
    [file(' deleted=""'), 'file'],
    ['<folder name="x" deleted=""><path>p</path></folder>', 'folder'],
    ['<mountPoint deleted="x"><name>photos</name></mountPoint>', 'folder'],
  ]
  for (const [xml, kind] of cases) {
    await withClient(replies(xml), async ({ client, call }) => {
      const entry = await client.stat(at(), call)
      assert.is(entry?.kind, kind)
      assert.is(entry?.deleted, true)
    })
  }
})

test('nothing there is undefined, anything strange a protocol error', async () => {
  await withClient(replies(404), async ({ client, call }) => {
    assert.is(await client.stat(at('x'), call), undefined)
  })
  const strange = ['<user/>', '<file name=""/>', '<file/>', '<folder name="x"><path>', '', 'text']
  for (const xml of [...strange, `<folder name="x">${'<p/>'.repeat(5_000)}</folder>`]) {
    await withClient(replies(xml), async ({ client, call }) => {
      assert.is(await kindOf(client.stat(at('x'), call)), 'protocol', xml.slice(0, 30))
    })
  }
})

test('of a folder only the head is read, and the endless rest is dropped', async () => {
  const heads: [xml: string, name: string][] = [
    ['<folder name="a&amp;b"><abspath>/u/S3</abspath><files>', 'a&b'],
    ['<mountPoint><name>Photos</name><abspath>/u/S3</abspath><folders>', 'Photos'],
  ]
  for (const [head, name] of heads) {
    await withClient(
      (_, response) => {
        const more = () => {
          while (!response.destroyed && response.write('<file name="x"/>'.repeat(1000)));
        }
        response.on('drain', more)
        response.write(head)
        more()
      },
      async ({ client, call, server }) => {
        const entry = await client.stat(at(), call)
        assert.equal(entry, { kind: 'folder', name, deleted: false, parentPath: '/u/S3' })
        await eventually(async () => (await server.openConnections()) <= 1)
      },
    )
  }
})

test('after a small folder the connection is used again', async () => {
  const xml = `<folder name="x"><files>${'<file name="y"/>'.repeat(100)}</files></folder>`
  await withClient(replies(xml), async ({ client, call, server }) => {
    for (let i = 0; i < 20; i += 1) await client.stat(at('x'), call)
    // A second one may be made while the first is on its way back to the pool.
    assert.ok(server.connections() <= 2)
  })
})

test('the user name is asked for once, also by many at the same time', async () => {
  await withClient(replies(404), async ({ client, call, server }) => {
    const counter = { upstreamCalls: 0 }
    await Promise.all([1, 2, 3].map(() => client.stat(at('x'), { ...call, counter })))
    await client.stat(at('x'), { ...call, counter })
    const names = server.asked.filter((one) => one.target === '/account/v1/customer')
    assert.is(names.length, 1)
    assert.is(counter.upstreamCalls, 5)
  })
})

const listing = `<folder name="r" time="t"><path>/u</path><folders><folder name="2025"/><folder name="old" deleted="t"><abspath>/u/S3/photos/r</abspath></folder></folders><files>${file(' deleted="x"').replace(/<\?.*?\?>/, '')}<file name="&lt;new&gt;"><latestRevision>${revision('INCOMPLETE')}</latestRevision></file></files><metadata first="" max="" total="4"/></folder>`

test('a folder is listed with tombstones and unfinished files', async () => {
  await withClient(replies(listing), async ({ client, call }) => {
    const entries = await all(client.list(at('r'), call))
    assert.equal(
      entries.map((entry) => [entry.kind, entry.name, entry.deleted]),
      [
        ['folder', '2025', false],
        ['folder', 'old', true],
        ['file', 'a.csv', true],
        ['file', '<new>', false],
      ],
    )
    const last = entries[3]
    assert.ok(last?.kind === 'file' && last.current === undefined)
  })
})

test('a listing that is cut, of a file, of the trash or of nothing is an error', async () => {
  const cases: [body: string | number, kind: string][] = [
    [listing.slice(0, 300), 'protocol'],
    [listing.replace('</folder>', ''), 'protocol'],
    [file(), 'conflict'],
    ['<folder name="r" deleted="x"></folder>', 'not-found'],
    [404, 'not-found'],
    ['<device/>', 'protocol'],
    ['', 'protocol'],
  ]
  for (const [body, kind] of cases) {
    await withClient(replies(body), async ({ client, call }) => {
      assert.is(await kindOf(all(client.list(at('r'), call))), kind, String(body).slice(0, 30))
    })
  }
  await withClient(
    (_, response) => {
      response.writeHead(200, { 'content-length': '100000' })
      response.write(listing.slice(0, 300), () => response.destroy())
    },
    async ({ client, call }) => {
      assert.is(await kindOf(all(client.list(at('r'), call))), 'unavailable')
    },
  )
})

test('an early end of the iteration releases the connection', async () => {
  await withClient(
    (_, response) => {
      response.write('<folder name="r"><files><file name="x"/><file name="y"/>')
    },
    async ({ client, call, server }) => {
      for await (const entry of client.list(at('r'), call)) {
        assert.is(entry.name, 'x')
        break
      }
      await eventually(async () => (await server.openConnections()) <= 1)
      const abort = new AbortController()
      const reason = new Error('gone')
      const failed = rejection(
        (async () => {
          for await (const _ of client.list(at('r'), { signal: abort.signal })) abort.abort(reason)
        })(),
      )
      assert.is(await failed, reason)
    },
  )
})

const treeFile = (path: string, name: string) =>
  `<file><path>${path}</path><filename>${name}</filename><md5>${md5}</md5><size>3</size><modified>2026-01-05T12:00:00.000Z</modified><created></created></file>`
const treeFolder = (path: string) => `<folder><path>${path}</path></folder>`
const tree = (inner: string, stats = '') => `<filedirlist>${inner}${stats}</filedirlist>`
const stats = (folders: number, files: number) =>
  `<stats><folders>${folders}</folders><files>${files}</files></stats>`

test('a tree is listed with paths relative to its root, in whatever case it comes', async () => {
  const inner = [
    treeFolder('/Photos/R'),
    treeFile('/Photos/R', 'top'),
    treeFolder('/Photos/R/a'),
    treeFile('/Photos/R/a', 'x &amp; y'),
    treeFile('/Photos/R/b/c', 'unannounced'),
    treeFile('/Photos/R/b/c', 'again'),
  ].join('')
  await withClient(replies(tree(inner, stats(3, 4))), async ({ client, call, asked }) => {
    const entries = await all(client.listTree(at('r'), call))
    assert.equal(asked(), ['GET /S3/photos/r?mode=liststream'])
    assert.equal(
      entries.map((entry) => (entry.kind === 'file' ? [...entry.path, entry.name] : entry.path)),
      [['top'], ['a'], ['a', 'x & y'], ['b', 'c', 'unannounced'], ['b', 'c', 'again']],
    )
    const first = entries[0]
    assert.ok(first?.kind === 'file')
    assert.equal([first.sizeBytes, first.md5, first.created], [3, md5, undefined])
  })
})

test('a tree whose stats lack or differ is incomplete', async () => {
  const inner = treeFolder('/photos/a') + treeFile('/photos/a', 'x')
  const cases = [
    tree(inner),
    tree(inner, stats(1, 2)),
    tree(inner, stats(2, 1)),
    tree(inner, '<stats><folders/><files/></stats>'),
    tree(inner, stats(1, 1)).replace('</filedirlist>', ''),
    tree(treeFile('/photos', 'x').replace(md5, 'short'), stats(1, 1)),
    tree(treeFile('photos', 'x'), stats(1, 1)),
    tree(treeFile('', 'x'), stats(1, 1)),
    tree(treeFile('/photos//a', 'x'), stats(1, 1)),
    tree(treeFile('/photos', '../x'), stats(1, 1)),
    file(),
  ]
  for (const xml of cases) {
    await withClient(replies(xml), async ({ client, call }) => {
      assert.is(await kindOf(all(client.listTree(at(), call))), 'protocol', xml)
    })
  }
  await withClient(replies(tree('', stats(0, 0))), async ({ client, call }) => {
    assert.equal(await all(client.listTree(at(), call)), [])
  })
})

test('content is opened whole or in part, and checked to be what was asked for', async () => {
  const bytes = Buffer.from('0123456789')
  const ranged: Answer = ({ headers }, response) => {
    const range = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '')
    if (range === null) return response.end(bytes)
    const [start, end] = [Number(range[1]), Number(range[2])]
    if (start >= bytes.length) return response.writeHead(416).end()
    const part = bytes.subarray(start, end + 1)
    response.writeHead(206, {
      'content-range': `bytes ${start}-${start + part.length - 1}/10`,
      'content-length': part.length,
    })
    return response.end(part)
  }
  await withClient(ranged, async ({ client, call, asked }) => {
    const whole = await client.open(at('x'), call)
    assert.is(whole.sizeBytes, 10)
    assert.ok(Buffer.concat(await all(whole.stream)).equals(bytes))
    const part = await client.open(at('x'), { ...call, range: { start: 3, endInclusive: 99 } })
    assert.is(part.sizeBytes, 7)
    assert.is(String(Buffer.concat(await all(part.stream))), '3456789')
    const beyond = client.open(at('x'), { ...call, range: { start: 10, endInclusive: 11 } })
    assert.is(await kindOf(beyond), 'range')
    assert.is(asked()[0], 'GET /S3/photos/x?mode=bin')
  })
  const wrong: Answer[] = [
    (_, response) => response.end(bytes),
    (_, response) => response.writeHead(206, { 'content-range': 'bytes 0-1/10' }).end('01'),
    (_, response) => response.writeHead(206, { 'content-range': 'bytes 1-9/10' }).end('123456789'),
    (_, response) => response.writeHead(206, { 'content-length': '3' }).end('123'),
  ]
  for (const answer of wrong) {
    await withClient(answer, async ({ client, call }) => {
      const opened = client.open(at('x'), { ...call, range: { start: 1, endInclusive: 2 } })
      assert.is(await kindOf(opened), 'protocol')
    })
  }
})

test('content that is cut fails as it is read, and one that is left is dropped', async () => {
  await withClient(
    (_, response) => {
      response.writeHead(200, { 'content-length': '10' })
      response.write('01234', () => response.destroy())
    },
    async ({ client, call }) => {
      const { stream } = await client.open(at('x'), call)
      assert.is(await kindOf(all(stream)), 'unavailable')
    },
  )
  await withClient(
    (_, response) => {
      response.write('01234')
    },
    async ({ client, call, server }) => {
      const { stream } = await client.open(at('x'), call)
      stream.destroy()
      await eventually(async () => (await server.openConnections()) <= 1)
    },
  )
})

test('commands are what the service understands', async () => {
  const cases: [
    act: (client: JottaClient, call: CallOptions) => Promise<unknown>,
    asked: string[],
  ][] = [
    [(c, o) => c.createFolder(at('a b', 'c+d'), o), ['POST /S3/photos/a%20b/c%2Bd?mkDir=true']],
    [(c, o) => c.removeFile(at('x'), 'trash', o), ['POST /S3/photos/x?dl=true']],
    [(c, o) => c.removeFile(at('x'), 'permanent', o), ['POST /S3/photos/x?rm=true']],
    [(c, o) => c.removeFolder(at('x'), 'trash', o), ['POST /S3/photos/x?dlDir=true']],
    [(c, o) => c.removeFolder(at('x'), 'permanent', o), ['POST /S3/photos/x?rmDir=true']],
    [(c, o) => c.removeMountpoint('S3', 'photos', 'trash', o), ['POST /S3/photos?dl=true']],
    [(c, o) => c.removeMountpoint('S3', 'photos', 'permanent', o), ['POST /S3/photos?rm=true']],
    [(c, o) => c.createDevice('My PC', o), ['POST /My%20PC?type=WORKSTATION']],
  ]
  for (const [act, expected] of cases) {
    await withClient(replies('<folder name="x"/>'), async ({ client, call, asked, server }) => {
      await act(client, call)
      assert.equal(asked(), expected)
      assert.is(server.asked[1]?.headers['content-length'], '0')
      assert.is(server.asked[1]?.headers['content-type'], undefined)
    })
  }
})

test('a removal that finds nothing is `missing`, unless an earlier try may have removed it', async () => {
  for (const [bodies, outcome] of [
    [[404], 'missing'],
    [[503, 404], 'removed'],
    [[''], 'removed'],
  ] as const) {
    await withClient(replies(...bodies), async ({ client, call }) => {
      assert.is(await client.removeFile(at('x'), 'trash', call), outcome)
    })
    await withClient(replies(...bodies), async ({ client, call }) => {
      assert.is(await client.removeMountpoint('S3', 'x', 'permanent', call), outcome)
    })
  }
})

test('a folder is not made where a file is, nor believed when it is in the trash', async () => {
  for (const [xml, kind] of [
    [file(), 'conflict'],
    ['<folder name="x" deleted="t"/>', 'protocol'],
  ] as const) {
    await withClient(replies(xml), async ({ client, call }) => {
      assert.is(await kindOf(client.createFolder(at('x'), call)), kind)
    })
  }
})

test('mountpoints: the live ones, made and verified, never on the built-in device', async () => {
  const device = (names: string) =>
    `<device><name>S3</name><mountPoints><mountPoint deleted="t"><name>gone</name></mountPoint>${names}</mountPoints><metadata/></device>`
  const photos = '<mountPoint><name>photos</name><size>7</size><modified></modified></mountPoint>'
  await withClient(replies(device(photos)), async ({ client, call }) => {
    assert.equal(await client.mountpoints('S3', call), [
      { name: 'photos', sizeBytes: 7, modified: undefined },
    ])
    await client.createMountpoint('S3', 'photos', call)
    assert.is(await kindOf(client.createMountpoint('jOTTA', 'x', call)), 'conflict')
    assert.is(
      await kindOf(client.removeMountpoint('Jotta', 'Archive', 'permanent', call)),
      'conflict',
    )
  })
  await withClient(replies('<device><name>S3</name></device>'), async ({ client, call, asked }) => {
    assert.equal(await client.mountpoints('S3', call), [])
    assert.is(await kindOf(client.createMountpoint('S3', 'photos', call)), 'protocol')
    assert.equal(asked().slice(1), [
      'POST /S3/photos',
      'GET /S3',
      'POST /S3/photos?mkDir=true',
      'GET /S3',
    ])
  })
  await withClient(replies(404), async ({ client, call }) => {
    assert.is(await client.mountpoints('S3', call), undefined)
  })
})

test('the drive and its devices', async () => {
  const drive = (more: string) =>
    `<user time="t"><username>u</username><account-type>unlimited</account-type>${more}<usage>73400320</usage><devices><device><name xml:space="preserve">Jotta</name><type>JOTTA</type><size>5</size><modified>2026-02-28-T22:10:00Z</modified></device><device><name>S3</name></device></devices></user>`
  await withClient(replies(drive('<capacity>-1</capacity>')), async ({ client, call }) => {
    const found = await client.drive(call)
    assert.is(found.capacityBytes, undefined)
    assert.equal([found.writeLocked, found.readLocked, found.usageBytes], [false, false, 73400320])
    assert.equal(
      found.devices.map((device) => device.name),
      ['Jotta', 'S3'],
    )
    assert.is((await client.device('s3', call))?.name, 'S3')
    assert.is(await client.device('other', call), undefined)
  })
  for (const lock of ['locked', 'write-locked', 'quota-write-locked']) {
    const xml = drive(`<${lock}>true</${lock}><capacity>10</capacity>`)
    await withClient(replies(xml), async ({ client, call }) => {
      const found = await client.drive(call)
      assert.equal([found.writeLocked, found.capacityBytes], [true, 10])
    })
  }
})

test('a user name that could change a path is refused', async () => {
  for (const username of ['', '..', 'a/b', 7]) {
    await withServer(
      (_, response) => response.end(JSON.stringify({ username })),
      async (server) => {
        const tokens = createStaticTokenSource('token')
        const client = createJottaClient({ tokens, jfsUrl: server.url, apiUrl: server.url })
        const { signal } = new AbortController()
        assert.is(await kindOf(client.stat(at('x'), { signal })), 'protocol')
        await client.close()
      },
    )
  }
})

const folder = '<folder name="d"/>'

test('a copy makes the folder it goes to, and is revived when it stays in the trash', async () => {
  await withClient(replies(folder, file()), async ({ client, call, asked }) => {
    const copied = await client.copyFile(at('a b'), at('d', 'a.csv'), call)
    assert.is(copied.current?.md5, md5)
    assert.equal(asked(), [
      'POST /S3/photos/d?mkDir=true',
      'POST /S3/photos/a%20b?cp=%2Fu%2FS3%2Fphotos%2Fd%2Fa.csv',
    ])
  })
  await withClient(
    replies(file(' deleted="t"'), file()),
    async ({ client, call, asked, server }) => {
      const copied = await client.copyFile(at('x'), at('a.csv'), call)
      assert.not(copied.deleted)
      assert.is(asked()[1], 'POST /S3/photos/a.csv?cphash=true')
      assert.is(server.asked[2]?.headers.jsize, '5120')
    },
  )
  for (const second of [404, file(' deleted="t"')]) {
    await withClient(replies(file(' deleted="t"'), second), async ({ client, call }) => {
      assert.is(await kindOf(client.copyFile(at('x'), at('y'), call)), 'protocol')
    })
  }
})

test('content made by hash is checked', async () => {
  const input = { sizeBytes: 5120, md5, created: new Date(0), modified: new Date(0) }
  await withClient(replies(file()), async ({ client, call }) => {
    assert.is((await client.createByHash(at('x'), input, call))?.name, 'a.csv')
    const other = { ...input, sizeBytes: 1 }
    assert.is(await kindOf(client.createByHash(at('x'), other, call)), 'protocol')
  })
  await withClient(replies(404), async ({ client, call }) => {
    assert.is(await client.createByHash(at('x'), input, call), undefined)
  })
})

test('a move that failed unclearly is looked after, not said twice', async () => {
  const moves = (list: string[]) => list.filter((line) => line.includes('?mv')).length
  // Carried out: the source is gone, the destination is there.
  await withClient(replies(503, 404, file()), async ({ client, call, asked }) => {
    assert.is((await client.moveFile(at('x'), at('y'), call)).name, 'a.csv')
    assert.is(moves(asked()), 1)
  })
  // Not carried out: said again.
  await withClient(replies(503, file(), 404, file()), async ({ client, call, asked }) => {
    await client.moveFile(at('x'), at('y'), call)
    assert.is(moves(asked()), 2)
  })
  // Neither is there, or both: nobody knows.
  for (const bodies of [
    [503, 404, 404],
    [503, file(), file()],
  ]) {
    await withClient(replies(...bodies), async ({ client, call, asked }) => {
      assert.is(await kindOf(client.moveFile(at('x'), at('y'), call)), 'unavailable')
      assert.is(moves(asked()), 1)
    })
  }
  await withClient(replies(404), async ({ client, call }) => {
    assert.is(await kindOf(client.moveFile(at('x'), at('y'), call)), 'not-found')
    assert.is(await kindOf(client.moveFile(at('x'), at('X'), call)), 'conflict')
  })
})

test.run()
