import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createJottaClient, type JottaClient, type UploadInput } from './client.ts'
import { JottaError } from './jotta-error.ts'
import {
  type Asked,
  eventually,
  rejection,
  type ScriptedServer,
  withServer,
} from './scripted-server.test-support.ts'
import { createStaticTokenSource } from './token.ts'

const test = suite('upload')

const content = Buffer.from('0123456789'.repeat(20_000))
const md5 = createHash('md5').update(content).digest('hex')
const at = { device: 'S3', mountpoint: 'photos', path: ['a b', 'x.bin'] }
const created = new Date('2026-01-05T12:00:00.500Z')
const modified = new Date('2026-01-06T12:00:00Z')

type Reply = { status?: number; body?: unknown; headers?: Record<string, string> }
/** What each kind of request is answered with, by its number among its kind; the last one stays. */
type Script = {
  allocate: ((asked: Asked) => Reply | Promise<Reply>)[]
  send?: ((
    asked: Asked,
    response: ServerResponse,
  ) => Reply | undefined | Promise<Reply | undefined>)[]
  stat?: (() => string)[]
}

type Bench = {
  server: ScriptedServer
  client: JottaClient
  signal: AbortSignal
  abort: AbortController
  waits: number[]
  /** Offsets that the content was opened at. */
  opened: number[]
  upload(more?: Partial<UploadInput>): Promise<unknown>
  targets(): string[]
}

const complete = { body: { state: 'COMPLETED' } }
const sent = { body: { bytes: content.length, md5 } }

function fileXml(
  more: { md5?: string; size?: number; state?: string; deleted?: boolean } = {},
): string {
  return `<file name="x.bin"${more.deleted ? ' deleted="2026-01-01-T00:00:00Z"' : ''}><currentRevision><number>1</number><state>${more.state ?? 'COMPLETED'}</state><modified>2026-01-06-T12:00:00Z</modified><size>${more.size ?? content.length}</size><md5>${more.md5 ?? md5.toUpperCase()}</md5></currentRevision></file>`
}

async function withUpload(
  script: (url: string) => Script,
  work: (bench: Bench) => Promise<void>,
  more: { maxConcurrentUploads?: number; bodyIdleMs?: number; longHeadMs?: number } = {},
): Promise<void> {
  const seen = { allocate: 0, send: 0, stat: 0 }
  const answers: { script: Script } = { script: { allocate: [] } }
  const reply = (response: ServerResponse, { status = 200, body = '', headers = {} }: Reply) => {
    if (!response.headersSent) response.writeHead(status, headers)
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const pick = <T>(list: T[], index: number): T => {
    const one = list[index] ?? list.at(-1)
    assert.ok(one !== undefined, 'the script has an answer')
    return one as T
  }
  await withServer(
    async (asked, response) => {
      const { script } = answers
      if (asked.target === '/account/v1/customer')
        return reply(response, { body: { username: 'u' } })
      if (asked.target === '/files/v1/allocate') {
        return reply(response, await pick(script.allocate, seen.allocate++)(asked))
      }
      if (asked.target.startsWith('/upload')) {
        const answer = await pick(script.send ?? [], seen.send++)(asked, response)
        return answer === undefined ? undefined : reply(response, answer)
      }
      const body = pick(script.stat ?? [() => fileXml()], seen.stat++)()
      return reply(response, body === '' ? { status: 404 } : { body })
    },
    async (server) => {
      answers.script = script(server.url)
      const waits: number[] = []
      const abort = new AbortController()
      const { signal } = abort
      const opened: number[] = []
      const client = createJottaClient({
        tokens: createStaticTokenSource('secret-token'),
        jfsUrl: `${server.url}/jfs`,
        apiUrl: server.url,
        ...(more.maxConcurrentUploads && { maxConcurrentUploads: more.maxConcurrentUploads }),
        timeouts: { longHeadMs: more.longHeadMs ?? 60_000 },
        environment: {
          random: () => 0.5,
          wait: async (delayMs) => {
            waits.push(delayMs)
          },
        },
      })
      const upload = (input: Partial<UploadInput> = {}) =>
        client.upload(
          at,
          {
            sizeBytes: content.length,
            md5,
            created,
            modified,
            onExisting: 'new-revision',
            openContent: (offset) => {
              opened.push(offset)
              return Readable.from(inPieces(content.subarray(offset)), { objectMode: false })
            },
            ...input,
          },
          { signal },
        )
      const targets = () => server.asked.map((asked) => asked.target.replace(/\?.*/, ''))
      try {
        await work({ server, client, signal, abort, waits, opened, upload, targets })
      } finally {
        await client.close()
      }
    },
  )
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 16_384) {
    yield bytes.subarray(start, start + 16_384)
  }
}

