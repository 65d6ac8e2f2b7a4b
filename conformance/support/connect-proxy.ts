// Stands between a program with Jottacloud's hosts compiled in and the emulator: an HTTP proxy that
// speaks TLS itself for *.jottacloud.com and hands the decrypted stream on (jottacloud-api.md 9.1).
// Every other host is refused and remembered, so a test can tell that nothing else was called.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { run } from './real-client.ts'

export type ConnectProxy = {
  /** For HTTPS_PROXY. */
  readonly url: string
  /** PEM file of the certificate that programs have to trust. */
  readonly certificateFile: string
  /** What was asked for and not let through, as `host:port`. */
  readonly refused: readonly string[]
}

const servedHost = /^[a-z0-9-]+\.jottacloud\.com:443$/i

/** `folder` takes the certificate. Everything is closed when `act` settles. */
export async function withConnectProxy(
  folder: string,
  emulatorPort: number,
  act: (proxy: ConnectProxy) => Promise<void>,
): Promise<void> {
  const certificateFile = join(folder, 'proxy-certificate.pem')
  const secureContext = await makeCertificate(certificateFile, join(folder, 'proxy-key.pem'))
  const refused: string[] = []
  const open = new Set<Duplex>()
  const underWay = new Set<Promise<void>>()
  const server = createServer((_request, response) => response.writeHead(405).end())
  server.on('connect', (request, socket: Socket, head: Buffer) => {
    const host = request.url ?? ''
    if (!servedHost.test(host)) {
      refused.push(host)
      socket.on('error', ignoreCut)
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    const served = tunnel(socket, head, secureContext, emulatorPort, open)
    underWay.add(served)
    void served.finally(() => underWay.delete(served))
  })
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    await act({ url: `http://127.0.0.1:${port}`, certificateFile, refused })
  } finally {
    const closed = Promise.withResolvers<void>()
    server.close(() => closed.resolve())
    server.closeAllConnections()
    for (const stream of open) stream.destroy()
    await Promise.all([closed.promise, ...underWay])
  }
}

/** Settles when both directions are over; never rejects, since either side may go away at any time. */
async function tunnel(
  socket: Socket,
  head: Buffer,
  secureContext: SecureContext,
  emulatorPort: number,
  open: Set<Duplex>,
): Promise<void> {
  socket.on('error', ignoreCut)
  socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
  if (head.length > 0) socket.unshift(head)
  const inside = new TLSSocket(socket, { isServer: true, secureContext })
  const emulator = connect({ port: emulatorPort, host: '127.0.0.1' })
  const ends = [socket, inside, emulator]
  for (const end of ends) open.add(end)
  await Promise.allSettled([pipeline(inside, emulator), pipeline(emulator, inside)])
  for (const end of ends) {
    end.destroy()
    open.delete(end)
  }
}

async function makeCertificate(certificateFile: string, keyFile: string): Promise<SecureContext> {
  const names = 'subjectAltName=DNS:*.jottacloud.com'
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'],
    ...['-subj', '/CN=emulated Jottacloud', '-addext', names, '-days', '2'],
    ...['-keyout', keyFile, '-out', certificateFile],
  ])
  return createSecureContext({
    cert: await readFile(certificateFile),
    key: await readFile(keyFile),
  })
}

/** A program that was ended cuts its connections; what it printed is the test's business. */
function ignoreCut(): void {}
