// Requests signed by hand, for what no SDK will send: odd headers, broken bodies, very large streams.
import { type IncomingMessage, request } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import aws4 from 'aws4'
import { witnessOwnRequest } from '../coverage/proofs.ts'
import { accessKeyId, region, secretAccessKey } from './with-bridge.ts'

export type SignedRequest = {
  readonly method: string
  /** Already percent-encoded, with query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer | Readable
  /** Headers that are added, or changed, after signing. */
  readonly tamper?: Readonly<Record<string, string>>
}

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
export async function send(url: string, wanted: SignedRequest): Promise<IncomingMessage> {
  const { hostname, port } = new URL(url)
  const answer = Promise.withResolvers<IncomingMessage>()
  const outgoing = request({
    hostname,
    port,
    method: wanted.method,
    path: wanted.path,
    headers: signedHeaders(url, wanted),
    agent: false,
  })
  outgoing.once('response', answer.resolve)
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

/** Sends and reads it all. */
export async function ask(
  url: string,
  wanted: SignedRequest,
): Promise<{ status: number; headers: IncomingMessage['headers']; text: string }> {
  const answer = await send(url, wanted)
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: await textOf(answer) }
}
