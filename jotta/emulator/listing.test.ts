// Sections 4.2 to 4.7 of the protocol reference, over HTTP.
import { request } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startEmulator } from './emulator.ts'
import { Store } from './store.ts'
import { at, list, Session, withEmulator, withFolder } from './testing/with-emulator.ts'

const test = suite('listing')
const home = 'Jotta/Archive'

test('a mountpoint has elements, a folder attributes, and each the path of its parent', async () => {
  await withEmulator({}, async (session) => {
    await session.put(`${home}/reports/2025/a`, 'a')
    const mountpoint = at((await session.get(home)).xml, 'mountPoint')
    assert.is(at(mountpoint, 'name', '#text'), 'Archive')
    assert.is(at(mountpoint, 'path', '#text'), `/${session.username}/Jotta`)
    assert.is(at(mountpoint, 'device'), 'Jotta')
    assert.is(at(mountpoint, 'user'), session.username)
    assert.equal(Object.keys(Object(at(mountpoint, 'folders', 'folder', '0'))), ['@name'])
    const folder = at((await session.get(`${home}/reports`)).xml, 'folder')
    assert.is(at(folder, '@name'), 'reports')
    assert.is(at(folder, 'abspath', '#text'), `/${session.username}/${home}`)
    assert.is(at(folder, 'metadata', '@first'), '')
    assert.is(at(folder, 'metadata', '@max'), '')
    assert.is(at(folder, 'metadata', '@num_folders'), '1')
    const empty = at((await session.get('Jotta/Sync')).xml, 'mountPoint')
    assert.is(at(empty, 'folders'), undefined)
    assert.is(at(empty, 'files'), undefined)
    assert.is(at(empty, 'metadata', '@total'), '0')
  })
})

test('the built-in device lists its mountpoints, with or without Trash', async () => {
  await withEmulator({}, async (session, { faults }) => {
    const names = async () => {
      const device = at((await session.get('jotta')).xml, 'device')
      const entries = list(at(device, 'mountPoints', 'mountPoint'))
      assert.is(at(device, 'metadata', '@num_mountpoints'), String(entries.length))
      return entries.map((one) => at(one, 'name', '#text'))
    }
    assert.equal(await names(), ['Archive', 'Sync', 'Shared', 'Trash'])
    faults.set({ trashMountpoint: 'hidden' })
    assert.equal(await names(), ['Archive', 'Sync', 'Shared'])
  })
})

test('names that XML has to escape come back as they were', async () => {
  const names = [
    'a&b;c',
    "it's",
    '[x]{y}',
    ' lead',
    'trail ',
    'e\u0301',
    '😀',
    'back\\slash',
    '\u0080',
    'a=b@c,d',
  ]
  await withEmulator({ forbiddenCharacters: 'accept' }, async (session) => {
    const all = [...names, '<tag attr="x">', 'a:b', 'x|y*z?']
    for (const name of all) await session.put(`${home}/d/${name}`, name)
    assert.equal(await session.names(`${home}/d`), [...all].sort())
    for (const name of all) assert.is(await session.content(`${home}/d/${name}`), name, name)
    const stream = await session.get(`${home}/d`, '?mode=liststream')
    const entries = list(at(stream.xml, 'filedirlist', 'file'))
    assert.equal(entries.map((one) => at(one, 'filename')).sort(), [...all].sort())
  })
})

test('unfinished and trashed files are listed as such, with the state of each', async () => {
  await withEmulator({}, async (session, { faults }) => {
    await session.put(`${home}/a`, 'a')
    await session.allocate(`${home}/a`, 'newer')
    await session.allocate(`${home}/b`, 'never')
    const files = list(at((await session.get(home)).xml, 'mountPoint', 'files', 'file'))
    assert.is(at(files[0], 'currentRevision', 'number'), '1')
    assert.is(at(files[0], 'latestRevision', 'number'), '2')
    assert.is(at(files[0], 'latestRevision', 'size'), undefined)
    assert.is(at(files[1], 'currentRevision'), undefined)
    assert.is(at(files[1], 'latestRevision', 'state'), 'INCOMPLETE')
    assert.is((await session.get(`${home}/b`, '?mode=bin')).status, 404)
    assert.is((await session.transfer('cp', `${home}/b`, `${home}/c`)).status, 404)
    faults.set({ unfinishedUploads: 'hide' })
    assert.not.match((await session.get(home)).text, /latestRevision/)
  })
})

