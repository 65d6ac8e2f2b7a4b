// For tests: a server that answers what a test tells it to, and remembers what it was asked.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Asked = {
  readonly method: string
  /** Raw path and query. */
  readonly target: string
  readonly headers: IncomingMessage['headers']
  /** Counts from 1. */
  readonly number: number
  /** The whole body; ends early when the client goes away. */
  readonly body: () => Promise<Buffer>
  readonly message: IncomingMessage
}

export type Answer = (asked: Asked, response: ServerResponse) => unknown

export type ScriptedServer = {
  readonly url: string
  readonly asked: readonly Asked[]
  /** Connections ever made. */
  connections(): number
  openConnections(): Promise<number>
}

/** Runs `work` against a server; fails if an answer threw. */
export async function withServer(
  answer: Answer,
  work: (server: ScriptedServer) => Promise<void>,
): Promise<void> {
  const asked: Asked[] = []
  const failures: unknown[] = []
  let connections = 0
  const server = createServer((message, response) => {
    const { method = '', url: target = '', headers } = message
    const body = () => readAll(message)
    const one = { method, target, headers, number: asked.length + 1, body, message }
    asked.push(one)
    Promise.resolve()
      .then(() => answer(one, response))
      .catch((error: unknown) => {
        failures.push(error)
        response.destroy()
      })
  })
  server.on('connection', () => {
    connections += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<unknown>()
  try {
    await work({
      url: `http://127.0.0.1:${port}`,
      asked,
      connections: () => connections,
      openConnections: () =>
        new Promise((resolve, reject) => {
          server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
        }),
    })
  } finally {
    server.close(onClosed)
    server.closeAllConnections()
    await closed
  }
  if (failures.length > 0) throw failures[0]
}

/** Waits for something that other processes or sockets bring about, for at most a minute. */
export async function eventually(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 60_000
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error('it did not happen')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** What a promise rejects with; fails when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error
  }
  throw new Error(`no rejection, but ${String(value)}`)
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of message) chunks.push(chunk)
  } catch {
    // The client went away: what came until then is what the test asks for.
  }
  return Buffer.concat(chunks)
}
