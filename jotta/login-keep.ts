// What every way to log in ends with: tokens in the token file, taken and written under its lock.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { CallOptions } from './client.ts'
import { type Http, realEnvironment } from './http.ts'
import { type TokenSet, withTokenLock, writeTokenFile } from './token-file.ts'
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
  readonly http?: TokenHttpOptions | undefined
}

/** Runs `obtain` while nobody else changes the token file, and writes what it returns. */
export async function keepLogin(
  place: LoginPlace,
  obtain: (http: Http, nowMs: () => number) => Promise<TokenSet>,
): Promise<void> {
  const http = createTokenHttp(place.http)
  const environment = { ...realEnvironment, ...place.http?.environment }
  try {
    await withPlaceLock(place, async () => {
      await writeTokenFile(place.tokenFile, await obtain(http, environment.now))
    })
  } finally {
    await http.close()
  }
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