test('liststream counts exactly what it lists, folders before their files', async () => {
  await withEmulator({}, async (session) => {
    for (const path of ['a', 'd/b', 'd/e/c', 'x/y', 'z/gone'])
      await session.put(`${home}/${path}`, path)
    await session.post(`${home}/x`, '?dlDir=true')
    await session.post(`${home}/z/gone`, '?dl=true')
    await session.allocate(`${home}/d/unfinished`, 'never')
    const { xml, text } = await session.get(home, '?mode=liststream')
    const root = at(xml, 'filedirlist')
    const folders = list(at(root, 'folder')).map((one) => at(one, 'path'))
    assert.equal(folders, ['/Archive', '/Archive/d', '/Archive/d/e', '/Archive/z'])
    const files = list(at(root, 'file')).map((one) => `${at(one, 'path')}/${at(one, 'filename')}`)
    assert.equal(files, ['/Archive/a', '/Archive/d/b', '/Archive/d/e/c'])
    assert.is(at(root, 'stats', 'folders'), '4')
    assert.is(at(root, 'stats', 'files'), '3')
    assert.match(text, /<modified>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z<\/modified>/)
    assert.ok(text.endsWith('</stats></filedirlist>'))
    const below = await session.get(`${home}/D`, '?mode=liststream')
    assert.is(at(below.xml, 'filedirlist', 'folder', '0', 'path'), '/Archive/d')
    assert.is((await session.get(`${home}/none`, '?mode=liststream')).status, 404)
    const flat = (await session.get(home, '?mode=list')).text
    assert.match(flat, /<folder name="x" deleted="[^"]+Z">/)
    assert.match(flat, /name="unfinished"/)
  })
})

test('missing things are 404 in the words of the service', async () => {
  await withEmulator({}, async (session) => {
    const cases = [
      ['Nowhere', 'NoSuchDeviceException'],
      ['Jotta/Nowhere', 'NoSuchMountPointException'],
      ['Jotta/Archive/x', 'NoSuchPathException'],
    ]
    for (const [path = '', exception = ''] of cases) {
      const answer = await session.get(path)
      assert.is(answer.status, 404, path)
      const message = String(at(answer.xml, 'error', 'message'))
      assert.ok(message.startsWith(`no.jotta.backup.errors.${exception}: `), message)
      assert.is(at(answer.xml, 'error', 'reason'), 'Not Found')
    }
    assert.is((await session.ask('GET', '/jfs/')).status, 400)
    assert.is((await session.ask('GET', '/jfs/somebody/Jotta')).status, 403)
    assert.is((await session.ask('DELETE', session.jfs(home))).status, 405)
    assert.is((await session.ask('GET', '/nothing')).status, 404)
  })
})

test('a folder above the cap cannot be listed, but its files can be read', async () => {
  await withEmulator({ folderMaxEntries: 2 }, async (session) => {
    for (const name of ['a', 'b', 'c']) await session.put(`${home}/d/${name}`, name)
    const answer = await session.get(`${home}/d`)
    assert.is(answer.status, 500)
    assert.match(answer.text, /org\.springframework\.dao\.TransientDataAccessResourceException/)
    assert.is(await session.content(`${home}/d/c`), 'c')
    await session.post(`${home}/d/c`, '?dl=true')
    assert.is((await session.get(`${home}/d`)).status, 500)
    await session.post(`${home}/d/c`, '?rm=true')
    assert.is((await session.get(`${home}/d`)).status, 200)
  })
})

