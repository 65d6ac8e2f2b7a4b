// Section 6 of the protocol reference and the devices and mountpoints of 1.5, over HTTP.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { at, createClock, list, type Session, withEmulator } from './testing/with-emulator.ts'

const test = suite('commands')
const home = 'Jotta/Archive'
const time = '2026-01-05-T13:00:00+0100'

async function isDeleted(session: Session, path: string): Promise<boolean | number> {
  const answer = await session.get(path)
  if (answer.status !== 200) return answer.status
  return at(Object.values(answer.xml).at(-1), '@deleted') !== undefined
}

test('devices are made with a type and removed for good', async () => {
  await withEmulator({}, async (session) => {
    const made = await session.post('S3', '?type=WORKSTATION')
    assert.is(made.status, 201)
    assert.is(at(made.xml, 'device', 'name', '#text'), 'S3')
    assert.is(at(made.xml, 'device', 'mountPoints'), undefined)
    assert.is((await session.post('S3', '?type=WORKSTATION')).status, 201)
    assert.is((await session.post('S4', '?type=TOASTER')).status, 400)
    assert.is((await session.post('S4')).status, 500)
    assert.is((await session.post('S3/data')).status, 201)
    await session.put('S3/data/a', 'content')
    assert.is(at((await session.get('s3')).xml, 'device', 'size'), '7')
    assert.ok((await session.post('S3', '?rm=true')).text.includes('<user '))
    assert.is((await session.get('S3')).status, 404)
    assert.is((await session.cphash(`${home}/b`, 'content', time)).status, 404)
    assert.is((await session.post('Jotta', '?rm=true')).status, 403)
  })
})

test('mountpoints are made, listed, trashed, made again and removed', async () => {
  await withEmulator({}, async (session) => {
    await session.post('S3', '?type=WORKSTATION')
    assert.is((await session.post('S3/photos')).status, 201)
    assert.is((await session.post('S3/Photos')).status, 200)
    await session.put('S3/photos/a', 'a')
    const trashed = await session.post('S3/photos', '?dl=true')
    const entry = at(trashed.xml, 'device', 'mountPoints', 'mountPoint', '0')
    assert.ok(at(entry, '@deleted'))
    assert.is(at(entry, 'abspath', '#text'), `/${session.username}/S3`)
    const trash = at((await session.get('Jotta/Trash')).xml, 'mountPoint', 'folders', 'folder', '0')
    assert.is(at(trash, '@name'), 'photos')
    assert.is((await session.allocate('S3/photos/b', 'b')).status, 404)
    assert.is((await session.post('S3/photos')).status, 201)
    assert.equal(await session.names('S3/photos'), ['a†'])
    assert.ok((await session.post('S3/photos', '?rm=true')).text.includes('<device '))
    assert.is((await session.get('S3/photos')).status, 404)
    for (const query of ['?dlDir=true', '?rmDir=true', '?cphash=true']) {
      assert.is((await session.post('S3/x', query)).status, 404, query)
    }
    assert.is((await session.post('S3/x', '?unknown=true')).status, 500)
    assert.is((await session.post('None/x')).status, 404)
  })
})

test('mkDir makes what is missing, the mountpoint too, and minds what is there', async () => {
  await withEmulator({}, async (session) => {
    const made = await session.post('Jotta/new/a/b', '?mkDir=true')
    assert.is(made.status, 200)
    assert.is(at(made.xml, 'folder', '@name'), 'b')
    assert.is(at(made.xml, 'folder', 'metadata'), undefined)
    assert.is((await session.post('Jotta/new/A/B', '?mkDir=true')).status, 200)
    assert.equal(await session.names('Jotta/new/a'), ['b/'])
    await session.put(`${home}/file`, 'x')
    assert.is((await session.post(`${home}/File`, '?mkDir=true')).status, 409)
    assert.is((await session.post(`${home}/file/below`, '?mkDir=true')).status, 409)
    assert.is((await session.allocate(`${home}/file/below`, 'y')).status, 409)
    assert.is((await session.allocate('Jotta/new/A', 'y')).status, 409)
    assert.is((await session.post(`${home}/x/${'n'.repeat(256)}`, '?mkDir=true')).status, 400)
    assert.equal(await session.names(home), ['file'])
  })
})

test('a file and a folder of one name live side by side when switched so', async () => {
  await withEmulator({ sameNames: 'allow' }, async (session) => {
    await session.put(`${home}/a`, 'file')
    await session.put(`${home}/a/b`, 'below')
    assert.equal(await session.names(home), ['a', 'a/'])
    assert.is(await session.content(`${home}/a`), 'file')
    assert.is((await session.post(`${home}/a`, '?rmDir=true')).status, 200)
    assert.equal(await session.names(home), ['a'])
  })
})

