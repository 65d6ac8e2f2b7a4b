// The emulator as a service to ask: on a folder that is gone afterwards, logged in by a request of ours.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import {
  type Emulator,
  type EmulatorOptions,
  startEmulator,
} from '../../../jotta/emulator/emulator.ts'
import { resolveSwitches, type Switches } from '../../../jotta/emulator/options.ts'
import type { Service } from './client.ts'

export type EmulatedService = {
  readonly emulator: Emulator
  readonly service: Service
  /** These, and the defaults for all others. */
  readonly setSwitches: (switches: Partial<Switches>) => void
}

export async function withEmulatedService(
  options: Partial<EmulatorOptions>,
  act: (emulated: EmulatedService) => Promise<void>,
): Promise<void> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'jotta-s3-assumptions-'))
  try {
    const emulator = await startEmulator({ dataDirectory, ...options })
    try {
      await act(await emulatedService(emulator))
    } finally {
      await emulator.close()
    }
  } finally {
    await rm(dataDirectory, { recursive: true, force: true })
  }
}

async function emulatedService(emulator: Emulator): Promise<EmulatedService> {
  const token = await logIn(emulator)
  const { nameMatching: _fixed, ...defaults } = resolveSwitches({ dataDirectory: '' })
  return {
    emulator,
    service: {
      jfsUrl: emulator.jfsUrl,
      apiUrl: emulator.apiUrl,
      wellKnownUrl: emulator.wellKnownUrl,
      browserClient: 'desktop',
      accessToken: async () => token,
      loginToken: () => emulator.loginToken(),
    },
    setSwitches: (switches) => {
      // Fixed for a data folder: whoever wants another has started the emulator with it.
      const { nameMatching: _fixed, ...changes } = switches
      emulator.faults.set({ ...defaults, ...changes })
    },
  }
}

async function logIn(emulator: Emulator): Promise<string> {
  const form = formOfLoginToken(emulator.loginToken())
  const reply = await request(emulator.tokenUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
    reset: true,
  })
  const granted: unknown = await reply.body.json()
  if (typeof granted === 'object' && granted !== null && 'access_token' in granted) {
    return String(granted.access_token)
  }
  throw new Error(`the emulator lets nobody in: ${reply.statusCode}`)
}

/** The password grant that a personal login token is for (API 2.1). */
export function formOfLoginToken(loginToken: string): URLSearchParams {
  const fields: unknown = JSON.parse(Buffer.from(loginToken, 'base64url').toString('utf8'))
  if (typeof fields !== 'object' || fields === null) throw new Error('no login token')
  const { username, auth_token: password } = { username: '', auth_token: '', ...fields }
  return new URLSearchParams({
    client_id: 'jottacli',
    grant_type: 'password',
    username: String(username),
    password: String(password),
    scope: 'openid offline_access',
  })
}
