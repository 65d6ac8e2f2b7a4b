// Gives up multipart uploads that nobody finished, forgets finished ones, and removes spool files that a
// crash left without a record.
import { uploadLock } from './complete-upload.ts'
import type { KeyLocks } from './key-locks.ts'
import type { Spool } from './spool.ts'
import type { State } from './state/state.ts'

export type ExpiryOptions = {
  readonly uploadExpiryMs: number
  /** Milliseconds since the epoch. */
  readonly nowMs: number
}

export type ExpiryParts = {
  readonly state: State
  readonly spool: Spool
  readonly locks: Pick<KeyLocks, 'ifFree'>
}

/** How long a Complete that is asked twice gets the same answer. */
const completedKeptForMs = 24 * 60 * 60_000
/** A part is recorded within moments of its file; a file this old without a record was left behind. */
const strayAfterMs = 24 * 60 * 60_000

/** Returns how many uploads and stray files were removed. */
export async function sweepUploads(
  { state, spool, locks }: ExpiryParts,
  options: ExpiryOptions,
): Promise<{ readonly uploads: number; readonly strayFiles: number }> {
  const expired = await state.uploads.expired(
    new Date(options.nowMs - options.uploadExpiryMs),
    new Date(options.nowMs - completedKeptForMs),
  )
  let uploads = 0
  for (const { uploadId, status } of expired) {
    const files = await locks.ifFree(uploadLock(uploadId), async () => {
      const now = await state.uploads.find(uploadId)
      // Completed since: whoever asks for that again must get the answer.
      if (now?.status === 'completed' && status !== 'completed') return undefined
      return await state.uploads.remove(uploadId)
    })
    // It is being completed at last.
    if (files === undefined) continue
    await spool.removeParts(files)
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
