// Every status that passes by itself, on every call that the bridge makes to Jottacloud, and replies that are
// lost: what the client asked for is done, once, and the data are right. What stays refused ends soon.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { randomBuffer } from '../support/bytes.ts'
import { contentMd5, type FaultyBridge, type Operation, withFaultyBridge } from './faulty-bridge.ts'

const test = suite('refusals')
/** The API document, 7.4. */
const passing = [429, 500, 502, 503, 504, 509]

/** Acts on names of its own, and checks what came of it. */
type Act = (
  faulty: FaultyBridge,
  name: string,
) => Promise<{ run: () => Promise<void>; check: () => Promise<void> }>

/** Of each call of each act, so that every call has met every status. */
const refused = new Map<Operation, Set<number>>()

const small = Buffer.from('small content')
const large = (name: string) => randomBuffer(150_000, name)

const acts: Record<string, Act> = {
  PutObject: async (faulty, name) => putOf(faulty, name, Buffer.from(name)),
  'PutObject by way of the disk': async (faulty, name) => putOf(faulty, name, large(name)),
  'PutObject straight through': async (faulty, name) =>
    putOf(faulty, name, large(name), contentMd5(large(name))),
  'PutObject in a folder': async (faulty, name) => putOf(faulty, `${name}/a/b`, small),
  'GetObject, HeadObject': async (faulty, name) => {
    await faulty.ok('PUT', `/bucket/${name}`, { body: large(name) })
    const check = async () => {
      await faulty.expectContent(`/bucket/${name}`, large(name))
      const part = await faulty.get(`/bucket/${name}`, 'bytes=10-99')
      assert.ok(part.bytes.equals(large(name).subarray(10, 100)))
      await faulty.ok('HEAD', `/bucket/${name}`)
    }
    return { run: check, check }
  },
  ListObjectsV2: async (faulty, name) => {
    const keys = [`${name}/a`, `${name}/b/c`, `${name}/d`]
    for (const key of keys) await faulty.ok('PUT', `/bucket/${key}`, { body: small })
    const check = async () => assert.equal(await faulty.keys('bucket', `&prefix=${name}/`), keys)
    return { run: check, check }
  },
  CopyObject: async (faulty, name) => {
    await faulty.ok('PUT', `/bucket/${name}`, { body: Buffer.from(name) })
    return {
      run: async () => {
        const headers = { 'x-amz-copy-source': `/bucket/${name}` }
        const { text } = await faulty.ok('PUT', `/bucket/copies-${name}/copy`, { headers })
        assert.match(text, '<CopyObjectResult')
      },
      check: () => faulty.expectContent(`/bucket/copies-${name}/copy`, Buffer.from(name)),
    }
  },
  DeleteObject: async (faulty, name) => {
    await faulty.ok('PUT', `/bucket/${name}/a`, { body: small })
    return {
      run: async () => void (await faulty.ok('DELETE', `/bucket/${name}/a`)),
      check: async () => {
        assert.is((await faulty.get(`/bucket/${name}/a`)).status, 404)
        assert.equal(await faulty.keys('bucket', `&prefix=${name}/`), [])
      },
    }
  },
  CompleteMultipartUpload: async (faulty, name) => {
    const path = `/bucket/${name}`
    const { text } = await faulty.ok('POST', `${path}?uploads=`)
    const id = /<UploadId>([^<]+)</.exec(text)?.[1] ?? ''
    const part = await faulty.ok('PUT', `${path}?partNumber=1&uploadId=${id}`, {
      body: large(name),
    })
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part></CompleteMultipartUpload>`
    return {
      run: async () => {
        const done = await faulty.ok('POST', `${path}?uploadId=${id}`, { body })
        assert.match(done.text, '<CompleteMultipartUploadResult')
      },
      check: async () => assert.ok((await faulty.get(path)).bytes.equals(large(name))),
    }
  },
  'CreateBucket, ListBuckets': async (faulty, name) => ({
    run: async () => void (await faulty.ok('PUT', `/${name}`)),
    check: async () => {
      assert.match((await faulty.ok('GET', '/')).text, `<Name>${name}</Name>`)
      await faulty.ok('DELETE', `/${name}`)
    },
  }),
  DeleteBucket: async (faulty, name) => {
    await faulty.ok('PUT', `/${name}`)
    // An empty folder, so that the bridge must look into the depth.
    await faulty.foreign.post(`S3/${name}/folder`, '?mkDir=true')
    return {
      run: async () => void (await faulty.ok('DELETE', `/${name}`)),
      check: async () => assert.is((await faulty.request('HEAD', `/${name}`)).status, 404),
    }
  },
}

async function putOf(
  faulty: FaultyBridge,
  key: string,
  body: Buffer,
  headers: Record<string, string> = {},
): ReturnType<Act> {
  const type = { 'content-type': 'text/x-kept' }
  return {
    run: async () => {
      const put = { body, headers: { ...type, ...headers } }
      const first = await faulty.request('PUT', `/bucket/${key}`, put)
      // What goes straight through is gone when its send breaks off: its client must send it again.
      const isAgain = first.status === 503 && 'content-md5' in headers
      if (isAgain) await faulty.ok('PUT', `/bucket/${key}`, put)
      else assert.is(first.status, 200, first.text)
    },
    check: async () => {
      await faulty.expectContent(`/bucket/${key}`, body)
      assert.is((await faulty.get(`/bucket/${key}`)).headers['content-type'], 'text/x-kept')
    },
  }
}

for (const [title, act] of Object.entries(acts)) {
  test(`${title}: each call is refused in each way, or its reply is lost`, async () => {
    await withFaultyBridge(async (faulty) => {
      const { faults } = faulty.emulator
      let turn = 0
      const fresh = () => {
        turn += 1
        return `n${turn}-${title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`.slice(0, 40)
      }
      faults.clear()
      const first = await act(faulty, fresh())
      faults.clear()
      await first.run()
      // Sends last: once one was broken off, bodies are not sent straight through for a while.
      const operations = [...new Set(faults.requests.map(({ operation }) => operation))].sort(
        (a, b) => Number(a === 'upload') - Number(b === 'upload'),
      )
      assert.ok(operations.length > 0)
      await first.check()

      for (const operation of operations) {
        const match = { operation }
        const seen = refused.get(operation) ?? new Set()
        refused.set(operation, seen)
        const lost = { status: 503, when: 'after' } as const
        const rules = [
          // All six once for each call, whichever act makes it first; then one for each act.
          ...(seen.size === 0 ? passing : passing.slice(turn % 6, (turn % 6) + 1)).map((status) => {
            return { kind: 'fail' as const, status, count: 2, match }
          }),
          { kind: 'fail' as const, ...lost, match },
          { kind: 'cut' as const, when: 'before' as const, match },
          { kind: 'cut' as const, when: 'after' as const, match },
        ]
        for (const rule of rules) {
          const { run, check } = await act(faulty, fresh())
          faults.clear()
          faults.add(rule)
          try {
            await run()
            for (const { status } of faulty.asked(operation)) {
              if (rule.kind === 'fail' && status === rule.status) seen.add(status)
            }
            faults.clear()
            await check()
          } catch (error) {
            throw new Error(`${operation}, ${JSON.stringify(rule)}`, { cause: error })
          }
        }
      }
    })
  })
}

test('so every call that the bridge makes has met every status', () => {
  const made = [...refused].filter(([, statuses]) => statuses.size === passing.length)
  const operations = made.map(([operation]) => operation).sort()
  assert.equal(operations, [...refused.keys()].sort())
  for (const operation of ['stat', 'device', 'download', 'allocate', 'upload', 'cphash'] as const) {
    assert.ok(operations.includes(operation), operation)
  }
  for (const operation of [
    'mkDir',
    'dl',
    'rm',
    'dlDir',
    'liststream',
    'createMountpoint',
  ] as const) {
    assert.ok(operations.includes(operation), operation)
  }
})

test.run()
