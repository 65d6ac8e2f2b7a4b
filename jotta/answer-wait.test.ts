import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CallOptions, createJottaClient, type JottaClient } from './client.ts'
import { createHttp } from './http.ts'
import { type Asked, eventually, rejection, withServer } from './scripted-server.test-support.ts'
import { createStaticTokenSource } from './token.ts'

const test = suite('waiting for answers')

const reason = new Error('the caller has gone')
const at = { device: 'S3', mountpoint: 'photos', path: ['x.bin'] }
const content = Buffer.alloc(300_000, 'x')
const md5 = createHash('md5').update(content).digest('hex')
const described = { sizeBytes: content.length, md5, created: new Date(0), modified: new Date(0) }
const fileXml = `<file name="x.bin"><currentRevision><number>1</number><state>COMPLETED</state><size>${content.length}</size><md5>${md5}</md5></currentRevision></file>`

type Bench = {
  readonly client: JottaClient
  readonly options: CallOptions
  /** The caller goes. */
  readonly leave: () => void
  /** Nobody waits any more. */
  readonly stop: () => void
  /** What the service was asked to change. */
  readonly changes: () => readonly Asked[]
  /** Resolves when so many changes were asked for. */
  readonly reached: (count: number) => Promise<void>
  readonly answer: () => void
}

/** A service that answers no change until it is told to; `refuse` makes that answer a failure that passes. */
async function withSlowService(
  { refuse = false, allocates = 'COMPLETED' }: { refuse?: boolean; allocates?: string },
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  const gate = Promise.withResolvers<void>()
  const changes: Asked[] = []
  await withServer(
    async (asked, response) => {
      if (asked.method === 'POST') {
        if (!asked.target.startsWith('/upload')) await asked.body()
        changes.push(asked)
        const isAllocated = asked.target === '/files/v1/allocate' && allocates !== 'COMPLETED'
        if (!isAllocated) await gate.promise
      }
      if (refuse && asked.method === 'POST') return response.writeHead(503).end()
      if (asked.target === '/account/v1/customer') return response.end('{"username":"u"}')
      if (asked.target === '/files/v1/allocate') {
        const url = `http://${asked.headers.host}/upload/1`
        return response.end(JSON.stringify({ state: allocates, upload_url: url, resume_pos: 0 }))
      }
      if (asked.target.startsWith('/upload')) {
        return response.end(JSON.stringify({ bytes: content.length, md5 }))
      }
      return response.end(fileXml)
    },
    async ({ url }) => {
      const leaving = new AbortController()
      const stopping = new AbortController()
      const client = createJottaClient({
        tokens: createStaticTokenSource('token'),
        jfsUrl: `${url}/jfs`,
        apiUrl: url,
        maxConcurrentUploads: 2,
      })
      try {
        await work({
          client,
          options: { signal: leaving.signal, answerSignal: stopping.signal },
          leave: () => leaving.abort(reason),
          stop: () => stopping.abort(new Error('stopping')),
          changes: () => changes,
          reached: (count) => eventually(() => changes.length >= count),
          answer: () => gate.resolve(),
        })
      } finally {
        gate.resolve()
        await client.close()
      }
    },
  )
}

const whole = () => Readable.from([content], { objectMode: false })

/** How a promise stands after what is at hand was done. */
async function stateOf(promise: Promise<unknown>): Promise<'waiting' | 'over'> {
  let state: 'waiting' | 'over' = 'waiting'
  const end = () => {
    state = 'over'
  }
  promise.then(end, end)
  for (let turn = 0; turn < 20; turn += 1) await setImmediate()
  return state
}

test('a change that was sent is waited for when its caller goes, and its answer counts', async () => {
  await withSlowService({}, async ({ client, options, leave, reached, answer }) => {
    const making = client.createByHash(at, described, options)
    await reached(1)
    leave()
    assert.is(await stateOf(making), 'waiting')
    answer()
    assert.is((await making)?.current?.md5, md5)
  })
})

test('a change that the service refuses after its caller has gone is not asked for again', async () => {
  await withSlowService(
    { refuse: true },
    async ({ client, options, leave, reached, answer, changes }) => {
      const making = rejection(client.createByHash(at, described, options))
      await reached(1)
      leave()
      assert.is(await stateOf(making), 'waiting')
      answer()
      assert.is(await making, reason)
      assert.is(changes().length, 1)
    },
  )
})

