// From a person in a browser to a token file: authorization code with PKCE and state, for each service
// of services.ts. API 2.3, RFC 6749 4.1, RFC 7636, RFC 8252.
import { createHash, randomBytes } from 'node:crypto'
import type { Http } from './http.ts'
import { realEnvironment } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { discover, type Endpoints } from './login-discovery.ts'
import { checkPlace, keepLogin, type LoginPlace } from './login-keep.ts'
import {
  type Answer,
  listenForRedirect,
  parseRedirect,
  type RedirectListener,
  registeredPort,
} from './login-redirect.ts'
import { type Service, wellKnownUrlOf } from './services.ts'
import { type LoginKind, loginRequired, type TokenSet } from './token-file.ts'
import {
  createTokenHttp,
  firstTokensOf,
  isRefusal,
  requestGrant,
  secretForm,
} from './token-grant.ts'

export type BrowserLoginOptions = LoginPlace & {
  readonly service: Service
  /** Origin that plays the service; its own domain otherwise. */
  readonly serviceUrl?: string | undefined
  /** Instead of the authorization endpoint that the service names. */
  readonly authUrl?: string | undefined
  /** 0 takes a free one, which no real service accepts. */
  readonly redirectPort?: number | undefined
  /** Called once, with the address that the person is to visit. */
  readonly onReady: (visit: Visit) => void | Promise<void>
  /** Lines that the person types; one of them may be the address that the browser was sent to. */
  readonly pasted: AsyncIterable<string>
  /** A line was pasted that is not the answer to this login. */
  readonly onForeignLine: () => void
}

export type Visit = {
  readonly url: string
  /** Why the browser's answer may not arrive by itself, so that it must be pasted. */
  readonly trouble: string | undefined
}

const LIMIT_MS = 5 * 60_000

/**
 * Waits for the person for five minutes at the most. Throws JottaError `login-required` when nobody
 * comes, the person or the service refuses, or the code is not accepted.
 */
export async function loginWithBrowser(options: BrowserLoginOptions): Promise<void> {
  await checkPlace(options)
  const endpoints = await findEndpoints(options)
  const state = randomBytes(32).toString('base64url')
  const verifier = randomBytes(32).toString('base64url')
  const listener = await listenForRedirect(options.redirectPort ?? registeredPort, state)
  let answer: Answer
  try {
    const url = visitUrl(endpoints.authUrl, listener.redirectUri, { state, verifier }, options)
    await options.onReady({ url, trouble: listener.trouble })
    answer = await waitForAnswer(listener, state, options)
  } finally {
    await listener.close()
  }
  if (answer.kind === 'refused') {
    throw loginRequired(`the service answered "${answer.reason}"`, kindOf(options))
  }
  const { code } = answer
  const proof = { code, code_verifier: verifier, redirect_uri: listener.redirectUri }
  await keepLogin(options, (http, nowMs) => spend(http, endpoints.tokenUrl, proof, options, nowMs))
}

async function findEndpoints(
  options: BrowserLoginOptions,
): Promise<Endpoints & { readonly authUrl: string }> {
  const { tokenUrl, authUrl, service, serviceUrl } = options
  if (tokenUrl !== undefined && authUrl !== undefined) return { tokenUrl, authUrl }
  const http = createTokenHttp(options.http)
  try {
    const found = await discover(http, wellKnownUrlOf(service, serviceUrl), options)
    const chosen = authUrl ?? found.authUrl
    if (chosen !== undefined) return { tokenUrl: tokenUrl ?? found.tokenUrl, authUrl: chosen }
    throw new JottaError('protocol', `${service.displayName} names no page to log in on`)
  } finally {
    await http.close()
  }
}

function visitUrl(
  authUrl: string,
  redirectUri: string,
  { state, verifier }: { state: string; verifier: string },
  { service, clientId = service.clientId }: BrowserLoginOptions,
): string {
  const url = new URL(authUrl)
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: service.scope,
    state,
    access_type: 'offline',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/** Whichever comes first: the browser, the pasted line, the limit, the signal. */
async function waitForAnswer(
  listener: RedirectListener,
  state: string,
  options: BrowserLoginOptions,
): Promise<Answer> {
  const { wait } = { ...realEnvironment, ...options.http?.environment }
  const over = new AbortController()
  const signal = AbortSignal.any([options.signal, over.signal])
  const limit = async (): Promise<never> => {
    await wait(LIMIT_MS, signal)
    throw loginRequired('nobody logged in within five minutes', kindOf(options))
  }
  const pasting = async (): Promise<Answer> => {
    const found = await findPasted(state, options)
    if (found !== undefined) return found
    if (listener.isListening) return await listener.answer
    const reason = `nothing was pasted, and the answer cannot arrive here: ${listener.trouble}`
    throw loginRequired(reason, kindOf(options))
  }
  try {
    return await Promise.race([listener.answer, pasting(), limit()])
  } finally {
    over.abort()
  }
}

/** Undefined when the lines end without it. */
async function findPasted(
  state: string,
  { pasted, onForeignLine }: BrowserLoginOptions,
): Promise<Answer | undefined> {
  for await (const line of pasted) {
    const answer = parseRedirect(line, state)
    if (answer !== undefined) return answer
    if (line.trim() !== '') onForeignLine()
  }
  return undefined
}

async function spend(
  http: Http,
  tokenUrl: string,
  proof: Readonly<Record<'code' | 'code_verifier' | 'redirect_uri', string>>,
  options: BrowserLoginOptions,
  nowMs: () => number,
): Promise<TokenSet> {
  const { service, clientId = service.clientId, clientSecret } = options
  const client = { client_id: clientId, ...secretForm(clientSecret) }
  const form = { grant_type: 'authorization_code', ...client, ...proof }
  const granted = await requestGrant(http, tokenUrl, form, options).catch((error: unknown) => {
    const reason = 'the code is refused; each works once, for about a minute'
    throw isRefusal(error) ? loginRequired(reason, kindOf(options)) : error
  })
  const origin = { tokenUrl, clientId, clientSecret, service: service.key }
  return firstTokensOf(granted, origin, nowMs())
}

function kindOf({ account, service }: BrowserLoginOptions): LoginKind {
  return { account, service: service.key }
}
