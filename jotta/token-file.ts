// The file that holds the tokens of one login, readable by its owner alone, and the lock under which
// it changes. A new refresh token replaces the old one on disk before anything uses it (API 2.2).
import { readFile, rm, stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { type Environment, realEnvironment } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { replaceFile } from './replace-file.ts'

/** Goes into a header, so it must be printable ASCII. */
const token = z.string().regex(/^[\x21-\x7e]+$/)

const tokenSet = z.object({
  version: z.literal(1),
  tokenUrl: z.string(),
  clientId: z.string(),
  /** Clients are public, but for those of the legacy login and an operator's own. */
  clientSecret: z.string().min(1).optional(),
  /** `openid` when it is not there. */
  style: z.enum(['openid', 'legacy']).optional(),
  /** Key of the service whose page the person logged in on. */
  service: z
    .string()
    .regex(/^\w{1,32}$/)
    .optional(),
  refreshToken: token,
  accessToken: token,
  /** Unix milliseconds. */
  obtainedAtMs: z.number(),
  expiresAtMs: z.number(),
})

export type TokenSet = Readonly<z.infer<typeof tokenSet>>

/** What the command that mends a login depends on. */
export type LoginKind = Pick<TokenSet, 'service' | 'style'> & {
  /** As `--account` takes it; none for the default one. */
  readonly account?: string | undefined
}

const LOCK_POLL_MS = 50

/** Throws JottaError `login-required` when there is none, or none that can be understood. */
export async function readTokenFile(tokenFile: string, login: LoginKind = {}): Promise<TokenSet> {
  let text: string
  try {
    text = await readFile(tokenFile, 'utf8')
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) throw loginRequired('nobody is logged in', login)
    throw new JottaError('unavailable', `the token file ${tokenFile} cannot be read`, { cause })
  }
  try {
    return tokenSet.parse(JSON.parse(text))
  } catch {
    // Without a cause: its text would quote the file.
    throw loginRequired(`the token file ${tokenFile} is damaged`, login)
  }
}

/**
 * Differs whenever the file was replaced, and costs no more than asking the system for its facts. `missing`
 * when there is none, `unknown` when the disk does not tell.
 */
export async function stampOf(tokenFile: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(tokenFile, { bigint: true })
    return [ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    return hasCode(error, 'ENOENT') ? 'missing' : 'unknown'
  }
}

/** Durable when it returns. */
export async function writeTokenFile(tokenFile: string, tokens: TokenSet): Promise<void> {
  await replaceFile(tokenFile, async (file) => {
    await file.writeFile(`${JSON.stringify(tokens, undefined, 2)}\n`)
  })
}

/** Under the lock, so that a refresh under way does not bring it back. */
export async function removeTokenFile(tokenFile: string, signal: AbortSignal): Promise<void> {
  await withTokenLock(tokenFile, { wait: realEnvironment.wait, signal }, async () => {
    await rm(tokenFile, { force: true })
  })
}

/**
 * Runs `work` while no other process does so for the same token file. The lock is SQLite's own lock
 * on a file beside it, which the system releases when its holder dies: none is ever stale.
 */
export async function withTokenLock<T>(
  tokenFile: string,
  options: { readonly wait: Environment['wait']; readonly signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  const lock = openLock(`${tokenFile}.lock`)
  try {
    while (!tryLock(lock)) await options.wait(LOCK_POLL_MS, options.signal)
    return await work()
  } finally {
    lock.close()
  }
}

/** JottaError `login-required` whose text ends with what to do. */
export function loginRequired(reason: string, login: LoginKind = {}): JottaError {
  const command = `\`${loginCommandOf(login)}\``
  const isPersonal = login.service === undefined && login.style !== 'legacy'
  const way = isPersonal
    ? `Generate a new personal login token in Jottacloud's web page (account, security) and run ${command} with it.`
    : `Run ${command}.`
  return new JottaError('login-required', `Jottacloud login needed: ${reason}. ${way}`)
}

/** JottaError `other-account` whose text ends with what to do. */
export function otherAccount(login: LoginKind): JottaError {
  const parts = [
    'This login is of another Jottacloud account than the one that the data folder keeps metadata, settings and unfinished uploads of, so it is not used.',
    `To go on with that one, log in as its owner: \`${loginCommandOf(login)}\`.`,
    'Another account takes a name of its own (`--account NAME`, for `login` and `serve`) or a data folder of its own.',
  ]
  return new JottaError('other-account', parts.join(' '))
}

/** The one command that mends a login, to be run with the settings that the server has. */
export function loginCommandOf({ account, service, style }: LoginKind): string {
  const flags = [
    ...(account === undefined ? [] : ['--account', account]),
    ...(service === undefined ? [] : ['--service', service]),
    ...(style === 'legacy' ? ['--legacy'] : []),
  ]
  return ['jotta-s3', 'login', ...flags].join(' ')
}

function openLock(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { timeout: 0 })
  } catch (cause) {
    throw new JottaError('unavailable', `the lock file ${file} cannot be opened`, { cause })
  }
}

function tryLock(lock: DatabaseSync): boolean {
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    const isBusy = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
    if (isBusy) return false
    throw error
  }
}

/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
