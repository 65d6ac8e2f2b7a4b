// Asks the health page of the server on this machine, for the image, whose HEALTHCHECK has no other program to ask
// with. Prints what it says and ends with 0, or with 1 when it is not well or not there.
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { text } from 'node:stream/consumers'
import { readConfig } from './config.ts'

const timeoutMs = 5_000

try {
  const { status, page } = await askHealth()
  process.stdout.write(page)
  process.exitCode = status === 200 ? 0 : 1
} catch (error) {
  process.stdout.write(`no answer: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

/** Flags of the server are not seen here: only its variables and the file that they name. */
async function askHealth(): Promise<{ status: number | undefined; page: string }> {
  const { host, port, tls, tlsCert } = readConfig([])
  const target = { host: reachable(host), port, path: '/-/healthz', agent: false } as const
  const signal = AbortSignal.timeout(timeoutMs)
  const isTls = tls === 'auto' || tlsCert !== undefined
  const asked = isTls
    ? // It asks its own machine, and tells nothing that is secret: whose certificate it is does not matter.
      requestHttps({ ...target, signal, rejectUnauthorized: false })
    : requestHttp({ ...target, signal })
  const answered = Promise.withResolvers<{ status: number | undefined; page: string }>()
  asked.once('error', answered.reject)
  asked.once('response', (response) => {
    const status = response.statusCode
    text(response).then((page) => answered.resolve({ status, page }), answered.reject)
  })
  asked.end()
  return await answered.promise
}

/** Who listens on all addresses listens on that of the machine itself. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}
