// How long listings take, page by page, what they ask of Jottacloud, and what else suffers meanwhile:
//
//   npm run bench:listing [-- --keys N --flat-keys N --times N --tree FOLDER] [--emulator-port N --peer URL --peer-key ID:SECRET]
//
// The tree is written straight into the emulator; with --tree it is kept there, and the next run takes it as it
// is. The emulator, the bridge, and who lists while small GETs are timed are processes of their own. With
// --peer the same listings are done against another S3 server, which must be set up over the same emulator
// (its port is then known beforehand, and there is a minute to start it), with the bucket under the same name.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { z } from 'zod'
import { startEmulator } from '../../jotta/emulator/emulator.ts'
import { type SeededFile, seedFiles } from '../../jotta/emulator/seed.ts'
import { shardFolders } from '../../translate/key-folder.ts'
import { run } from '../support/real-client.ts'
import { accessKeyId, secretAccessKey, startBridge, withFolder } from '../support/with-bridge.ts'
import { type FirstPage, timeFirstPage } from './first-page.ts'
import { clientOf, listAll } from './listing-reader.ts'
import { residentMib, startEmulatorProcess } from './processes.ts'

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    folders: { type: 'string', default: '1000' },
    'flat-keys': { type: 'string', default: '200000' },
    times: { type: 'string', default: '3' },
    tree: { type: 'string' },
    'emulator-port': { type: 'string', default: '0' },
    peer: { type: 'string' },
    'peer-key': { type: 'string', default: ':' },
  },
})
const keys = Number(values.keys)
const flatKeys = Number(values['flat-keys'])
const folders = Number(values.folders)
const folderMaxEntries = 5000
const bucket = 'bench'
/** Between one small GET and the next: as of somebody who reads now and then, and as fast as they come. */
const getPausesMs = [20, 0]

await withFolder(async (folder) => {
  const directory = values.tree ?? join(folder, 'jottacloud')
  if (!existsSync(directory)) await plantTree(directory)
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
    const told = { ...env, JOTTA_S3_LOG_LEVEL: 'info' }
    const bridge = await startBridge({ dataDirectory, env: told })
    try {
      const client = clientOf(bridge.url, accessKeyId, secretAccessKey)
      const pid = bridge.process.pid ?? 0
      const upstream = (): number =>
        bridge.log.reduce((sum, line) => sum + Number(line.upstreamCalls ?? 0), 0)
      const own = await measureAll(client, { pid, upstream })
      const folderOfOnePage = { bucket, prefix: 'small/' }
      await measureFirstPage({
        emulatorUrl: emulator.url,
        dataDirectory,
        env: told,
        ...folderOfOnePage,
      })
      for (const pauseMs of getPausesMs) await measureGet(client, bridge.url, pauseMs)
      if (values.peer !== undefined) await comparePeer(values.peer, emulator.url, own)
    } finally {
      await bridge.stop()
    }
  } finally {
    await emulator.stop()
  }
})

async function plantTree(directory: string): Promise<void> {
  await (await startEmulator({ dataDirectory: directory })).close()
  const seedMs = await timed(async () => seedFiles(directory, allFiles()))
  print(`${keys + flatKeys + folderMaxEntries} files written in ${(seedMs / 1000).toFixed(0)} s`)
}

type Watched = { readonly pid: number; readonly upstream: () => number }

/** Milliseconds of each whole listing, by its name: medians of so many listings, after one another. */
async function measureAll(client: S3Client, watched?: Watched): Promise<Map<string, number>> {
  const totals = new Map<string, number>()
  printRow(
    'listing',
    'keys',
    'whole',
    'first',
    'median',
    'last ten',
    'last',
    'upstream',
    'peak RSS',
    ' every last',
  )
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
    const listings: number[][] = []
    let upstream = 0
    try {
      while (listings.length < Number(values.times)) {
        listings.push(await listAll(client, { bucket, prefix, delimiter, expected }))
        if (listings.length === 1) upstream = (watched?.upstream() ?? 0) - before
      }
    } finally {
      clearInterval(sampling)
    }
    const whole = medianOf(listings.map((pagesMs) => pagesMs.reduce((sum, ms) => sum + ms, 0)))
    totals.set(what, whole)
    const others = listings.map((pagesMs) => pagesMs.slice(1))
    const lasts = listings.map((pagesMs) => pagesMs.at(-1) ?? 0)
    printRow(
      what,
      String(expected),
      `${(whole / 1000).toFixed(1)} s`,
      `${medianOf(listings.map(([ms = 0]) => ms)).toFixed(0)} ms`,
      `${medianOf(others.flat()).toFixed(0)} ms`,
      `${medianOf(others.flatMap((pagesMs) => pagesMs.slice(-10))).toFixed(0)} ms`,
      `${medianOf(lasts).toFixed(0)} ms`,
      watched === undefined ? '-' : String(upstream),
      watched === undefined ? '-' : `${peakMib.toFixed(0)} MiB`,
      // Any page may come beside a collection of garbage, here or in who reads it.
      ` ${lasts.map((ms) => ms.toFixed(0)).join(' ')}`,
    )
  }
  return totals
}

