// How much memory the bridge takes, and how fast it is, while large objects pass through it:
//
//   npm run bench:memory [-- --size-mib N]
//
// The emulator runs in a process of its own, so that only the bridge is measured. Ends with 1 when the
// bridge went over the limit. Throughput on a shared machine is noise; memory is not.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { md5OfStream, randomBytes } from '../support/bytes.ts'
import { run } from '../support/real-client.ts'
import { send, textOf } from '../support/signed-request.ts'
import { startBridge, withFolder } from '../support/with-bridge.ts'

const limitMib = 200
const { values } = parseArgs({ options: { 'size-mib': { type: 'string', default: '2048' } } })
const sizeMib = Number(values['size-mib'])
const sizeBytes = sizeMib * 1024 ** 2

await withFolder(async (folder) => {
  const emulator = await startEmulatorProcess(join(folder, 'jottacloud'))
  const env = {
    JOTTA_S3_JFS_URL: `${emulator.url}/jfs/`,
    JOTTA_S3_API_URL: `${emulator.url}/`,
    JOTTA_S3_LOG_LEVEL: 'warn',
  }
  const dataDirectory = join(folder, 'bridge')
  try {
    const args = ['server/cli.ts', 'login', '--data-dir', dataDirectory, '--token', emulator.token]
    await run(process.execPath, args, { env })
    const bridge = await startBridge({ dataDirectory, env: { ...env, JOTTA_S3_LOG_LEVEL: 'info' } })
    try {
      await measureAll(bridge.url, bridge.process.pid ?? 0)
    } finally {
      await bridge.stop()
    }
  } finally {
    await emulator.stop()
  }
})

async function measureAll(url: string, pid: number): Promise<void> {
  await expectOk(await send(url, { method: 'PUT', path: '/bench' }))
  const seed = 'memory'
  const md5 = await md5OfStream(Readable.from(randomBytes(sizeBytes, seed)))
  print(`${'what'.padEnd(34)} ${'peak RSS'.padStart(10)} ${'speed'.padStart(12)}`)
  const upload = (headers: Record<string, string>, key: string) => async (): Promise<void> => {
    const body = Readable.from(randomBytes(sizeBytes, seed))
    const length = { 'content-length': String(sizeBytes) }
    await expectOk(
      await send(url, {
        method: 'PUT',
        path: `/bench/${key}`,
        headers: { ...length, ...headers },
        body,
      }),
    )
  }
  await measure(pid, `PUT ${sizeMib} MiB through the spool`, upload({}, 'spooled'))
  const contentMd5 = { 'content-md5': Buffer.from(md5, 'hex').toString('base64') }
  await measure(pid, `PUT ${sizeMib} MiB with Content-MD5`, upload(contentMd5, 'straight'))
  for (const key of ['spooled', 'straight']) {
    await measure(pid, `GET ${sizeMib} MiB (${key})`, async () => {
      const answer = await send(url, { method: 'GET', path: `/bench/${key}` })
      if ((await md5OfStream(answer)) !== md5) throw new Error(`${key} came back with other bytes`)
    })
  }
}

async function measure(pid: number, what: string, act: () => Promise<void>): Promise<void> {
  let peakKib = 0
  const sample = (): void => {
    peakKib = Math.max(peakKib, Number(/VmRSS:\s+(\d+)/.exec(statusOf(pid))?.[1] ?? 0))
  }
  const sampling = setInterval(sample, 50)
  const startMs = performance.now()
  try {
    await act()
  } finally {
    clearInterval(sampling)
  }
  const seconds = (performance.now() - startMs) / 1000
  const peakMib = peakKib / 1024
  const speed = sizeBytes / 1e6 / seconds
  print(
    `${what.padEnd(34)} ${`${peakMib.toFixed(0)} MiB`.padStart(10)} ${`${speed.toFixed(0)} MB/s`.padStart(12)}`,
  )
  if (peakMib > limitMib) {
    print(`over the limit of ${limitMib} MiB`)
    process.exitCode = 1
  }
}

function statusOf(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, 'utf8')
}

async function expectOk(answer: Awaited<ReturnType<typeof send>>): Promise<void> {
  const text = await textOf(answer)
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${text}`)
}

async function startEmulatorProcess(
  directory: string,
): Promise<{ url: string; token: string; stop: () => Promise<void> }> {
  const child = spawn(
    process.execPath,
    ['jotta/emulator/main.ts', '--port', '0', '--data-dir', directory],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const found = Promise.withResolvers<{ url: string; token: string }>()
  let text = ''
  createInterface({ input: child.stdout }).on('line', (line) => {
    text += `${line}\n`
    const url = /(http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1]
    const token = /\b(eyJ[\w-]+)/.exec(text)?.[1]
    if (url !== undefined && token !== undefined) found.resolve({ url, token })
  })
  const ended = once(child, 'exit')
  child.once('exit', () => found.reject(new Error(`the emulator ended\n${text}`)))
  return {
    ...(await found.promise),
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
