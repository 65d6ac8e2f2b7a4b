import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createHttp, type HttpOptions, type HttpReply, type HttpRequest } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { readText } from './reply-body.ts'
import {
  type Answer,
  eventually,
  rejection,
  type ScriptedServer,
  withServer,
} from './scripted-server.test-support.ts'
import type { TokenSource } from './token.ts'

const test = suite('http')
const text = (reply: HttpReply) => readText(reply.body, 1000)

type Bench = ScriptedServer & {
  readonly waits: number[]
  readonly counter: { upstreamCalls: number }
  get(path?: string, more?: Partial<HttpRequest>, signal?: AbortSignal): Promise<string>
  ignore(path: string): Promise<void>
  open(path?: string, more?: Partial<HttpRequest>, signal?: AbortSignal): Promise<HttpReply>
}

async function withHttp(
  answer: Answer,
  work: (bench: Bench) => Promise<void>,
  more: HttpOptions = {},
): Promise<void> {
  await withServer(answer, async (server) => {
    const waits: number[] = []
    const http = createHttp({
      retry: { maxTries: 4, baseDelayMs: 100, budgetMs: 10_000 },
      ...more,
      environment: {
        random: () => 0.5,
        wait: async (delayMs) => {
          waits.push(delayMs)
        },
        ...more.environment,
      },
    })
    const counter = { upstreamCalls: 0 }
    const requestOf = (path = '/a', request: Partial<HttpRequest> = {}): HttpRequest => ({
      method: 'GET',
      url: `${server.url}${path}`,
      auth: 'none',
      repeat: 'transient',
      ...request,
    })
    const quiet = new AbortController().signal
    try {
      await work({
        ...server,
        waits,
        counter,
        get: (path, request, signal = quiet) =>
          http.call(requestOf(path, request), { signal, counter }, text),
        ignore: (path) => http.call(requestOf(path), { signal: quiet, counter }, async () => {}),
        open: (path, request, signal = quiet) =>
          http.open(requestOf(path, request), { signal, counter }),
      })
    } finally {
      await http.close()
    }
  })
}

async function failure(promise: Promise<unknown>): Promise<JottaError> {
  const error = await rejection(promise)
  assert.instance(error, JottaError, String(error))
  return error as JottaError
}

test('failures that pass are repeated, with back-off, and counted', async () => {
  const statuses = [429, 503, 500, 200]
  await withHttp(
    ({ number }, response) => response.writeHead(statuses[number - 1] ?? 200).end('done'),
    async (bench) => {
      assert.is(await bench.get(), 'done')
      assert.equal(bench.waits, [50, 100, 200])
      assert.is(bench.counter.upstreamCalls, 4)
    },
  )
})

test('a failure that stays is reported by its kind after the last try', async () => {
  const cases: [status: number, kind: string, calls: number][] = [
    [429, 'throttled', 4],
    [500, 'unavailable', 4],
    [502, 'unavailable', 4],
    [509, 'unavailable', 4],
    [501, 'unavailable', 1],
    [400, 'invalid-name', 1],
    [401, 'unauthorized', 1],
    [403, 'forbidden', 1],
    [404, 'not-found', 1],
    [409, 'conflict', 1],
    [416, 'range', 1],
    [420, 'unavailable', 1],
    [421, 'corrupt', 1],
    [402, 'quota', 1],
    [460, 'quota', 1],
    [507, 'quota', 1],
    [302, 'protocol', 1],
    [418, 'protocol', 1],
  ]
  for (const [status, kind, calls] of cases) {
    await withHttp(
      (_, response) => response.writeHead(status, { location: '/elsewhere' }).end('no'),
      async (bench) => {
        const error = await failure(bench.get())
        assert.is(error.kind, kind, String(status))
        assert.is(error.status, status)
        assert.is(bench.asked.length, calls, String(status))
      },
    )
  }
})

test('what must not be said twice is not', async () => {
  await withHttp(
    (_, response) => response.writeHead(503).end(),
    async (bench) => {
      assert.is((await failure(bench.get('/a', { repeat: 'never' }))).kind, 'unavailable')
      assert.is(bench.asked.length, 1)
    },
  )
})

test('Retry-After is waited for, and handed on when the tries are over', async () => {
  await withHttp(
    ({ number }, response) =>
      response.writeHead(503, { 'retry-after': number === 1 ? '3' : 'x' }).end(),
    async (bench) => {
      await failure(bench.get())
      assert.equal(bench.waits, [3000, 100, 200])
    },
  )
  await withHttp(
    (_, response) => response.writeHead(429, { 'retry-after': '9' }).end(),
    async (bench) => {
      assert.is((await failure(bench.get())).retryAfterMs, 9000)
      assert.equal(bench.waits, [9000, 9000, 9000])
    },
  )
})