const incomplete =
  (url: string, resumePosition = 0) =>
  () => ({
    body: {
      state: 'INCOMPLETE',
      upload_url: `${url}/upload/1?k=secret`,
      resume_pos: resumePosition,
    },
  })

async function failure(promise: Promise<unknown>): Promise<JottaError> {
  const error = await rejection(promise)
  assert.instance(error, JottaError, String(error))
  return error as JottaError
}

test('content that Jottacloud has is allocated and never opened', async () => {
  let body: Buffer = Buffer.alloc(0)
  await withUpload(
    () => ({
      allocate: [
        async (asked) => {
          body = await asked.body()
          return complete
        },
      ],
    }),
    async ({ upload, opened }) => {
      const file = await upload()
      assert.is((file as { name: string }).name, 'x.bin')
      assert.equal(opened, [])
      assert.equal(JSON.parse(String(body)), {
        path: '/jfs/S3/photos/a b/x.bin',
        bytes: content.length,
        md5,
        created: '2026-01-05T12:00:00Z',
        modified: '2026-01-06T12:00:00Z',
        conflict_handler: 'CREATE_NEW_REVISION',
      })
    },
  )
})

test('content is sent with its length and no chunking, then looked at', async () => {
  let received: Buffer | undefined
  await withUpload(
    (url) => ({
      allocate: [incomplete(url)],
      send: [
        async (asked) => {
          received = await asked.body()
          return sent
        },
      ],
    }),
    async ({ upload, opened, server, targets }) => {
      await upload()
      assert.equal(opened, [0])
      assert.ok(received?.equals(content))
      const send = server.asked.find((asked) => asked.target.startsWith('/upload'))
      assert.is(send?.headers['content-length'], String(content.length))
      assert.is(send?.headers['transfer-encoding'], undefined)
      assert.is(send?.headers['content-type'], 'application/octet-stream')
      assert.is(send?.headers.authorization, 'Bearer secret-token')
      assert.is(send?.headers.range, undefined)
      assert.equal(targets(), [
        '/files/v1/allocate',
        '/upload/1',
        '/account/v1/customer',
        '/jfs/u/S3/photos/a%20b/x.bin',
      ])
    },
  )
})

test('an empty file is sent as an empty body', async () => {
  const empty = createHash('md5').digest('hex')
  await withUpload(
    (url) => ({
      allocate: [incomplete(url)],
      send: [async (asked) => ({ body: { bytes: (await asked.body()).length, md5: empty } })],
      stat: [() => fileXml({ md5: empty, size: 0 })],
    }),
    async ({ upload, server }) => {
      await upload({ sizeBytes: 0, md5: empty, openContent: () => Readable.from([]) })
      const send = server.asked.find((asked) => asked.target.startsWith('/upload'))
      assert.is(send?.headers['content-length'], '0')
    },
  )
})

