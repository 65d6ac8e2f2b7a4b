// Serves the pair that is in force: looks again and again, takes a new one when it is good, and keeps the old
// one when it is not, which the log says once.
import type { Log } from '../log.ts'
import { type CheckedPair, checkPair, type KeyPair } from './key-pair.ts'

export type FollowedPair = {
  readonly current: () => CheckedPair
  /** Looks once; never throws. */
  look(): Promise<void>
}

export type FollowOptions = {
  readonly load: () => Promise<KeyPair>
  /** Called with each pair but the first. */
  readonly apply: (checked: CheckedPair) => void
  readonly log: Log
}

/** Throws when the first pair cannot be read, or is no good. */
export async function followPair({ load, apply, log }: FollowOptions): Promise<FollowedPair> {
  let current = checkPair(await load())
  let complaint: string | undefined

  async function look(): Promise<void> {
    try {
      const pair = await load()
      if (pair.key !== current.pair.key || pair.cert !== current.pair.cert) {
        const checked = checkPair(pair)
        apply(checked)
        current = checked
        const { fingerprint, validUntil } = checked
        log.info({ fingerprint, validUntil }, 'serving a new TLS certificate')
      }
      complaint = undefined
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      // Also the moment between the writing of the one file and of the other comes here.
      if (message !== complaint) {
        log.error({ err: error }, 'the new TLS key and certificate are no good; the old go on')
      }
      complaint = message
    }
  }

  return { current: () => current, look }
}
