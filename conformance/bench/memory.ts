// How much memory the bridge and the emulator take while large objects pass through, and how fast:
//
//   npm run bench:memory [-- --size-mib N]
//
// Each is a process of its own. Ends with 1 when the bridge went over the limit. Throughput on a shared machine is noise; memory is not.
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { md5OfStream, randomBytes } from '../support/bytes.ts'
import { run } from '../support/real-client.ts'
import { send, textOf } from '../support/signed-request.ts'
import { startBridge, withFolder } from '../support/with-bridge.ts'
import { residentMib, startEmulatorProcess } from './processes.ts'

const limitMib = 200
/** S3's limit of one PUT; above it only the upload in parts is measured. */
const singlePutMaxBytes = 5 * 1024 ** 3
const partBytes = 512 * 1024 ** 2
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
      await measureAll(bridge.url, { bridge: bridge.process.pid ?? 0, emulator: emulator.pid })
    } finally {
      await bridge.stop()
    }
  } finally {
    await emulator.stop()
  }
})

/** Process ids. */
type Measured = { readonly bridge: number; readonly emulator: number }

async function measureAll(url: string, pids: Measured): Promise<void> {
  await expectOk(await send(url, { method: 'PUT', path: '/bench' }))
  const seed = 'memory'
  const md5 = await md5OfStream(Readable.from(randomBytes(sizeBytes, seed)))
  printRow('what', 'bridge RSS', 'emulator RSS', 'speed')
  const upload = (headers: Record<string, string>, key: string) => async (): Promise<void> => {
    const body = Readable.from(randomBytes(sizeBytes, seed))
    const length = { 'content-length': String(sizeBytes) }
    const path = `/bench/${key}`
    await expectOk(
      await send(url, { method: 'PUT', path, headers: { ...length, ...headers }, body }),
    )
  }
  const keys = ['multipart']
  if (sizeBytes <= singlePutMaxBytes) {
    keys.push('spooled', 'straight')
    await measure(pids, `PUT ${sizeMib} MiB through the spool`, upload({}, 'spooled'))
    const contentMd5 = { 'content-md5': Buffer.from(md5, 'hex').toString('base64') }
    await measure(pids, `PUT ${sizeMib} MiB with Content-MD5`, upload(contentMd5, 'straight'))
  }
  await measure(pids, `${sizeMib} MiB in parts of 512 MiB`, () => uploadInParts(url, seed))
  for (const key of keys) {
    await measure(pids, `GET ${sizeMib} MiB (${key})`, async () => {
      const answer = await send(url, { method: 'GET', path: `/bench/${key}` })
      if ((await md5OfStream(answer)) !== md5) throw new Error(`${key} came back with other bytes`)
    })
  }
}

async function uploadInParts(url: string, seed: string): Promise<void> {
  const path = '/bench/multipart'
  const created = await textOf(await send(url, { method: 'POST', path: `${path}?uploads=` }))
  const id = /<UploadId>([^<]+)/.exec(created)?.[1]
  const source = randomBytes(sizeBytes, seed)
  const parts: string[] = []
  for (let left = sizeBytes; left > 0; left -= partBytes) {
    const length = Math.min(left, partBytes)
    const part = await send(url, {
      method: 'PUT',
      path: `${path}?partNumber=${parts.length + 1}&uploadId=${id}`,
      headers: { 'content-length': String(length) },
      body: Readable.from(take(source, length)),
    })
    parts.push(
      `<Part><PartNumber>${parts.length + 1}</PartNumber><ETag>${part.headers.etag}</ETag></Part>`,
    )
    await expectOk(part)
  }
  const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
  const answer = await send(url, { method: 'POST', path: `${path}?uploadId=${id}`, body })
  const text = await textOf(answer)
  if (!text.includes('<ETag>')) throw new Error(text)
}

/** The next so many bytes of a generator, which is not ended by it. */
function* take(source: Generator<Buffer>, lengthBytes: number): Generator<Buffer> {
  for (let left = lengthBytes; left > 0; ) {
    const next = source.next()
    if (next.done === true) return
    left -= next.value.length
    yield next.value
  }
}

async function measure(pids: Measured, what: string, act: () => Promise<void>): Promise<void> {
  const peaks = { bridge: 0, emulator: 0 }
  const sample = (): void => {
    peaks.bridge = Math.max(peaks.bridge, residentMib(pids.bridge))
    peaks.emulator = Math.max(peaks.emulator, residentMib(pids.emulator))
  }
  const sampling = setInterval(sample, 50)
  const startMs = performance.now()
  try {
    await act()
  } finally {
    clearInterval(sampling)
  }
  const seconds = (performance.now() - startMs) / 1000
  const speed = sizeBytes / 1e6 / seconds
  const mib = (amount: number): string => `${amount.toFixed(0)} MiB`
  printRow(what, mib(peaks.bridge), mib(peaks.emulator), `${speed.toFixed(0)} MB/s`)
  if (peaks.bridge > limitMib) {
    print(`over the limit of ${limitMib} MiB`)
    process.exitCode = 1
  }
}

async function expectOk(answer: Awaited<ReturnType<typeof send>>): Promise<void> {
  const text = await textOf(answer)
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${text}`)
}

function printRow(what: string, ...cells: readonly string[]): void {
  print(`${what.padEnd(34)} ${cells.map((cell) => cell.padStart(13)).join('')}`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