test('a cut send goes on where Jottacloud says, by 420, by a lost connection, by a 503', async () => {
  const cuts: ((asked: Asked, response: ServerResponse) => Promise<Reply | undefined>)[] = [
    async () => ({ status: 420, body: { message: 'IncompleteUploadOpenApiException' } }),
    async (_, response) => void response.destroy(),
    async (asked) => {
      await asked.body()
      return { status: 503 }
    },
  ]
  for (const cut of cuts) {
    let tail: Buffer | undefined
    await withUpload(
      (url) => ({
        allocate: [incomplete(url), incomplete(url, 70_001)],
        send: [
          cut,
          async (asked) => {
            tail = await asked.body()
            return sent
          },
        ],
      }),
      async ({ upload, opened, server }) => {
        await upload()
        assert.equal(opened, [0, 70_001])
        assert.ok(tail?.equals(content.subarray(70_001)))
        const resumed = server.asked.filter((asked) => asked.target.startsWith('/upload'))[1]
        assert.is(resumed?.headers.range, `bytes=70001-${content.length - 1}`)
        assert.is(resumed?.headers['content-length'], String(content.length - 70_001))
      },
    )
  }
})

test('tries are bounded without progress, and go on with it', async () => {
  const cut = async () => ({ status: 420 })
  await withUpload(
    (url) => ({ allocate: [incomplete(url)], send: [cut] }),
    async ({ upload, opened }) => {
      assert.is((await failure(upload())).kind, 'unavailable')
      assert.is(opened.length, 6)
    },
  )
  await withUpload(
    (url) => ({
      allocate: Array.from({ length: 40 }, (_, i) => incomplete(url, i * 5_000)).concat(() => ({
        body: { state: 'COMPLETED', upload_url: '', resume_pos: 0 },
      })),
      send: [cut],
    }),
    async ({ upload, opened }) => {
      await upload()
      assert.is(opened.length, 40)
    },
  )
})

test('waits without progress have a budget, and a Retry-After beyond it is not waited for', async () => {
  const cases: [seconds: string, waits: number[]][] = [
    ['25', [25_000, 25_000]],
    ['31', []],
  ]
  for (const [seconds, expected] of cases) {
    const busy = () => ({ status: 429, headers: { 'retry-after': seconds } })
    await withUpload(
      () => ({ allocate: [busy] }),
      async ({ upload, waits }) => {
        const error = await failure(upload())
        assert.equal([error.kind, error.retryAfterMs], ['throttled', Number(seconds) * 1000])
        assert.equal(waits, expected)
      },
    )
  }
})

test('failures of an allocation that pass are repeated, others are not', async () => {
  const cases: [status: number, kind: string | undefined, allocations: number][] = [
    [503, undefined, 2],
    [429, undefined, 2],
    [460, 'quota', 1],
    [402, 'quota', 1],
    [507, 'quota', 1],
    [400, 'invalid-name', 1],
    [403, 'forbidden', 1],
    [409, 'conflict', 1],
  ]
  for (const [status, kind, allocations] of cases) {
    await withUpload(
      () => ({ allocate: [() => ({ status }), () => complete] }),
      async ({ upload, targets }) => {
        if (kind === undefined) await upload()
        else assert.is((await failure(upload())).kind, kind)
        const count = targets().filter((target) => target === '/files/v1/allocate').length
        assert.is(count, allocations, String(status))
      },
    )
  }
})

test('a full account, a wrong MD5 and a wrong result end it at once', async () => {
  const cases: [reply: Reply, kind: string][] = [
    [{ status: 460 }, 'quota'],
    [{ status: 421, body: 'CorruptUploadOpenApiException' }, 'corrupt'],
    [{ status: 409, body: 'UniqueFileException' }, 'conflict'],
    [{ body: { bytes: 1, md5 } }, 'protocol'],
    [{ body: { bytes: content.length, md5: '0'.repeat(32) } }, 'protocol'],
    [{ body: 'fine' }, 'protocol'],
  ]
  for (const [reply, kind] of cases) {
    await withUpload(
      (url) => ({
        allocate: [incomplete(url)],
        send: [
          async (asked) => {
            await asked.body()
            return reply
          },
        ],
      }),
      async ({ upload, opened }) => {
        const error = await failure(upload())
        assert.is(error.kind, kind)
        assert.not.match(error.message, 'secret')
        assert.equal(opened, [0])
      },
    )
  }
})

