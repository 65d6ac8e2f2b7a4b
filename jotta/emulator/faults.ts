// Failures on demand (API 9.4), and the log of requests that tests count. A rule waits for requests
// that it matches, acts on so many of them, and is used up.
import { setTimeout } from 'node:timers/promises'
import type { Operation } from './context.ts'
import { checkSwitches, type Switches } from './options.ts'

/** All that are given must hold; none given matches everything. */
export type Match = {
  readonly method?: string
  readonly operation?: Operation
  /** Of the path as it came, percent-escapes and all, or decoded. */
  readonly pathPrefix?: string
  /** Of the path as it came. */
  readonly pathMinChars?: number
}

/** `before` the work is done, or `after` it, when only the reply is lost. */
export type When = 'before' | 'after'

type Common = { readonly count?: number; readonly match?: Match }

export type Rule = Common &
  (
    | {
        readonly kind: 'fail'
        readonly status: number
        readonly when?: When
        readonly retryAfterSeconds?: number
        readonly body?: string
      }
    /** The connection is cut without a reply. */
    | { readonly kind: 'cut'; readonly when?: When }
    /** Bytes of this request that are taken and kept; then the connection is cut, or 420 answered. */
    | { readonly kind: 'cutUpload'; readonly afterBytes: number; readonly how?: 'cut' | '420' }
    /** After so many bytes of this request none is read any more; the connection stays. */
    | { readonly kind: 'stallUpload'; readonly afterBytes: number }
    /** Of any reply with a body that is streamed: downloads and listings. */
    | { readonly kind: 'cutDownload'; readonly afterBytes: number }
    /** After so many bytes none comes, or one each `dripEveryMs`; the connection stays. */
    | { readonly kind: 'stallDownload'; readonly afterBytes: number; readonly dripEveryMs?: number }
    /** One byte of the body is wrong, at this offset of it. */
    | { readonly kind: 'corruptDownload'; readonly atByte: number }
    /** The listing of a folder is well-formed, counts all and has only so many of its entries. */
    | { readonly kind: 'shortListing'; readonly entries: number }
    /** A liststream ends early but well-formed, or with no stats, or with wrong ones. */
    | { readonly kind: 'spoilListing'; readonly how: 'no-stats' | 'wrong-stats' | 'truncated' }
    /** The upload succeeds; so many GETs of the file still show what was there before. */
    | { readonly kind: 'delayVisibility'; readonly gets: number }
    /** A `currentRevision` in this state, in direct GETs and listings (API 4.4). */
    | {
        readonly kind: 'showState'
        readonly state: 'ADDED' | 'PROCESSING' | 'INCOMPLETE' | 'CORRUPT'
      }
  )

export type RequestRecord = {
  readonly method: string
  /** As it came, without the query. */
  readonly path: string
  readonly query: string
  readonly operation: Operation
  /** Undefined until the reply's head is sent, and for good when it never was. */
  status: number | undefined
  bytesIn: number
  bytesOut: number
  /** `gone`: by a cut of ours, or by a client that went away. */
  outcome: 'under way' | 'sent' | 'gone'
}

/** Requests that match wait, until released, before the work is done or before the reply is sent. */
export type Hold = {
  /** Resolves when so many requests are, or were, held. */
  readonly reached: (requests?: number) => Promise<void>
  readonly release: () => void
}

type OpenHold = {
  readonly match: Match
  readonly when: When
  readonly released: PromiseWithResolvers<void>
  count: number
  waiting: { requests: number; resolve: () => void }[]
}

type Described = Pick<RequestRecord, 'method' | 'path' | 'operation'>

/** What faults do to the state of the emulator, given by it. */
export type FaultActions = {
  /** Forgets the bytes of unfinished uploads. */
  readonly dropPartials: () => void
  readonly expireAccessTokens: () => void
  /** Every refresh from now on is answered "Stale token". */
  readonly staleRefreshTokens: () => void
}

const logMaxRecords = 10_000

export class Faults {
  /** Oldest first; the last 10,000. */
  readonly requests: RequestRecord[] = []
  readonly dropPartials: () => void
  readonly expireAccessTokens: () => void
  readonly staleRefreshTokens: () => void
  readonly #switches: Switches
  readonly #rules: { rule: Rule; left: number }[] = []
  readonly #holds = new Set<OpenHold>()
  #settling = Promise.withResolvers<void>()
  readonly #invisible = new Map<number, { number: number; gets: number }>()

  constructor(switches: Switches, actions: FaultActions) {
    this.#switches = switches
    this.dropPartials = actions.dropPartials
    this.expireAccessTokens = actions.expireAccessTokens
    this.staleRefreshTokens = actions.staleRefreshTokens
  }

  /** For the next `count` (1) requests that match. Rules are asked in the order they were added. */
  add(rule: Rule): void {
    this.#rules.push({ rule, left: rule.count ?? 1 })
  }

  failNext(fault: Omit<Extract<Rule, { kind: 'fail' }>, 'kind'>): void {
    this.add({ kind: 'fail', ...fault })
  }

