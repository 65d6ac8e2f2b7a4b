// What can go wrong with Jottacloud, as a kind that callers decide on and a text that people read.

/**
 * - `not-found`: nothing there (404).
 * - `conflict`: something is in the way: a live file, or an entry of the other type.
 * - `invalid-name`: Jottacloud refuses the name (400), or the path for its length (414, 431).
 * - `unauthorized`: the access token is refused and a refresh did not help.
 * - `login-required`: the refresh token is dead ("Stale token"): only a new login helps.
 * - `other-account`: the login is of another account than the one that is served.
 * - `forbidden`: no access to that user, device or entry (403).
 * - `read-only`: nothing was sent, since this client writes nothing.
 * - `quota`: the account is full or locked for writing (460, 402, 507).
 * - `range`: the byte range does not exist (416).
 * - `corrupt`: the bytes sent do not have the announced MD5 (421).
 * - `changed`: the file holds other content than the caller has seen there.
 * - `throttled`: still 429 after all tries.
 * - `unlistable`: the folder has more entries than Jottacloud can list, and stays so until it has fewer (500).
 * - `unavailable`: still 5xx, cut or silent after all tries.
 * - `protocol`: a reply that does not say what it must (truncated listing, wrong MD5, no stats).
 */
export type JottaErrorKind =
  | 'not-found'
  | 'conflict'
  | 'invalid-name'
  | 'unauthorized'
  | 'login-required'
  | 'other-account'
  | 'forbidden'
  | 'quota'
  | 'read-only'
  | 'range'
  | 'corrupt'
  | 'changed'
  | 'throttled'
  | 'unlistable'
  | 'unavailable'
  | 'protocol'

export class JottaError extends Error {
  override readonly name = 'JottaError'
  readonly kind: JottaErrorKind
  /** HTTP status of the reply, when there was one. */
  readonly status: number | undefined
  /** What the reply's Retry-After asks for, when it does. */
  readonly retryAfterMs: number | undefined

  constructor(
    kind: JottaErrorKind,
    message: string,
    options: {
      status?: number | undefined
      retryAfterMs?: number | undefined
      cause?: unknown
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.status = options.status
    this.retryAfterMs = options.retryAfterMs
  }
}

/** The service fell silent, or all but silent, for longer than it may: each such try costs that long. */
export class Silence extends JottaError {}