test('an answer before the body was sent is the answer', async () => {
  const large = Buffer.alloc(32 * 1024 * 1024)
  let pulled = 0
  async function* endless(): AsyncGenerator<Buffer> {
    for (let start = 0; start < large.length; start += 65_536) {
      pulled += 65_536
      yield large.subarray(start, start + 65_536)
    }
  }
  await withUpload(
    (url) => ({ allocate: [incomplete(url)], send: [() => ({ status: 460, body: 'full' })] }),
    async ({ upload }) => {
      const error = await failure(
        upload({
          sizeBytes: large.length,
          openContent: () => Readable.from(endless(), { objectMode: false }),
        }),
      )
      assert.is(error.kind, 'quota')
      assert.ok(pulled < large.length)
    },
  )
})

test('wrong bytes after a resume are sent once more from the beginning, and only once', async () => {
  const corrupt = async (asked: Asked): Promise<Reply> => {
    await asked.body()
    return { status: 421 }
  }
  await withUpload(
    (url) => ({ allocate: [incomplete(url, 5)], send: [corrupt, async () => sent] }),
    async ({ upload, opened }) => {
      await upload()
      assert.equal(opened, [5, 0])
    },
  )
  await withUpload(
    (url) => ({ allocate: [incomplete(url, 5)], send: [corrupt] }),
    async ({ upload, opened }) => {
      assert.is((await failure(upload())).kind, 'corrupt')
      assert.equal(opened, [5, 0])
    },
  )
})

test('a send that meets another of the same content is tried again, and bounded', async () => {
  await withUpload(
    (url) => ({ allocate: [incomplete(url), () => complete], send: [() => ({ status: 409 })] }),
    async ({ upload, opened }) => {
      await upload()
      assert.equal(opened, [0])
    },
  )
  await withUpload(
    (url) => ({ allocate: [incomplete(url)], send: [() => ({ status: 409 })] }),
    async ({ upload, opened }) => {
      assert.is((await failure(upload())).kind, 'unavailable')
      assert.is(opened.length, 6)
    },
  )
})

test('when all bytes are kept but there is no file, an empty rest is sent, then all of it', async () => {
  const ranges: (string | undefined)[] = []
  await withUpload(
    (url) => ({
      allocate: [incomplete(url, content.length)],
      send: [
        async (asked) => {
          ranges.push(asked.headers.range)
          const { length } = await asked.body()
          return length === content.length ? sent : { status: 420 }
        },
      ],
    }),
    async ({ upload, opened }) => {
      await upload()
      assert.equal(opened, [content.length, 0])
      assert.equal(ranges, [`bytes=${content.length}-${content.length - 1}`, undefined])
    },
  )
})

test('an allocation that makes no sense is a protocol error', async () => {
  const odd = [
    { state: 'INCOMPLETE' },
    { state: 'INCOMPLETE', upload_url: 'http://127.0.0.1/', resume_pos: content.length + 1 },
    { state: 'INCOMPLETE', upload_url: 'http://127.0.0.1/', resume_pos: -1 },
    { state: 7 },
    [],
  ]
  for (const body of odd) {
    await withUpload(
      () => ({ allocate: [() => ({ body })] }),
      async ({ upload }) => assert.is((await failure(upload())).kind, 'protocol'),
    )
  }
})

test('a token refused in a send is replaced once without progress', async () => {
  await withUpload(
    (url) => ({ allocate: [incomplete(url)], send: [() => ({ status: 401 })] }),
    async ({ upload, opened }) => {
      assert.is((await failure(upload())).kind, 'unauthorized')
      assert.is(opened.length, 2)
    },
  )
})

