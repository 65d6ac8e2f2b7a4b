// Buckets: those of the bridge's home, which clients make and remove, and aliases, which the operator set to
// any folder or mountpoint of the account.
import { z } from 'zod'
import type { JottaClient, Location } from '../jotta/client.ts'
import type { Bridge, Bucket, BucketConfigurations, RequestContext } from './bridge.ts'
import { readKept } from './bucket-configuration.ts'
import { type BucketGlance, createBucketGlance } from './bucket-glance.ts'
import { type BucketHome, createBucketHome } from './bucket-home.ts'
import { isBucketName } from './bucket-name.ts'
import { renderBucketPath } from './bucket-path.ts'
import { type BucketPlace, type BucketPlacement, behaviourOf } from './bucket-place.ts'
import { findFolder } from './find-folder.ts'
import type { FolderGuard } from './folder-guard.ts'
import { isJottaError } from './jotta-error.ts'
import type { KeyLocks } from './key-locks.ts'
import { isReservedName } from './key-path.ts'
import { createKnownBuckets } from './known-buckets.ts'
import { untilAnswered } from './leases.ts'
import { isSamePlace } from './location.ts'
import type { ParentFolders } from './parent-folders.ts'
import type { Replacing } from './replacing.ts'
import { S3Error } from './s3-error.ts'
import type { Spool } from './spool.ts'
import type { State } from './state/state.ts'
import { holdsContent } from './stored-object.ts'

