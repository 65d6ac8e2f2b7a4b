// The embedded Jottacloud: what there is until somebody has logged in to the real one. A local service
// over HTTP on a folder, spoken to exactly as the real one is. One process at a time has it.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createJottaClient } from '../jotta/client.ts'
import { type Emulator, startEmulator } from '../jotta/emulator/emulator.ts'
import { loginWithToken } from '../jotta/login.ts'
import { createTokenSource } from '../jotta/token.ts'
import { type OnCall, type OpenAccount, upstreamTimeouts } from './account.ts'
import type { Config } from './config.ts'

const loginTimeoutMs = 60_000
const sqliteBusy = 5

/**
 * Starts the embedded Jottacloud in `directory`, which is made when it is missing, and logs in to it;
 * `close` ends both. Throws when another process has it.
 */
export async function openEmbedded(
  config: Config,
  directory: string,
  onCall?: OnCall,
): Promise<OpenAccount> {
  await using parts = new AsyncDisposableStack()
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { jfsUrl, apiUrl, loginToken, close } = await start(directory)
  parts.defer(() => close())
  const tokenFile = join(directory, 'token.json')
  const signal = AbortSignal.timeout(loginTimeoutMs)
  await loginWithToken({ loginToken: loginToken(), tokenFile, signal })
  const tokens = createTokenSource({ tokenFile })
  const { maxConcurrentUploads } = config
  const timeouts = upstreamTimeouts(config)
  // Without reading ahead: this Jottacloud is not slow to send.
  const jotta = createJottaClient({
    jfsUrl,
    apiUrl,
    tokens,
    maxConcurrentUploads,
    timeouts,
    onCall,
  })
  parts.defer(() => jotta.close())
  const running = parts.move()
  return { jotta, health: () => tokens.health(), close: () => running.disposeAsync() }
}

async function start(directory: string): Promise<Emulator> {
  try {
    return await startEmulator({ dataDirectory: join(directory, 'jottacloud') })
  } catch (error) {
    if (!isBusy(error)) throw error
    const who = 'another process, such as `jotta-s3 serve`'
    const text = `the embedded Jottacloud in ${directory} is in use by ${who}: stop that one first`
    throw new Error(text, { cause: error })
  }
}

function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { cause } = error
  return cause instanceof Error && 'errcode' in cause && cause.errcode === sqliteBusy
}
