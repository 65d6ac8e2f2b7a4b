// Two `serve` processes over one data folder and one account, whose writers want the same keys, names that
// Jottacloud takes for one, and places in a folder that is full; and one of them is killed again and again.
// What was answered counts: nothing of it is lost, nothing is under another key, and no lock outlives its time.
import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ask } from '../support/signed-request.ts'
import type { BridgeProcess } from '../support/with-bridge.ts'
import { withEmulatedBridge } from '../support/with-emulated-bridge.ts'

const test = suite('two processes over one data folder')

const keys = [
  ...['same/0', 'same/1', 'same/2'],
  ...['c/Hello.doc', 'c/hello.doc', 'c/HELLO.DOC', 'c/x', 'c/x/y', 'c/X/y', 'c/x//y', 'c/X'],
  ...Array.from({ length: 20 }, (_, n) => `full/${n}`),
]
const writersOfEach = 5
const writesMax = 30
/** How many writes the process that is killed has answered by then; less when they wait for locks of the last. */
const killsAfter = [30, 20]
const killsAfterMs = 2_000
/** Of a lock whose holder is dead (translate/leases.ts), and some for the work itself on a busy machine. */
const lockedMs = 30_000
const workMs = 20_000

type Write = {
  /** `undefined`: a delete. */
  readonly content: string | undefined
  readonly startedMs: number
  /** Infinite when nobody knows whether it was carried out, or may yet be. */
  endedMs: number
}

/** What was asked of each key, beginning with its absence. */
class History {
  readonly #writes = new Map<string, Write[]>(
    keys.map((key) => [key, [{ content: undefined, startedMs: -1, endedMs: -1 }]]),
  )

  begin(key: string, content: string | undefined): Write {
    const endedMs = Number.POSITIVE_INFINITY
    const write = { content, startedMs: performance.now(), endedMs }
    this.#writes.get(key)?.push(write)
    return write
  }

  /** What may be there now: of no write that another one, which was answered, came after as a whole. */
  possible(key: string): Set<string | undefined> {
    const writes = this.#writes.get(key) ?? []
    const latest = Math.max(
      ...writes.filter(({ endedMs }) => endedMs < Infinity).map(({ startedMs }) => startedMs),
    )
    return new Set(writes.filter(({ endedMs }) => endedMs >= latest).map(({ content }) => content))
  }
}

function pathOf(key: string): string {
  return `/bucket/${key.split('/').map(encodeURIComponent).join('/')}`
}

/** Of no other key, and of no other write. */
function contentOf(key: string, writer: string, n: number): string {
  return `${key}|${writer}|${n}`
}

/** Writes until it has written enough or its bridge is killed. Returns the longest that one write took. */
async function hammer(
  bridge: () => BridgeProcess,
  writer: string,
  number: number,
  history: History,
  onWritten: () => void,
): Promise<number> {
  let longestMs = 0
  for (let n = 0; n < writesMax; n += 1) {
    const key = keys[(n * (number + 3) + number * 7) % keys.length] ?? ''
    const at = bridge()
    const isDelete = n % 4 === 3
    const content = isDelete ? undefined : contentOf(key, writer, n)
    const write = history.begin(key, content)
    const asked = isDelete ? { method: 'DELETE' } : { method: 'PUT', body: content ?? '' }
    const answer = await ask(at.url, { ...asked, path: pathOf(key) }).catch((error: unknown) => {
      assert.ok(at.process.killed, `a process that lives answers: ${error}`)
      return undefined
    })
    longestMs = Math.max(longestMs, performance.now() - write.startedMs)
    if (answer === undefined) continue
    assert.is(answer.status, isDelete ? 204 : 200, `${key}: ${answer.text}`)
    write.endedMs = performance.now()
    onWritten()
    const seen = await ask(at.url, { method: 'GET', path: pathOf(key) }).catch(() => undefined)
    const isOwn = seen?.status === 404 || seen?.text.startsWith(`${key}|`)
    assert.ok(seen === undefined || isOwn, `${key}: ${seen?.text}`)
  }
  return longestMs
}

async function listed(bridge: BridgeProcess, query = ''): Promise<string[]> {
  const { status, text } = await ask(bridge.url, {
    method: 'GET',
    path: `/bucket?${query}list-type=2`,
  })
  assert.is(status, 200, text)
  return [...text.matchAll(/<(?:Key|Prefix)>([^<]+)<\/(?:Key|Prefix)>/g)].map(
    ([, name]) => name ?? '',
  )
}

/** Key -> content, as it is read, which must be among what may be there. */
async function stored(bridge: BridgeProcess, history: History): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const look = async (key: string): Promise<void> => {
    const { status, text, headers } = await ask(bridge.url, { method: 'GET', path: pathOf(key) })
    assert.ok(status === 200 || status === 404, text)
    const content = status === 200 ? text : undefined
    const possible = history.possible(key)
    assert.ok(possible.has(content), `${key}: ${content} of ${[...possible].join()}`)
    if (content === undefined) return
    assert.is(headers.etag, `"${createHash('md5').update(content).digest('hex')}"`)
    found.set(key, content)
  }
  await Promise.all(keys.map(look))
  return new Map([...found].sort())
}

