// A bridge that holds one bucket with one object, for requests that must not change it; and what must be
// true of every answer and every connection afterwards.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { openConnection, type RawAnswer, type RawConnection } from './raw-connection.ts'
import { ask, signedHeaders } from './signed-request.ts'
import { type BridgeProcess, type Scheme, schemes, withBridge } from './with-bridge.ts'

export const oldContent = 'the old content of the object, which must outlive everything in here'
const oldMd5 = createHash('md5').update(oldContent).digest('hex')

export type RawHead = {
  readonly method: string
  /** What is signed. */
  readonly path: string
  /** What is sent instead, when the two differ. */
  readonly target?: string
  /** Signed. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whole lines that are not signed: lengths, Expect, repeated headers. */
  readonly lines?: readonly string[]
  readonly version?: '1.0' | '1.1'
  /** The body that the signature covers; without it, the signature covers none. */
  readonly signedBody?: string | Buffer
}

export type RawBridge = {
  readonly bridge: BridgeProcess
  /** A signed head with its empty line; no length unless `lines` has one. */
  head(wanted: RawHead): string
  connect(): Promise<RawConnection>
  /** Fails unless there is exactly the bucket with exactly the old object, and an empty spool. */
  expectUntouched(what: string): Promise<void>
  /** The first line of the log that matches, as soon as there is one. */
  logged(matches: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
}

/** Over HTTP, and then the same over HTTPS: the sockets beneath differ in how they pause, close and break. */
export async function withRawBridge(
  act: (raw: RawBridge) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const scheme of schemes) {
    try {
      await withRawBridgeOver(scheme, act, env)
    } catch (error) {
      process.stdout.write(`over ${scheme}:\n`)
      throw error
    }
  }
}

async function withRawBridgeOver(
  scheme: Scheme,
  act: (raw: RawBridge) => Promise<void>,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await withBridge(
    async (bridge) => {
      const { url, log } = bridge
      assert.is((await ask(bridge, { method: 'PUT', path: '/bucket' })).status, 200)
      const headers = { 'content-type': 'text/x-old', 'x-amz-meta-old': 'yes' }
      const put = { method: 'PUT', path: '/bucket/key', headers, body: oldContent }
      assert.is((await ask(bridge, put)).status, 200)
      await act({
        bridge,
        head: (wanted) => renderHead(url, wanted),
        connect: () => openConnection(bridge),
        expectUntouched: (what) => expectUntouched(bridge, what),
        async logged(matches) {
          const { stdout } = bridge.process
          assert.ok(stdout)
          for (;;) {
            const found = log.find(matches)
            if (found !== undefined) return found
            await once(stdout, 'data')
          }
        },
      })
    },
    { env, scheme },
  )
}

export function renderHead(url: string, wanted: RawHead): string {
  const { method, path, headers, lines = [], target = path, version = '1.1' } = wanted
  const hash =
    wanted.signedBody === undefined
      ? 'UNSIGNED-PAYLOAD'
      : createHash('sha256').update(wanted.signedBody).digest('hex')
  const signed = signedHeaders(url, {
    method,
    path,
    headers: { 'x-amz-content-sha256': hash, ...headers },
  })
  const fields = Object.entries(signed).map(([name, value]) => `${name}: ${value}`)
  return `${[`${method} ${target} HTTP/${version}`, ...fields, ...lines].join('\r\n')}\r\n\r\n`
}

/** An error as S3 gives it: status, code, well-formed XML, and the ids that the head names too. */
export function expectError(
  answer: RawAnswer,
  wanted: { readonly status: number; readonly code: string | readonly string[] },
  what: string,
): void {
  const seen = `${what}: ${answer.status} ${answer.text}`
  assert.is(answer.status, wanted.status, seen)
  const codes = typeof wanted.code === 'string' ? [wanted.code] : wanted.code
  assert.ok(codes.includes(expectErrorDocument(answer, what)), seen)
}

/** Returns its code. */
export function expectErrorDocument(answer: RawAnswer, what: string): string {
  const seen = `${what}: ${answer.status} ${answer.text}`
  const text = String.raw`(?:[^<>&\x00-\x08\x0b-\x1f]|&(?:amp|lt|gt|quot|apos|#x[0-9A-F]+);)*`
  const form = new RegExp(
    String.raw`^<\?xml version="1\.0" encoding="UTF-8"\?>\n<Error>(?:<([\w-]+)>${text}</\1>)+</Error>$`,
  )
  assert.match(answer.text, form, seen)
  assert.is(answer.headers.get('content-type'), 'application/xml', seen)
  const id = element(answer.text, 'RequestId')
  assert.match(id ?? '', /^[0-9A-F]{16}$/, seen)
  assert.is(answer.headers.get('x-amz-request-id'), id, seen)
  return element(answer.text, 'Code') ?? ''
}

/**
 * The connection after an answer: either it was announced as closing, and nothing more comes; or it
 * carries the next request as if nothing had been.
 */
export async function expectSane(
  raw: RawBridge,
  connection: RawConnection,
  answer: RawAnswer,
  what: string,
): Promise<'closed' | 'kept'> {
  if (answer.headers.get('connection') === 'close') {
    assert.is(await connection.finish(), '', `${what}: nothing follows the last answer`)
    return 'closed'
  }
  await connection.write(raw.head({ method: 'GET', path: '/bucket/key' }))
  const next = await connection.answer()
  assert.equal([next.status, next.text], [200, oldContent], `${what}: the next request`)
  return 'kept'
}

/** Sends bytes on a connection of their own; the answer must be that error, and leave no trace. */
export async function expectRefusal(
  raw: RawBridge,
  bytes: string | Buffer,
  wanted: { readonly status: number; readonly code: string | readonly string[] },
  what: string,
): Promise<'closed' | 'kept'> {
  const connection = await raw.connect()
  try {
    await connection.write(bytes)
    const answer = await connection.answer()
    expectError(answer, wanted, what)
    return await expectSane(raw, connection, answer, what)
  } finally {
    connection.destroy()
  }
}

export function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
}

async function expectUntouched(bridge: BridgeProcess, what: string): Promise<void> {
  const got = await ask(bridge, { method: 'GET', path: '/bucket/key' })
  assert.equal([got.status, got.text], [200, oldContent], `${what}: the old object`)
  assert.is(got.headers.etag, `"${oldMd5}"`, what)
  assert.is(got.headers['content-type'], 'text/x-old', what)
  assert.is(got.headers['x-amz-meta-old'], 'yes', what)
  const names = async (path: string, name: string) => {
    const { text } = await ask(bridge, { method: 'GET', path })
    return [...text.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((hit) => hit[1])
  }
  assert.equal(await names('/bucket?list-type=2', 'Key'), ['key'], `${what}: the keys`)
  assert.equal(await names('/', 'Name'), ['bucket'], `${what}: the buckets`)
  const spool = await readdir(join(bridge.dataDirectory, 'embedded', 'spool'))
  assert.equal(spool, [], `${what}: the spool`)
}
