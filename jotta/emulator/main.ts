// `npm run emulator`: the local Jottacloud by itself. Prints where it is and a personal login token.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startEmulator } from './emulator.ts'
import type { EmulatorOptions } from './options.ts'

const usage =
  'npm run emulator -- --port N --data-dir D [--host H] [--tls-cert F --tls-key F]\n' +
  '  [--latency-ms N] [--stream-rate BYTES] [--admin]\n'
const drainMs = 10_000

class UsageError extends Error {}

/** Throws UsageError naming the flag. */
function readOptions(args: readonly string[]): EmulatorOptions {
  const flags = parseFlags(args)
  const dataDirectory = flags['data-dir']
  if (dataDirectory === undefined || dataDirectory === '') {
    throw new UsageError('--data-dir is missing')
  }
  const { 'tls-cert': cert, 'tls-key': key } = flags
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError(`--tls-${cert === undefined ? 'cert' : 'key'} is missing`)
  }
  return {
    dataDirectory,
    port: parseCount('port', flags.port, 65_535),
    latencyMs: parseCount('latency-ms', flags['latency-ms'], 3_600_000),
    streamRateBytesPerSecond: parseCount('stream-rate', flags['stream-rate'], 1e12),
    adminCalls: flags.admin === true,
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(cert === undefined || key === undefined
      ? {}
      : { tls: { cert: readFlagFile('tls-cert', cert), key: readFlagFile('tls-key', key) } }),
  }
}

function parseFlags(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const
    return parseArgs({
      args: [...args],
      options: {
        host: text,
        port: text,
        'data-dir': text,
        'tls-cert': text,
        'tls-key': text,
        'latency-ms': text,
        'stream-rate': text,
        admin: { type: 'boolean' },
      },
    }).values
  } catch (cause) {
    // Its messages name the flag.
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function parseCount(flag: string, value: string | undefined, max: number): number {
  if (value === undefined) return 0
  const count = /^\d{1,13}$/.test(value) ? Number(value) : Number.NaN
  if (count <= max) return count
  throw new UsageError(`--${flag} takes a whole number from 0 to ${max}, not "${value}"`)
}

function readFlagFile(flag: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new UsageError(`--${flag}: ${path} cannot be read`, { cause })
  }
}

async function main(): Promise<void> {
  const emulator = await startEmulator(readOptions(process.argv.slice(2)))
  const stop = () => {
    void emulator.close({ graceMs: drainMs })
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.stdout.write(`url ${emulator.url}\nlogin-token ${emulator.loginToken()}\n`)
}

try {
  await main()
} catch (error) {
  const isUsage = error instanceof UsageError
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(isUsage ? `${message}\n${usage}` : `${message}\n`)
  process.exitCode = isUsage ? 2 : 1
}
