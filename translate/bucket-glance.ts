// Whether a bucket may exist, for askers who may be anybody: their questions must not become as many of the
// bridge's own, so the home is looked at once in a while for all of them together.
import type { RequestContext } from './bridge.ts'
import type { BucketHome } from './bucket-home.ts'
import { isBucketName } from './bucket-name.ts'
import type { BucketPlacement } from './bucket-place.ts'
import type { State } from './state/state.ts'

/** How long one look serves. */
const servesMs = 10_000

export type BucketGlanceParts = {
  readonly home: BucketHome
  readonly placement: BucketPlacement
  readonly state: State
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface BucketGlance {
  /** True while a look is under way, and after one that failed, which throws for whoever looked. */
  mayExist(bucket: string, context: RequestContext): Promise<boolean>
  /** The bucket was removed. */
  forget(bucket: string): void
}

export function createBucketGlance({
  home,
  placement,
  state,
  now,
}: BucketGlanceParts): BucketGlance {
  let lookedMs = Number.NEGATIVE_INFINITY
  let seen: Set<string> | undefined
  return {
    async mayExist(bucket, context) {
      if (!isBucketName(bucket)) return false
      if (placement.named.get(bucket)?.path !== undefined) return true
      if ((await state.bucketConfigurations.find(bucket)).size > 0) return true
      // A look that lies ahead was made before the clock stepped back.
      if (Math.abs(now() - lookedMs) >= servesMs) {
        // A look that fails counts as well, lest each asker repeats it.
        lookedMs = now()
        seen = undefined
        seen = new Set((await home.list(context)).keys())
      }
      return seen?.has(bucket) ?? true
    },
    forget(bucket) {
      seen?.delete(bucket)
    },
  }
}
