// Builds the Bridge out of its acts. The one place that knows how they hang together.
import type { JottaClient } from '../jotta/client.ts'
import { createReadOnlyClient } from '../jotta/read-only.ts'
import { createSemaphore } from '../jotta/semaphore.ts'
import type { Bridge, RequestContext } from './bridge.ts'
import { createBucketHome } from './bucket-home.ts'
import type { BucketPlacement } from './bucket-place.ts'
import { createBuckets, isBucketRoot } from './buckets.ts'
import { copyPart } from './copy-part.ts'
import { createEmptyFolders } from './empty-folders.ts'
import { createFolderFacts } from './folder-facts.ts'
import { createFolderGuard } from './folder-guard.ts'
import { translatingErrors } from './jotta-error.ts'
import { createKeyLocks } from './key-locks.ts'
import { createKeyPlaces } from './key-places.ts'
import { createLeases } from './leases.ts'
import { type LeftRecordsCounts, settleLeftRecords } from './left-records.ts'
import {
  type LifecycleCounts,
  type LifecycleOptions,
  type LifecycleParts,
  runLifecycle,
} from './lifecycle-run.ts'
import { type ListParts, listObjects, listObjectsInto } from './list-objects.ts'
import { createMarkers } from './listings/markers.ts'
import type { Snapshots } from './listings/snapshots.ts'
import { createNewFolders } from './new-folders.ts'
import { createObjects } from './objects.ts'
import { createParentFolders } from './parent-folders.ts'
import { createReplacing } from './replacing.ts'
import type { Spool } from './spool.ts'
import { createStagingSlots } from './staged-upload.ts'
import type { State } from './state/state.ts'
import { createUploads } from './uploads.ts'

export type BridgeOptions = {
  readonly jotta: JottaClient
  readonly state: State
  readonly spool: Spool
  readonly snapshots: Snapshots
  /** Where the buckets are, and how each behaves. */
  readonly placement: BucketPlacement
  /** `read-only` writes nothing to Jottacloud: neither what is asked for nor what it would mend itself. */
  readonly access: 'full' | 'read-only'
  readonly multipartEtag: 's3' | 'md5'
  /** Larger bodies that announce their MD5 are not spooled. */
  readonly memoryLimitBytes: number
  /** How many uploads the client sends at once. */
  readonly maxConcurrentUploads: number
  /** Entries of a folder, those in the trash included; what comes then goes into shards of it. */
  readonly folderMaxEntries: number
  /** How long one request waits for what another one does to the same folder, or another process to its key. */
  readonly lockWaitMs?: number | undefined
  /** How long one that leaves a folder empty waits for others that are still in it. */
  readonly folderWaitMs?: number | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** For what an operator should know though no request failed. */
  readonly warn: (message: string, cause: unknown) => void
  /** Ends work that outlives its request: completions of multipart uploads. */
  readonly stopSignal: AbortSignal
}

/** A bridge that can be waited for. */
export type OwnBridge = Bridge & {
  /** Resolves when no work goes on that outlived its request; to be asked before the state is closed. */
  settled(): Promise<void>
  /** Carries out the lifecycle rules of all its buckets: for one process at a time. */
  runLifecycle(options: LifecycleOptions, context: RequestContext): Promise<LifecycleCounts>
  /** Settles the metadata that failed and killed writes left: for one process at a time. */
  settleLeftRecords(pause: () => Promise<void>, context: RequestContext): Promise<LeftRecordsCounts>
}