export type BucketParts = {
  readonly jotta: JottaClient
  readonly state: State
  readonly spool: Spool
  readonly locks: KeyLocks
  readonly guard: FolderGuard
  readonly parents: ParentFolders
  readonly replacing: Replacing
  readonly home: BucketHome
  readonly placement: BucketPlacement
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface Buckets {
  list(context: RequestContext): Promise<Bucket[]>
  create(
    bucket: string,
    context: RequestContext,
    configurations?: BucketConfigurations,
  ): Promise<void>
  remove(bucket: string, context: RequestContext): Promise<void>
  /** Looks whether the bucket exists now. Throws NoSuchBucket. */
  head(bucket: string, context: RequestContext): Promise<void>
  readonly mayExist: BucketGlance['mayExist']
  /** Throws NoSuchBucket. */
  configure(
    input: Parameters<Bridge['setBucketConfiguration']>[0],
    context: RequestContext,
  ): Promise<void>
  /** A bucket that exists, ready for use. Throws NoSuchBucket. */
  place(bucket: string, context: RequestContext): Promise<BucketPlace>
  /**
   * To be called by a write that has entered a folder of the bucket, so that nobody can remove it from then on.
   * Throws NoSuchBucket when somebody has since it was seen, in whichever process.
   */
  confirm(bucket: string, context: RequestContext): Promise<void>
}

/** When the bridge made the bucket, in ISO 8601: Jottacloud shows no time of a new mountpoint, nor of a folder. */
const creation = { name: 'created', schema: z.iso.datetime() } as const

export function createBuckets(parts: BucketParts): Buckets {
  const { jotta, home, placement } = parts
  const known = createKnownBuckets(parts)
  const glance = createBucketGlance(parts)
  const aliasOf = (bucket: string): Location | undefined => placement.named.get(bucket)?.path

  return {
    async list(context) {
      const buckets = await listHome(parts, context)
      for (const [name, { path }] of placement.named) {
        if (path === undefined || (await known.find(name, context)) === undefined) continue
        // Jottacloud keeps no time of a folder.
        buckets.push({ name, created: new Date(0) })
      }
      return buckets.sort((a, b) => (a.name < b.name ? -1 : 1))
    },

    async create(bucket, context, configurations = new Map()) {
      if (!isBucketName(bucket)) throw new S3Error('InvalidBucketName', elements(bucket))
      const alias = aliasOf(bucket)
      if (alias !== undefined) throw alreadyConfigured(bucket, alias)
      await parts.locks.withLock(`bucket ${bucket}`, context, async () => {
        if ((await known.find(bucket, context)) !== undefined) {
          throw new S3Error('BucketAlreadyOwnedByYou', elements(bucket))
        }
        await beginConfigurations(parts, bucket, configurations)
        await home.create(bucket, context)
        known.forget(bucket)
      })
    },

    async remove(bucket, context) {
      if (aliasOf(bucket) !== undefined) {
        throw new S3Error('MethodNotAllowed', {
          message:
            'This bucket is set in the configuration of the server. Remove it there; its folder stays in Jottacloud.',
          ...elements(bucket),
        })
      }
      await parts.locks.withLock(`bucket ${bucket}`, context, async () => {
        const root = await known.find(bucket, context)
        if (root === undefined) throw noSuchBucket(bucket, undefined)
        await parts.replacing.settle(placeAt(placement, bucket, root), context)
        const removed = await parts.guard.ifUnused(root, context.signal, async (held) => {
          if (await hasFiles(jotta, root, context)) {
            throw new S3Error('BucketNotEmpty', elements(bucket))
          }
          await parts.state.bucketRemovals.begin()
          try {
            await held.check()
            known.forget(bucket)
            await home.remove(root, { ...context, signal: untilAnswered(held) })
          } finally {
            await parts.state.bucketRemovals.end()
          }
          glance.forget(bucket)
          parts.parents.forget(root)
          return 'removed'
        })
        // Somebody writes there at this moment.
        if (removed === undefined) throw new S3Error('OperationAborted', elements(bucket))
        await forgetBucket(parts, bucket)
      })
    },

    async configure({ bucket, name, text }, context) {
      // Not while the bucket is made or removed: its next owner would inherit what is set here.
      await parts.locks.withLock(`bucket ${bucket}`, context, async () => {
        if (!isBucketName(bucket) || (await known.find(bucket, context)) === undefined) {
          throw noSuchBucket(bucket, aliasOf(bucket))
        }
        const kept = parts.state.bucketConfigurations
        await (text === undefined ? kept.remove(bucket, name) : kept.put({ bucket, name, text }))
      })
    },

    async head(bucket, context) {
      if (isBucketName(bucket) && (await known.find(bucket, context)) !== undefined) return
      throw noSuchBucket(bucket, aliasOf(bucket))
    },

    mayExist: glance.mayExist,

    async place(bucket, context) {
      if (!isBucketName(bucket)) throw noSuchBucket(bucket, undefined)
      const root = await known.seen(bucket, context)
      if (root === undefined) throw noSuchBucket(bucket, aliasOf(bucket))
      const place = placeAt(placement, bucket, root)
      await parts.replacing.settle(place, context)
      return place
    },

    async confirm(bucket, context) {
      const root = await known.confirm(bucket, context)
      if (root === undefined) throw noSuchBucket(bucket, aliasOf(bucket))
    },
  }
}

function placeAt(placement: BucketPlacement, bucket: string, root: Location): BucketPlace {
  return { bucket, root, ...behaviourOf(placement, bucket) }
}

async function listHome(parts: BucketParts, context: RequestContext): Promise<Bucket[]> {
  const buckets: Bucket[] = []
  for (const [name, { created }] of await homeBuckets(parts.home, parts.placement, context)) {
    const kept = readKept(await parts.state.bucketConfigurations.find(name), creation)
    buckets.push({ name, created: kept === undefined ? created : new Date(kept) })
  }
  return buckets
}

/** Before the bucket is there, so that it is never anybody else's. */
async function beginConfigurations(
  parts: BucketParts,
  bucket: string,
  configurations: BucketConfigurations,
): Promise<void> {
  const { state, now } = parts
  // Of a bucket of this name that went away without S3, was never made, or whose removal ended half way: what
  // is kept of that one, its unfinished uploads too, is not this one's.
  await forgetBucket(parts, bucket)
  const made = JSON.stringify(new Date(now()).toISOString())
  for (const [name, text] of [...configurations, [creation.name, made] as const]) {
    await state.bucketConfigurations.put({ bucket, name, text })
  }
}

async function forgetBucket({ state, spool }: BucketParts, bucket: string): Promise<void> {
  await spool.removeParts(await state.uploads.removeBucket(bucket))
  await state.objects.removeBucket(bucket)
  await state.bucketConfigurations.removeBucket(bucket)
}

/** Whether a folder is a bucket as a whole, or would be if it existed: it is not removed for being empty. */
export function isBucketRoot(
  home: BucketHome,
  placement: BucketPlacement,
  folder: Location,
): boolean {
  const aliases = [...placement.named.values()].flatMap(({ path }) => path ?? [])
  return home.isRoot(folder) || aliases.some((alias) => isSamePlace(alias, folder))
}

/** What an operator should know of the configured buckets: one sentence each. */
export async function findOddBuckets(
  jotta: JottaClient,
  placement: BucketPlacement,
  context: RequestContext,
): Promise<string[]> {
  const ordinary = await createBucketHome(jotta, placement.home).list(context)
  const findings: string[] = []
  for (const [bucket, { path }] of placement.named) {
    if (path === undefined) continue
    const text = renderBucketPath(path)
    const root = await findFolder(jotta, path, context)
    if (root === undefined) {
      findings.push(`the bucket ${bucket} is set to ${text}, which is not in Jottacloud`)
    }
    const hidden = ordinary.get(bucket)?.root
    if (hidden === undefined || (root !== undefined && isSamePlace(hidden, root))) continue
    findings.push(
      `the bucket ${bucket} is set to ${text} and hides ${renderBucketPath(hidden)}, which would be it otherwise`,
    )
  }
  return findings
}

/** Those of the home that no alias hides. */
async function homeBuckets(home: BucketHome, placement: BucketPlacement, context: RequestContext) {
  return [...(await home.list(context))].filter(
    ([name]) => placement.named.get(name)?.path === undefined,
  )
}

function alreadyConfigured(bucket: string, alias: Location): S3Error {
  return new S3Error('BucketAlreadyOwnedByYou', {
    message: `The server is configured to show ${renderBucketPath(alias)} of Jottacloud as this bucket.`,
    ...elements(bucket),
  })
}

function noSuchBucket(bucket: string, alias: Location | undefined): S3Error {
  return new S3Error('NoSuchBucket', {
    ...(alias !== undefined && {
      message: `The server is configured to show ${renderBucketPath(alias)} of Jottacloud as this bucket, and that folder is not there.`,
    }),
    ...elements(bucket),
  })
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
      else if (holdsContent(entry)) return true
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