test('nobody waits once that is over, before or after the caller has gone', async () => {
  for (const order of ['leave, stop', 'stop, leave']) {
    await withSlowService({}, async ({ client, options, leave, stop, reached }) => {
      const making = rejection(client.createByHash(at, described, options))
      await reached(1)
      if (order === 'leave, stop') leave()
      else stop()
      assert.is(await stateOf(making), 'waiting')
      if (order === 'leave, stop') stop()
      else leave()
      assert.is(await making, reason)
    })
  }
})

test('an upload is waited for while it is allocated, and then not begun', async () => {
  await withSlowService({}, async ({ client, options, leave, reached, answer, changes }) => {
    const input = { ...described, onExisting: 'new-revision', openContent: whole } as const
    const uploading = rejection(client.upload(at, input, options))
    await reached(1)
    leave()
    assert.is(await stateOf(uploading), 'waiting')
    answer()
    assert.is(await uploading, reason)
    assert.is(changes().length, 1)
  })
})

test('of content, only when the last byte may have been sent', async () => {
  for (const sizeBytes of [content.length - 1, content.length]) {
    await withSlowService(
      { allocates: 'INCOMPLETE' },
      async ({ client, options, leave, reached, answer, changes }) => {
        const arriving = new Readable({ read() {} })
        arriving.push(content.subarray(0, sizeBytes))
        const input = { ...described, onExisting: 'new-revision' } as const
        const uploading = rejection(
          client.upload(at, { ...input, openContent: () => arriving }, options),
        )
        await reached(2)
        const [, sent] = changes()
        assert.ok(sent !== undefined)
        let cameBytes = 0
        sent.message.on('data', (chunk: Buffer) => {
          cameBytes += chunk.length
        })
        await eventually(() => cameBytes === sizeBytes)
        if (sizeBytes === content.length) arriving.push(null)
        leave()
        if (sizeBytes === content.length) {
          assert.is(await stateOf(uploading), 'waiting')
          answer()
        }
        assert.is(await uploading, reason)
        // The connection is gone before the last byte.
        if (sizeBytes < content.length) await eventually(() => sent.message.destroyed)
        assert.is(arriving.destroyed, true)
      },
    )
  }
})

test('sends whose callers have gone keep nobody else from sending', async () => {
  await withSlowService(
    { allocates: 'INCOMPLETE' },
    async ({ client, options, leave, reached, answer, changes }) => {
      const sends = () => changes().filter(({ target }) => target.startsWith('/upload'))
      const upload = (call: CallOptions) =>
        client.upload(at, { ...described, onExisting: 'new-revision', openContent: whole }, call)
      const left = [upload(options), upload(options)].map(rejection)
      await reached(4)
      for (const { message } of sends()) message.resume()
      await eventually(() => sends().every(({ message }) => message.readableEnded))
      leave()
      for (const one of left) assert.is(await stateOf(one), 'waiting')

      const wanted = { signal: new AbortController().signal }
      const others = [upload(wanted), upload(wanted), upload(wanted)]
      await eventually(() => sends().length === 4)
      assert.is(await stateOf(Promise.all(others)), 'waiting')
      assert.is(changes().length, 8, 'the third of them waits')
      for (const { message } of sends()) message.resume()
      answer()
      for (const one of left) assert.is(await one, reason)
      for (const one of others) assert.is((await one).current?.md5, md5)
    },
  )
})

test('what is read of a reply ends with its caller, though changes are waited for', async () => {
  const hasEnded = Promise.withResolvers<void>()
  await withServer(
    async (_, response) => {
      response.on('close', hasEnded.resolve)
      response.write('the first of much')
    },
    async ({ url }) => {
      const http = createHttp({ timeouts: { bodyIdleMs: 3_000 } })
      const leaving = new AbortController()
      const options = { signal: leaving.signal, answerSignal: new AbortController().signal }
      const request = { method: 'GET', url, auth: 'none', repeat: 'never' } as const
      try {
        const { body } = await http.open(request, options)
        const reading = rejection(body.toArray())
        leaving.abort(reason)
        assert.is(await reading, reason)
        await hasEnded.promise
      } finally {
        await http.close()
      }
    },
  )
})

test.run()
