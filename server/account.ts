// login and logout: which Jottacloud account the bridge serves.
import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createJottaClient } from '../jotta/client.ts'
import { loginWithToken } from '../jotta/login.ts'
import { createTokenSource } from '../jotta/token.ts'
import type { Config } from './config.ts'

const timeoutMs = 60_000

/** Where the tokens of the account are kept; no such file: nobody is logged in. */
export function tokenFileOf(config: Config): string {
  return join(config.dataDir, 'jottacloud-token.json')
}

export async function isLoggedIn(config: Config): Promise<boolean> {
  try {
    await access(tokenFileOf(config))
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

/** Where state and spool of the account that is served lie. */
export async function stateDirectoryOf(config: Config): Promise<string> {
  return (await isLoggedIn(config)) ? config.dataDir : join(config.dataDir, 'embedded')
}

/** Returns what to tell the person. Throws JottaError with a text that says what to do. */
export async function login(config: Config, loginToken: string): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs)
  const tokenFile = tokenFileOf(config)
  const { tokenUrl, jfsUrl, apiUrl } = config
  await loginWithToken({ loginToken, tokenFile, tokenUrl, signal })
  const tokens = createTokenSource({ tokenFile, tokenUrl })
  const jotta = createJottaClient({ jfsUrl, apiUrl, tokens })
  try {
    const customer = await jotta.customer({ signal })
    return `Logged in as ${customer.name ?? customer.email ?? customer.username}. \`jotta-s3 serve\` now serves this account.`
  } finally {
    await jotta.close()
  }
}

export async function logout(config: Config): Promise<string> {
  const wasLoggedIn = await isLoggedIn(config)
  await rm(tokenFileOf(config), { force: true })
  return wasLoggedIn
    ? 'Logged out here. To end the session at Jottacloud too, remove it under "My logged in devices".'
    : 'Nobody was logged in.'
}
