// The console: a web page of its own on a port of its own, which speaks S3 by the session of an access key. Its
// requests pass the gate (gate.ts), and then are page files, its small API, or S3 under `/s3/` and `/download/`,
// which the S3 app answers as it answers everybody: same operations, same rights, same log.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { splitTarget } from '../address.ts'
import type { App } from '../app.ts'
import { identityOf } from '../authenticate.ts'
import { decodePercent, encodePercent } from '../percent.ts'
import { isBodyLeft } from '../reply.ts'
import { answerApi, type ConsoleApiOptions } from './answer-api.ts'
import { sendJson, sendText } from './console-request.ts'
import { isOwnHost, isOwnRequest, isOwnVisit, objectHeaders, securityHeaders } from './gate.ts'
import { createLoginBounds } from './login-bounds.ts'
import type { PageFiles } from './page-files.ts'
import { createSessions } from './sessions.ts'
import { carriesToken, findVisitor, sessionEnded, type Visitor } from './visitor.ts'

export type ConsoleOptions = Omit<ConsoleApiOptions, 'sessions' | 'bounds'> & {
  readonly app: Pick<App, 'answerVisit'>
  readonly pageFiles: PageFiles
  /** Further host names that the console is opened by, in lower case. */
  readonly names: readonly string[]
}

export type Console = {
  /** To be called once for a server, before it listens. */
  attach(server: Server): void
}

type Door = ConsoleOptions & ConsoleApiOptions

export function createConsole(options: ConsoleOptions): Console {
  const nowMs = () => options.now().getTime()
  const door = { ...options, sessions: createSessions(nowMs), bounds: createLoginBounds(nowMs) }
  return {
    attach(server) {
      server.on('request', (req: IncomingMessage, res: ServerResponse) => {
        answer(req, res, door).catch((error: unknown) => {
          options.log.error({ err: error }, 'unexpected')
          res.destroy()
        })
      })
    },
  }
}

async function answer(req: IncomingMessage, res: ServerResponse, door: Door): Promise<void> {
  if (!isOwnHost(req.headers.host, door.names)) {
    sendText(res, 421, 'Open the console by its address, or name this host in consoleNames.\n')
    return
  }
  const rawTarget = req.url ?? ''
  // Nobody but a proxy sends the other forms.
  const { rawPath, rawQuery } = rawTarget.startsWith('/')
    ? splitTarget(rawTarget.slice(0, 16 * 1024))
    : { rawPath: '', rawQuery: '' }
  if (rawPath.startsWith('/api/')) await answerApi(req, res, { rawPath, rawQuery }, door)
  else if (rawPath.startsWith('/s3/')) await answerS3(req, res, rawTarget.slice('/s3'.length), door)
  else if (rawPath.startsWith('/download/')) await answerDownload(req, res, rawPath, door)
  else answerPage(req, res, rawPath, door.pageFiles)
}

/** S3 by the page's scripts. */
async function answerS3(
  req: IncomingMessage,
  res: ServerResponse,
  target: string,
  door: Door,
): Promise<void> {
  if (!isOwnRequest(req.headers)) return sendJson(res, 403, foreign)
  const visitor = await findVisitor(req, 'use', door)
  if (visitor === undefined) return sendJson(res, 401, sessionEnded)
  if (!carriesToken(req.headers, visitor)) return sendJson(res, 403, foreign)
  // What is below `/-/` is the server's own, and not S3.
  const isS3 = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'].includes(`${req.method}`)
  if (!isS3 || target.startsWith('/-/')) return sendJson(res, 404, unknown)
  req.url = target
  // Browsers put one of their own on what they send, and S3 would keep it as the object's.
  delete req.headers['cache-control']
  enterS3(req, res, visitor, door)
}

/**
 * GetObject as a file for the person's disk. It is a plain link, so it carries no token; but it changes nothing, and
 * pages elsewhere cannot read what comes. Never shown in the browser: its origin is the console's.
 */
async function answerDownload(
  req: IncomingMessage,
  res: ServerResponse,
  rawPath: string,
  door: Door,
): Promise<void> {
  if (req.method !== 'GET' || !isOwnVisit(req.headers)) return sendJson(res, 403, foreign)
  const visitor = await findVisitor(req, 'use', door)
  if (visitor === undefined) return sendJson(res, 401, sessionEnded)
  const target = rawPath.slice('/download'.length)
  const [, , key = ''] = /^\/([^/]+)\/(.+)$/s.exec(decodePath(target) ?? '') ?? []
  if (key === '') return sendJson(res, 404, unknown)
  req.url = `${target}?${attachmentQuery(key)}`
  enterS3(req, res, visitor, door)
}

function enterS3(
  req: IncomingMessage,
  res: ServerResponse,
  { session, credential }: Visitor,
  { app }: Door,
): void {
  const identity = identityOf(session.accessKeyId, credential)
  // HEAD is asked for the object's own headers, and has nothing that could be stored.
  const caching = req.method === 'HEAD' ? {} : { 'Cache-Control': 'private, no-store' }
  app.answerVisit(req, res, { identity, via: 'console', headers: { ...objectHeaders, ...caching } })
}

/** Overrides of GetObject that make any object a file to be kept. */
function attachmentQuery(key: string): string {
  const name = key.split('/').findLast((segment) => segment !== '') ?? 'download'
  // What could play with how a name is shown is nothing for names of files.
  const safe = name.replace(/[\p{Cc}\p{Cf}\p{Cs}\\/:*?"<>|]/gu, '_')
  return Object.entries({
    'response-content-disposition': `attachment; filename*=UTF-8''${encodePercent(safe)}`,
    'response-content-type': 'application/octet-stream',
  })
    .map(([parameter, value]) => `${parameter}=${encodePercent(value)}`)
    .join('&')
}

function decodePath(rawPath: string): string | undefined {
  try {
    return decodePercent(rawPath)
  } catch {
    // Broken escapes: there is no such path.
    return undefined
  }
}

function answerPage(
  req: IncomingMessage,
  res: ServerResponse,
  path: string,
  files: PageFiles,
): void {
  const isRead = req.method === 'GET' || req.method === 'HEAD'
  const file = isRead ? files.get(path) : undefined
  if (file === undefined) {
    sendText(res, isRead ? 404 : 405, 'There is no such page.\n')
    return
  }
  const { bytes, contentType, etag } = file
  const close = isBodyLeft(req) ? { Connection: 'close' } : {}
  const headers = { ...securityHeaders, 'Cache-Control': 'no-cache', ETag: etag, ...close }
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, headers).end()
    return
  }
  const size = { 'Content-Type': contentType, 'Content-Length': bytes.length }
  res.writeHead(200, { ...headers, ...size })
  res.end(req.method === 'HEAD' ? undefined : bytes)
}

const foreign = { code: 'AccessDenied', message: 'This request does not come from the console.' }
const unknown = { code: 'InvalidRequest', message: 'The console has nothing of that name.' }
