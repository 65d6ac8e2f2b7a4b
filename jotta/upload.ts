// New content: allocate, send what Jottacloud lacks, go on where a cut left off, and believe it only
// when the file is seen. API 5.1, 5.2.
import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { CallOptions, Location, UploadInput } from './client.ts'
import { createByHash, isLive, stat } from './files.ts'
import { isTransient } from './http.ts'
import { JottaError, Silence } from './jotta-error.ts'
import { renderRfc3339 } from './jotta-time.ts'
import { readJson } from './json-reply.ts'
import { allocationPath, nameOf } from './path.ts'
import { defaultRetryPolicy, retryDelayMs } from './retry.ts'
import type { Semaphore } from './semaphore.ts'
import type { Service } from './service.ts'
import { untilAborted } from './until-aborted.ts'
import { createUploadContent } from './upload-content.ts'
import { isUploadUrl } from './url-rule.ts'
import type { FileEntry } from './wire.ts'

export type UploadService = Service & { readonly uploads: Semaphore }

/** Tries that brought no byte more than the best before them. */
const STALLED_TRIES_MAX = 6
/** The same of sends that fell silent: each takes as long as a silence may last. */
const SILENT_TRIES_MAX = 3
/** All tries of one upload: enough for a service that takes a few megabytes at a time. */
const TRIES_MAX = 2_000
/** The body ended early; its bytes are kept. */
const STATUS_INCOMPLETE = 420
/** Looks at the file after the upload, should it show late (API 7.4 expects it at once). */
const LOOKS_MAX = 7

const conflictHandlers = {
  'new-revision': 'CREATE_NEW_REVISION',
  reject: 'REJECT_CONFLICTS',
} as const

const allocation = z.object({
  state: z.string(),
  upload_url: z.string().optional(),
  resume_pos: z.number().int().nonnegative().default(0),
})

const uploadResult = z.object({
  bytes: z.number().int().nonnegative().optional(),
  md5: z.string().optional(),
})

/** What the tries of one upload know of each other. */
type Progress = {
  tries: number
  stalledTries: number
  /** Time that brought no byte: allocations that failed, and waits. Sends may take what they take. */
  lostMs: number
  bestOffset: number
  onExisting: UploadInput['onExisting']
  /** A try failed that may have been carried out. */
  isUnclear: boolean
  /** The service refused the token, and no progress was made since. */
  isTokenRefused: boolean
  /** Bytes kept from an earlier send turned out wrong: the next send begins anew. */
  isKeptPartBad: boolean
}

/** See JottaClient.upload. */
export async function upload(
  service: UploadService,
  location: Location,
  input: UploadInput,
  options: CallOptions,
): Promise<FileEntry> {
  const progress: Progress = {
    tries: 0,
    stalledTries: 0,
    lostMs: 0,
    bestOffset: 0,
    onExisting: input.onExisting,
    isUnclear: false,
    isTokenRefused: false,
    isKeptPartBad: false,
  }
  for (;;) {
    options.signal.throwIfAborted()
    try {
      await service.uploads.run(options.signal, async (leave) => {
        // What is waited for after that sends nothing any more, and must not keep others from sending.
        options.signal.addEventListener('abort', leave, { once: true })
        try {
          await allocateAndSend(service, location, input, progress, options)
        } finally {
          options.signal.removeEventListener('abort', leave)
        }
      })
      break
    } catch (error) {
      if (error instanceof ContentFailure) throw error.cause
      options.signal.throwIfAborted()
      if (!(error instanceof JottaError)) throw error
      if (error.kind === 'conflict' && progress.onExisting === 'reject') {
        const outcome = await resolveConflict(service, location, input, progress, options)
        if (outcome === 'ours') break
        if (outcome === 'taken') throw error
        progress.onExisting = 'new-revision'
      } else {
        await prepareNextTry(service, error, progress, options)
      }
    }
  }
  return await confirm(service, location, input, options)
}

