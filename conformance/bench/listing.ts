// How long listings take, page by page, what they ask of Jottacloud, and what else suffers meanwhile:
//
//   npm run bench:listing [-- --keys N --flat-keys N] [--emulator-port N --peer URL --peer-key ID:SECRET]
//
// The tree is written straight into the emulator. The emulator, and the bridge, are processes of their own. With
// --peer the same listings are done against another S3 server, which must be set up over the same emulator
// (its port is then known beforehand, and there is a minute to start it), with the bucket under the same name.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { startEmulator } from '../../jotta/emulator/emulator.ts'
import { type SeededFile, seedFiles } from '../../jotta/emulator/seed.ts'
import { shardFolders } from '../../translate/key-folder.ts'
import { run } from '../support/real-client.ts'
import {
  accessKeyId,
  region,
  secretAccessKey,
  startBridge,
  withFolder,
} from '../support/with-bridge.ts'
import { residentMib, startEmulatorProcess } from './processes.ts'

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    'flat-keys': { type: 'string', default: '200000' },
    'emulator-port': { type: 'string', default: '0' },
    peer: { type: 'string' },
    'peer-key': { type: 'string', default: ':' },
  },
})
const keys = Number(values.keys)
const flatKeys = Number(values['flat-keys'])
const folders = 1000
const folderMaxEntries = 5000
const bucket = 'bench'

await withFolder(async (folder) => {
  const directory = join(folder, 'jottacloud')
  await (await startEmulator({ dataDirectory: directory })).close()
  const seedMs = await timed(async () => seedFiles(directory, allFiles()))
  print(`${keys + flatKeys + folderMaxEntries} files written in ${(seedMs / 1000).toFixed(0)} s`)
  const emulator = await startEmulatorProcess(directory, [
    '--port',
    values['emulator-port'],
    '--admin',
  ])
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
      const client = clientOf(bridge.url, accessKeyId, secretAccessKey)
      const pid = bridge.process.pid ?? 0
      const upstream = (): number =>
        bridge.log.reduce((sum, line) => sum + Number(line.upstreamCalls ?? 0), 0)
      const own = await measureAll(client, { pid, upstream })
      if (values.peer !== undefined) await comparePeer(values.peer, emulator.url, own)
    } finally {
      await bridge.stop()
    }
  } finally {
    await emulator.stop()
  }
})

type Watched = { readonly pid: number; readonly upstream: () => number }

/** Milliseconds of each whole listing, by its name. */
async function measureAll(client: S3Client, watched?: Watched): Promise<Map<string, number>> {
  const totals = new Map<string, number>()
  printRow('listing', 'keys', 'whole', 'first page', 'median', 'last', 'upstream', 'peak RSS')
  for (const [what, prefix, delimiter, expected] of [
    [`${folders} folders, recursive`, 'many/', '', keys],
    ['flat, recursive', 'flat/', '', flatKeys],
    ['flat, delimiter /', 'flat/', '/', flatKeys],
    [`folder of ${folderMaxEntries}, delimiter /`, 'small/', '/', folderMaxEntries],
  ] as const) {
    const before = watched?.upstream() ?? 0
    let peakMib = 0
    const sample = (): void => {
      if (watched !== undefined) peakMib = Math.max(peakMib, residentMib(watched.pid))
    }
    const sampling = setInterval(sample, 100)
    const pagesMs = await listAll(client, prefix, delimiter, expected).finally(() => {
      clearInterval(sampling)
    })
    const whole = pagesMs.reduce((sum, ms) => sum + ms, 0)
    totals.set(what, whole)
    printRow(
      what,
      String(expected),
      `${(whole / 1000).toFixed(1)} s`,
      `${(pagesMs[0] ?? 0).toFixed(0)} ms`,
      `${medianOf(pagesMs.slice(1)).toFixed(0)} ms`,
      `${(pagesMs.at(-1) ?? 0).toFixed(0)} ms`,
      watched === undefined ? '-' : String(watched.upstream() - before),
      watched === undefined ? '-' : `${peakMib.toFixed(0)} MiB`,
    )
  }
  if (watched !== undefined) await measureGet(client)
  return totals
}

