// rclone's own jottacloud backend against the emulator: through TLS, logged in by rclone's own wizard,
// in every version that is there.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Emulator, EmulatorOptions } from '../../jotta/emulator/emulator.ts'
import { startEmulator } from '../../jotta/emulator/emulator.ts'
import { Session } from '../../jotta/emulator/testing/with-emulator.ts'
import { type ConnectProxy, withConnectProxy } from '../support/connect-proxy.ts'
import { type RunResult, run, sidRclone, testWith } from '../support/real-client.ts'
import { withFolder } from '../support/with-bridge.ts'

export const debianRclone = process.env.JOTTA_S3_RCLONE ?? 'rclone'
export { sidRclone }

const programs = [
  { label: "Debian's rclone", program: debianRclone },
  { label: "Debian sid's rclone", program: sidRclone },
]

export type Rclone = {
  (...args: readonly string[]): Promise<string>
  /** Ends with what it may; the caller looks at the code. */
  readonly attempt: (...args: readonly string[]) => Promise<RunResult>
  readonly withInput: (input: string | Buffer, ...args: readonly string[]) => Promise<string>
  /** The 60 of 1.60. */
  readonly release: number
  /** Since 1.74 a percent sign is encoded (jottacloud-api.md 7.2). */
  readonly encodesPercent: boolean
  readonly configFile: string
}

export type RcloneParts = {
  readonly rclone: Rclone
  readonly emulator: Emulator
  /** A second pair of eyes on what is stored. */
  readonly session: Session
  /** Empty, gone afterwards. */
  readonly folder: string
}

/** Declares a test once for each version of rclone. */
export function testWithRclone(
  test: Test,
  name: string,
  body: (program: string) => Promise<void>,
): void {
  for (const { label, program } of programs) {
    testWith(test, [program, 'openssl'], `${label}: ${name}`, async () => await body(program))
  }
}

/** An emulator of its own, and an rclone that knows its account as `jotta:`, on Jotta/Archive. */
export async function withRclone(
  program: string,
  act: (parts: RcloneParts) => Promise<void>,
  options: Partial<EmulatorOptions> = {},
): Promise<void> {
  await withFolder(async (place) => {
    const errors: unknown[] = []
    const emulator = await startEmulator({
      dataDirectory: join(place, 'jottacloud'),
      onError: (error) => errors.push(error),
      ...options,
    })
    try {
      await withRcloneFor(program, emulator, act)
    } finally {
      await emulator.close()
    }
    assert.equal(errors, [], 'the emulator answered 500 to something')
  })
}

/** The same for an emulator that is there already. */
export async function withRcloneFor(
  program: string,
  emulator: Emulator,
  act: (parts: RcloneParts) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await withFolder(async (home) => {
      await withConnectProxy(home, emulator.port, async (proxy) => {
        const rclone = await createRclone(program, home, proxy)
        await logIn(rclone, emulator)
        const session = new Session(emulator.url, emulator.username)
        await session.login(emulator.loginToken())
        await act({ rclone, emulator, session, folder })
        assert.equal(proxy.refused, [], 'rclone calls no host but those of Jottacloud')
      })
    })
  })
}

/** Runs the wizard; `answers` are its questions beyond the login token. */
export async function logIn(
  rclone: Rclone,
  emulator: Emulator,
  name = 'jotta',
  answers: Readonly<Record<string, string>> = { config_non_standard: 'false' },
): Promise<void> {
  await rclone(
    ...['config', 'create', name, 'jottacloud', 'config_type=standard'],
    `config_login_token=${publicLoginToken(emulator)}`,
    ...Object.entries(answers).map(([question, answer]) => `${question}=${answer}`),
  )
}

/** A login token that points where the real one points, and so through the proxy. */
export function publicLoginToken(emulator: Emulator): string {
  const fields: unknown = JSON.parse(Buffer.from(emulator.loginToken(), 'base64url').toString())
  const path = new URL(emulator.wellKnownUrl).pathname
  const token = {
    ...(typeof fields === 'object' ? fields : {}),
    well_known_link: `https://id.jottacloud.com${path}`,
  }
  return Buffer.from(JSON.stringify(token)).toString('base64url')
}

/** What rclone wrote into its configuration file, as long as that has one section. */
export async function readConfig(rclone: Rclone): Promise<Map<string, string>> {
  const lines = (await readFile(rclone.configFile, 'utf8')).split('\n')
  return new Map(
    lines.flatMap((line) => {
      const [, name, value] = /^(\w+) = (.*)$/.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name, value] as const]
    }),
  )
}

/** Rewrites the configuration file in place. */
export async function editConfig(rclone: Rclone, edit: (text: string) => string): Promise<void> {
  await writeFile(rclone.configFile, edit(await readFile(rclone.configFile, 'utf8')))
}

async function createRclone(program: string, home: string, proxy: ConnectProxy): Promise<Rclone> {
  const configFile = join(home, 'rclone.conf')
  await writeFile(configFile, '')
  const env = { HOME: home, TZ: 'Europe/Oslo', HTTPS_PROXY: proxy.url, https_proxy: proxy.url }
  // A failure is to be seen, not tried again; that is what the tests are for.
  const always = ['--config', configFile, '--ca-cert', proxy.certificateFile, '--retries', '1']
  const go = async (
    args: readonly string[],
    options: { input?: string | Buffer; mayFail?: boolean },
  ) => await run(program, [...always, ...args], { env, ...options })
  const version = (await go(['version'], {})).stdout
  const release = Number(/^rclone v1\.(\d+)/.exec(version)?.[1])
  return Object.assign(async (...args: readonly string[]) => (await go(args, {})).stdout, {
    attempt: async (...args: readonly string[]) => await go(args, { mayFail: true }),
    withInput: async (input: string | Buffer, ...args: readonly string[]) =>
      (await go(args, { input })).stdout,
    release,
    encodesPercent: release >= 74,
    configFile,
  })
}