async function allocateAndSend(
  service: UploadService,
  location: Location,
  input: UploadInput,
  progress: Progress,
  options: CallOptions,
): Promise<void> {
  const startedMs = service.environment.now()
  const allocated = await allocate(service, location, input, progress.onExisting, options).finally(
    () => {
      progress.lostMs += service.environment.now() - startedMs
    },
  )
  if (allocated.state === 'COMPLETED') return
  const { upload_url: uploadUrl, resume_pos: kept } = allocated
  if (uploadUrl === undefined || kept > input.sizeBytes) {
    throw new JottaError('protocol', `the allocation of ${nameOf(location)} makes no sense`)
  }
  if (!isUploadUrl(uploadUrl, [service.jfsUrl, service.apiUrl])) {
    throw new JottaError('protocol', 'Jottacloud names an upload URL that no token may be sent to')
  }
  if (kept > progress.bestOffset) {
    progress.bestOffset = kept
    progress.stalledTries = 0
    progress.lostMs = 0
    progress.isTokenRefused = false
  }
  const offset = progress.isKeptPartBad ? 0 : kept
  try {
    await send(service, uploadUrl, input, offset, options)
  } catch (error) {
    if (isBusy(error)) throw new JottaError('unavailable', error.message, { cause: error })
    if (!isKeptPartAtFault(error, offset, input) || progress.isKeptPartBad) throw error
    // Once more, from the beginning, tells whether it was the kept bytes or the content.
    progress.isKeptPartBad = true
    throw new JottaError('unavailable', error.message, { cause: error })
  }
}

async function allocate(
  service: Service,
  location: Location,
  input: UploadInput,
  onExisting: UploadInput['onExisting'],
  options: CallOptions,
): Promise<z.infer<typeof allocation>> {
  const request = {
    method: 'POST',
    url: `${service.apiUrl}files/v1/allocate`,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({
      path: allocationPath(location),
      bytes: input.sizeBytes,
      md5: input.md5,
      created: renderRfc3339(input.created),
      modified: renderRfc3339(input.modified),
      conflict_handler: conflictHandlers[onExisting],
    }),
    auth: 'bearer',
    // Not here: the loop above repeats it, and knows that it did.
    repeat: 'never',
  } as const
  return await service.http.call(request, options, (reply) => readJson(reply, allocation))
}

async function send(
  service: Service,
  uploadUrl: string,
  input: UploadInput,
  offset: number,
  options: CallOptions,
): Promise<void> {
  const source = await openContent(input, offset, options)
  const sizeBytes = input.sizeBytes - offset
  const content = createUploadContent(source, sizeBytes, service.http.timeouts.bodyIdleMs)
  const request = {
    method: 'POST',
    url: uploadUrl,
    headers: {
      'content-type': 'application/octet-stream',
      ...(offset > 0 && { range: `bytes=${offset}-${input.sizeBytes - 1}` }),
    },
    body: { content: content.stream, sizeBytes, isTaken: content.isTaken },
    auth: 'bearer',
    repeat: 'never',
    subject: `upload to ${new URL(uploadUrl).host}`,
  } as const
  try {
    const result = await service.http.call(request, options, (reply) =>
      readJson(reply, uploadResult),
    )
    const isOther =
      (result.md5 ?? input.md5).toLowerCase() !== input.md5 ||
      (result.bytes ?? input.sizeBytes) !== input.sizeBytes
    if (isOther) throw new JottaError('protocol', `${request.subject}: another content was stored`)
  } catch (error) {
    const failure = content.failure()
    throw failure === undefined ? error : new ContentFailure(failure.error)
  } finally {
    content.stream.destroy()
  }
}

async function openContent(
  input: UploadInput,
  offset: number,
  options: CallOptions,
): Promise<Readable> {
  const opening = (async () => input.openContent(offset))()
  try {
    return await untilAborted(opening, options.signal)
  } catch (error) {
    // What opens after all this time has no reader any more.
    opening.then(
      (late) => late.destroy(),
      () => {},
    )
    throw new ContentFailure(error)
  }
}

/** The content's own failure: passed on as it is, and never a reason to try again. */
class ContentFailure extends Error {
  override readonly name = 'ContentFailure'