test('the time budget ends the tries', async () => {
  let nowMs = 0
  await withHttp(
    (_, response) => {
      nowMs += 4_000
      response.writeHead(503).end()
    },
    async (bench) => {
      await failure(bench.get())
      assert.is(bench.asked.length, 3)
    },
    { environment: { now: () => nowMs } },
  )
})

test('a cut connection and a cut body are repeated', async () => {
  await withHttp(
    ({ number }, response) => {
      if (number === 1) return response.destroy()
      response.writeHead(200, { 'content-length': '10' })
      if (number === 2) return response.write('12345', () => response.destroy())
      return response.end('1234567890')
    },
    async (bench) => {
      assert.is(await bench.get(), '1234567890')
      assert.is(bench.asked.length, 3)
    },
  )
})

test('silence before and inside a reply has a limit', async () => {
  const silent: Answer[] = [
    () => {},
    (_, response) => response.writeHead(200, { 'content-length': '9' }).write('x'),
  ]
  for (const answer of silent) {
    await withHttp(
      answer,
      async (bench) => {
        assert.is((await failure(bench.get())).kind, 'unavailable')
        assert.is(bench.counter.upstreamCalls, 2)
      },
      { timeouts: { headMs: 100, bodyIdleMs: 100 }, retry: { maxTries: 2, baseDelayMs: 0 } },
    )
  }
})

test('waiting for a free connection has a limit too', async () => {
  await withHttp(
    ({ target }, response) => {
      if (target !== '/first') return response.end()
      response.writeHead(200)
      return response.write('x')
    },
    async (bench) => {
      const first = await bench.open('/first')
      const error = await failure(bench.open('/second', { repeat: 'never' }))
      assert.match(error.message, 'no reply in 100 ms')
      first.body.destroy()
    },
    { connectionsMax: 1, timeouts: { headMs: 100 } },
  )
})

test('a reader that pauses longer than the idle limit loses nothing', async () => {
  const sizeBytes = 4 * 1024 * 1024
  await withHttp(
    ({ target }, response) =>
      target === '/silent' ? response.write('x') : response.end(Buffer.alloc(sizeBytes)),
    async (bench) => {
      const reply = await bench.open()
      let received = 0
      for await (const chunk of reply.body) {
        // As long as it takes another one to fall silent for too long.
        if (received === 0) await failure(bench.get('/silent', { repeat: 'never' }))
        received += chunk.length
      }
      assert.is(received, sizeBytes)
    },
    { timeouts: { bodyIdleMs: 1_000 } },
  )
})

test('an abort rejects with its reason: waiting for the head, for a retry, for the body', async () => {
  const reason = new Error('the client went away')
  const abort = new AbortController()
  const late: Answer = () => abort.abort(reason)
  await withHttp(late, async (bench) => {
    assert.is(await rejection(bench.get('/a', {}, abort.signal)), reason)
    assert.is(await rejection(bench.get('/a', {}, abort.signal)), reason)
    assert.is(bench.asked.length, 1)
  })
  const between = new AbortController()
  await withHttp(
    (_, response) => response.writeHead(503).end(),
    async (bench) => {
      assert.is(await rejection(bench.get('/a', {}, between.signal)), reason)
      assert.is(bench.asked.length, 1)
    },
    {
      environment: {
        wait: async (_, signal) => {
          between.abort(reason)
          signal.throwIfAborted()
        },
      },
    },
  )
  const inside = new AbortController()
  await withHttp(
    (_, response) => response.writeHead(200).write('begun'),
    async (bench) => {
      const reply = await bench.open('/a', {}, inside.signal)
      const chunks = reply.body[Symbol.asyncIterator]()
      assert.is(String((await chunks.next()).value), 'begun')
      const next = rejection(chunks.next())
      inside.abort(reason)
      assert.is(await next, reason)
      await eventually(async () => (await bench.openConnections()) === 0)
    },
  )
})

test('a body that nobody reads does not end the process when it is cut', async () => {
  await withHttp(
    (_, response) => {
      response.writeHead(200, { 'content-length': '9' })
      response.write('x', () => response.destroy())
    },
    async (bench) => {
      const reply = await bench.open()
      await eventually(() => reply.body.destroyed)
      assert.is((await failure(text(reply))).kind, 'unavailable')
    },
  )
})

