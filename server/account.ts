// Jottacloud logins: made, forgotten, and opened for the bridge. One data folder may hold several, each
// with a name, a token file and a state directory of its own.
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { UpstreamCall } from '../jotta/call-kind.ts'
import { toCalls } from '../jotta/call-kind.ts'
import { createJottaClient, type JottaClient } from '../jotta/client.ts'
import type { HttpTimeouts } from '../jotta/http.ts'
import { JottaError } from '../jotta/jotta-error.ts'
import { loginWithToken } from '../jotta/login.ts'
import { loginWithBrowser, type Visit } from '../jotta/login-browser.ts'
import type { LoginHolder } from '../jotta/login-holder.ts'
import type { LoginPlace } from '../jotta/login-keep.ts'
import { loginWithPassword } from '../jotta/login-legacy.ts'
import type { ReadAheadOptions } from '../jotta/read-ahead.ts'
import { findService, services } from '../jotta/services.ts'
import { createTokenSource } from '../jotta/token.ts'
import { readTokenFile, removeTokenFile } from '../jotta/token-file.ts'
import { isPrivateUrl } from '../jotta/url-rule.ts'
import { openSqliteState } from '../translate/state/sqlite.ts'
import type { State } from '../translate/state/state.ts'
import { type Config, ConfigError, readLoginSecret } from './config.ts'
import type { LoginWay } from './login-flags.ts'
import { openBrowser } from './open-browser.ts'
import type { Health } from './reply.ts'
import type { Terminal } from './terminal.ts'

export type { UpstreamCall }

/** Told of each request to Jottacloud. */
export type OnCall = (call: UpstreamCall) => void

export type OpenAccount = {
  readonly jotta: JottaClient
  /** Makes no call upstream. */
  health(): Promise<Health>
  close(): Promise<void>
}

const timeoutMs = 60_000
/** A person is in it. */
const loginTimeoutMs = 10 * 60_000
const defaultAccount = 'default'
/** In the folder of the account. */
export const stateFileName = 'state.sqlite'

/** Where the tokens of an account are kept; no such file: nobody is logged in. */
export function tokenFileOf(config: Config, account = config.account): string {
  return join(accountDirectoryOf(config, account), 'jottacloud-token.json')
}