test('the trash leaves tombstones that answer 200', async () => {
  await withEmulator({}, async (session) => {
    await session.put(`${home}/d/a`, 'a')
    await session.put(`${home}/d/b`, 'b')
    const reply = await session.post(`${home}/d/a`, '?dl=true')
    assert.ok(at(reply.xml, 'file', '@deleted'))
    const tombstone = at((await session.get(`${home}/d/a`)).xml, 'file')
    assert.is(at(tombstone, 'currentRevision', 'state'), 'COMPLETED')
    assert.is(at(tombstone, 'currentRevision', 'size'), '1')
    assert.equal(await session.names(`${home}/d`), ['a†', 'b'])
    const folder = at((await session.get(`${home}/d`)).xml, 'folder')
    assert.is(at(folder, 'metadata', '@total'), '2')
    assert.is(
      at(folder, 'files', 'file', '0', 'abspath', '#text'),
      `/${session.username}/${home}/d`,
    )
    assert.is((await session.get(`${home}/d/a`, '?mode=bin')).status, 404)
    assert.is((await session.post(`${home}/d/a`, '?dl=true')).status, 200)
    assert.is((await session.post(`${home}/d/none`, '?dl=true')).status, 404)
  })
})

test('a trashed folder takes everything below it along, and carries the mark itself', async () => {
  await withEmulator({}, async (session) => {
    await session.put(`${home}/d/e/a`, 'a')
    assert.is((await session.post(`${home}/d`, '?dlDir=true')).status, 200)
    for (const path of ['d', 'd/e', 'd/e/a']) {
      assert.is(await isDeleted(session, `${home}/${path}`), true, path)
    }
    assert.equal(await session.names(`${home}/d`), ['e/†'])
    assert.equal(await session.names(home), ['d/†'])
    const stream = await session.get(home, '?mode=liststream')
    assert.ok(stream.text.includes('<stats><folders>1</folders><files>0</files></stats>'))
    assert.is((await session.post(`${home}/d/e`, '?mkDir=true')).status, 200)
    assert.is(await isDeleted(session, `${home}/d`), false)
    assert.is(await isDeleted(session, `${home}/d/e`), false)
    assert.is(await isDeleted(session, `${home}/d/e/a`), true)
  })
})

test('a trashed folder is restored by cphash of its files', async () => {
  await withEmulator({}, async (session) => {
    await session.put(`${home}/d/e/a`, 'a')
    await session.put(`${home}/d/b`, 'b')
    await session.post(`${home}/d`, '?dlDir=true')
    for (const [path, content] of [
      ['d/e/a', 'a'],
      ['d/b', 'b'],
    ] as const) {
      const answer = await session.cphash(`${home}/${path}`, content, time)
      assert.is(answer.status, 200)
      assert.is(at(answer.xml, 'file', '@deleted'), undefined)
      assert.is(at(answer.xml, 'file', 'currentRevision', 'number'), '1')
      assert.is(at(answer.xml, 'file', 'currentRevision', 'modified'), '2026-01-05-T12:00:00Z')
    }
    assert.equal(await session.names(`${home}/d`), ['b', 'e/'])
    assert.is((await session.post('Jotta/Trash/d', '?restore=true')).status, 500)
    assert.is((await session.post(`${home}/d`, '?restore=true')).status, 500)
  })
})

test('a trashed folder may be renamed with its date instead', async () => {
  await withEmulator({ trashedFolderReuse: 'rename' }, async (session) => {
    await session.put(`${home}/d/a`, 'a')
    await session.post(`${home}/d`, '?dlDir=true')
    await session.put(`${home}/d/b`, 'b')
    const names = await session.names(home)
    assert.is(names.length, 2)
    assert.match(names[0] ?? '', /^d \(\d{4}-\d\d-\d\d\)\/†$/)
    assert.equal(await session.names(`${home}/d`), ['b'])
  })
})

test('the verb must match what is there', async () => {
  await withEmulator({}, async (session) => {
    await session.put(`${home}/d/f`, 'f')
    for (const query of ['dl', 'rm', 'cphash']) {
      const headers = { JSize: '1', JMd5: '8fa14cdd754f91cc6554c9e71929cce7' }
      const answer = await session.post(`${home}/d`, `?${query}=true`, headers)
      assert.is(answer.status, 404, query)
    }
    for (const query of ['dlDir', 'rmDir']) {
      assert.is((await session.post(`${home}/d/f`, `?${query}=true`)).status, 404, query)
    }
    assert.is((await session.transfer('cp', `${home}/d`, `${home}/e`)).status, 404)
    assert.is((await session.transfer('mv', `${home}/d`, `${home}/e`)).status, 404)
    assert.is((await session.transfer('mvDir', `${home}/d/f`, `${home}/e`)).status, 404)
    assert.is(await session.content(`${home}/d/f`), 'f')
    assert.equal(await session.names(home), ['d/'])
  })
})

