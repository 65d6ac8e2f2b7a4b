// Gives up multipart uploads that nobody finished, forgets finished ones, and removes spool files that a
// crash left without a record.
import type { Spool } from './spool.ts'
import type { State } from './state/state.ts'

export type ExpiryOptions = {
  readonly uploadExpiryMs: number
  /** Milliseconds since the epoch. */
  readonly nowMs: number
}

/** How long a Complete that is asked twice gets the same answer. */
const completedKeptForMs = 24 * 60 * 60_000
/** A part is recorded within moments of its file; a file this old without a record was left behind. */
const strayAfterMs = 24 * 60 * 60_000

/** Returns how many uploads and stray files were removed. */
export async function sweepUploads(
  state: State,
  spool: Spool,
  options: ExpiryOptions,
): Promise<{ readonly uploads: number; readonly strayFiles: number }> {
  const expired = await state.uploads.expired(
    new Date(options.nowMs - options.uploadExpiryMs),
    new Date(options.nowMs - completedKeptForMs),
  )
  let uploads = 0
  for (const uploadId of expired) {
    if (await mayBeCompleting(state, uploadId, options)) continue
    await spool.removeParts(await state.uploads.remove(uploadId))
    uploads += 1
  }
  let strayFiles = 0
  for await (const fileName of spool.partFiles(new Date(options.nowMs - strayAfterMs))) {
    if (await state.parts.isRecorded(fileName)) continue
    await spool.removeParts([fileName])
    strayFiles += 1
  }
  return { uploads, strayFiles }
}

/**
 * For the start of a process: uploads whose completion ended with the former one take parts again.
 * Returns how many. To be called before requests are served, and by the only process that does.
 */
export async function reopenUploads(state: State, nowMs: number): Promise<number> {
  let reopened = 0
  for (const uploadId of await state.uploads.expired(new Date(nowMs), new Date(0))) {
    if ((await state.uploads.find(uploadId))?.status !== 'completing') continue
    await state.uploads.markOpen(uploadId)
    reopened += 1
  }
  return reopened
}

/** Its parts are being read. One that a crash left in this state is given up a whole term later. */
async function mayBeCompleting(
  state: State,
  uploadId: string,
  options: ExpiryOptions,
): Promise<boolean> {
  const upload = await state.uploads.find(uploadId)
  if (upload?.status !== 'completing') return false
  return upload.initiated.getTime() > options.nowMs - 2 * options.uploadExpiryMs
}