async function isLoggedIn(config: Config): Promise<boolean> {
  return await isThere(tokenFileOf(config))
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

/** Only the default account has an embedded Jottacloud to stand in for it. */
export async function usesEmbedded(config: Config): Promise<boolean> {
  return config.account === defaultAccount && !(await isLoggedIn(config))
}

/** Where state and spool of the account that is served lie. */
export async function stateDirectoryOf(config: Config): Promise<string> {
  const own = accountDirectoryOf(config, config.account)
  return (await usesEmbedded(config)) ? join(own, 'embedded') : own
}

/** Throws JottaError `login-required` when nobody is logged in. */
export async function requireLogin(config: Config): Promise<void> {
  await readTokenFile(tokenFileOf(config), { account: nameOf(config.account) })
}

export type AccountParts = {
  /** Called once for each login that turns out to be dead, or of another account. */
  readonly onLoginRequired?: (error: Error) => void
  readonly onCall?: OnCall
  /** What is kept of the account, which it then has to be: any may claim a state that is new. */
  readonly state?: Pick<State, 'account'>
}

/** A client for the account of the settings, whoever else uses it: this process or others. */
export async function openAccount(
  config: Config,
  { onLoginRequired, onCall, state }: AccountParts = {},
): Promise<OpenAccount> {
  const { account, tokenUrl, jfsUrl, apiUrl, maxConcurrentUploads } = config
  const timeouts = upstreamTimeouts(config)
  const tokens = createTokenSource({
    ...{ tokenFile: tokenFileOf(config), tokenUrl, account: nameOf(account), onLoginRequired },
    holder: state && {
      apiUrl,
      isExpected: async (username) => (await state.account.claim(username)) === username,
    },
    http: { onSent: onCall && toCalls(onCall) },
  })
  const readAhead = readAheadOf(config)
  const client = { jfsUrl, apiUrl, tokens, maxConcurrentUploads, timeouts, readAhead, onCall }
  const jotta = createJottaClient(client)
  const closing = new AbortController()
  // So that a login that died while nobody served is told of before the first client comes. Any other
  // failure is the next request's to meet.
  tokens.accessToken({ signal: closing.signal }).catch(() => {})
  return {
    jotta,
    health: () => tokens.health(),
    close: async () => {
      closing.abort()
      await jotta.close()
    },
  }
}

/** Returns what to tell the person. Throws JottaError or ConfigError with a text that says what to do. */
export async function login(config: Config, way: LoginWay, terminal: Terminal): Promise<string> {
  const signal = AbortSignal.any([AbortSignal.timeout(loginTimeoutMs), terminal.interrupted])
  const { account, tokenUrl, clientId, clientSecret } = config
  const place = {
    ...{ tokenFile: tokenFileOf(config), account: nameOf(account), holder: await holderOf(config) },
    ...{ tokenUrl, clientId, clientSecret, signal },
  }
  switch (way.kind) {
    case 'token': {
      const given = way.token ?? readLoginSecret('JOTTA_S3_LOGIN_TOKEN')
      const loginToken = given ?? (await terminal.ask(tokenQuestion, 'shown'))
      await loginWithToken({ ...place, loginToken })
      break
    }
    case 'browser':
      await loginInBrowser(config, place, way, terminal)
      break
    case 'legacy':
      await loginByPassword(config, place, way.username, terminal)
      break
  }
  const serve = [
    'jotta-s3',
    'serve',
    ...(nameOf(account) === undefined ? [] : ['--account', account]),
  ]
  return `${await describeLogin(config)} \`${serve.join(' ')}\` now serves this account.`
}

/** Whose files are kept track of where this login would go; `undefined` before it was ever served. */
async function holderOf(config: Config): Promise<LoginHolder | undefined> {
  const file = join(accountDirectoryOf(config, config.account), stateFileName)
  if (!(await isThere(file))) return undefined
  const state = openSqliteState({ file })
  try {
    const holder = await state.account.find()
    if (holder === undefined) return undefined
    return { apiUrl: config.apiUrl, isExpected: async (username) => username === holder }
  } finally {
    await state.close()
  }
}

export async function logout(config: Config): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs)
  if (!(await isLoggedIn(config))) return 'Nobody was logged in.'
  await removeTokenFile(tokenFileOf(config), signal)
  return 'Logged out here. To end the session at Jottacloud too, remove it under "My logged in devices".'
}

/** One line for each service, for `--help`. */
export function describeServices(): string {
  return services.map(({ key, displayName }) => `  ${key.padEnd(14)} ${displayName}`).join('\n')
}

const tokenQuestion =
  'Generate a personal login token in your account (Settings, Security) and paste it here: '

async function loginInBrowser(
  { serviceUrl, authUrl }: Config,
  place: LoginPlace,
  way: Extract<LoginWay, { kind: 'browser' }>,
  terminal: Terminal,
): Promise<void> {
  const service = findService(way.service)
  if (service === undefined) {
    throw new ConfigError(`--service: there is no ${way.service}; there are\n${describeServices()}`)
  }
  requirePrivate('serviceUrl', serviceUrl)
  requirePrivate('authUrl', authUrl)
  const onReady = async ({ url, trouble }: Visit) => {
    terminal.tell(`Log in to ${service.displayName} in a browser, at this address:\n\n  ${url}\n\n`)
    if (trouble !== undefined) terminal.tell(`Its answer may not arrive here: ${trouble}\n`)
    const failure = way.browser === 'open' ? await openBrowser(url) : undefined
    if (failure !== undefined) terminal.tell(`No browser could be opened: ${failure}\n`)
    terminal.tell(pasteHint)
  }
  await loginWithBrowser({
    ...place,
    service,
    serviceUrl,
    authUrl,
    onReady,
    pasted: terminal.lines(),
    onForeignLine: () => terminal.tell('That is not the address that this login ends at.\n'),
  })
}