test('small bodies left unread keep their connection, large ones are dropped', async () => {
  const sizes: Record<string, number> = { '/small': 10_000, '/large': 50_000_000 }
  await withHttp(
    ({ target }, response) => response.end(Buffer.alloc(sizes[target] ?? 0)),
    async (bench) => {
      for (let i = 0; i < 10; i += 1) await bench.ignore('/small')
      // A second one may be made while the first is on its way back to the pool.
      assert.ok(bench.connections() <= 2)
      for (let i = 0; i < 10; i += 1) await bench.ignore('/large')
      assert.ok(bench.connections() >= 10)
      await eventually(async () => (await bench.openConnections()) <= 1)
    },
  )
})

function tokensOf(list: string[]): TokenSource & { readonly rejected: string[] } {
  const rejected: string[] = []
  return {
    rejected,
    accessToken: async () => list[rejected.length] ?? 'none left',
    reject: (token) => rejected.push(token),
  }
}

test('a refused token is reported and the request repeated once with the next one', async () => {
  const tokens = tokensOf(['old', 'new'])
  await withHttp(
    async ({ headers, body }, response) => {
      const isGood = headers.authorization === 'Bearer new'
      response.writeHead(isGood ? 200 : 401).end(await body())
    },
    async (bench) => {
      const post = { method: 'POST', body: '{"a":1}', auth: 'bearer', repeat: 'never' } as const
      assert.is(await bench.get('/a', post), '{"a":1}')
      assert.equal(tokens.rejected, ['old'])
      assert.is(bench.asked.length, 2)
    },
    { tokens },
  )
  const bad = tokensOf(['old', 'newer', 'newest'])
  await withHttp(
    ({ headers }, response) => response.writeHead(401).end(`bad token ${headers.authorization}`),
    async (bench) => {
      const error = await failure(bench.get('/a?x=secret', { auth: 'bearer' }))
      assert.is(error.kind, 'unauthorized')
      assert.is(error.message, 'GET /a: 401 bad token Bearer [secret]')
      assert.is(bench.asked.length, 2)
    },
    { tokens: bad },
  )
})

test('errors say what the service said, in any of its forms, in one bounded line', async () => {
  const xml = `<?xml version="1.0"?>\n<error><code>404</code><message>no.jotta.NoSuchFileException: File /u/x &amp; y</message><reason>Not Found</reason><cause></cause></error>`
  const cases: [body: string, said: string][] = [
    [xml, '404 no.jotta.NoSuchFileException: File /u/x & y'],
    ['{"code":404,"message":"gone","cause":null,"error_id":"e"}', '404 gone'],
    [
      '{"error":"invalid_grant","error_description":"Stale token"}',
      '404 invalid_grant: Stale token',
    ],
    ['404 Not\r\nfound\u0007', '404 404 Not found'],
    ['<html><body>oops', '404 <html><body>oops'],
    ['[1]', '404 [1]'],
    ['', '404'],
    ['x'.repeat(5_000_000), `404 ${'x'.repeat(300)}`],
  ]
  for (const [body, said] of cases) {
    await withHttp(
      (_, response) => response.writeHead(404).end(body),
      async (bench) => {
        const error = await failure(bench.get('/jfs/u/x%20y?mode=bin'))
        assert.is(error.message, `GET /jfs/u/x%20y: ${said}`)
      },
    )
  }
})

test('a folder too large to list is not asked for again and again', async () => {
  await withHttp(
    (_, response) =>
      response
        .writeHead(500)
        .end('TransientDataAccessResourceException: Packet for query is too large'),
    async (bench) => {
      assert.is((await failure(bench.get())).kind, 'unlistable')
      assert.is(bench.asked.length, 1)
    },
  )
})

test('commands are sent with an empty body and no type', async () => {
  await withHttp(
    async ({ body }, response) => response.end(await body()),
    async (bench) => {
      await bench.get('/a?mkDir=true', { method: 'POST' })
      assert.is(bench.asked[0]?.headers['content-length'], '0')
      assert.is(bench.asked[0]?.headers['content-type'], undefined)
      assert.is(bench.asked[0]?.headers['transfer-encoding'], undefined)
    },
  )
})

test('each request is told of with its status and whether it is a retry', async () => {
  const events: unknown[] = []
  const onSent: HttpOptions['onSent'] = ({ request, outcome, isRetry, durationMs }) => {
    assert.ok(durationMs >= 0)
    events.push([new URL(request.url).pathname, outcome, isRetry])
  }
  await withHttp(
    ({ number }, response) => {
      if (number === 1) response.destroy()
      else response.writeHead(number === 2 ? 503 : 200).end('done')
    },
    async (bench) => {
      assert.is(await bench.get('/b'), 'done')
    },
    { onSent },
  )
  assert.equal(events, [
    ['/b', 'failed', false],
    ['/b', 503, true],
    ['/b', 200, true],
  ])
})

test.run()
