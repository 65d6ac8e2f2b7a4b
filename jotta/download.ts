// The bytes of a file, whole or a range of them (API 4.5).
import type { Readable } from 'node:stream'
import type { ByteRange, CallOptions, Location } from './client.ts'
import { isLive, stat } from './files.ts'
import type { HttpReply } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { parseCount } from './parse-reply.ts'
import { resumedDownload } from './resumed-download.ts'
import { requestAt, type Service } from './service.ts'

/** What tells one version of a file from another. `md5` in lower-case hex. */
export type Content = { readonly md5: string; readonly sizeBytes: number }

type Opened = { readonly stream: Readable; readonly sizeBytes: number | undefined }

/** See JottaClient.open. */
export async function open(
  service: Service,
  location: Location,
  options: CallOptions & { readonly range?: ByteRange; readonly content?: Content },
): Promise<Opened> {
  const { content, signal } = options
  const { reply, opened } = await openOnce(service, location, options)
  if (content === undefined || content.sizeBytes === 0) return opened
  const range = options.range ?? { start: 0, endInclusive: content.sizeBytes - 1 }
  const endInclusive = Math.min(range.endInclusive, content.sizeBytes - 1)
  try {
    assertSize(reply, content)
  } catch (error) {
    opened.stream.destroy()
    throw error
  }
  const stream = resumedDownload(opened.stream, {
    range: { start: range.start, endInclusive },
    reopen: (rest, until) => reopen(service, location, { ...options, content, range: rest }, until),
    signal,
    environment: service.environment,
  })
  return { stream, sizeBytes: opened.sizeBytes }
}

/** The rest of a download, if it is the rest of the same content. */
async function reopen(
  service: Service,
  location: Location,
  options: CallOptions & { readonly range: ByteRange; readonly content: Content },
  signal: AbortSignal,
): Promise<Readable> {
  const call = { ...options, signal }
  const { reply, opened } = await openOnce(service, location, call)
  try {
    if (!/^bytes \d+-\d+\/(?:\d+|\*)$/.test(reply.header('content-range') ?? '')) {
      throw new JottaError('protocol', `${reply.subject}: a part does not say which it is`)
    }
    assertSize(reply, options.content)
    // After the reply was begun: what the file holds now, as at the beginning, it held in between.
    const entry = await stat(service, location, call)
    const { md5, sizeBytes } = (entry?.kind === 'file' ? entry.current : undefined) ?? {}
    const isSame = md5 === options.content.md5 && sizeBytes === options.content.sizeBytes
    if (!isLive(entry) || !isSame) throw changed(reply)
    return opened.stream
  } catch (error) {
    opened.stream.destroy()
    throw error
  }
}

async function openOnce(
  service: Service,
  location: Location,
  options: CallOptions & { readonly range?: ByteRange },
): Promise<{ readonly reply: HttpReply; readonly opened: Opened }> {
  const { range } = options
  const request = await requestAt(service, location, options, {
    method: 'GET',
    query: { mode: 'bin' },
    ...(range && { headers: { range: `bytes=${range.start}-${range.endInclusive}` } }),
    repeat: 'transient',
  })
  const reply = await service.http.open(request, options)
  try {
    const encoding = reply.header('content-encoding') ?? 'identity'
    if (encoding !== 'identity') throw new JottaError('protocol', `${reply.subject}: ${encoding}`)
    const sizeBytes = parseCount(reply.header('content-length'))
    if (range !== undefined) assertRange(reply, range, sizeBytes)
    return { reply, opened: { stream: reply.body, sizeBytes } }
  } catch (error) {
    reply.body.destroy()
    throw error
  }
}

function assertRange(reply: HttpReply, range: ByteRange, sizeBytes: number | undefined): void {
  const wantedBytes = range.endInclusive - range.start + 1
  const sent = /^bytes (\d+)-(\d+)\//.exec(reply.header('content-range') ?? '')
  const isElsewhere =
    sent !== null && (Number(sent[1]) !== range.start || Number(sent[2]) > range.endInclusive)
  if (reply.status !== 206 || isElsewhere || (sizeBytes ?? 0) > wantedBytes) {
    throw new JottaError('protocol', `${reply.subject}: the reply is not the range asked for`)
  }
}

/** The size of the whole file, where the reply tells it, is the content's. */
function assertSize(reply: HttpReply, content: Content): void {
  const told =
    reply.status === 206
      ? /^bytes \d+-\d+\/(\d+)$/.exec(reply.header('content-range') ?? '')?.[1]
      : reply.header('content-length')
  if (told !== undefined && Number(told) !== content.sizeBytes) throw changed(reply)
}

function changed(reply: HttpReply): JottaError {
  return new JottaError('changed', `${reply.subject}: the file has changed`)
}
