// Buckets: mountpoints of the bridge's own device. A mountpoint whose lower-cased name is no legal
// bucket name is left alone and not listed.
import type { JottaClient, Location } from '../jotta/client.ts'
import type { Mountpoint } from '../jotta/wire.ts'
import type { Bucket, RequestContext } from './bridge.ts'
import { bucketOfMountpoint, isBucketName } from './bucket-name.ts'
import type { FolderGuard } from './folder-guard.ts'
import { isJottaError } from './jotta-error.ts'
import type { KeyLocks } from './key-locks.ts'
import { isReservedName } from './key-path.ts'
import { S3Error } from './s3-error.ts'
import type { Spool } from './spool.ts'
import type { State } from './state/state.ts'
import { readableObject } from './stored-object.ts'

export type BucketParts = {
  readonly jotta: JottaClient
  readonly state: State
  readonly spool: Spool
  readonly locks: KeyLocks
  readonly guard: FolderGuard
  /** The bridge's own device; made when the first bucket is. */
  readonly device: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface Buckets {
  list(context: RequestContext): Promise<Bucket[]>
  create(bucket: string, context: RequestContext): Promise<void>
  remove(bucket: string, context: RequestContext): Promise<void>
  /** The bucket's root folder. Throws NoSuchBucket. */
  root(bucket: string, context: RequestContext): Promise<Location>
}

/** How long a bucket that was seen is taken to exist; another process may remove it meanwhile. */
const knownForMs = 10_000

export function createBuckets(parts: BucketParts): Buckets {
  const known = new Map<string, { mountpoint: string; seenMs: number }>()

  const find = async (bucket: string, context: RequestContext): Promise<string | undefined> => {
    const mountpoints = (await parts.jotta.mountpoints(parts.device, context)) ?? []
    const found = mountpointsByBucket(mountpoints).get(bucket)?.name
    if (found === undefined) known.delete(bucket)
    else known.set(bucket, { mountpoint: found, seenMs: parts.now() })
    return found
  }

  return {
    async list(context) {
      const mountpoints = (await parts.jotta.mountpoints(parts.device, context)) ?? []
      return [...mountpointsByBucket(mountpoints)]
        .map(([name, mountpoint]) => {
          // Jottacloud keeps no creation time of a mountpoint.
          return { name, created: mountpoint.modified ?? new Date(0) }
        })
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    },

    async create(bucket, context) {
      if (!isBucketName(bucket)) throw new S3Error('InvalidBucketName', elements(bucket))
      await parts.locks.withLock(`bucket ${bucket}`, context.signal, async () => {
        if ((await find(bucket, context)) !== undefined) {
          throw new S3Error('BucketAlreadyOwnedByYou', elements(bucket))
        }
        if ((await parts.jotta.device(parts.device, context)) === undefined) {
          await parts.jotta.createDevice(parts.device, context)
        }
        await parts.jotta.createMountpoint(parts.device, bucket, context)
        known.delete(bucket)
      })
    },

    async remove(bucket, context) {
      await parts.locks.withLock(`bucket ${bucket}`, context.signal, async () => {
        const mountpoint = await find(bucket, context)
        if (mountpoint === undefined) throw new S3Error('NoSuchBucket', elements(bucket))
        const root = { device: parts.device, mountpoint, path: [] }
        const removed = await parts.guard.ifUnused(root, context.signal, async () => {
          if (await hasFiles(parts.jotta, root, context)) {
            throw new S3Error('BucketNotEmpty', elements(bucket))
          }
          known.delete(bucket)
          // To the trash, so that what another writer put there since is not lost.
          return await parts.jotta.removeMountpoint(parts.device, mountpoint, 'trash', context)
        })
        // Somebody writes there at this moment.
        if (removed === undefined) throw new S3Error('OperationAborted', elements(bucket))
        const files = await parts.state.uploads.removeBucket(bucket)
        await parts.spool.removeParts(files)
        await parts.state.objects.removeBucket(bucket)
      })
    },

    async root(bucket, context) {
      if (!isBucketName(bucket)) throw new S3Error('NoSuchBucket', elements(bucket))
      const seen = known.get(bucket)
      const fresh = seen !== undefined && parts.now() - seen.seenMs < knownForMs
      const mountpoint = fresh ? seen.mountpoint : await find(bucket, context)
      if (mountpoint === undefined) throw new S3Error('NoSuchBucket', elements(bucket))
      return { device: parts.device, mountpoint, path: [] }
    },
  }
}

/**
 * The mountpoint that each bucket is. Should Jottacloud tell names apart by case after all, it is the one
 * that bears the bucket's very name, else always the same one.
 */
function mountpointsByBucket(mountpoints: readonly Mountpoint[]): Map<string, Mountpoint> {
  const found = new Map<string, Mountpoint>()
  for (const mountpoint of mountpoints) {
    const bucket = bucketOfMountpoint(mountpoint.name)
    if (bucket === undefined) continue
    const other = found.get(bucket)
    // Small letters come last in ASCII.
    if (other === undefined || other.name < mountpoint.name) found.set(bucket, mountpoint)
  }
  return found
}

/** Whether anything live is stored below the root, the bridge's own folder aside. */
async function hasFiles(
  jotta: JottaClient,
  root: Location,
  context: RequestContext,
): Promise<boolean> {
  let folders = 0
  try {
    for await (const entry of jotta.list(root, context)) {
      if (entry.deleted || isReservedName(entry.name)) continue
      if (entry.kind === 'folder') folders += 1
      else if (readableObject(entry) !== undefined) return true
    }
    if (folders === 0) return false
    for await (const entry of jotta.listTree(root, context)) {
      if (entry.kind === 'file' && !isReservedName(entry.path[0] ?? '')) return true
    }
    return false
  } catch (error) {
    if (isJottaError(error, 'not-found')) return false
    throw error
  }
}

function elements(bucket: string): { elements: { BucketName: string } } {
  return { elements: { BucketName: bucket } }
}
