// How fast one client gets one large object when each stream of Jottacloud is slow, by how many are read ahead:
//
//   npm run bench:download [-- --size-mib N] [--stream-rate BYTES] [--latency-ms N]
//
// The emulator paces each of its replies. Speeds follow from the pace, so they are repeatable as long as the machine keeps up.
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { md5OfStream, randomBytes } from '../support/bytes.ts'
import { run } from '../support/real-client.ts'
import { send, textOf } from '../support/signed-request.ts'
import { startBridge, withFolder } from '../support/with-bridge.ts'
import { residentMib, startEmulatorProcess } from './processes.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    'size-mib': { ...text, default: '64' },
    // 18 Mbit/s, what another client has measured.
    'stream-rate': { ...text, default: '2250000' },
    'latency-ms': { ...text, default: '30' },
  },
})
const sizeBytes = Number(values['size-mib']) * 1024 ** 2
const path = '/bench/object'

await withFolder(async (folder) => {
  const directory = join(folder, 'jottacloud')
  const dataDirectory = join(folder, 'bridge')
  const whole = (): Readable => Readable.from(randomBytes(sizeBytes, 'download'))
  const md5 = await md5OfStream(whole())
  await withBridges(directory, dataDirectory, [], async (start) => {
    await start('1', async (url) => {
      await textOf(await send(url, { method: 'PUT', path: '/bench' }))
      const headers = { 'content-length': String(sizeBytes) }
      await textOf(await send(url, { method: 'PUT', path, headers, body: whole() }))
    })
  })
  const pace = ['--stream-rate', values['stream-rate'], '--latency-ms', values['latency-ms']]
  await withBridges(directory, dataDirectory, pace, async (start) => {
    let alone = 0
    print('streams  MB/s  ratio  peak of the bridge')
    for (const streams of ['1', '2', '4', '8']) {
      await start(streams, async (url, pid) => {
        let peakMib = 0
        const sampling = setInterval(() => {
          peakMib = Math.max(peakMib, residentMib(pid))
        }, 50)
        const startMs = performance.now()
        const found = await md5OfStream(await send(url, { method: 'GET', path }))
        clearInterval(sampling)
        if (found !== md5) throw new Error('it came back with other bytes')
        const rate = sizeBytes / 1000 / (performance.now() - startMs)
        if (streams === '1') alone = rate
        const row = [streams.padStart(7), rate.toFixed(1), (rate / alone).toFixed(2)]
        print(`${row.join('  ')}  ${peakMib.toFixed(0)} MiB`)
      })
    }
  })
})

type Act = (url: string, pid: number) => Promise<void>

/** An emulator, and bridges to it one after the other, each with so many streams. */
async function withBridges(
  directory: string,
  dataDirectory: string,
  args: readonly string[],
  act: (start: (streams: string, act: Act) => Promise<void>) => Promise<void>,
): Promise<void> {
  const emulator = await startEmulatorProcess(directory, args)
  const env = {
    JOTTA_S3_JFS_URL: `${emulator.url}/jfs/`,
    JOTTA_S3_API_URL: `${emulator.url}/`,
    JOTTA_S3_LOG_LEVEL: 'info',
  }
  try {
    const login = ['server/cli.ts', 'login', '--data-dir', dataDirectory, '--token', emulator.token]
    await run(process.execPath, login, { env })
    await act(async (streams, use) => {
      const bridge = await startBridge({
        dataDirectory,
        env: { ...env, JOTTA_S3_DOWNLOAD_STREAMS: streams },
      })
      try {
        await use(bridge.url, bridge.process.pid ?? 0)
      } finally {
        await bridge.stop()
      }
    })
  } finally {
    await emulator.stop()
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