  /** Changes switches while the emulator runs. Throws RangeError naming what is wrong. */
  set(switches: Partial<Omit<Switches, 'nameMatching'>>): void {
    if ('nameMatching' in switches) throw new RangeError('nameMatching is fixed for a data folder')
    Object.assign(this.#switches, checkSwitches(switches))
  }

  hold(match: Match, when: When = 'before'): Hold {
    const open: OpenHold = {
      match,
      when,
      released: Promise.withResolvers<void>(),
      count: 0,
      waiting: [],
    }
    this.#holds.add(open)
    return {
      reached: async (requests = 1) => {
        if (open.count >= requests) return
        const { promise, resolve } = Promise.withResolvers<void>()
        open.waiting.push({ requests, resolve })
        await promise
      },
      release: () => {
        this.#holds.delete(open)
        open.released.resolve()
      },
    }
  }

  /** How many requests that match have come so far. */
  count(match: Match = {}): number {
    return this.requests.filter((record) => matches(match, record)).length
  }

  bytesIn(match: Match = {}): number {
    const matching = this.requests.filter((record) => matches(match, record))
    return matching.reduce((sum, { bytesIn }) => sum + bytesIn, 0)
  }

  /** Resolves when at least one request that matches has come and none of them is under way. */
  async settled(match: Match = {}): Promise<void> {
    for (;;) {
      const matching = this.requests.filter((record) => matches(match, record))
      const isOver = matching.every(({ outcome }) => outcome !== 'under way')
      if (matching.length > 0 && isOver) return
      await this.#settling.promise
    }
  }

  /** Forgets rules and the log and lets go what is held. Switches stay as they are. */
  clear(): void {
    this.#rules.length = 0
    this.#invisible.clear()
    this.requests.length = 0
    for (const open of this.#holds) open.released.resolve()
    this.#holds.clear()
  }

  /** For the emulator. */
  record(described: Described & Pick<RequestRecord, 'query'>): RequestRecord {
    const none = { status: undefined, bytesIn: 0, bytesOut: 0 }
    const record: RequestRecord = { ...described, ...none, outcome: 'under way' }
    this.requests.push(record)
    if (this.requests.length > logMaxRecords) this.requests.shift()
    return record
  }

  /** For the emulator. */
  settle(record: RequestRecord, outcome: 'sent' | 'gone'): void {
    record.outcome = outcome
    this.#settling.resolve()
    this.#settling = Promise.withResolvers<void>()
  }

  /** For the emulator: latency and holds. Rejects when the signal aborts. */
  async pause(when: When, described: Described, signal: AbortSignal): Promise<void> {
    if (when === 'before' && this.#switches.latencyMs > 0) {
      await setTimeout(this.#switches.latencyMs, undefined, { signal })
    }
    for (const open of this.#holds) {
      if (open.when !== when || !matches(open.match, described)) continue
      open.count += 1
      for (const { requests, resolve } of open.waiting) if (open.count >= requests) resolve()
      await abortable(open.released.promise, signal)
    }
  }

  /** For the emulator: the first rule of that kind that matches, and one use of it less. */
  take<Kind extends Rule['kind']>(
    kind: Kind,
    described: Described,
    accepts: (rule: Extract<Rule, { kind: Kind }>) => boolean = () => true,
  ): Extract<Rule, { kind: Kind }> | undefined {
    for (const [index, entry] of this.#rules.entries()) {
      const { rule } = entry
      if (!isKind(rule, kind) || !matches(rule.match ?? {}, described) || !accepts(rule)) continue
      entry.left -= 1
      if (entry.left <= 0) this.#rules.splice(index, 1)
      return rule
    }
    return undefined
  }

  /** For the emulator: the upload of this revision is not to be seen for so many GETs. */
  makeInvisible(node: number, revision: number, gets: number): void {
    this.#invisible.set(node, { number: revision, gets })
  }

  /** For the emulator, once per GET of a file: whether this revision is still to be hidden. */
  takeInvisible(node: number, revision: number): boolean {
    const entry = this.#invisible.get(node)
    if (entry === undefined || entry.number !== revision) return false
    entry.gets -= 1
    if (entry.gets <= 0) this.#invisible.delete(node)
    return true
  }
}

function isKind<Kind extends Rule['kind']>(
  rule: Rule,
  kind: Kind,
): rule is Extract<Rule, { kind: Kind }> {
  return rule.kind === kind
}

function matches(match: Match, { method, operation, path }: Described): boolean {
  if (match.method !== undefined && match.method !== method) return false
  if (match.operation !== undefined && match.operation !== operation) return false
  if (path.length < (match.pathMinChars ?? 0)) return false
  if (match.pathPrefix === undefined) return true
  return path.startsWith(match.pathPrefix) || decoded(path).startsWith(match.pathPrefix)
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    // A test may well send what cannot be decoded; it then has no decoded form to match.
    return path
  }
}

async function abortable(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([wait, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
