// The bridge as a user runs it: `serve` in a process of its own, over the embedded Jottacloud or over an
// emulator that the test holds in its hands.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { witness } from '../coverage/proofs.ts'

export const accessKeyId = 'TESTACCESSKEY0000001'
export const secretAccessKey = 'testsecretkeytestsecretkeytestsecretkey1'
export const region = 'us-east-1'

/** Over HTTPS the clients frame their requests in other ways, so each of them is tried over both. */
export const schemes = ['http', 'https'] as const
export type Scheme = (typeof schemes)[number]

export type BridgeProcess = {
  readonly url: string
  /** The file of the certificate that clients must trust; of `https` alone. */
  readonly certificateFile: string | undefined
  readonly dataDirectory: string
  readonly process: ChildProcess
  /** Log lines so far, parsed. */
  readonly log: readonly Record<string, unknown>[]
  /** What the process printed for people. */
  readonly banner: () => string
  /** SIGTERM, and the wait for its end. Returns the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL, and the wait for its end. */
  kill(): Promise<void>
}

export type BridgeOptions = {
  readonly dataDirectory: string
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** `https` is that of `--tls auto`; http by default. */
  readonly scheme?: Scheme
  /** Leave out to have the bridge make its own key. */
  readonly givenKey?: boolean
}

/** How long a start may take on a busy machine. */
const startTimeoutMs = 120_000

export async function startBridge(options: BridgeOptions): Promise<BridgeProcess> {
  const key =
    options.givenKey === false
      ? {}
      : {
          JOTTA_S3_ROOT_ACCESS_KEY_ID: accessKeyId,
          JOTTA_S3_ROOT_SECRET_ACCESS_KEY: secretAccessKey,
        }
  const child = spawn(
    process.execPath,
    // The flags that `npm start` gives, for the same use of memory.
    [
      '--max-semi-space-size=1',
      '--max-old-space-size=512',
      'server/cli.ts',
      'serve',
      '--port',
      '0',
      '--data-dir',
      options.dataDirectory,
      ...(options.scheme === 'https' ? ['--tls', 'auto'] : []),
      ...(options.args ?? []),
    ],
    {
      cwd: join(import.meta.dirname, '..', '..'),
      env: { PATH: process.env.PATH, ...key, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let banner = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    banner += text
  })
  const log: Record<string, unknown>[] = []
  let url = ''
  const listening = Promise.withResolvers<string>()
  onLines(child.stdout, (line) => {
    const entry: unknown = JSON.parse(line)
    if (typeof entry !== 'object' || entry === null) return
    log.push({ ...entry })
    if ('url' in entry && typeof entry.url === 'string') {
      url = entry.url
      listening.resolve(url)
    }
    witness(url, { ...entry })
  })
  // Not `exit`: what it logged last is still on its way then.
  const ended = once(child, 'close')
  child.once('exit', (code) => {
    listening.reject(new Error(`the bridge ended with ${code} before it listened\n${banner}`))
  })
  const limit = setTimeout(() => {
    listening.reject(new Error(`the bridge did not listen in time\n${banner}`))
    child.kill('SIGKILL')
  }, startTimeoutMs)
  await listening.promise.finally(() => clearTimeout(limit))
  return {
    url,
    certificateFile:
      options.scheme === 'https'
        ? join(options.dataDirectory, 'tls', 'certificate.pem')
        : undefined,
    dataDirectory: options.dataDirectory,
    process: child,
    log,
    banner: () => banner,
    async stop() {
      child.kill('SIGTERM')
      await ended
      return child.exitCode
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/**
 * Lines as JSON goes by them: `node:readline` also splits where U+2028 and U+2029 stand, which are in keys. What a
 * killed process has not finished is no line.
 */
function onLines(output: Readable, onLine: (line: string) => void): void {
  let begun = ''
  output.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${begun}${text}`.split('\n')
    begun = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
}

/** A bridge over its embedded Jottacloud in a fresh folder, gone afterwards. */
export async function withBridge(
  act: (bridge: BridgeProcess) => Promise<void>,
  options: Omit<BridgeOptions, 'dataDirectory'> = {},
): Promise<void> {
  await withFolder(async (dataDirectory) => {
    const bridge = await startBridge({ ...options, dataDirectory })
    try {
      await act(bridge)
    } finally {
      await bridge.stop()
    }
  })
}

export async function withFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'jotta-s3-'))
  try {
    await act(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