test('what was answered is there, each key by itself, though one is killed again and again', async () => {
  const env = { JOTTA_S3_FOLDER_MAX_ENTRIES: '6' }
  await withEmulatedBridge(async ({ bridge: one, startAgain }) => {
    assert.is((await ask(one.url, { method: 'PUT', path: '/bucket' })).status, 200)
    const history = new History()
    let other = await startAgain()
    const lasting = Array.from({ length: writersOfEach }, (_, number) =>
      hammer(
        () => one,
        `one-${number}`,
        number,
        history,
        () => {},
      ),
    )
    const cut: Promise<number>[] = []
    for (const [round, killAfter] of killsAfter.entries()) {
      const mortal = other
      const enough = Promise.withResolvers<void>()
      let written = 0
      for (let number = 0; number < writersOfEach; number += 1) {
        const writer = `other-${round}-${number}`
        const onWritten = (): void => {
          written += 1
          if (written === killAfter) enough.resolve()
        }
        cut.push(hammer(() => mortal, writer, number + round, history, onWritten))
      }
      await Promise.race([enough.promise, setTimeout(killsAfterMs)])
      // Begun before, since a start takes seconds in which the locks of the dead might end.
      const next = startAgain()
      await mortal.kill()
      other = await next
    }
    const longestMs = Math.max(...(await Promise.all([...lasting, ...cut])))
    assert.ok(longestMs < lockedMs + workMs, `${longestMs} ms for one write`)

    // Both tell the same, which is what was answered.
    const found = await stored(one, history)
    assert.equal(await stored(other, history), found)
    const byBytes = [...found.keys()].sort()
    for (const bridge of [one, other]) assert.equal(await listed(bridge), byBytes)
    // And whatever is left of locks is not in the way for longer.
    await Promise.all(
      keys.map(async (key, n) => {
        const write = history.begin(key, `${key}|last`)
        const asked = { method: 'PUT', path: pathOf(key), body: `${key}|last` }
        const { status, text } = await ask(n % 2 === 0 ? one.url : other.url, asked)
        assert.is(status, 200, text)
        write.endedMs = performance.now()
      }),
    )
    assert.is((await stored(other, history)).size, keys.length)
    await Promise.all(
      keys.map(async (key, n) => {
        const at = n % 2 === 0 ? one.url : other.url
        assert.is((await ask(at, { method: 'DELETE', path: pathOf(key) })).status, 204)
      }),
    )
    for (const bridge of [one, other]) {
      assert.equal(await listed(bridge), [])
      assert.equal(await listed(bridge, 'delimiter=%2F&'), [])
    }
  }, env)
})

test('a process that starts takes nothing from an upload that another one completes', async () => {
  await withEmulatedBridge(async ({ emulator, bridge, startAgain }) => {
    const request = async (at: BridgeProcess, method: string, path: string, body?: string) => {
      return await ask(at.url, { method, path, ...(body !== undefined && { body }) })
    }
    assert.is((await request(bridge, 'PUT', '/bucket')).status, 200)
    const { text } = await request(bridge, 'POST', '/bucket/key?uploads=')
    const id = /<UploadId>([^<]+)</.exec(text)?.[1] ?? ''
    const part = `/bucket/key?partNumber=1&uploadId=${id}`
    const { headers } = await request(bridge, 'PUT', part, 'first')
    const listed = `<Part><PartNumber>1</PartNumber><ETag>${headers.etag}</ETag></Part>`
    const upload = `/bucket/key?uploadId=${id}`
    const body = `<CompleteMultipartUpload>${listed}</CompleteMultipartUpload>`
    const sending = emulator.faults.hold({ operation: 'upload' })
    const completing = request(bridge, 'POST', upload, body)
    await sending.reached()
    const other = await startAgain()
    for (const [method, path] of [
      ['PUT', part],
      ['DELETE', upload],
    ] as const) {
      const refused = await request(other, method, path, method === 'PUT' ? 'second' : undefined)
      assert.is(refused.status, 409, refused.text)
      assert.match(refused.text, 'OperationAborted')
    }
    sending.release()
    const completed = await completing
    assert.is(completed.status, 200)
    assert.match(completed.text, '<CompleteMultipartUploadResult')
    const again = await request(other, 'POST', upload, body)
    assert.match(again.text, '<CompleteMultipartUploadResult')
    assert.is((await request(other, 'GET', '/bucket/key')).text, 'first')
    assert.is(emulator.faults.count({ operation: 'upload' }), 1)
  })
})

test.run()