test('unknown commands and bodies meant for elsewhere are no silent success', async () => {
  await withEmulator({}, async (session) => {
    await session.put(`${home}/f`, 'f')
    for (const query of [
      '',
      '?nothing=true',
      '?dl=false',
      '?dl',
      '?dl=true&rm=true',
      '?cpDir=/x',
    ]) {
      const answer = await session.post(`${home}/f`, query)
      assert.is(answer.status, 500, query)
      assert.is(at(answer.xml, 'error', 'code'), '500')
    }
    const headers = { 'content-type': 'application/octet-stream' }
    assert.is((await session.post(`${home}/f`, '?rm=true', headers)).status, 404)
    assert.is(await session.content(`${home}/f`), 'f')
  })
})

test('rm and rmDir are for good, tombstones too', async () => {
  await withEmulator({}, async (session) => {
    await session.put(`${home}/d/a`, 'a')
    await session.put(`${home}/b`, 'b')
    const uuid = at((await session.get(`${home}/b`)).xml, 'file', '@uuid')
    await session.post(`${home}/b`, '?dl=true')
    assert.is((await session.post(`${home}/b`, '?rm=true')).status, 200)
    assert.is((await session.get(`${home}/b`)).status, 404)
    assert.is((await session.post(`${home}/b`, '?rm=true')).status, 404)
    await session.post(`${home}/d`, '?dlDir=true')
    assert.is((await session.post(`${home}/d`, '?rmDir=true')).status, 200)
    assert.equal(await session.names(home), [])
    assert.is(at((await session.get('')).xml, 'user', 'usage'), '0')
    await session.put(`${home}/b`, 'b')
    assert.is.not(at((await session.get(`${home}/b`)).xml, 'file', '@uuid'), uuid)
  })
})

test('the trash view shows roots only, and purging counts and empties it', async () => {
  await withEmulator({}, async (session) => {
    for (const path of ['d/e/a', 'x', 'y']) await session.put(`${home}/${path}`, path)
    await session.post(`${home}/d/e`, '?dlDir=true')
    await session.post(`${home}/d`, '?dlDir=true')
    await session.post(`${home}/x`, '?dl=true')
    const trash = at((await session.get('Jotta/Trash')).xml, 'mountPoint')
    assert.equal(
      list(at(trash, 'folders', 'folder')).map((one) => at(one, '@name')),
      ['d'],
    )
    const file = at(trash, 'files', 'file', '0')
    assert.is(at(file, '@contextType'), 'TRASH')
    assert.is(at(file, 'abspath', '#text'), `/${session.username}/${home}`)
    for (const query of ['?rm=true', '?rmDir=true']) {
      assert.is((await session.post('Jotta/Trash/d', query)).status, 404, query)
    }
    const purged = await session.ask('POST', '/files/v1/purge_trash')
    assert.equal(purged.json, { files: 1, folders: 1 })
    assert.equal(await session.names(home), ['y'])
    assert.equal(await session.names('Jotta/Trash'), [])
  })
})

test('after thirty days the trash is gone', async () => {
  const clock = createClock('2026-03-01T08:00:00Z')
  await withEmulator({ now: clock.now }, async (session, emulator) => {
    await session.put(`${home}/d/a`, 'a')
    await session.post(`${home}/d`, '?dlDir=true')
    clock.advance(30 * 24 * 3600 * 1000 - 1000)
    await session.login(emulator.loginToken())
    assert.is(await isDeleted(session, `${home}/d/a`), true)
    clock.advance(1000)
    assert.is((await session.get(`${home}/d/a`)).status, 404)
    assert.is((await session.cphash(`${home}/b`, 'a', time)).status, 404)
  })
})

test('an upload onto a tombstone brings it back with its revisions', async () => {
  await withEmulator({}, async (session) => {
    await session.put(`${home}/d/a`, 'one')
    await session.post(`${home}/d`, '?dlDir=true')
    await session.put(`${home}/d/a`, 'two')
    assert.is(await isDeleted(session, `${home}/d/a`), false)
    const file = at((await session.get(`${home}/d/a`)).xml, 'file')
    assert.is(at(file, 'currentRevision', 'number'), '2')
    assert.is(at(file, 'revisions', 'revision', '0', 'number'), '1')
  })
})

