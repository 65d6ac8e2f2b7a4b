// From a request to whoever is logged in: the cookie names the session, the token proves that the console's own page
// has sent the request.
import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Credential, FindCredential } from '../authenticate.ts'
import type { FindPeer } from '../peer.ts'
import { readCookie } from './gate.ts'
import { digestOf, type Session, type Sessions } from './sessions.ts'

export type Visitor = {
  readonly session: Session
  readonly credential: Credential
  /** Of the session, as the cookie has it. */
  readonly sessionId: string
}

export const sessionEnded = {
  code: 'SessionEnded',
  message: 'Log in again: the session has ended.',
}

export type VisitorServices = {
  readonly sessions: Sessions
  readonly credentials: FindCredential
  readonly findPeer: FindPeer
}

/** Asks for the key each time: one that was removed, or made anew, ends its sessions. */
export async function findVisitor(
  req: IncomingMessage,
  as: 'use' | 'look',
  { sessions, credentials, findPeer }: VisitorServices,
): Promise<Visitor | undefined> {
  const sessionId = readCookie(req.headers, cookieName(req, findPeer))
  const session = sessionId === undefined ? undefined : sessions.find(sessionId, as)
  if (sessionId === undefined || session === undefined) return undefined
  const credential = await credentials(session.accessKeyId)
  if (credential !== undefined && isSecretOf(credential, session.secretDigest)) {
    return { session, credential, sessionId }
  }
  sessions.end(sessionId)
  return undefined
}

/** Whether a secret, by its digest, is that of the credential; takes as long for a key that nobody has. */
export function isSecretOf(credential: Credential | undefined, secretDigest: string): boolean {
  const isRight = isSame(digestOf(credential?.secretAccessKey ?? ''), secretDigest)
  return isRight && credential !== undefined
}

export function carriesToken(headers: IncomingHttpHeaders, { session }: Visitor): boolean {
  const token = headers['x-console-token']
  return typeof token === 'string' && isSame(digestOf(token), digestOf(session.token))
}

export function sessionCookie(req: IncomingMessage, id: string, findPeer: FindPeer): string {
  const secure = findPeer(req).isSecure ? '; Secure' : ''
  const ended = id === '' ? '; Max-Age=0' : ''
  return `${cookieName(req, findPeer)}=${id}; Path=/; HttpOnly; SameSite=Strict${secure}${ended}`
}

/** Cookies do not know ports: two consoles of one machine would end each other's sessions. */
function cookieName(req: IncomingMessage, findPeer: FindPeer): string {
  const prefix = findPeer(req).isSecure ? '__Host-' : ''
  return `${prefix}jotta-s3-console-${req.socket.localPort ?? 0}`
}

function isSame(digest: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(digest), Buffer.from(other))
}
