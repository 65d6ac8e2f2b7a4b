// Where ordinary buckets are, which clients make and remove: mountpoints of the bridge's own device, or
// folders of one folder. What has a name that is no bucket's, in lower case, is left alone.
import type { JottaClient, Location } from '../jotta/client.ts'
import type { RequestContext } from './bridge.ts'
import { bucketOfMountpoint } from './bucket-name.ts'
import { renderBucketPath } from './bucket-path.ts'
import type { BucketHomePlace } from './bucket-place.ts'
import { findFolder, findMountpoint } from './find-folder.ts'
import { isJottaError } from './jotta-error.ts'
import { childOf, isSamePlace, parentOf } from './location.ts'
import { S3Error } from './s3-error.ts'

export type HomeBucket = { readonly root: Location; readonly created: Date }

export interface BucketHome {
  /** By bucket name. */
  list(context: RequestContext): Promise<Map<string, HomeBucket>>
  /** Makes the home too when it is missing. Only for a bucket that is not there. */
  create(bucket: string, context: RequestContext): Promise<void>
  /** To the trash, so that what another writer put there since is not lost. */
  remove(root: Location, context: RequestContext): Promise<void>
  /** Whether this place is a bucket of this home if it exists. */
  isRoot(folder: Location): boolean
}

export function createBucketHome(jotta: JottaClient, place: BucketHomePlace): BucketHome {
  return place.kind === 'device' ? deviceHome(jotta, place.device) : folderHome(jotta, place.folder)
}

function deviceHome(jotta: JottaClient, device: string): BucketHome {
  return {
    async list(context) {
      const mountpoints = (await jotta.mountpoints(device, context)) ?? []
      const found = mountpoints.map(({ name, modified }) => ({ name, modified }))
      return byBucket(found, (mountpoint) => ({ device, mountpoint, path: [] }))
    },
    async create(bucket, context) {
      if ((await jotta.device(device, context)) === undefined) {
        await jotta.createDevice(device, context)
      }
      await jotta.createMountpoint(device, bucket, context)
    },
    async remove(root, context) {
      await jotta.removeMountpoint(device, root.mountpoint, 'trash', context)
    },
    isRoot: ({ path }) => path.length === 0,
  }
}

function folderHome(jotta: JottaClient, written: Location): BucketHome {
  /** Makes what is missing, but never a mountpoint of the built-in device: its owner would not see it. */
  const make = async (context: RequestContext): Promise<Location> => {
    const found = await findFolder(jotta, written, context)
    if (found !== undefined) return found
    if ((await findMountpoint(jotta, written, context)) === undefined) {
      if (written.device.toLowerCase() === 'jotta') throw noMountpoint(written)
      const device = (await jotta.device(written.device, context))?.name
      if (device === undefined) await jotta.createDevice(written.device, context)
      await jotta.createMountpoint(device ?? written.device, written.mountpoint, context)
    }
    const mountpoint = await findMountpoint(jotta, written, context)
    if (mountpoint === undefined) throw noMountpoint(written)
    const folder = { ...mountpoint, path: written.path }
    if (folder.path.length > 0) await jotta.createFolder(folder, context)
    // A name that came back from the trash has its old casing.
    return (await findFolder(jotta, written, context)) ?? folder
  }

  return {
    async list(context) {
      const folder = await findFolder(jotta, written, context)
      if (folder === undefined) return new Map()
      const names: { name: string; modified: undefined }[] = []
      try {
        for await (const entry of jotta.list(folder, context)) {
          if (entry.kind !== 'folder' || entry.deleted) continue
          names.push({ name: entry.name, modified: undefined })
        }
      } catch (error) {
        // Removed since it was found.
        if (isJottaError(error, 'not-found')) return new Map()
        throw error
      }
      return byBucket(names, (name) => childOf(folder, name))
    },
    async create(bucket, context) {
      const folder = await make(context)
      try {
        await jotta.createFolder(childOf(folder, bucket), context)
      } catch (error) {
        if (!isJottaError(error, 'conflict')) throw error
        throw new S3Error('BucketAlreadyExists', {
          message: 'A file of this name lies where the folder of the bucket would be.',
          elements: { BucketName: bucket },
          cause: error,
        })
      }
    },
    async remove(root, context) {
      await jotta.removeFolder(root, 'trash', context)
    },
    isRoot(folder) {
      if (folder.path.length <= written.path.length) return isSamePlace(folder, written)
      return isSamePlace(parentOf(folder), written)
    },
  }
}

function noMountpoint(written: Location): S3Error {
  return new S3Error('InvalidRequest', {
    message: `Buckets are folders of ${renderBucketPath(written)} here, and Jottacloud has no ${written.device}/${written.mountpoint}.`,
  })
}

/**
 * What each bucket is. Should Jottacloud tell names apart by case after all, it is the one that bears the
 * bucket's very name, else always the same one.
 */
function byBucket(
  entries: readonly { readonly name: string; readonly modified: Date | undefined }[],
  rootOf: (name: string) => Location,
): Map<string, HomeBucket> {
  const names = new Map<string, { readonly name: string; readonly modified: Date | undefined }>()
  for (const entry of entries) {
    const bucket = bucketOfMountpoint(entry.name)
    if (bucket === undefined) continue
    const other = names.get(bucket)
    // Small letters come last in ASCII.
    if (other === undefined || other.name < entry.name) names.set(bucket, entry)
  }
  return new Map(
    [...names].map(([bucket, { name, modified }]) => [
      bucket,
      // The last change, for a bucket that the bridge has not made; a folder has not even that.
      { root: rootOf(name), created: modified ?? new Date(0) },
    ]),
  )
}
