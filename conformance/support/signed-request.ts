// Requests signed by hand, for what no SDK will send: odd headers, broken bodies, very large streams.
import { readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import aws4 from 'aws4'
import { witnessOwnRequest } from '../coverage/proofs.ts'
import { accessKeyId, type BridgeProcess, region, secretAccessKey } from './with-bridge.ts'

export type SignedRequest = {
  readonly method: string
  /** Already percent-encoded, with query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer | Readable
  /** Headers that are added, or changed, after signing. */
  readonly tamper?: Readonly<Record<string, string>>
}

/** A bridge, or the URL of one over HTTP. */
export type Where = string | Pick<BridgeProcess, 'url' | 'certificateFile'>

export function signedHeaders(url: string, wanted: SignedRequest): Record<string, string> {
  const { host } = new URL(url)
  const body = wanted.body
  const isText = typeof body === 'string' || Buffer.isBuffer(body)
  const signed = aws4.sign(
    {
      service: 's3',
      region,
      host,
      method: wanted.method,
      path: wanted.path,
      headers: {
        ...(isText ? {} : { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
        ...wanted.headers,
      },
      ...(isText ? { body } : {}),
    },
    { accessKeyId, secretAccessKey },
  )
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(signed.headers ?? {})) headers[name] = String(value)
  return { ...headers, ...wanted.tamper }
}

/** Sends, and hands over the answer with its body unread. */
export async function send(where: Where, wanted: SignedRequest): Promise<IncomingMessage> {
  const { url } = typeof where === 'string' ? { url: where } : where
  const target = new URL(wanted.path, url).href
  const headers = signedHeaders(url, wanted)
  return await sendPlain(where, target, { ...wanted, path: wanted.path, headers })
}

/** As it is, without a signature of its own; `url` may be a presigned one. */
async function sendPlain(
  where: Where,
  url: string,
  wanted: Partial<SignedRequest> = {},
): Promise<IncomingMessage> {
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const answer = Promise.withResolvers<IncomingMessage>()
  const options = {
    hostname,
    port,
    method: wanted.method ?? 'GET',
    // The URL class would change what was signed, such as `..`.
    path: wanted.path ?? pathname + search,
    headers: { ...wanted.headers },
    agent: false,
  }
  const outgoing =
    protocol === 'https:'
      ? secureRequest({ ...options, ca: certificateOf(where) }, answer.resolve)
      : request(options, answer.resolve)
  outgoing.once('error', answer.reject)
  if (
    wanted.body === undefined ||
    typeof wanted.body === 'string' ||
    Buffer.isBuffer(wanted.body)
  ) {
    outgoing.end(wanted.body)
  } else {
    pipeline(wanted.body, outgoing).catch(answer.reject)
  }
  const received = await answer.promise
  witnessOwnRequest(received.headers['x-amz-request-id']?.toString())
  return received
}

export async function textOf(answer: IncomingMessage): Promise<string> {
  answer.setEncoding('utf8')
  let text = ''
  for await (const chunk of answer) text += chunk
  return text
}

export type WholeAnswer = {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** Sends and reads it all. */
export async function ask(where: Where, wanted: SignedRequest): Promise<WholeAnswer> {
  return await wholeAnswer(await send(where, wanted))
}

/** Follows a presigned URL, or one that needs no signature. */
export async function follow(
  where: Where,
  url: string,
  wanted: Partial<SignedRequest> = {},
): Promise<WholeAnswer> {
  return await wholeAnswer(await sendPlain(where, url, wanted))
}

async function wholeAnswer(answer: IncomingMessage): Promise<WholeAnswer> {
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: await textOf(answer) }
}

/** What a client of a bridge over HTTPS must trust. */
export function certificateOf(where: Where): string {
  const file = typeof where === 'string' ? undefined : where.certificateFile
  if (file === undefined)
    throw new Error('over HTTPS the bridge must be named, for its certificate')
  return readFileSync(file, 'utf8')
}