test('names match without regard to case and keep the casing they were made with', async () => {
  await withEmulator({}, async (session) => {
    await session.put(`${home}/Été/Hello.txt`, 'one')
    await session.put(`${home}/ÉTÉ/HELLO.TXT`, 'two')
    await session.put(`${home}/E\u0301te\u0301/hello.txt`, 'three')
    assert.equal(await session.names(`${home}/été`), ['Hello.txt'])
    assert.equal(await session.names(home), ['Été/'])
    assert.is(await session.content(`${home}/été/hello.TXT`), 'three')
  })
})

test('the order can be random', async () => {
  await withEmulator({ listingOrder: 'random' }, async (session) => {
    const made = Array.from({ length: 30 }, (_, index) => `f${index}`)
    for (const name of made) await session.put(`${home}/${name}`, 'same')
    const { xml } = await session.get(home)
    const listed = list(at(xml, 'mountPoint', 'files', 'file')).map((one) =>
      String(at(one, '@name')),
    )
    assert.is.not(listed.join(), made.join())
    assert.equal([...listed].sort(), [...made].sort())
  })
})

function fill(dataDirectory: string, count: number): void {
  const store = new Store(dataDirectory)
  try {
    store.transaction('relaxed', () => {
      const mountpoint = Number(store.get(`SELECT id FROM nodes WHERE name = 'Archive'`)?.id)
      for (let index = 0; index < count; index += 1) {
        const id = 1000 + index
        const name = `file ${index} with a name of some length.bin`
        store.run(
          `INSERT INTO nodes (id, parent, kind, name, fold, uuid, next_number, current) VALUES (?, ?, 'file', ?, ?, ?, 2, 1)`,
          id,
          mountpoint,
          name,
          name,
          `uuid-${index}`,
        )
        store.run(
          'INSERT INTO revisions VALUES (?, 1, ?, ?, 5, ?, 0, 0, 0)',
          id,
          mountpoint,
          'x',
          'x',
        )
      }
    })
  } finally {
    store.close()
  }
}

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** What is in use of the heap: without the garbage, of which there is more or less as V8 finds time. */
function liveHeapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** Length of a body that is read and dropped, and by how much the live heap grew meanwhile at most. */
async function drain(
  session: Session,
  path: string,
): Promise<{ bytes: number; heapBytes: number }> {
  const before = liveHeapBytes()
  let bytes = 0
  let heapBytes = 0
  let sampledAt = 0
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const headers = { authorization: `Bearer ${session.accessToken}` }
  request(new URL(path, session.url), { headers }, async (response) => {
    for await (const chunk of response) {
      bytes += chunk.length
      if (bytes - sampledAt < 1_000_000) continue
      sampledAt = bytes
      heapBytes = Math.max(heapBytes, liveHeapBytes() - before)
    }
    resolve()
  })
    .on('error', reject)
    .end()
  await promise
  return { bytes, heapBytes }
}

test('a folder of 200,000 files is listed in flat memory, and others are answered meanwhile', async () => {
  await withFolder(async (dataDirectory) => {
    await (await startEmulator({ dataDirectory })).close()
    fill(dataDirectory, 200_000)
    const emulator = await startEmulator({ dataDirectory })
    try {
      const session = new Session(emulator.url, emulator.username)
      await session.login(emulator.loginToken())
      for (const query of ['', '?mode=liststream', '?mode=list']) {
        let isListed = false
        const listing = drain(session, `${session.jfs(home)}${query}`).finally(() => {
          isListed = true
        })
        let answers = 0
        while (!isListed) {
          assert.is(
            (await session.get(`${home}/file 7 with a name of some length.bin`)).status,
            200,
          )
          answers += 1
        }
        const { bytes, heapBytes } = await listing
        assert.ok(bytes > 40_000_000, `${bytes} bytes of ${query}`)
        assert.ok(heapBytes < 8 * 1024 * 1024, `${heapBytes} bytes of heap for ${query}`)
        // An emulator that stood still would answer one before and one after.
        assert.ok(answers > 5, `${answers} answers during ${query}`)
      }
      const removed = await session.post(
        `${home}/file 0 with a name of some length.bin`,
        '?rm=true',
      )
      assert.is(removed.status, 200)
    } finally {
      await emulator.close()
    }
  })
})

test.run()
