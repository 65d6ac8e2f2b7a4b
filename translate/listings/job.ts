// What passes between the thread that serves requests and one that reads listings.
import type { JottaError } from '../../jotta/jotta-error.ts'
import type { FolderSeen } from '../folder-marks.ts'
import type { PackedRun } from './run-blocks.ts'

/** One snapshot to be made. */
export type Job = {
  /** Keys below the folders, or what lies right in them: objects and folders as common prefixes. */
  readonly kind: 'tree' | 'folder'
  /** Rows with other names are left out. */
  readonly prefix: string
  /** In rclone's notation. */
  readonly encodingFlags: string
  /** Where rows go when there are many; must not be there yet. */
  readonly file: string
}

/** The listing of one folder on its way to a job. */
export type Feed = {
  readonly id: number
  readonly subject: string
  /** Names from the mountpoint down to the folder. */
  readonly rootSegments: number
  /** Names from the bucket's root down to the folder. */
  readonly path: readonly string[]
}

export type ToThread =
  | { readonly type: 'start'; readonly job: number; readonly work: Job }
  | { readonly type: 'feed'; readonly job: number; readonly feed: Feed }
  /** `undefined` is the end of the listing. */
  | {
      readonly type: 'bytes'
      readonly job: number
      readonly feed: number
      readonly bytes: Uint8Array | undefined
    }
  /** Everything was fed. */
  | { readonly type: 'finish'; readonly job: number }
  | { readonly type: 'cancel'; readonly job: number }

/** Each answer wakes the thread that serves requests. */
export const takenAtOnce = 4

export type FromThread =
  /** `takenAtOnce` messages of bytes were read: as many may be sent. */
  | { readonly type: 'taken'; readonly job: number; readonly feed: number }
  /**
   * What was met of folders, some at a time; with the number of entries only the one of the feed, at the end.
   */
  | {
      readonly type: 'saw'
      readonly job: number
      readonly feed: number
      readonly folders: readonly FolderSeen[]
    }
  /** The feed ended well. `inside`: paths of folders whose content belongs to its folder. */
  | {
      readonly type: 'fed'
      readonly job: number
      readonly feed: number
      readonly inside: readonly (readonly string[])[]
    }
  | { readonly type: 'size'; readonly job: number; readonly sizeBytes: number }
  | { readonly type: 'done'; readonly job: number; readonly made: Made }
  | { readonly type: 'failed'; readonly job: number; readonly failure: Failure }
  /** The job is forgotten and its file is closed. */
  | { readonly type: 'ended'; readonly job: number }

export type Made =
  | { readonly kind: 'packed'; readonly run: PackedRun }
  | { readonly kind: 'file'; readonly sizeBytes: number }

export type Failure = {
  /** `disk`: the file cannot be kept, for want of room or otherwise. `defect`: nobody foresaw it. */
  readonly kind: JottaError['kind'] | 'disk' | 'defect'
  readonly message: string
}
