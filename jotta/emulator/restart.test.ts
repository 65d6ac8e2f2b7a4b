// What survives: a restart, `kill -9` at any point, and states that only a kill can leave behind.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startEmulator } from './emulator.ts'
import { doomedNode } from './schema.ts'
import { Store } from './store.ts'
import { at, md5, Session, withFolder } from './testing/with-emulator.ts'

const test = suite('restart')
const path = 'Jotta/Archive/d/a'

/** The emulator as a process of its own, with a session; killed when the work is over. */
async function withProcess(
  folder: string,
  work: (session: Session, kill: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const main = join(import.meta.dirname, 'main.ts')
  const child: ChildProcess = spawn(process.execPath, [main, '--port', '0', '--data-dir', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  try {
    const printed = new Map<string, string>()
    if (child.stdout === null) throw new Error('no output to read')
    for await (const line of createInterface(child.stdout)) {
      const [name = '', value = ''] = line.split(' ')
      printed.set(name, value)
      if (printed.size === 2) break
    }
    const token = printed.get('login-token') ?? ''
    const fields: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    const session = new Session(printed.get('url') ?? '', String(at(fields, 'username')))
    await session.login(token)
    await work(session, kill)
  } finally {
    await kill()
  }
}

test('an upload that was killed goes on where its bytes end', async () => {
  await withFolder(async (folder) => {
    const content = Buffer.from('0123456789'.repeat(100_000))
    await withProcess(folder, async (session, kill) => {
      await session.put(path, 'old')
      const allocation = await session.allocate(path, content)
      await session.sendPart(path, allocation, content, 600_000)
      await kill()
    })
    await withProcess(folder, async (session) => {
      assert.is(await session.content(path), 'old')
      const again = await session.allocate(path, content)
      assert.is(again.json.resume_pos, 600_000)
      assert.is((await session.send(again, content, 600_000)).status, 200)
      assert.is(md5((await session.get(path, '?mode=bin')).bytes), md5(content))
    })
  })
})

test('whatever was acknowledged before a kill is there after it', async () => {
  await withFolder(async (folder) => {
    const acknowledged = new Map<string, string>()
    for (let round = 0; round < 3; round += 1) {
      await withProcess(folder, async (session, kill) => {
        for (const [where, content] of acknowledged) {
          assert.is(await session.content(where), content, where)
        }
        const enough = Promise.withResolvers<void>()
        const writers = [0, 1, 2].map((writer) =>
          writeUntilKilled(
            session,
            `Jotta/Archive/${round}/${writer}`,
            acknowledged,
            enough.resolve,
          ),
        )
        await enough.promise
        await kill()
        await Promise.all(writers)
      })
    }
    await withProcess(folder, async (session) => {
      assert.ok(acknowledged.size > 30, `${acknowledged.size} files`)
      for (const [where, content] of acknowledged) {
        assert.is(await session.content(where), content, where)
      }
      const stream = at((await session.get('Jotta/Archive', '?mode=liststream')).xml, 'filedirlist')
      for (const file of Array.isArray(at(stream, 'file'))
        ? Object.values(Object(at(stream, 'file')))
        : []) {
        const where = `Jotta${String(at(file, 'path'))}/${String(at(file, 'filename'))}`
        assert.is(md5(await session.content(where)), at(file, 'md5'), where)
      }
    })
  })
})

/** Puts, overwrites and removes until the process is gone; keeps what was answered. */
async function writeUntilKilled(
  session: Session,
  folder: string,
  acknowledged: Map<string, string>,
  enough: () => void,
): Promise<void> {
  for (let count = 0; ; count += 1) {
    if (count === 12) enough()
    const where = `${folder}/${count}`
    const removed = `${folder}/${count - 3}`
    try {
      await session.put(where, `first of ${where}`)
      acknowledged.set(where, `first of ${where}`)
      // Either content is right until the second is answered: take it off meanwhile.
      acknowledged.delete(where)
      await session.put(where, `second of ${where}`)
      acknowledged.set(where, `second of ${where}`)
      if (count % 4 !== 3) continue
      acknowledged.delete(removed)
      await session.post(removed, '?rm=true')
    } catch {
      // The process was killed: what was not answered may be there or not.
      return
    }
  }
}

test('everything survives a plain restart: tree, tokens, trash, revisions', async () => {
  await withFolder(async (folder) => {
    let emulator = await startEmulator({ dataDirectory: folder })
    let session = new Session(emulator.url, emulator.username)
    await session.login(emulator.loginToken())
    const loginToken = emulator.loginToken()
    await session.put(path, 'one')
    await session.put(path, 'two')
    await session.put('Jotta/Archive/t', 't')
    await session.post('Jotta/Archive/t', '?dl=true')
    const { accessToken, refreshToken } = session
    await emulator.close()
    await emulator.close()
    emulator = await startEmulator({ dataDirectory: folder })
    try {
      session = new Session(emulator.url, emulator.username)
      session.accessToken = accessToken
      assert.is(await session.content(path), 'two')
      assert.is((await session.get(path, '?mode=bin&revision=1')).text, 'one')
      assert.equal(await session.names('Jotta/Archive'), ['d/', 't†'])
      const fields = { client_id: 'jottacli', grant_type: 'refresh_token' }
      assert.is((await session.token({ ...fields, refresh_token: refreshToken })).status, 200)
      assert.is((await session.login(loginToken)).status, 200)
    } finally {
      await emulator.close()
    }
  })
})

test('what a kill leaves half done is repaired at the start', async () => {
  await withFolder(async (folder) => {
    let emulator = await startEmulator({ dataDirectory: folder })
    let session = new Session(emulator.url, emulator.username)
    await session.login(emulator.loginToken())
    await session.put('Jotta/Archive/keep', 'keep')
    await session.put('Jotta/Archive/doomed/x', 'doomed')
    const content = 'complete but for the commit'
    const { upload_id: whole } = (await session.allocate(path, content)).json
    const { accessToken } = session
    await emulator.close()

    const store = new Store(folder)
    const orphan = 'ab'.repeat(16)
    await mkdir(join(folder, 'blobs', 'ab'), { recursive: true })
    await writeFile(join(folder, 'blobs', 'ab', `${orphan.slice(2)}-3`), 'abc')
    await writeFile(join(folder, 'partials', 'without-a-row'), 'abc')
    const partial = String(
      store.get('SELECT partial FROM uploads WHERE id = ?', String(whole))?.partial,
    )
    await writeFile(join(folder, 'partials', partial), content)
    store.transaction('durable', () => {
      store.run('INSERT INTO garbage VALUES (?, 3)', orphan)
      store.run('INSERT INTO garbage VALUES (?, 4)', md5('keep'))
      store.run(`UPDATE nodes SET parent = ? WHERE name = 'doomed' AND kind = 'folder'`, doomedNode)
    })
    store.close()

    emulator = await startEmulator({ dataDirectory: folder })
    try {
      session = new Session(emulator.url, emulator.username)
      session.accessToken = accessToken
      assert.equal(await readdir(join(folder, 'blobs', 'ab')), [])
      assert.equal(await readdir(join(folder, 'partials')), [partial])
      assert.is(await session.content('Jotta/Archive/keep'), 'keep')
      assert.is((await session.allocate('Jotta/Archive/n', 'doomed')).json.state, 'INCOMPLETE')
      const again = await session.allocate(path, content)
      assert.is(again.json.resume_pos, content.length - 1)
      assert.is((await session.send(again, content, content.length - 1)).status, 200)
      assert.is(await session.content(path), content)
    } finally {
      await emulator.close()
    }
  })
})

test('a data folder has one emulator, one name matching, and no readers but its owner', async () => {
  await withFolder(async (folder) => {
    const dataDirectory = join(folder, 'data')
    const emulator = await startEmulator({ dataDirectory })
    const refused = async (options: object) => {
      try {
        await (await startEmulator({ dataDirectory, ...options })).close()
        return ''
      } catch (error) {
        return String(error)
      }
    }
    assert.match(await refused({}), /in use by another process/)
    assert.is((await stat(dataDirectory)).mode & 0o777, 0o700)
    for (const name of ['jotta.sqlite', 'jotta.sqlite-wal', 'lock.sqlite']) {
      assert.is((await stat(join(dataDirectory, name))).mode & 0o777, 0o600, name)
    }
    await emulator.close()
    assert.match(await refused({ nameMatching: 'ascii' }), /made with nameMatching unicode/)
    assert.match(await refused({ port: 99_999 }), /port/)
    assert.is(await refused({}), '')
  })
})

test.run()
