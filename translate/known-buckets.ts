// Buckets that were seen lately, so that not every request looks for its bucket, and whether they are still there.
import type { JottaClient, Location } from '../jotta/client.ts'
import type { RequestContext } from './bridge.ts'
import type { BucketHome } from './bucket-home.ts'
import type { BucketPlacement } from './bucket-place.ts'
import { findFolder } from './find-folder.ts'
import type { State } from './state/state.ts'
import { isExactly, isLiveFolder } from './stored-object.ts'

export interface KnownBuckets {
  /** Looks where it is now; `undefined` when it is not there. */
  find(bucket: string, context: RequestContext): Promise<Location | undefined>
  /** As `find`, unless it was seen a moment ago. */
  seen(bucket: string, context: RequestContext): Promise<Location | undefined>
  /**
   * For who keeps others from removing it. As `find`, unless it was seen and no removal of a bucket was begun since,
   * nor was under way then, in whichever process.
   */
  confirm(bucket: string, context: RequestContext): Promise<Location | undefined>
  forget(bucket: string): void
}

export type KnownBucketsParts = {
  readonly jotta: JottaClient
  readonly state: Pick<State, 'bucketRemovals'>
  readonly home: BucketHome
  readonly placement: BucketPlacement
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

type Known = {
  readonly root: Location
  readonly seenMs: number
  /** How many removals had been begun when it was there for certain; `undefined`: one was open at each look. */
  readonly removals: number | undefined
}

/** How long a bucket that was seen is taken to exist. What a write must not miss meanwhile it asks `confirm`. */
const knownForMs = 10_000

export function createKnownBuckets(parts: KnownBucketsParts): KnownBuckets {
  const { jotta, home, placement } = parts
  const { bucketRemovals } = parts.state
  const known = new Map<string, Known>()

  const look = async (
    bucket: string,
    by: 'anyone' | 'who keeps it',
    context: RequestContext,
  ): Promise<Location | undefined> => {
    const alias = placement.named.get(bucket)?.path
    // Before the look: what is begun during it counts as begun after it.
    const { begun, open } = await bucketRemovals.counts()
    const root =
      alias === undefined
        ? (await home.list(context)).get(bucket)?.root
        : await findAlias(jotta, alias, known.get(bucket)?.root, context)
    if (root === undefined) {
      known.delete(bucket)
      return undefined
    }
    const isCertain = open === 0 || by === 'who keeps it'
    const removals = isCertain ? begun : known.get(bucket)?.removals
    known.set(bucket, { root, seenMs: parts.now(), removals })
    return root
  }

  return {
    find: (bucket, context) => look(bucket, 'anyone', context),
    async seen(bucket, context) {
      const seen = known.get(bucket)
      const isFresh = seen !== undefined && parts.now() - seen.seenMs < knownForMs
      return isFresh ? seen.root : await look(bucket, 'anyone', context)
    },
    async confirm(bucket, context) {
      const seen = known.get(bucket)
      const { begun } = await bucketRemovals.counts()
      return seen?.removals === begun ? seen.root : await look(bucket, 'who keeps it', context)
    },
    forget: (bucket) => void known.delete(bucket),
  }
}

/** Where it was before is looked at first, which is one call. */
async function findAlias(
  jotta: JottaClient,
  written: Location,
  before: Location | undefined,
  context: RequestContext,
): Promise<Location | undefined> {
  if (before !== undefined) {
    const entry = await jotta.stat(before, context)
    if (isLiveFolder(entry) && isExactly(entry, before)) return before
  }
  return await findFolder(jotta, written, context)
}