test('the failure of the content is what the caller gets, at once, and nothing is tried again', async () => {
  const own = new JottaError('unavailable', 'the source of a copy broke')
  const breaking: Record<string, UploadInput['openContent']> = {
    'before the first byte': () => Promise.reject(own),
    synchronously: () => {
      throw own
    },
    inside: () =>
      Readable.from(
        (async function* () {
          yield content.subarray(0, 50_000)
          throw own
        })(),
        { objectMode: false },
      ),
    'while it is waited for': () => {
      const stream = new Readable({ read() {} })
      stream.push('begun')
      setImmediate(() => stream.destroy(own))
      return stream
    },
  }
  for (const [name, openContent] of Object.entries(breaking)) {
    let bodies = 0
    await withUpload(
      (url) => ({
        allocate: [incomplete(url)],
        send: [
          async (asked) => {
            bodies += 1
            await asked.body()
            return undefined
          },
        ],
      }),
      async ({ upload, server }) => {
        assert.is(await rejection(upload({ openContent })), own, name)
        assert.ok(bodies <= 1)
        await eventually(async () => (await server.openConnections()) <= 1)
      },
    )
  }
})

test('content of another length than announced is refused here', async () => {
  for (const bytes of [content.subarray(1), Buffer.concat([content, Buffer.from('x')])]) {
    await withUpload(
      (url) => ({
        allocate: [incomplete(url)],
        send: [
          async (asked) => {
            await asked.body()
            return undefined
          },
        ],
      }),
      async ({ upload }) => {
        const openContent = () => Readable.from(inPieces(bytes), { objectMode: false })
        const error = await failure(upload({ openContent }))
        assert.is(error.kind, 'corrupt')
        assert.match(error.message, 'bytes or more where')
      },
    )
  }
})

test('an abort ends the send with its reason and destroys the content', async () => {
  const reason = new Error('the client went away')
  const stalled = new Readable({ read() {} })
  stalled.push(Buffer.alloc(10))
  await withUpload(
    (url) => ({ allocate: [incomplete(url)], send: [async () => undefined] }),
    async ({ upload, abort, server }) => {
      const failed = rejection(upload({ openContent: () => stalled }))
      await eventually(() => server.asked.some((asked) => asked.target.startsWith('/upload')))
      abort.abort(reason)
      assert.is(await failed, reason)
      await eventually(() => stalled.destroyed)
      await eventually(async () => (await server.openConnections()) <= 1)
    },
  )
})

test('an abort while the content is being opened leaves no stream behind', async () => {
  const reason = new Error('gone')
  const opening = Promise.withResolvers<Readable>()
  await withUpload(
    (url) => ({ allocate: [incomplete(url)] }),
    async ({ upload, abort }) => {
      const asked = Promise.withResolvers<void>()
      const failed = rejection(
        upload({
          openContent: () => {
            asked.resolve()
            return opening.promise
          },
        }),
      )
      await asked.promise
      abort.abort(reason)
      assert.is(await failed, reason)
      const late = Readable.from(['late'])
      opening.resolve(late)
      await eventually(() => late.destroyed)
    },
  )
})

test('a server that stops reading is given up, and tried again', async () => {
  const large = 16 * 1024 * 1024
  await withUpload(
    (url) => ({
      allocate: [incomplete(url), () => complete],
      send: [(asked) => void asked.message.pause()],
    }),
    async ({ upload, waits }) => {
      const openContent = () => Readable.from(inPieces(Buffer.alloc(large)), { objectMode: false })
      await failure(upload({ sizeBytes: large, openContent }))
      assert.ok(waits.length > 0)
    },
    { longHeadMs: 300 },
  )
})

test('no more than so many are sent at once, and those that wait can be aborted', async () => {
  let active = 0
  let most = 0
  const gate = Promise.withResolvers<void>()
  await withUpload(
    (url) => ({
      allocate: [incomplete(url)],
      send: [
        async (asked) => {
          active += 1
          most = Math.max(most, active)
          await asked.body()
          await gate.promise
          active -= 1
          return sent
        },
      ],
    }),
    async ({ upload, client, server }) => {
      const all = Array.from({ length: 9 }, () => upload())
      const abort = new AbortController()
      const waiting = rejection(
        client.upload(
          at,
          {
            sizeBytes: 0,
            md5,
            created,
            modified,
            onExisting: 'reject',
            openContent: () => Readable.from([]),
          },
          { signal: abort.signal },
        ),
      )
      const sends = () => server.asked.filter((asked) => asked.target.startsWith('/upload')).length
      await eventually(() => sends() === 3 && active === 3)
      const reason = new Error('enough')
      abort.abort(reason)
      assert.is(await waiting, reason)
      gate.resolve()
      await Promise.all(all)
      assert.is(most, 3)
      assert.is(sends(), 9)
    },
    { maxConcurrentUploads: 3 },
  )
})