export function createBridge(given: BridgeOptions): OwnBridge {
  const options = withAccess(given)
  const leases = createLeases({ ...options, leases: options.state.leases })
  const locks = createKeyLocks(leases)
  const guard = createFolderGuard(leases)
  const home = createBucketHome(options.jotta, options.placement.home)
  const parents = createParentFolders(options.jotta, options.now)
  const facts = createFolderFacts(options.jotta, options.state.folders, options.now)
  const emptyFolders = createEmptyFolders({
    ...{ ...options, guard, parents, facts },
    isBucketRoot: (folder) => isBucketRoot(home, options.placement, folder),
  })
  const newFolders = createNewFolders({ ...options, emptyFolders })
  const places = createKeyPlaces({ ...options, parents, facts, newFolders })
  const replacing = createReplacing({ ...options, locks, guard, parents, facts })
  const writing = { ...options, locks, guard, parents, places, facts, newFolders, replacing }
  const buckets = createBuckets({ ...writing, home })
  const stagingSlots = createStagingSlots({
    minBytes: options.memoryLimitBytes,
    // A staged body holds a send slot while it arrives: most slots stay free for what is ready.
    count: Math.min(3, Math.floor((options.maxConcurrentUploads - 1) / 2)),
    now: options.now,
  })
  const paging = pagingOf(options)
  const parts = { ...writing, stagingSlots, emptyFolders, buckets, ...paging }
  const objects = createObjects(parts)
  const uploads = createUploads(parts)

  const lists: Pick<LifecycleParts, 'listObjects' | 'upstreamNow'> = {
    listObjects: (input, context) => listObjects(parts, input, context),
    upstreamNow: () => options.jotta.serviceNow(),
  }

  return {
    async settled() {
      await uploads.settled()
      await newFolders.settled()
    },
    runLifecycle: (lifecycle, context) =>
      runLifecycle({ ...parts, uploads, ...lists }, lifecycle, context),
    settleLeftRecords: (pause, context) => settleLeftRecords(parts, pause, context),
    listBuckets: (context) => translatingErrors(() => buckets.list(context)),
    createBucket: (bucket, context, configurations) =>
      translatingErrors(() => buckets.create(bucket, context, configurations)),
    headBucket: (bucket, context) => translatingErrors(() => buckets.head(bucket, context)),
    bucketMayExist: (...asked) => translatingErrors(() => buckets.mayExist(...asked)),
    deleteBucket: (bucket, context) => translatingErrors(() => buckets.remove(bucket, context)),
    bucketConfigurations: (bucket) => options.state.bucketConfigurations.find(bucket),
    setBucketConfiguration: (input, context) =>
      translatingErrors(() => buckets.configure(input, context)),

    putObject: (input, context) => translatingErrors(() => objects.put(input, context)),
    getObject: (input, context) => translatingErrors(() => objects.get(input, context)),
    headObject: (input, context) => translatingErrors(() => objects.head(input, context)),
    deleteObject: (input, context) => translatingErrors(() => objects.remove(input, context)),
    deleteObjects: (input, context) => translatingErrors(() => objects.removeMany(input, context)),
    copyObject: (input, context) => translatingErrors(() => objects.copy(input, context)),
    getObjectAttributes: (input, context) =>
      translatingErrors(() => objects.attributes(input, context)),
    getObjectTagging: (input, context) => translatingErrors(() => objects.tags(input, context)),
    keptLabels: ({ bucket, key }) => options.state.objects.latest(bucket, key),
    putObjectAcl: (input, context) => translatingErrors(() => objects.setAcl(input, context)),
    putObjectTagging: (input, context) => translatingErrors(() => objects.setTags(input, context)),
    deleteObjectTagging: (input, context) =>
      translatingErrors(() => objects.setTags({ ...input, tags: [] }, context)),
    ...listing(parts),

    createMultipartUpload: (input, context) =>
      translatingErrors(() => uploads.create(input, context)),
    uploadPartCopy: (input, context) =>
      translatingErrors(() =>
        copyPart({ getObject: objects.get }, { uploadPart: uploads.uploadPart }, input, context),
      ),
    uploadPart: (input, context) => translatingErrors(() => uploads.uploadPart(input, context)),
    completeMultipartUpload: (input, context) =>
      translatingErrors(() => uploads.complete(input, context)),
    abortMultipartUpload: (input, context) =>
      translatingErrors(() => uploads.abort(input, context)),
    listParts: (input, context) => translatingErrors(() => uploads.listParts(input, context)),
    listMultipartUploads: (input, context) => translatingErrors(() => uploads.list(input, context)),
  }
}

function pagingOf({ state, now }: BridgeOptions): Pick<ListParts, 'markers' | 'pageTurns'> {
  return { markers: createMarkers(state.listings, now), pageTurns: createSemaphore(1) }
}

function listing(parts: ListParts): Pick<Bridge, 'listObjects' | 'listObjectsInto'> {
  return {
    listObjects: (input, context) => translatingErrors(() => listObjects(parts, input, context)),
    listObjectsInto: (input, context, take) =>
      translatingErrors(() => listObjectsInto(parts, input, context, take)),
  }
}

function withAccess(given: BridgeOptions): BridgeOptions {
  return given.access === 'full' ? given : { ...given, jotta: createReadOnlyClient(given.jotta) }
}
