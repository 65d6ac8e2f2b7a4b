// What every way to log in ends with: tokens in the token file, taken and written under its lock, unless they are
// of an account that nobody is to log in to there.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { CallOptions } from './client.ts'
import { type Http, realEnvironment } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { isOfHolder, type LoginHolder } from './login-holder.ts'
import { otherAccount, type TokenSet, withTokenLock, writeTokenFile } from './token-file.ts'
import { createTokenHttp, type TokenHttpOptions } from './token-grant.ts'

export type LoginPlace = CallOptions & {
  readonly tokenFile: string
  /** As `--account` takes it, for what errors tell the reader to do. */
  readonly account?: string | undefined
  /** Instead of the endpoint that the service names. */
  readonly tokenUrl?: string | undefined
  /** Instead of the client that the service knows us as; a public one has no secret. */
  readonly clientId?: string | undefined
  readonly clientSecret?: string | undefined
  /** Whose login it has to be; anybody's when it is left out. */
  readonly holder?: LoginHolder | undefined
  readonly http?: TokenHttpOptions | undefined
}

/**
 * Runs `obtain` while nobody else changes the token file, and writes what it returns. Throws JottaError
 * `other-account`, with the file as it was, when that is not of the holder.
 */
export async function keepLogin(
  place: LoginPlace,
  obtain: (http: Http, nowMs: () => number) => Promise<TokenSet>,
): Promise<void> {
  const http = createTokenHttp(place.http)
  const environment = { ...realEnvironment, ...place.http?.environment }
  try {
    await withPlaceLock(place, async () => {
      const tokens = await obtain(http, environment.now)
      await refuseOthers(tokens, place)
      await writeTokenFile(place.tokenFile, tokens)
    })
  } finally {
    await http.close()
  }
}

async function refuseOthers({ accessToken, service, style }: TokenSet, place: LoginPlace) {
  if (place.holder === undefined) return
  let isHolders: boolean
  try {
    isHolders = await isOfHolder(accessToken, place.holder, place)
  } catch (error) {
    // What the login took is spent, so it is kept: whoever uses it asks again first.
    if (error instanceof JottaError) return
    throw error
  }
  if (!isHolders) throw otherAccount({ account: place.account, service, style })
}

/** Before a person is asked for anything: throws when the outcome could not be kept. */
export async function checkPlace(place: LoginPlace): Promise<void> {
  await withPlaceLock(place, async () => {})
}

async function withPlaceLock(place: LoginPlace, work: () => Promise<void>): Promise<void> {
  const { wait } = { ...realEnvironment, ...place.http?.environment }
  await mkdir(path.dirname(place.tokenFile), { recursive: true, mode: 0o700 })
  await withTokenLock(place.tokenFile, { wait, signal: place.signal }, work)
}