/** What the bridge adds to Jottacloud's own time for the one reply that a first page of 5,000 is made of. */
async function measureFirstPage(asked: Omit<FirstPage, 'megabitsPerSecond'>): Promise<void> {
  for (const megabitsPerSecond of [undefined, 100]) {
    const { reply, page, roundTrip } = await timeFirstPage({ ...asked, megabitsPerSecond }, 40)
    const line = megabitsPerSecond === undefined ? 'loopback' : `${megabitsPerSecond} Mbit/s`
    const folder = `folder of ${folderMaxEntries}, delimiter /, ${line}`
    print(`${folder}: Jottacloud's reply ${figures(reply)}`)
    print(`${folder}: the first page ${figures(page)}`)
    const added = medianOf(page.map((ms, at) => ms - (reply[at] ?? 0)))
    const roundTripMs = medianOf(roundTrip).toFixed(1)
    print(
      `${folder}: the bridge adds ${added.toFixed(1)} ms, ${roundTripMs} of it the client's round trip`,
    )
  }
}

/** A small GET by itself, and while the large listing runs: one after another, with the same pause in between. */
async function measureGet(client: S3Client, url: string, pauseMs: number): Promise<void> {
  const small = { Bucket: bucket, Key: 'get/small' }
  await client.send(new PutObjectCommand({ ...small, Body: 'a small object' }))
  const get = async (): Promise<number> =>
    await timed(async () => {
      const { Body } = await client.send(new GetObjectCommand(small))
      await Body?.transformToByteArray()
    })
  const getWhile = async (isWanted: (done: number) => boolean): Promise<number[]> => {
    const gets: number[] = []
    while (isWanted(gets.length)) {
      gets.push(await get())
      if (pauseMs > 0) await delay(pauseMs)
    }
    return gets
  }
  // Those at first find the server compiling as it goes.
  await getWhile((done) => done < 100)
  const quiet = await getWhile((done) => done < 200)
  let isListing = true
  const reader = ['conformance/bench/listing-reader.ts', url, accessKeyId, secretAccessKey]
  const listing = run(process.execPath, [...reader, bucket, 'many/', String(keys)]).finally(() => {
    isListing = false
  })
  const busy = await getWhile(() => isListing)
  await listing
  const times = (medianOf(busy) / medianOf(quiet)).toFixed(1)
  const what = `a small GET, ${pauseMs} ms after the last one`
  print(`${what}, by itself: ${figures(quiet)}`)
  print(`${what}, while ${keys} keys are listed: ${figures(busy)}, ${times} times as long`)
}

async function comparePeer(
  url: string,
  emulatorUrl: string,
  own: Map<string, number>,
): Promise<void> {
  const [id = '', ...secret] = values['peer-key'].split(':')
  const client = clientOf(url, id, secret.join(':'))
  const body = JSON.stringify({ loginToken: true })
  const minted = await fetch(`${emulatorUrl}/emulator/faults`, { method: 'POST', body })
  const { loginToken } = z.object({ loginToken: z.string() }).parse(await minted.json())
  print(
    `waiting for ${url}, which must serve S3/${bucket} of ${emulatorUrl} as the bucket ${bucket}`,
  )
  print(`a login token for it: ${loginToken}`)
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

async function timed(act: () => Promise<void>): Promise<number> {
  const startMs = performance.now()
  await act()
  return performance.now() - startMs
}

function figures(all: readonly number[]): string {
  return `median ${medianOf(all).toFixed(1)} ms, 95% ${quantileOf(all, 0.95).toFixed(1)} ms (${all.length})`
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