async function listAll(
  client: S3Client,
  prefix: string,
  delimiter: string,
  expected: number,
): Promise<number[]> {
  const pagesMs: number[] = []
  let seen = 0
  let last = ''
  let token: string | undefined
  do {
    const startMs = performance.now()
    const page = await client.send(
      new ListObjectsV2Command({
        ...{ Bucket: bucket, Prefix: prefix, ContinuationToken: token },
        ...(delimiter !== '' && { Delimiter: delimiter }),
      }),
    )
    pagesMs.push(performance.now() - startMs)
    for (const { Key = '' } of page.Contents ?? []) {
      // All keys here are ASCII.
      if (Key <= last) throw new Error(`${Key} comes after ${last}`)
      last = Key
      seen += 1
    }
    token = page.NextContinuationToken
  } while (token !== undefined)
  if (seen !== expected) throw new Error(`${seen} keys of ${expected} below ${prefix}`)
  return pagesMs
}

/** A small GET by itself, and while the large listing runs. */
async function measureGet(client: S3Client): Promise<void> {
  const small = { Bucket: bucket, Key: 'get/small' }
  await client.send(new PutObjectCommand({ ...small, Body: 'a small object' }))
  const get = async (): Promise<number> =>
    await timed(async () => {
      const { Body } = await client.send(new GetObjectCommand(small))
      await Body?.transformToByteArray()
    })
  const quiet: number[] = []
  for (let n = 0; n < 200; n += 1) quiet.push(await get())
  let isListing = true
  const listing = listAll(client, 'many/', '', keys).finally(() => {
    isListing = false
  })
  const busy: number[] = []
  while (isListing) {
    busy.push(await get())
    await delay(20)
  }
  await listing
  const figures = (all: number[]): string =>
    `median ${medianOf(all).toFixed(1)} ms, 95% ${quantileOf(all, 0.95).toFixed(1)} ms (${all.length})`
  print(`a small GET by itself: ${figures(quiet)}`)
  print(`a small GET while ${keys} keys are listed: ${figures(busy)}`)
}

async function comparePeer(
  url: string,
  emulatorUrl: string,
  own: Map<string, number>,
): Promise<void> {
  const [id = '', ...secret] = values['peer-key'].split(':')
  const client = clientOf(url, id, secret.join(':'))
  print(
    `waiting for ${url}, which must serve S3/${bucket} of ${emulatorUrl} as the bucket ${bucket}`,
  )
  for (let tries = 0; ; tries += 1) {
    const probe = new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 1 })
    const answer = await client.send(probe).catch((error: unknown) => error)
    if (!(answer instanceof Error)) break
    if (tries === 60) throw answer
    await delay(1000)
  }
  const theirs = await measureAll(client)
  for (const [what, ms] of theirs) {
    print(`${what}: ${(ms / (own.get(what) ?? Number.NaN)).toFixed(1)} times as long`)
  }
}

function* allFiles(): Generator<SeededFile> {
  const perFolder = Math.ceil(keys / folders)
  for (let n = 0; n < keys; n += 1) {
    const folder = `folder-${String(Math.floor(n / perFolder)).padStart(4, '0')}`
    yield fileOf(['many', folder], n)
  }
  for (let n = 0; n < folderMaxEntries; n += 1) yield fileOf(['small'], n)
  // As the bridge spreads names once a folder is full.
  const entries = new Map<string, number>()
  for (let n = 0; n < flatKeys; n += 1) {
    const path = ['flat']
    for (const shard of shardFolders(nameOf(n))) {
      const taken = entries.get(path.join('/')) ?? 0
      if (taken < folderMaxEntries) break
      path.push(shard)
    }
    entries.set(path.join('/'), (entries.get(path.join('/')) ?? 0) + 1)
    yield fileOf(path, n)
  }
}

function fileOf(path: readonly string[], n: number): SeededFile {
  const md5 = createHash('md5').update(String(n)).digest('hex')
  const modifiedMs = 1_767_600_000_000 + n * 1000
  return { path: ['S3', bucket, ...path, nameOf(n)], sizeBytes: n, md5, modifiedMs }
}

function nameOf(n: number): string {
  return `object-${String(n).padStart(8, '0')}.bin`
}

function clientOf(endpoint: string, id: string, secret: string): S3Client {
  const credentials = { accessKeyId: id, secretAccessKey: secret }
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true })
}

async function timed(act: () => Promise<void>): Promise<number> {
  const startMs = performance.now()
  await act()
  return performance.now() - startMs
}

function medianOf(numbers: readonly number[]): number {
  return quantileOf(numbers, 0.5)
}

function quantileOf(numbers: readonly number[], part: number): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * part)] ?? 0
}

function printRow(what: string, ...cells: readonly string[]): void {
  print(`${what.padEnd(32)}${cells.map((cell) => cell.padStart(12)).join('')}`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
