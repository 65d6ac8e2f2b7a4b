// What Node's parser cannot make a request of: answered on the bare socket, as an S3 error all the same.
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { S3Error } from '../translate/s3-error.ts'
import type { Log } from './log.ts'
import { identifyingHeaders, renderError, type Wait } from './reply.ts'
import { toXmlDocument } from './xml.ts'

export type ClientErrorOptions = {
  readonly log: Log
  readonly makeRequestId: () => string
  /** The last response on this connection, if any. */
  readonly responseOn: (socket: Duplex) => ServerResponse | undefined
  readonly wait: Wait
}

/** How long a client may take to read the answer while it goes on sending. */
const lingerMs = 1_000
/** More than that of what nobody reads is not waited for. */
const lingerMaxErrors = 100

/** To be called once for a server. */
export function answerClientErrors(server: Server, options: ClientErrorOptions): void {
  const answered = new WeakMap<Duplex, number>()
  server.on('clientError', (cause: Error & { code?: string }, socket: Duplex) => {
    if (isHandshakeFailure(cause)) {
      // Nobody could read an answer. The log helps whoever chose the wrong scheme or trusts the wrong certificate.
      options.log.info({ code: cause.code, reason: cause.message }, 'no TLS connection')
      socket.destroy()
      return
    }
    const errors = answered.get(socket)
    if (errors !== undefined && cause.code !== 'ECONNRESET') {
      // Whatever else comes in is no request either.
      answered.set(socket, errors + 1)
      if (errors > lingerMaxErrors) socket.destroy()
      return
    }
    if (cause.code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    answered.set(socket, 0)
    refuse(socket, toS3Error(cause, options.responseOn(socket)), options)
  })
  // Node makes no response for it and would close without a word.
  server.on('connect', ({ method }: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy())
    socket.resume()
    refuse(socket, new S3Error('MethodNotAllowed', { elements: { Method: `${method}` } }), options)
  })
}

/** Node reports these of an https server in the same way. */
function isHandshakeFailure({ code = '' }: Error & { code?: string }): boolean {
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code === 'EPROTO'
}

function refuse(socket: Duplex, error: S3Error, options: ClientErrorOptions): void {
  const response = options.responseOn(socket)
  // Bytes put into the middle of another answer would be taken for a part of it.
  const isBusy = response?.headersSent === true && !response.writableFinished
  if (!socket.writable || isBusy) {
    socket.destroy()
    return
  }
  const requestId = options.makeRequestId()
  options.log.info({ requestId, status: error.status, code: error.code }, 'no request')
  // The request that was under way, if any, ends with its connection.
  socket.end(renderAnswer(error, requestId), () => {
    if (socket.readableEnded) socket.destroy()
  })
  destroyLater(socket, options.wait)
}

/** Closed at once, the connection would be reset, and the reset can overtake the answer. */
function destroyLater(socket: Duplex, wait: Wait): void {
  const closed = new AbortController()
  socket.once('end', () => socket.destroy())
  socket.once('close', () => closed.abort())
  wait(lingerMs, closed.signal).then(
    () => socket.destroy(),
    () => undefined,
  )
}

function toS3Error(
  cause: Error & { code?: string },
  response: ServerResponse | undefined,
): S3Error {
  switch (cause.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new S3Error('RequestHeaderSectionTooLarge', { cause })
    case 'HPE_INVALID_EOF_STATE':
      // With a request under way it was the body that ended; else the head.
      return new S3Error(response?.writableFinished === false ? 'IncompleteBody' : 'BadRequest', {
        cause,
      })
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new S3Error('RequestTimeout', { cause })
    default:
      return new S3Error('BadRequest', { cause })
  }
}

function renderAnswer(error: S3Error, requestId: string): Buffer {
  const body = Buffer.concat(toXmlDocument(renderError(error, requestId, '/')))
  const headers = {
    ...identifyingHeaders(requestId),
    Date: new Date().toUTCString(),
    'Content-Type': 'application/xml',
    'Content-Length': String(body.length),
    Connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\n${lines.join('')}\r\n`
  return Buffer.concat([Buffer.from(head), body])
}
