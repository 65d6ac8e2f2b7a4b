// What goes over the wire when a download is cut: the request for the rest, and what must be true of it.
import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createJottaClient, type JottaClient, type Location } from './client.ts'
import { JottaError } from './jotta-error.ts'
import type { ReadAheadOptions } from './read-ahead.ts'
import { type Asked, eventually, rejection, withServer } from './scripted-server.test-support.ts'
import type { TokenSource } from './token.ts'

const test = suite('download')
const at: Location = { device: 'S3', mountpoint: 'photos', path: ['x'] }
const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251))
const content = { md5: createHash('md5').update(bytes).digest('hex'), sizeBytes: bytes.length }

type Answers = {
  /** The download, from its first request on; the last answer is given again and again. */
  readonly downloads: readonly ((asked: Asked, response: ServerResponse) => unknown)[]
  /** What a look at the file says meanwhile. */
  readonly look?: string | undefined
  readonly readAhead?: ReadAheadOptions
  /** Long by itself: a machine that stands still for a moment must not look like a service that does. */
  readonly bodyIdleMs?: number
}
type Bench = {
  readonly client: JottaClient
  /** The Range headers of the downloads. */
  readonly ranges: (string | undefined)[]
  readonly targets: string[]
  readonly waits: number[]
  readonly rejected: string[]
  readonly openConnections: () => Promise<number>
}

async function withDownloads(answers: Answers, work: (bench: Bench) => Promise<void>) {
  const ranges: (string | undefined)[] = []
  const targets: string[] = []
  const waits: number[] = []
  const rejected: string[] = []
  let number = 0
  const tokens: TokenSource = {
    accessToken: async () => `token${rejected.length}`,
    reject: (token) => void rejected.push(token),
  }
  await withServer(
    (asked, response) => {
      if (asked.target === '/account/v1/customer') return response.end('{"username":"u"}')
      targets.push(asked.target)
      if (!asked.target.includes('?mode=bin')) return response.end(answers.look ?? fileOf(content))
      ranges.push(asked.headers.range)
      const answer = answers.downloads[Math.min(number, answers.downloads.length - 1)]
      number += 1
      return answer?.(asked, response)
    },
    async (server) => {
      const client = createJottaClient({
        tokens,
        jfsUrl: `${server.url}/jfs/`,
        apiUrl: `${server.url}/`,
        timeouts: { bodyIdleMs: answers.bodyIdleMs ?? 60_000 },
        readAhead: answers.readAhead,
        environment: { random: () => 0.5, wait: async (delayMs) => void waits.push(delayMs) },
      })
      const { openConnections } = server
      try {
        await work({ client, ranges, targets, waits, rejected, openConnections })
      } finally {
        await client.close()
      }
    },
  )
}

function fileOf({ md5, sizeBytes }: typeof content, more = ''): string {
  return `<file name="x"${more}><currentRevision><number>1</number><state>COMPLETED</state><size>${sizeBytes}</size><md5>${md5}</md5></currentRevision></file>`
}

type Reply = {
  status?: number
  start?: number
  total?: string
  until?: number
  how?: 'cut' | 'silent'
}

/** Answers with the bytes asked for, up to `until`, then breaks off; or as told otherwise. */
const give =
  (reply: Reply = {}) =>
  ({ headers }: Asked, response: ServerResponse) => {
    const [, first = '0', last = '999'] = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '') ?? []
    const start = reply.start ?? Number(first)
    const { total = '1000', until = Number(last) + 1 } = reply
    const isRange = headers.range !== undefined
    response.writeHead(reply.status ?? (isRange ? 206 : 200), {
      'content-length': Number(last) + 1 - start,
      ...(isRange && total !== '' && { 'content-range': `bytes ${start}-${last}/${total}` }),
    })
    const part = bytes.subarray(start, until)
    if (until > Number(last)) return response.end(part)
    return response.write(part, () => {
      if (reply.how !== 'silent') response.destroy()
    })
  }

