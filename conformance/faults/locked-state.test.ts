// Another program that has the state of a bridge locked, as a backup may: the bridge goes on serving what needs
// no write there, and what does waits its turn.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ask, send } from '../support/signed-request.ts'
import { withEmulatedBridge } from '../support/with-emulated-bridge.ts'

const test = suite('a state that is locked')
const mib = 2 ** 20

test('a write waits for the lock, while health, reads and a download under way go on', async () => {
  await withEmulatedBridge(async ({ bridge }) => {
    const put = (key: string, body: string | Buffer) =>
      ask(bridge.url, { method: 'PUT', path: `/bucket/${key}`, body })
    await ask(bridge.url, { method: 'PUT', path: '/bucket' })
    await put('small', 'small')
    // More than the buffers on the way hold.
    await put('large', Buffer.alloc(64 * mib, 'x'))
    const download = await send(bridge.url, { method: 'GET', path: '/bucket/large' })

    const lock = new DatabaseSync(join(bridge.dataDirectory, 'state.sqlite'))
    lock.exec('BEGIN EXCLUSIVE')
    let isWritten = false
    const writing = put('waiting', 'waiting').then((answer) => {
      isWritten = true
      return answer
    })
    const { text } = await ask(bridge.url, { method: 'GET', path: '/bucket/small' })
    assert.is(text, 'small')
    let downloaded = 0
    for await (const chunk of download) downloaded += chunk.length
    assert.is(downloaded, 64 * mib)
    assert.is((await fetch(new URL('/-/healthz', bridge.url))).status, 200)
    assert.not(isWritten)

    lock.exec('ROLLBACK')
    lock.close()
    assert.is((await writing).status, 200)
    assert.is((await ask(bridge.url, { method: 'GET', path: '/bucket/waiting' })).text, 'waiting')
  })
})

test.run()