test('cphash sets times, replaces content that is known, and makes no folders', async () => {
  await withEmulator({}, async (session) => {
    await session.put(`${home}/a`, 'a')
    await session.put(`${home}/b`, 'b')
    const touched = at((await session.cphash(`${home}/a`, 'a', time)).xml, 'file')
    assert.is(at(touched, 'currentRevision', 'number'), '1')
    assert.is(at(touched, 'currentRevision', 'created'), '2026-01-05-T12:00:00Z')
    const replaced = at((await session.cphash(`${home}/a`, 'b', time)).xml, 'file')
    assert.is(at(replaced, 'currentRevision', 'number'), '2')
    assert.is(await session.content(`${home}/a`), 'b')
    assert.is((await session.cphash(`${home}/a`, 'unknown', time)).status, 404)
    assert.is((await session.cphash(`${home}/none/a`, 'b', time)).status, 404)
    assert.is((await session.post(`${home}/a`, '?cphash=true')).status, 400)
    assert.equal(await session.names(home), ['a', 'b'])
  })
})

test('cp keeps times, appends a revision on a live file, and leaves a tombstone deleted', async () => {
  await withEmulator({}, async (session, { faults }) => {
    await session.put(`${home}/a`, 'a', { modified: '2020-01-01T00:00:00Z' })
    await session.put(`${home}/b`, 'b')
    const made = at((await session.transfer('cp', `${home}/a`, `${home}/c +&=`)).xml, 'file')
    assert.is(at(made, '@name'), 'c +&=')
    assert.is(at(made, 'currentRevision', 'number'), '1')
    assert.is(at(made, 'currentRevision', 'modified'), '2020-01-01-T00:00:00Z')
    const onto = at((await session.transfer('cp', `${home}/a`, `${home}/b`)).xml, 'file')
    assert.is(at(onto, 'currentRevision', 'number'), '2')
    await session.post(`${home}/b`, '?dl=true')
    const dead = at((await session.transfer('cp', `${home}/a`, `${home}/b`)).xml, 'file')
    assert.ok(at(dead, '@deleted'))
    assert.is(at(dead, 'currentRevision', 'number'), '3')
    const cured = at((await session.cphash(`${home}/b`, 'a', time)).xml, 'file')
    assert.is(at(cured, '@deleted'), undefined)
    await session.post(`${home}/b`, '?dl=true')
    faults.set({ copyOntoTombstone: 'revives' })
    await session.transfer('cp', `${home}/a`, `${home}/b`)
    assert.is(await session.content(`${home}/b`), 'a')
    assert.is((await session.transfer('cp', `${home}/a`, `${home}/none/a`)).status, 404)
    assert.is((await session.transfer('cp', `${home}/none`, `${home}/z`)).status, 404)
    const elsewhere = new URLSearchParams({ cp: '/somebody/Jotta/Archive/x' })
    assert.is((await session.post(`${home}/a`, `?${elsewhere}`)).status, 403)
    const relative = new URLSearchParams({ cp: `${session.username}/${home}/x` })
    assert.is((await session.post(`${home}/a`, `?${relative}`)).status, 400)
  })
})

test('mv keeps uuid and number, makes a live file of a tombstone, and minds live files', async () => {
  await withEmulator({}, async (session, { faults }) => {
    await session.put(`${home}/a`, 'one')
    await session.put(`${home}/a`, 'two')
    const uuid = at((await session.get(`${home}/a`)).xml, 'file', '@uuid')
    await session.put(`${home}/b`, 'b')
    await session.post(`${home}/b`, '?dl=true')
    const moved = at((await session.transfer('mv', `${home}/a`, `${home}/b`)).xml, 'file')
    assert.is(at(moved, '@uuid'), uuid)
    assert.is(at(moved, '@deleted'), undefined)
    assert.is(at(moved, 'currentRevision', 'number'), '2')
    assert.is(at(moved, 'revisions', 'revision', '0', 'number'), '1')
    assert.is((await session.get(`${home}/a`)).status, 404)
    await session.put(`${home}/c`, 'c')
    faults.set({ moveOntoLiveFile: 'refuse' })
    assert.is((await session.transfer('mv', `${home}/b`, `${home}/c`)).status, 409)
    assert.is((await session.transfer('mv', `${home}/b`, `${home}/B`)).status, 409)
    faults.set({ moveOntoLiveFile: 'append-revision' })
    const onto = at((await session.transfer('mv', `${home}/b`, `${home}/c`)).xml, 'file')
    assert.is(at(onto, 'currentRevision', 'number'), '2')
    assert.is(await session.content(`${home}/c`), 'two')
    assert.is((await session.get(`${home}/b`)).status, 404)
    assert.is((await session.transfer('mv', `${home}/c`, `${home}/none/c`)).status, 404)
    assert.is(await session.content(`${home}/c`), 'two')
  })
})