const pasteHint = `Waiting for it. When the browser is on another machine, paste here the address that it ends at; it
begins with http://localhost and the browser may say that it cannot be reached.
`

async function loginByPassword(
  config: Config,
  place: LoginPlace,
  givenUsername: string | undefined,
  terminal: Terminal,
): Promise<void> {
  const { clientId, clientSecret } = config
  if (clientId === undefined || clientSecret === undefined) {
    throw new ConfigError(
      '--legacy: --client-id and --client-secret must be given too; this program has none of its own for it',
    )
  }
  const tokenUrl = config.tokenUrl ?? new URL('auth/v1/token', withSlash(config.apiUrl)).href
  requirePrivate('apiUrl', tokenUrl)
  const username = givenUsername ?? (await terminal.ask('User name: ', 'shown'))
  const password =
    readLoginSecret('JOTTA_S3_LEGACY_PASSWORD') ?? (await terminal.ask('Password: ', 'hidden'))
  await loginWithPassword({
    ...place,
    tokenUrl,
    clientId,
    clientSecret,
    username,
    password,
    askOneTimeCode: () => terminal.ask('The code that was sent to your phone: ', 'shown'),
  })
}

/** What has come of a login that is kept, whether or not the account can be reached at this moment. */
async function describeLogin(config: Config): Promise<string> {
  try {
    return `Logged in as ${await whoIsIt(config)}.`
  } catch (error) {
    const isAway =
      error instanceof JottaError && (error.kind === 'unavailable' || error.kind === 'throttled')
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    const reason = error instanceof Error ? error.message : String(error)
    if (isAway || isLate) return `Logged in, though Jottacloud did not say as whom: ${reason}.`
    // Tokens that the account refuses are no use, but a login token that worked once is spent.
    const text = 'The login worked and is kept, but the account cannot be used with it'
    throw new Error(`${text}: ${reason}`, { cause: error })
  }
}

async function whoIsIt(config: Config): Promise<string> {
  const { account, tokenUrl, jfsUrl, apiUrl } = config
  const tokenFile = tokenFileOf(config)
  const tokens = createTokenSource({ tokenFile, tokenUrl, account: nameOf(account) })
  const jotta = createJottaClient({ jfsUrl, apiUrl, tokens })
  try {
    const customer = await jotta.customer({ signal: AbortSignal.timeout(timeoutMs) })
    return customer.name ?? customer.email ?? customer.username
  } finally {
    await jotta.close()
  }
}

function readAheadOf(config: Config): ReadAheadOptions {
  const { downloadStreams: streams, downloadChunk: chunkBytes } = config
  return { streams, chunkBytes, totalBytes: config.downloadMemoryTotal }
}

/** Where Jottacloud may have to think, or to take in what was sent, it gets fifteen times as long. */
export function upstreamTimeouts({ upstreamTimeoutSeconds }: Config): Partial<HttpTimeouts> {
  const limitMs = upstreamTimeoutSeconds * 1000
  return { headMs: limitMs, longHeadMs: 15 * limitMs, bodyIdleMs: limitMs }
}

function accountDirectoryOf({ dataDir }: Config, account: string): string {
  return account === defaultAccount ? dataDir : join(dataDir, 'accounts', account)
}

/** As `--account` needs it. */
function nameOf(account: string): string | undefined {
  return account === defaultAccount ? undefined : account
}

function requirePrivate(setting: string, url: string | undefined): void {
  if (url === undefined || isPrivateUrl(url)) return
  throw new ConfigError(`${setting}: a login needs https, or http on this machine`)
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`
}
