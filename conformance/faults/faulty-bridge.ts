// A bridge over an emulator that a test can break, with one bucket, and the ways of looking at it that tell
// a whole answer from one that was cut.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import * as assert from 'uvu/assert'
import type { RequestRecord } from '../../jotta/emulator/emulator.ts'
import { Session } from '../../jotta/emulator/testing/with-emulator.ts'
import { md5OfBuffer } from '../support/bytes.ts'
import { ask, type SignedRequest, send } from '../support/signed-request.ts'
import type { BridgeProcess } from '../support/with-bridge.ts'
import { type EmulatedBridge, withEmulatedBridge } from '../support/with-emulated-bridge.ts'

export type Operation = RequestRecord['operation']

export type Got = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytes: Buffer
  /** The connection ended before the body did. */
  readonly wasCut: boolean
}

export type FaultyBridge = EmulatedBridge & {
  readonly url: string
  request(method: string, path: string, more?: Partial<SignedRequest>): ReturnType<typeof ask>
  /** Fails unless it is answered 200 or 204. */
  ok(method: string, path: string, more?: Partial<SignedRequest>): ReturnType<typeof ask>
  get(path: string, range?: string): Promise<Got>
  /** Fails unless the object has just this content, whole and with its ETag. */
  expectContent(path: string, content: Buffer, what?: string): Promise<void>
  keys(bucket: string, query?: string): Promise<string[]>
  /** The log line of an answer, as soon as it is there. */
  logged(matches: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
  /** Another device of the owner's; paths begin with `S3/bucket`. */
  readonly foreign: Session
  /** The requests of one kind that Jottacloud has had. */
  asked(operation: Operation): readonly RequestRecord[]
}

/** Bodies from here on go to disk, or straight through when they announce their MD5. */
export const memoryLimitBytes = 64 * 1024

export async function withFaultyBridge(
  act: (faulty: FaultyBridge) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const limits = { JOTTA_S3_UPLOAD_MEMORY_LIMIT: String(memoryLimitBytes) }
  await withEmulatedBridge(
    async (parts) => {
      const { emulator } = parts
      const foreign = new Session(emulator.url, emulator.username)
      await foreign.login(emulator.loginToken())
      const faulty = lookAt(parts, foreign)
      await faulty.ok('PUT', '/bucket')
      await act(faulty)
    },
    { ...limits, ...env },
  )
}

export function lookAt(parts: EmulatedBridge, foreign: Session): FaultyBridge {
  const { url } = parts.bridge
  const request: FaultyBridge['request'] = (method, path, more = {}) =>
    ask(url, { method, path, ...more })
  const get: FaultyBridge['get'] = (path, range) => getFrom(url, path, range)
  return {
    ...parts,
    url,
    request,
    get,
    foreign,
    asked: (operation) =>
      parts.emulator.faults.requests.filter((record) => record.operation === operation),
    async ok(method, path, more) {
      const answer = await request(method, path, more)
      const seen = `${method} ${path}: ${answer.status} ${answer.text}`
      assert.ok(answer.status === 200 || answer.status === 204, seen)
      return answer
    },
    async expectContent(path, content, what = path) {
      const got = await get(path)
      assert.is(got.status, 200, `${what}: ${got.bytes}`)
      assert.not(got.wasCut, `${what} was cut after ${got.bytes.length} bytes`)
      assert.ok(got.bytes.equals(content), `${what} has other bytes`)
      assert.is(got.headers.etag, `"${md5OfBuffer(content)}"`, what)
    },
    async keys(bucket, query = '') {
      const { status, text } = await request('GET', `/${bucket}?list-type=2${query}`)
      assert.is(status, 200, text)
      return [...text.matchAll(/<Key>([^<]*)</g)].map((found) => found[1] ?? '')
    },
    logged: (matches) => loggedBy(parts.bridge, matches),
  }
}

export async function getFrom(url: string, path: string, range?: string): Promise<Got> {
  const headers: Record<string, string> = range === undefined ? {} : { range }
  const answer = await send(url, { method: 'GET', path, headers })
  const chunks: Buffer[] = []
  let wasCut = false
  try {
    for await (const chunk of answer) chunks.push(chunk)
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ECONNRESET') throw error
    wasCut = true
  }
  const bytes = Buffer.concat(chunks)
  return { status: answer.statusCode ?? 0, headers: answer.headers, bytes, wasCut }
}

export function contentMd5(content: Buffer): Record<string, string> {
  return { 'content-md5': createHash('md5').update(content).digest('base64') }
}

export function errorCode(text: string): string | undefined {
  return /<Code>([^<]*)</.exec(text)?.[1]
}

async function loggedBy(
  { process: child, log }: BridgeProcess,
  matches: (line: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  assert.ok(child.stdout)
  for (;;) {
    const found = log.find(matches)
    if (found !== undefined) return found
    await once(child.stdout, 'data')
  }
}