async function read(client: JottaClient, start?: number): Promise<Buffer> {
  const range = start === undefined ? {} : { range: { start, endInclusive: 899 } }
  const call = { signal: new AbortController().signal, content, ...range }
  const { stream } = await client.open(at, call)
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('the rest is asked for by a range, after a cut and after a silence', async () => {
  const downloads = [give({ until: 10 }), give({ until: 500, how: 'silent' }), give()]
  await withDownloads({ downloads, bodyIdleMs: 1_000 }, async ({ client, ranges }) => {
    assert.ok((await read(client)).equals(bytes))
    assert.equal(ranges, [undefined, 'bytes=10-999', 'bytes=500-999'])
  })
  await withDownloads({ downloads, bodyIdleMs: 1_000 }, async ({ client, ranges }) => {
    assert.ok((await read(client, 5)).equals(bytes.subarray(5, 900)))
    assert.equal(ranges, ['bytes=5-899', 'bytes=10-899', 'bytes=500-899'])
  })
})

test('a reply shorter than its range is followed by another', async () => {
  const short = ({ headers }: Asked, response: ServerResponse) => {
    const start = Number(/bytes=(\d+)/.exec(headers.range ?? '')?.[1] ?? 0)
    const end = Math.min(start + 300, 1000)
    response.writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/1000` })
    response.end(bytes.subarray(start, end))
  }
  await withDownloads({ downloads: [give({ until: 100 }), short] }, async ({ client, ranges }) => {
    assert.ok((await read(client)).equals(bytes))
    assert.equal(ranges.slice(1), ['bytes=100-999', 'bytes=400-999', 'bytes=700-999'])
  })
})

test('refusals of the rest are waited out, and a refused token is replaced', async () => {
  const downloads = [
    give({ until: 10 }),
    (_: Asked, response: ServerResponse) => response.writeHead(401).end(),
    (_: Asked, response: ServerResponse) => response.writeHead(429, { 'retry-after': '7' }).end(),
    (_: Asked, response: ServerResponse) => response.writeHead(503).end(),
    give(),
  ]
  await withDownloads({ downloads }, async ({ client, waits, rejected }) => {
    assert.ok((await read(client)).equals(bytes))
    assert.equal(waits, [50, 7000, 200])
    assert.equal(rejected, ['token0'])
  })
})

const other = 'f'.repeat(32)
const trashed = fileOf(content, ' deleted="2026"')
const wrong: [what: string, rest: Reply, look?: string][] = [
  ['is the whole file again', { status: 200, start: 0 }],
  ['begins elsewhere', { start: 9 }],
  ['is of a larger file', { total: '1001' }],
  ['is of a smaller file', { total: '999' }],
  ['does not say which part it is', { total: '' }],
  ['says so in no way that is known', { total: 'many' }],
  ['comes when the file has another MD5', {}, fileOf({ ...content, md5: other })],
  ['comes when the file has another size', {}, fileOf({ ...content, sizeBytes: 1001 })],
  ['comes when there is a folder', {}, '<folder name="x"></folder>'],
]
for (const [what, rest, look] of wrong) {
  test(`a rest that ${what} is an error`, async () => {
    for (const start of [undefined, 5]) {
      const downloads = [give({ until: 10 }), give(rest)]
      await withDownloads({ downloads, look }, async ({ client, ranges }) => {
        const error = await rejection(read(client, start))
        assert.instance(error, JottaError, String(error))
        const isChange = /^(?:is of|comes when)/.test(what)
        assert.is((error as JottaError).kind, isChange ? 'changed' : 'protocol')
        assert.is(ranges.length, 2)
      })
    }
  })
}

test('what comes from the trash is a rest of the whole, which can be judged, and of no range', async () => {
  const downloads = [give({ until: 10 }), give()]
  await withDownloads({ downloads, look: trashed }, async ({ client }) => {
    assert.ok((await read(client)).equals(bytes))
  })
  await withDownloads({ downloads, look: trashed }, async ({ client }) => {
    assert.is(((await rejection(read(client, 5))) as JottaError).kind, 'changed')
  })
})

/** Written over twice: number 7 was it. */
const writtenOver = `<file name="x"><currentRevision><number>9</number><state>COMPLETED</state><size>1000</size><md5>${other}</md5></currentRevision><revisions>${[
  8, 7,
]
  .map(
    (number) =>
      `<revision><number>${number}</number><state>COMPLETED</state><size>1000</size><md5>${number === 7 ? content.md5 : other}</md5></revision>`,
  )
  .join('')}</revisions></file>`

test('the rest of a whole that was written over is that of its revision, by one look', async () => {
  const downloads = [give({ until: 10 }), give({ until: 500 }), give({ until: 600 }), give()]
  await withDownloads({ downloads, look: writtenOver }, async ({ client, ranges, targets }) => {
    assert.ok((await read(client)).equals(bytes))
    assert.equal(ranges, [undefined, 'bytes=10-999', 'bytes=10-999', 'bytes=600-999'])
    const [, , ...rest] = targets.filter((target) => target.includes('mode=bin'))
    assert.ok(rest.every((target) => target.endsWith('?mode=bin&revision=7')))
    // After the reply of the current one, and for the number.
    assert.is(targets.filter((target) => target.endsWith('/x')).length, 2)
  })
  await withDownloads({ downloads, look: writtenOver }, async ({ client, targets }) => {
    assert.is(((await rejection(read(client, 5))) as JottaError).kind, 'changed')
    assert.not(targets.some((target) => target.includes('revision')))
  })
})

test('a revision that is gone, or of another size than it had, ends the download', async () => {
  const gone = (_: Asked, response: ServerResponse) => response.writeHead(404).end()
  for (const [answer, kind] of [
    [gone, 'not-found'],
    [give({ total: '1001' }), 'changed'],
  ] as const) {
    const downloads = [give({ until: 10 }), give(), answer]
    await withDownloads({ downloads, look: writtenOver }, async ({ client, ranges }) => {
      assert.is(((await rejection(read(client))) as JottaError).kind, kind)
      assert.is(ranges.length, 3)
    })
  }
})

test('a total that the service does not know is no reason to doubt', async () => {
  const downloads = [give({ until: 10 }), give({ total: '*' })]
  await withDownloads({ downloads }, async ({ client }) => {
    assert.ok((await read(client)).equals(bytes))
  })
})

test('a rest that is gone is an error at once', async () => {
  const downloads = [
    give({ until: 10 }),
    (_: Asked, response: ServerResponse) => response.writeHead(404).end(),
  ]
  await withDownloads({ downloads }, async ({ client, ranges }) => {
    assert.is(((await rejection(read(client))) as JottaError).kind, 'not-found')
    assert.is(ranges.length, 2)
  })
})

test('a file of another size than it is known to have is not begun', async () => {
  const call = { signal: new AbortController().signal, content: { ...content, sizeBytes: 999 } }
  await withDownloads({ downloads: [give()] }, async ({ client }) => {
    for (const range of [{}, { range: { start: 3, endInclusive: 7 } }]) {
      const error = await rejection(client.open(at, { ...call, ...range }))
      assert.is((error as JottaError).kind, 'changed')
    }
  })
})

test('a reader that leaves while the rest is asked for leaves no connection', async () => {
  const asked = Promise.withResolvers<void>()
  const downloads = [give({ until: 10 }), () => asked.resolve()]
  await withDownloads({ downloads }, async ({ client, openConnections }) => {
    const { stream } = await client.open(at, { signal: new AbortController().signal, content })
    stream.resume()
    await asked.promise
    stream.destroy()
    await eventually(async () => (await openConnections()) <= 1)
  })
})

const readAhead = { streams: 4, chunkBytes: 300, totalBytes: 1200 }

/** Of one request for each chunk, in order. */
const inChunks = ['bytes=0-299', 'bytes=300-599', 'bytes=600-899', 'bytes=900-999']

test('what is long is asked for in chunks, each of which goes on where it was cut', async () => {
  const cut = new Set<string>()
  const cutOnce = (asked: Asked, response: ServerResponse) => {
    const { range = '' } = asked.headers
    const start = Number(/\d+/.exec(range)?.[0])
    if (!inChunks.includes(range) || cut.has(range)) return give()(asked, response)
    cut.add(range)
    return give({ until: start + 50, how: start === 600 ? 'silent' : 'cut' })(asked, response)
  }
  const answers = { downloads: [cutOnce], readAhead, bodyIdleMs: 1_000 }
  await withDownloads(answers, async ({ client, ranges }) => {
    assert.ok((await read(client)).equals(bytes))
    assert.is(cut.size, 4)
    // What was cut before it was read from is asked for again from its beginning.
    const isRest = (range = '') => /^bytes=\d*50-(299|599|899|999)$/.test(range)
    assert.is(ranges.length, 8)
    assert.ok(ranges.every((range = '') => inChunks.includes(range) || isRest(range)))
    ranges.length = 0
    assert.ok((await read(client, 5)).equals(bytes.subarray(5, 900)))
    assert.equal(ranges.toSorted(), ['bytes=305-604', 'bytes=5-304', 'bytes=605-899'])
  })
})

test('what is short, or comes when others hold what may be held, is one request', async () => {
  await withDownloads({ downloads: [give()], readAhead }, async ({ client, ranges }) => {
    assert.ok((await read(client, 300)).equals(bytes.subarray(300, 900)))
    assert.equal(ranges.splice(0), ['bytes=300-899'])
    const call = { signal: new AbortController().signal, content }
    const { stream } = await client.open(at, call)
    assert.equal(ranges.splice(0), [inChunks[0]])
    assert.ok((await read(client)).equals(bytes))
    assert.ok(ranges.splice(0).includes(undefined))
    stream.destroy()
    assert.ok((await read(client)).equals(bytes))
    assert.not(ranges.includes(undefined))
  })
})

test('a download that is refused from the first holds nothing', async () => {
  const gone = (_: Asked, response: ServerResponse) => response.writeHead(404).end()
  const downloads = [gone, give({ total: '1001' }), give()]
  await withDownloads({ downloads, readAhead }, async ({ client, ranges }) => {
    for (const kind of ['not-found', 'changed']) {
      assert.is(((await rejection(read(client))) as JottaError).kind, kind)
    }
    assert.ok((await read(client)).equals(bytes))
    assert.equal(ranges.slice(2).toSorted(), inChunks)
  })
})

for (const [what, chunk, look] of wrong) {
  test(`a chunk that ${what} is an error, and none of it is given out`, async () => {
    const later = (asked: Asked, response: ServerResponse) => {
      const isFirst = asked.headers.range === inChunks[0]
      return give(isFirst ? {} : chunk)(asked, response)
    }
    await withDownloads({ downloads: [later], look, readAhead }, async ({ client }) => {
      const call = { signal: new AbortController().signal, content }
      const { stream } = await client.open(at, call)
      let received = 0
      const error = await rejection(
        (async () => {
          for await (const part of stream) received += part.length
        })(),
      )
      const isChange = /^(?:is of|comes when)/.test(what)
      assert.is((error as JottaError).kind, isChange ? 'changed' : 'protocol')
      assert.ok(received <= 300)
    })
  })
}

for (const how of ['destroy', 'abort'] as const) {
  test(`a reader that leaves leaves no request of any chunk: ${how}`, async () => {
    let open = 0
    const held = (asked: Asked, response: ServerResponse) => {
      open += 1
      response.once('close', () => {
        open -= 1
      })
      const start = Number(/\d+/.exec(asked.headers.range ?? '')?.[0])
      return give({ until: start + 10, how: 'silent' })(asked, response)
    }
    await withDownloads({ downloads: [held], readAhead }, async ({ client, ranges }) => {
      const leaving = new AbortController()
      const { stream } = await client.open(at, { signal: leaving.signal, content })
      stream.resume()
      await eventually(() => ranges.length === 4)
      if (how === 'destroy') stream.destroy()
      else leaving.abort(new Error('gone'))
      await eventually(() => stream.destroyed && open === 0)
    })
  })
}

test.run()
