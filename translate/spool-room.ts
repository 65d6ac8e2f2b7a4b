// How much of the disk the spool takes and may take. Files that lie there whole are everybody's: other processes
// put some there and remove some, so they are counted anew now and then, and always before anything is refused.
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectBody } from './bridge.ts'
import { diskFull } from './disk-error.ts'
import { S3Error } from './s3-error.ts'

export type SpaceUsage = { readonly usedBytes: number; readonly limitBytes: number }

export type RoomOptions = {
  readonly directory: string
  /** All files of the spool together; past it writes are refused with SlowDown. */
  readonly maxBytes: number
  /** Milliseconds, of a clock that never steps back. */
  readonly now: () => number
  /** What the disk has left; asked of the system when it is not given. */
  readonly freeBytes?: () => Promise<number>
}

export interface SpoolRoom {
  /**
   * Sets room aside for a body that comes in, in a file of this name or one without a name. Throws SlowDown when
   * there is none.
   */
  take(body: Pick<ObjectBody, 'sizeBytes' | 'sizeIs'>, fileName?: string): Promise<RoomTaken>
  /**
   * Files of the spool were removed. Whether they were counted is not known: the next `take` counts anew, unless the
   * last count was too long for that.
   */
  freed(sizeBytes: number): void
  /** Those of other processes as of a moment ago. */
  usage(): Promise<SpaceUsage>
}

/** Ended by one of `giveBack` and `keep`. */
export type RoomTaken = {
  wrote(sizeBytes: number): void
  giveBack(): void
  /** The file stays, with this size. */
  keep(sizeBytes: number): void
}

export const partSuffix = '.part'

/** What another process does is noticed so late at the most, and sooner where something would be refused. */
const countedForMs = 10_000
const countedBeforeRefusalMs = 1_000
/** A count is not repeated before this many times as long as it took. */
const countPauses = 20
/** Bodies leave so much of the disk: what the state needs to note deletes, which make room again. */
const keptFreeBytes = 32 * 2 ** 20

export async function openRoom(options: RoomOptions): Promise<SpoolRoom> {
  const { directory, maxBytes, freeBytes = () => freeBytesOf(directory) } = options
  const files = createFileCount(directory, options.now)
  /** Set aside by this process, and how much of that is not written yet. */
  let arrivingBytes = 0
  let unwrittenBytes = 0
  await files.countAgain(0)

  const fits = (sizeBytes: number): boolean => files.bytes() + arrivingBytes + sizeBytes <= maxBytes
  return {
    async take({ sizeBytes, sizeIs }, fileName) {
      // Of a body whose size is not known it may be far more than will come.
      const expectedBytes = sizeIs === 'at-most' ? 0 : sizeBytes
      await files.countAgain(countedForMs)
      if (!fits(sizeBytes)) await files.countAgain(countedBeforeRefusalMs)
      const leftOnDisk = await freeBytes()
      // From here on nothing waits, so that no two take the same room.
      if (leftOnDisk - unwrittenBytes - expectedBytes < keptFreeBytes) throw diskFull()
      if (!fits(sizeBytes)) {
        throw new S3Error('SlowDown', {
          message: 'The space where uploads wait for Jottacloud is full. Try again later.',
        })
      }
      let leftBytes = expectedBytes
      arrivingBytes += sizeBytes
      unwrittenBytes += leftBytes
      if (fileName !== undefined) files.arrives(fileName)
      const wrote = (writtenBytes: number): void => {
        const bytes = Math.min(writtenBytes, leftBytes)
        leftBytes -= bytes
        unwrittenBytes -= bytes
      }
      let isOver = false
      const giveBack = (): void => {
        if (isOver) return
        isOver = true
        wrote(leftBytes)
        arrivingBytes -= sizeBytes
        if (fileName !== undefined) files.gone(fileName)
      }
      return {
        wrote,
        giveBack,
        keep(keptBytes) {
          giveBack()
          files.added(keptBytes)
        },
      }
    },

    freed: files.freed,
    async usage() {
      await files.countAgain(countedForMs)
      return { usedBytes: files.bytes() + arrivingBytes, limitBytes: maxBytes }
    },
  }
}

/** Counts the whole files: those that arrive in this process have their room already, and are left out. */
function createFileCount(directory: string, now: () => number) {
  let bytes = 0
  let addedMeanwhile = 0
  const arriving = new Set<string>()
  let last = { atMs: Number.NEGATIVE_INFINITY, tookMs: 0 }
  let isUncertain = false
  let counting: { readonly done: Promise<void>; readonly leftOut: Set<string> } | undefined

  const count = async (leftOut: ReadonlySet<string>): Promise<void> => {
    const beganMs = now()
    addedMeanwhile = 0
    isUncertain = false
    let found = 0
    for (const name of await partNames(directory)) {
      if (!leftOut.has(name)) found += (await statOf(join(directory, name)))?.size ?? 0
    }
    // What was removed meanwhile may be in it, until the next count: rather too much than too little.
    bytes = found + addedMeanwhile
    last = { atMs: now(), tookMs: now() - beganMs }
  }
  return {
    bytes: () => bytes,
    arrives(fileName: string) {
      arriving.add(fileName)
      counting?.leftOut.add(fileName)
    },
    gone: (fileName: string) => arriving.delete(fileName),
    added(sizeBytes: number) {
      bytes += sizeBytes
      addedMeanwhile += sizeBytes
    },
    freed(sizeBytes: number) {
      bytes = Math.max(0, bytes - sizeBytes)
      isUncertain = true
    },
    /** Unless that was done less than so long ago, and no file was removed since. */
    async countAgain(afterMs: number) {
      const pauseMs = Math.max(isUncertain ? 0 : afterMs, countPauses * last.tookMs)
      if (counting === undefined && now() - last.atMs < pauseMs) return
      if (counting === undefined) {
        const leftOut = new Set(arriving)
        const done = count(leftOut).finally(() => {
          counting = undefined
        })
        counting = { done, leftOut }
      }
      await counting.done
    },
  }
}

export async function partNames(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith(partSuffix))
}

/** `undefined` for a file that is not there any more: other processes remove some at any time. */
export async function statOf(path: string): Promise<{ size: number; mtime: Date } | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function freeBytesOf(directory: string): Promise<number> {
  const { blocks, bavail, bsize } = await statfs(directory)
  // Some file systems have no size of their own, and tell of none.
  return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize
}
