// The bytes of a file, whole or a range of them (API 4.5).
import type { Readable } from 'node:stream'
import type { ByteRange, CallOptions, Location } from './client.ts'
import { isLive, stat } from './files.ts'
import type { HttpReply } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { parseCount } from './parse-reply.ts'
import { type Allowance, type ReadAhead, readAhead } from './read-ahead.ts'
import { resumedDownload } from './resumed-download.ts'
import { requestAt, type Service } from './service.ts'
import type { Revision } from './wire.ts'

/** What tells one version of a file from another. `md5` in lower-case hex. */
export type Content = { readonly md5: string; readonly sizeBytes: number }

export type DownloadService = Service & {
  /** Without it, each download is asked for in one piece. */
  readonly readAhead?: ReadAhead | undefined
}

type Opened = { readonly stream: Readable; readonly sizeBytes: number | undefined }

/** What is asked for, of content that is known. */
type Known = CallOptions & {
  readonly range?: ByteRange
  readonly content: Content
  /**
   * Of a download of the whole, whose MD5 its reader can judge by: the number of the older revision that the content
   * has become. Only one client was seen to read those (API 4.6), and a service that gave the current one instead
   * would be noticed by nothing else.
   */
  readonly older?: { number: number | undefined }
}

/** See JottaClient.open. */
export async function open(
  service: DownloadService,
  location: Location,
  options: CallOptions & { readonly range?: ByteRange; readonly content?: Content },
): Promise<Opened> {
  const { content } = options
  if (content === undefined || content.sizeBytes === 0) {
    return (await openOnce(service, location, options)).opened
  }
  const isWhole = options.range === undefined
  const known = { ...options, content, ...(isWhole && { older: { number: undefined } }) }
  const allowance = service.readAhead?.tryTake(wantedOf(known))
  if (allowance === undefined) return await openResumed(service, location, known)
  try {
    return await openAhead(service, location, known, allowance)
  } catch (error) {
    allowance.giveBack()
    throw error
  }
}

/** In as many requests as it has chunks. */
async function openAhead(
  service: Service,
  location: Location,
  options: Known,
  allowance: Allowance,
): Promise<Opened> {
  const { start, endInclusive } = wantedOf(options)
  const first = { ...options, range: allowance.chunks.next().value ?? { start, endInclusive } }
  const stream = readAhead((await openResumed(service, location, first)).stream, {
    ...allowance,
    signal: options.signal,
    open: async (range, signal) => {
      const chunk = { ...options, range, signal }
      return resumed(service, location, chunk, await reopen(service, location, chunk, signal))
    },
  })
  return { stream, sizeBytes: endInclusive - start + 1 }
}

/** By one request, as long as nothing cuts it. */
async function openResumed(service: Service, location: Location, options: Known): Promise<Opened> {
  const { reply, opened } = await openOnce(service, location, options)
  try {
    assertSize(reply, options.content)
  } catch (error) {
    opened.stream.destroy()
    throw error
  }
  return { ...opened, stream: resumed(service, location, options, opened.stream) }
}

function resumed(service: Service, location: Location, options: Known, first: Readable): Readable {
  return resumedDownload(first, {
    range: wantedOf(options),
    reopen: (rest, until) => reopen(service, location, { ...options, range: rest }, until),
    signal: options.signal,
    environment: service.environment,
  })
}

/** The bytes wanted that there are. */
function wantedOf({ range, content }: Known): ByteRange {
  const last = content.sizeBytes - 1
  return { start: range?.start ?? 0, endInclusive: Math.min(range?.endInclusive ?? last, last) }
}

type Part = Known & { readonly range: ByteRange }

/** The rest of a download, if it is the rest of the same content. */
async function reopen(
  service: Service,
  location: Location,
  options: Part,
  signal: AbortSignal,
): Promise<Readable> {
  const call = { ...options, signal }
  const { older } = options
  if (older?.number === undefined) {
    try {
      return await reopenCurrent(service, location, call)
    } catch (error) {
      const isWrittenOver =
        error instanceof JottaError && (error.kind === 'changed' || error.kind === 'range')
      if (older === undefined || !isWrittenOver) throw error
      older.number = await findRevision(service, location, call)
      if (older.number === undefined) throw error
    }
  }
  return (await openPart(service, location, { ...call, revision: older.number })).opened.stream
}

async function reopenCurrent(
  service: Service,
  location: Location,
  options: Part,
): Promise<Readable> {
  const { reply, opened } = await openPart(service, location, options)
  try {
    // After the reply was begun: what the file holds now, as at the beginning, it held in between.
    const entry = await stat(service, location, options)
    const isSame = entry?.kind === 'file' && holds(entry.current, options.content)
    // From the trash nothing comes for certain (API 4.5), nor can a part of it be judged.
    if (!isSame || !(isLive(entry) || options.older !== undefined)) throw changed(reply)
    return opened.stream
  } catch (error) {
    opened.stream.destroy()
    throw error
  }
}

/** The number of the older revision that is this content; `undefined` when there is none any more. */
async function findRevision(
  service: Service,
  location: Location,
  options: Known,
): Promise<number | undefined> {
  const entry = await stat(service, location, options)
  if (entry?.kind !== 'file') return undefined
  return entry.revisions.find((revision) => holds(revision, options.content))?.number
}

function holds(revision: Revision | undefined, { md5, sizeBytes }: Content): boolean {
  return revision?.state === 'COMPLETED' && revision.md5 === md5 && revision.sizeBytes === sizeBytes
}

/** A part that says which it is, of a file of the size that the content has. */
async function openPart(
  service: Service,
  location: Location,
  options: Part & { readonly revision?: number },
): ReturnType<typeof openOnce> {
  const part = await openOnce(service, location, options)
  const { reply, opened } = part
  try {
    if (!/^bytes \d+-\d+\/(?:\d+|\*)$/.test(reply.header('content-range') ?? '')) {
      throw new JottaError('protocol', `${reply.subject}: a part does not say which it is`)
    }
    assertSize(reply, options.content)
    return part
  } catch (error) {
    opened.stream.destroy()
    throw error
  }
}

async function openOnce(
  service: Service,
  location: Location,
  options: CallOptions & { readonly range?: ByteRange; readonly revision?: number },
): Promise<{ readonly reply: HttpReply; readonly opened: Opened }> {
  const { range, revision } = options
  const request = await requestAt(service, location, options, {
    method: 'GET',
    query: { mode: 'bin', ...(revision !== undefined && { revision: String(revision) }) },
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
