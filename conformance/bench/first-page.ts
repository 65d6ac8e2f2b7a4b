// The first page of a full folder beside Jottacloud's own reply, of which it is made: what the bridge adds. Over the
// loopback alone, where the emulator's work and the bridge's share the cores, and over a line of a given speed, on
// which the one reads while the other still arrives.
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { pipeline, Transform } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { z } from 'zod'
import { readTokenFile } from '../../jotta/token-file.ts'
import { accessKeyId, secretAccessKey, startBridge } from '../support/with-bridge.ts'
import { clientOf } from './listing-reader.ts'

export type FirstPage = {
  readonly emulatorUrl: string
  /** Of a bridge that is logged in to the emulator; one may be running over it. */
  readonly dataDirectory: string
  readonly env: Readonly<Record<string, string>>
  readonly bucket: string
  /** Of the folder. */
  readonly prefix: string
  readonly megabitsPerSecond: number | undefined
}

/** Tries of a server that has just started, which compiles as it goes; they are not counted. */
const warmUpTries = 10

/** Milliseconds of each try, one of each in turn. The round trip is that between client and bridge. */
export async function timeFirstPage(
  { emulatorUrl, dataDirectory, env, bucket, prefix, megabitsPerSecond }: FirstPage,
  tries: number,
): Promise<Record<'reply' | 'page' | 'roundTrip', number[]>> {
  await using resources = new AsyncDisposableStack()
  let line = emulatorUrl
  if (megabitsPerSecond !== undefined) {
    const relay = await startRelay(Number(new URL(emulatorUrl).port), megabitsPerSecond * 125)
    resources.defer(relay.close)
    line = relay.url
  }
  const urls = { JOTTA_S3_JFS_URL: `${line}/jfs/`, JOTTA_S3_API_URL: `${line}/` }
  const bridge = await startBridge({ dataDirectory, env: { ...env, ...urls } })
  resources.defer(async () => void (await bridge.stop()))

  const { accessToken } = await readTokenFile(join(dataDirectory, 'jottacloud-token.json'))
  const authorization = `Bearer ${accessToken}`
  const customer = await fetch(`${line}/account/v1/customer`, { headers: { authorization } })
  const { username } = z.object({ username: z.string() }).parse(await customer.json())
  const folderUrl = `${line}/jfs/${username}/S3/${bucket}/${prefix}`
  const client = clientOf(bridge.url, accessKeyId, secretAccessKey)
  const list = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, Delimiter: '/' })

  const reply: number[] = []
  const page: number[] = []
  const roundTrip: number[] = []
  for (let n = -warmUpTries; n < tries; n += 1) {
    const replyMs = await timeOf(folderUrl.replace(/\/$/, ''), { authorization })
    const pageMs = await timeOf(await getSignedUrl(client, list), {})
    const roundTripMs = await timeOf(`${bridge.url}/-/healthz`, {})
    if (n < 0) continue
    reply.push(replyMs)
    page.push(pageMs)
    roundTrip.push(roundTripMs)
  }
  return { reply, page, roundTrip }
}

const agent = new Agent({ keepAlive: true })

/** From the request to the last byte, which is not kept. */
async function timeOf(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const startMs = performance.now()
  const request = get(url, { headers, agent })
  const [reply]: IncomingMessage[] = await once(request, 'response')
  if (reply?.statusCode !== 200) throw new Error(`${url} answers ${reply?.statusCode}`)
  await finished(reply.resume())
  return performance.now() - startMs
}

/** Passes connections on to a port, and what comes back at no more than so many bytes a millisecond each. */
async function startRelay(
  port: number,
  bytesPerMs: number,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true })
    // Either end may go away.
    pipeline(client, upstream, () => undefined)
    pipeline(upstream, stamped(), paced(bytesPerMs), client, () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${own}`,
    close: async () => void server.close(),
  }
}

type Piece = { readonly bytes: Buffer; readonly cameMs: number }

const pieceBytes = 16 * 1024

/** Notes when bytes came to the line, in pieces, and holds as much as a sender may have on its way. */
function stamped(): Transform {
  return new Transform({
    readableObjectMode: true,
    readableHighWaterMark: 256,
    transform(chunk: Buffer, _encoding, done) {
      const cameMs = performance.now()
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        const piece: Piece = { bytes: chunk.subarray(at, at + pieceBytes), cameMs }
        this.push(piece)
      }
      done()
    },
  })
}

/** A piece goes when the line has carried it: that it was looked at late makes none of those after it late. */
function paced(bytesPerMs: number) {
  return async function* (source: AsyncIterable<Piece>): AsyncGenerator<Buffer> {
    let dueMs = 0
    for await (const { bytes, cameMs } of source) {
      dueMs = Math.max(dueMs, cameMs) + bytes.length / bytesPerMs
      const waitMs = dueMs - performance.now()
      if (waitMs > 1) await delay(waitMs)
      yield bytes
    }
  }
}