test('the token goes to no upload URL that others could read', async () => {
  for (const url of [
    'http://files.example/upload',
    'ftp://127.0.0.1/x',
    'nonsense',
    'http://a@127.0.0.1/',
  ]) {
    await withUpload(
      () => ({ allocate: [incomplete(url)] }),
      async ({ upload, opened }) => {
        assert.is((await failure(upload())).kind, 'protocol')
        assert.equal(opened, [])
      },
    )
  }
})

test('with `reject`, a live file is a conflict, and what is not live is none', async () => {
  const unique = () => ({ status: 409, body: { message: 'x.UniqueFileException' } })
  const cases: [stat: string, kind: string | undefined][] = [
    [fileXml(), 'conflict'],
    ['<folder name="x.bin"/>', 'conflict'],
    ['', undefined],
    [fileXml({ deleted: true }), undefined],
    [fileXml({ state: 'INCOMPLETE' }), undefined],
  ]
  for (const [stat, kind] of cases) {
    const handlers: string[] = []
    await withUpload(
      () => ({
        allocate: [
          async (asked) => {
            const handler = String(JSON.parse(String(await asked.body())).conflict_handler)
            handlers.push(handler)
            return handler === 'REJECT_CONFLICTS' ? unique() : complete
          },
        ],
        stat: [() => stat, () => fileXml()],
      }),
      async ({ upload }) => {
        if (kind !== undefined) {
          assert.is((await failure(upload({ onExisting: 'reject' }))).kind, kind)
        } else {
          await upload({ onExisting: 'reject' })
          assert.equal(handlers, ['REJECT_CONFLICTS', 'CREATE_NEW_REVISION'])
        }
      },
    )
  }
})

test('with `reject`, a file that a lost try of this upload made is no conflict', async () => {
  await withUpload(
    (url) => ({
      allocate: [incomplete(url), () => ({ status: 409, body: 'UniqueFileException' })],
      send: [
        async (asked, response) => {
          await asked.body()
          response.destroy()
          return undefined
        },
      ],
    }),
    async ({ upload }) => {
      await upload({ onExisting: 'reject' })
      const other = { modified: new Date('2026-02-02T00:00:00Z'), onExisting: 'reject' } as const
      assert.is((await failure(upload(other))).kind, 'conflict')
    },
  )
})

test('a file that shows late is waited for, one that never shows is a protocol error', async () => {
  const late = ['', fileXml({ state: 'PROCESSING' }), fileXml({ md5: '1'.repeat(32) }), fileXml()]
  await withUpload(
    () => ({ allocate: [() => complete], stat: late.map((xml) => () => xml) }),
    async ({ upload, waits }) => {
      await upload()
      assert.is(waits.length, 3)
    },
  )
  for (const xml of ['', fileXml({ size: 1 }), '<folder name="x.bin"/>']) {
    await withUpload(
      () => ({ allocate: [() => complete], stat: [() => xml] }),
      async ({ upload }) => {
        assert.is((await failure(upload())).kind, 'protocol')
      },
    )
  }
})

test('a file that stays in the trash after its upload is revived by its hash', async () => {
  await withUpload(
    () => ({
      allocate: [() => complete],
      stat: [() => fileXml({ deleted: true }), () => fileXml()],
    }),
    async ({ upload, server }) => {
      await upload()
      const last = server.asked.at(-1)
      assert.is(last?.target, '/jfs/u/S3/photos/a%20b/x.bin?cphash=true')
      assert.is(last?.headers.jmd5, md5)
      assert.is(last?.headers.jmodified, '2026-01-06-T12:00:00Z')
      assert.is(last?.headers['content-type'], undefined)
    },
  )
})

test.run()
