// Writes into folders that are new, seen from outside: one that fails, whoever sends it and in whatever way, leaves
// no prefix in any listing, and the next one goes well.
import { request as httpRequest } from 'node:http'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { randomBuffer } from '../support/bytes.ts'
import { boundary, renderForm, signFields } from '../support/signed-form.ts'
import { follow, signedHeaders } from '../support/signed-request.ts'
import {
  contentMd5,
  errorCode,
  type FaultyBridge,
  lookAt,
  withFaultyBridge,
} from './faulty-bridge.ts'

const test = suite('new folders')
const small = Buffer.from('small content')
/** Content that Jottacloud does not know yet. */
const few = (key: string): Buffer => Buffer.from(key)
const many = (key: string): Buffer => randomBuffer(150_000, key)

type Answer = { readonly status: number; readonly text: string }
/** Writes to the key. */
type Act = (faulty: FaultyBridge, key: string) => Promise<Answer>

const acts: Record<string, { readonly act: Act; readonly refused: 'upload' | 'cphash' }> = {
  PutObject: {
    act: ({ request }, key) => request('PUT', `/bucket/${key}`, { body: few(key) }),
    refused: 'upload',
  },
  'PutObject by way of the disk': {
    act: ({ request }, key) => request('PUT', `/bucket/${key}`, { body: many(key) }),
    refused: 'upload',
  },
  'PutObject straight through': {
    act: ({ request }, key) =>
      request('PUT', `/bucket/${key}`, { body: many(key), headers: contentMd5(many(key)) }),
    refused: 'cphash',
  },
  'PostObject, a form': {
    async act({ url }, key) {
      const body = renderForm(signFields([['key', key]]), few(key))
      const headers = {
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-length': String(body.length),
      }
      return await follow(url, new URL('/bucket', url).href, { method: 'POST', headers, body })
    },
    refused: 'upload',
  },
  CopyObject: {
    act: ({ request }, key) =>
      request('PUT', `/bucket/${key}`, { headers: { 'x-amz-copy-source': '/bucket/source' } }),
    refused: 'cphash',
  },
  CompleteMultipartUpload: {
    async act({ ok, request }, key) {
      const path = `/bucket/${key}`
      const { text } = await ok('POST', `${path}?uploads=`)
      const id = /<UploadId>([^<]+)</.exec(text)?.[1] ?? ''
      const part = await ok('PUT', `${path}?partNumber=1&uploadId=${id}`, { body: few(key) })
      const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part></CompleteMultipartUpload>`
      return await request('POST', `${path}?uploadId=${id}`, { body })
    },
    refused: 'upload',
  },
}

async function prefixes({ ok }: FaultyBridge): Promise<string[]> {
  const { text } = await ok('GET', '/bucket?list-type=2&delimiter=/')
  return [...text.matchAll(/<Prefix>([^<]+)</g)].map((found) => found[1] ?? '')
}

test('a write into new folders that Jottacloud refuses leaves no prefix behind', async () => {
  await withFaultyBridge(async (faulty) => {
    const { emulator, ok, keys } = faulty
    await ok('PUT', '/bucket/source', { body: small })
    for (const [index, [what, { act, refused }]] of Object.entries(acts).entries()) {
      const key = `new-${index}/er/key`
      // Not one that says the content is unknown.
      emulator.faults.failNext({ status: 403, match: { operation: refused } })
      const { text } = await act(faulty, key)
      assert.is(errorCode(text), 'AccessDenied', `${what}: ${text}`)
      assert.equal(await prefixes(faulty), [], what)
      assert.equal(await keys('bucket'), ['source'], what)
      const { status } = await act(faulty, key)
      assert.ok(status === 200 || status === 204, what)
      assert.equal(await prefixes(faulty), [`new-${index}/`], what)
      await ok('DELETE', `/bucket/${key}`)
      assert.equal(await prefixes(faulty), [], what)
    }
  })
})

test('a write into new folders whose client leaves leaves no prefix behind', async () => {
  await withFaultyBridge(async (faulty) => {
    const { emulator, url, logged } = faulty
    for (const operation of ['mkDir', 'allocate'] as const) {
      const path = `/bucket/${operation}/er/key`
      const { hostname, port } = new URL(url)
      const headers = signedHeaders(url, { method: 'PUT', path, body: small })
      const held = emulator.faults.hold({ operation })
      const client = httpRequest({ hostname, port, method: 'PUT', path, headers, agent: false })
      // It is this side that breaks it off.
      client.on('error', () => undefined)
      client.end(small)
      await held.reached()
      client.destroy()
      await logged((line) => line.status === 499 && line.key === `${operation}/er/key`)
      held.release()
      assert.equal(await prefixes(faulty), [], operation)
    }
  })
})

test('a server that is told to stop in the midst of a write leaves no new folder either', async () => {
  await withFaultyBridge(
    async (faulty) => {
      const { bridge, emulator, foreign, request, startAgain } = faulty
      const allocating = emulator.faults.hold({ operation: 'allocate' })
      const putting = request('PUT', '/bucket/new/er/key', { body: small }).catch(() => undefined)
      await allocating.reached()
      assert.is(await bridge.stop(), 0)
      await putting
      allocating.release()
      const { text } = await foreign.get('S3/bucket')
      assert.match(text, /<folder name="new" deleted=/)
      const troubles = bridge.log.filter(({ level }) => level === 'error' || level === 'warn')
      assert.equal(troubles, [])
      assert.equal(await prefixes(lookAt({ ...faulty, bridge: await startAgain() }, foreign)), [])
    },
    { JOTTA_S3_SHUTDOWN_SECONDS: '1' },
  )
})

test.run()
