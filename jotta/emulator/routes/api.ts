// The JSON host: allocate, the upload_url that it hands out, purge_trash (API 5.1, 5.2, 6.2).
import { setTimeout } from 'node:timers/promises'
import { parseAllocate } from '../allocate.ts'
import { type Call, type Context, jsonReply, type Reply } from '../context.ts'
import { EmulatorError } from '../emulator-error.ts'
import { purgeTrash } from '../garbage.ts'
import { discardBody, readText } from './body.ts'
import { recordOf } from './jfs.ts'

export const uploadPrefix = '/files/v1/upload/'

/** Longer than any test waits, and no longer than a timer can. */
export const foreverMs = 2 ** 31 - 1

/** Thrown to cut the connection without a reply. */
export class CutConnection extends Error {}

function refuseWhenLocked({ switches }: Context): void {
  if (switches.writeLock === 'off') return
  throw new EmulatorError(403, 'AccessDeniedException', 'The account is write-locked')
}

export async function allocate(context: Context, call: Call): Promise<Reply> {
  const text = await readText(call)
  refuseWhenLocked(context)
  await context.uploads.abandonedEnded()
  const allocation = context.uploads.allocator.allocate(parseAllocate(text))
  await context.garbage.collect()
  return jsonReply({
    name: allocation.name,
    path: allocation.path,
    state: allocation.state,
    upload_id: allocation.uploadId,
    upload_url: `${call.baseUrl}${uploadPrefix}${allocation.uploadId}`,
    bytes: allocation.sizeBytes,
    resume_pos: allocation.resumePosition,
  })
}

export async function upload(context: Context, call: Call): Promise<Reply> {
  refuseWhenLocked(context)
  const { switches, faults } = context
  const cut = faults.take('cutUpload', recordOf(call))
  const always = switches.cutUploadsAfterBytes
  const outcome = await context.uploads.receive(call.rawPath.slice(uploadPrefix.length), {
    request: call.request,
    countBytesIn: call.countBytesIn,
    pace: createUploadPace(context, call),
    cutAfterBytes: cut?.afterBytes ?? (always > 0 ? always : undefined),
  })
  switch (outcome.kind) {
    case 'short':
      throw incomplete()
    case 'cut':
      if (cut?.how === '420') throw incomplete()
      throw new CutConnection()
    case 'complete': {
      const { revision, path, node } = outcome
      const delay = faults.take('delayVisibility', recordOf(call))
      if (delay !== undefined) faults.makeInvisible(node, revision.number, delay.gets)
      await context.garbage.collect()
      return jsonReply({
        path: path.startsWith('Jotta/') ? path.slice('Jotta/'.length) : path,
        content_id: `${revision.md5.toLowerCase()}-${revision.sizeBytes}`,
        bytes: revision.sizeBytes,
        md5: revision.md5,
        modified: revision.modified,
      })
    }
  }
}

/** With a `stallUpload` fault the rest is waited for until the client leaves. */
function createUploadPace(context: Context, call: Call): (bytes: number) => Promise<void> {
  const pace = createPace(context, call.signal)
  let left =
    context.faults.take('stallUpload', recordOf(call))?.afterBytes ?? Number.MAX_SAFE_INTEGER
  return async (bytes) => {
    await pace(bytes)
    left -= bytes
    if (left <= 0) await setTimeout(foreverMs, undefined, { signal: call.signal })
  }
}

function incomplete(): EmulatorError {
  return new EmulatorError(420, 'IncompleteUploadOpenApiException', 'Bytes are missing')
}

/** Waits as long as so many bytes take at the set rate; reads the rate anew each time. */
export function createPace(
  { switches }: Context,
  signal: AbortSignal,
): (bytes: number) => Promise<void> {
  return async (bytes) => {
    const rate = switches.streamRateBytesPerSecond
    if (rate > 0) await setTimeout((bytes / rate) * 1000, undefined, { signal })
  }
}

export async function emptyTrash(context: Context, call: Call): Promise<Reply> {
  await discardBody(call)
  refuseWhenLocked(context)
  const purged = purgeTrash(context.tree)
  await context.garbage.collect()
  return jsonReply(purged)
}