  constructor(cause: unknown) {
    super('the content of an upload failed', { cause })
  }
}

/**
 * Whether a resumed send may have failed for what was kept before it: wrong bytes (421), a position
 * that is none, or everything kept and yet no file.
 */
function isKeptPartAtFault(
  error: unknown,
  offset: number,
  input: UploadInput,
): error is JottaError {
  if (offset === 0 || !(error instanceof JottaError)) return false
  if (error.kind === 'corrupt' || error.kind === 'range') return true
  const isNothingLeft = offset === input.sizeBytes
  return isNothingLeft && ['unavailable', 'protocol', 'invalid-name'].includes(error.kind)
}

/** Another send of the same content to the same place is not over, perhaps one of ours that was cut. */
function isBusy(error: unknown): error is JottaError {
  if (!(error instanceof JottaError) || error.kind !== 'conflict') return false
  return !error.message.includes('UniqueFileException')
}

/** Waits, or throws the failure when another try would be no use. */
async function prepareNextTry(
  service: Service,
  error: JottaError,
  progress: Progress,
  options: CallOptions,
): Promise<void> {
  const isSilent = error instanceof Silence
  const isCut = isTransient(error) || error.status === STATUS_INCOMPLETE
  const isTokenOld = error.kind === 'unauthorized' && !progress.isTokenRefused
  if (!isCut && !isTokenOld) throw error
  progress.isTokenRefused ||= isTokenOld
  progress.isUnclear = true
  progress.tries += 1
  progress.stalledTries += 1
  if (progress.tries >= TRIES_MAX) throw error
  const delayMs = retryDelayMs(
    {
      tries: progress.stalledTries,
      elapsedMs: progress.lostMs,
      retryAfterMs: error.retryAfterMs,
      random: service.environment.random(),
    },
    { ...service.http.retry, maxTries: isSilent ? SILENT_TRIES_MAX : STALLED_TRIES_MAX },
  )
  if (delayMs === undefined) throw error
  progress.lostMs += delayMs
  await service.environment.wait(delayMs, options.signal)
}

/**
 * What a refusal of `REJECT_CONFLICTS` means. The file may be there because an earlier try of this
 * upload was carried out, or may be a tombstone or unfinished: then nothing live is in the way.
 */
async function resolveConflict(
  service: Service,
  location: Location,
  input: UploadInput,
  progress: Progress,
  options: CallOptions,
): Promise<'ours' | 'taken' | 'free'> {
  const entry = await stat(service, location, options)
  if (!isLive(entry)) return 'free'
  if (!progress.isUnclear || entry?.kind !== 'file' || !holds(entry, input)) return 'taken'
  const modified = entry.current?.modified ?? new Date(0)
  return renderRfc3339(modified) === renderRfc3339(input.modified) ? 'ours' : 'taken'
}

/** The file as Jottacloud shows it with this content. Throws JottaError `protocol` when it does not. */
async function confirm(
  service: Service,
  location: Location,
  input: UploadInput,
  options: CallOptions,
): Promise<FileEntry> {
  for (let looks = 1; ; looks += 1) {
    const entry = await stat(service, location, options)
    if (entry?.kind === 'file' && holds(entry, input)) {
      if (!entry.deleted) return entry
      const live = await createByHash(service, location, input, options)
      if (live !== undefined) return live
    }
    const state = { tries: looks, elapsedMs: 0, retryAfterMs: undefined }
    const random = service.environment.random()
    const delayMs = retryDelayMs(
      { ...state, random },
      { ...defaultRetryPolicy, maxTries: LOOKS_MAX },
    )
    if (delayMs === undefined) break
    await service.environment.wait(delayMs, options.signal)
  }
  throw new JottaError(
    'protocol',
    `${nameOf(location)} was sent, but is not shown with that content`,
  )
}

function holds(file: FileEntry, input: UploadInput): boolean {
  const { state, md5, sizeBytes } = file.current ?? {}
  return state === 'COMPLETED' && md5 === input.md5 && sizeBytes === input.sizeBytes
}
