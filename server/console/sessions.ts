// Who is logged in to the console: sessions in memory, bounded in number and in time. A session holds no
// secret and no rights: these are looked up for each request, so a key that is removed ends it.
import { createHash, randomBytes } from 'node:crypto'

export type Session = {
  readonly accessKeyId: string
  /** Of the secret that it was begun with: a key of the same id made later is another one. */
  readonly secretDigest: string
  /** What the page sends with each request besides the cookie, which other sites cannot read. */
  readonly token: string
}

export interface Sessions {
  /** `id` is for the cookie. May end others: the one that was idle longest, of the same key first. */
  begin(key: { readonly accessKeyId: string; readonly secretAccessKey: string }): {
    readonly id: string
    readonly session: Session
  }
  /** `look` does not count as a sign of life. */
  find(id: string, as: 'use' | 'look'): Session | undefined
  end(id: string): void
}

export const idleMaxMs = 30 * 60_000
export const lifeMaxMs = 12 * 60 * 60_000
export const sessionsMax = 256
export const sessionsOfKeyMax = 16

type Kept = Session & { readonly startedMs: number; usedMs: number }

export function createSessions(now: () => number = Date.now): Sessions {
  // By the digest of the id, least recently used first: a look-up then takes no time that tells of an id.
  const kept = new Map<string, Kept>()

  const isOver = ({ startedMs, usedMs }: Kept): boolean =>
    now() - usedMs > idleMaxMs || now() - startedMs > lifeMaxMs

  function makeRoom(accessKeyId: string): void {
    for (const [digest, session] of kept) if (isOver(session)) kept.delete(digest)
    const ofKey = [...kept].filter(([, session]) => session.accessKeyId === accessKeyId)
    const [oldestOfKey] = ofKey
    const [oldest] = kept
    if (ofKey.length >= sessionsOfKeyMax && oldestOfKey) kept.delete(oldestOfKey[0])
    else if (kept.size >= sessionsMax && oldest) kept.delete(oldest[0])
  }

  return {
    begin({ accessKeyId, secretAccessKey }) {
      makeRoom(accessKeyId)
      const id = randomBytes(32).toString('base64url')
      const token = randomBytes(32).toString('base64url')
      const secretDigest = digestOf(secretAccessKey)
      const session = { accessKeyId, secretDigest, token, startedMs: now(), usedMs: now() }
      kept.set(digestOf(id), session)
      return { id, session }
    },

    find(id, as) {
      const digest = digestOf(id)
      const session = kept.get(digest)
      if (session === undefined) return undefined
      if (isOver(session)) {
        kept.delete(digest)
        return undefined
      }
      if (as === 'use') {
        session.usedMs = now()
        kept.delete(digest)
        kept.set(digest, session)
      }
      return session
    },

    end(id) {
      kept.delete(digestOf(id))
    },
  }
}

/** Of one length whatever the text, so that digests can be compared in constant time. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