test('mvDir moves a tree, wants its slash, and never merges', async () => {
  await withEmulator({}, async (session, { faults }) => {
    await session.put(`${home}/d/e/a`, 'a')
    await session.put(`${home}/x/y`, 'y')
    const slashless = new URLSearchParams({ mvDir: `/${session.username}/${home}/z` })
    assert.is((await session.post(`${home}/d`, `?${slashless}`)).status, 404)
    assert.is((await session.transfer('mvDir', `${home}/d`, `${home}/x`)).status, 409)
    assert.is((await session.transfer('mvDir', `${home}/d`, `${home}/d/e/f`)).status, 400)
    const moved = await session.transfer('mvDir', `${home}/d`, 'Jotta/Sync/z')
    assert.is(at(moved.xml, 'folder', '@name'), 'z')
    assert.is(await session.content('Jotta/Sync/z/e/a'), 'a')
    assert.equal(await session.names(home), ['x/'])
    assert.is(at((await session.get('Jotta/Sync')).xml, 'mountPoint', 'size'), '1')
    assert.is(at((await session.get(home)).xml, 'mountPoint', 'size'), '1')
    faults.set({ moveFolderOntoFolder: 'trash-existing' })
    assert.is((await session.transfer('mvDir', 'Jotta/Sync/z', `${home}/x`)).status, 200)
    assert.is(await session.content(`${home}/x/e/a`), 'a')
  })
})

test('mvDir makes the folders above its target, and none when it is refused', async () => {
  await withEmulator({}, async (session) => {
    await session.put(`${home}/d/a`, 'a')
    await session.put(`${home}/file`, 'f')
    await session.put(`${home}/old/b`, 'b')
    await session.post(`${home}/old`, '?dlDir=true')
    assert.is((await session.transfer('mvDir', `${home}/d`, `${home}/n/o/d`)).status, 200)
    assert.is(await session.content(`${home}/n/o/d/a`), 'a')
    assert.equal(await session.names(`${home}/n`), ['o/'])
    const refused = [
      [`${home}/d`, `${home}/p/q`, 404],
      [`${home}/n/o/d`, `${home}/file/p/d`, 409],
      [`${home}/n`, `${home}/n/p/q/d`, 400],
      [`${home}/n`, 'Jotta/Nowhere/p/n', 404],
    ] as const
    for (const [from, to, status] of refused) {
      assert.is((await session.transfer('mvDir', from, to)).status, status, `${from} to ${to}`)
    }
    assert.equal(await session.names(home), ['file', 'n/', 'old/†'])
    assert.equal(await session.names(`${home}/n`), ['o/'])
    // A trashed one comes back, and what it held does not.
    assert.is((await session.transfer('mvDir', `${home}/n/o/d`, `${home}/old/d`)).status, 200)
    assert.equal(await session.names(`${home}/old`), ['b†', 'd/'])
  })
})

test('sharing is a GET that shows and hides public addresses', async () => {
  await withEmulator({}, async (session) => {
    await session.put(`${home}/a`, 'a')
    const shared = at((await session.get(`${home}/a`, '?mode=enableShare')).xml, 'file')
    assert.match(String(at(shared, 'publicURI')), /^[0-9a-f]{32}$/)
    assert.ok(at(shared, 'publicSharePath'))
    assert.equal(await session.names('Jotta/Links'), ['a'])
    const hidden = at((await session.get(`${home}/a`, '?mode=disableShare')).xml, 'file')
    assert.is(at(hidden, 'publicURI'), undefined)
    assert.equal(await session.names('Jotta/Latest'), ['a'])
  })
})

test('the switch of row 27 decides what trashing nothing is', async () => {
  await withEmulator({}, async (session, { faults }) => {
    await session.put(`${home}/a`, 'a')
    await session.post(`${home}/a`, '?dl=true')
    const statuses = async () => [
      (await session.post(`${home}/a`, '?dl=true')).status,
      (await session.post(`${home}/none`, '?dl=true')).status,
    ]
    assert.equal(await statuses(), [200, 404])
    faults.set({ trashOfMissing: 'ok' })
    assert.equal(await statuses(), [200, 200])
    faults.set({ trashOfMissing: 'not-found' })
    assert.equal(await statuses(), [404, 404])
  })
})

test.run()
