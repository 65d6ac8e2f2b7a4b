// Jottacloud's replies as checked types. Names are Jottacloud's; sizes are bytes, times are Dates.

/** `UNKNOWN` stands for a state that no client has described; it is never readable. */
export type RevisionState =
  | 'COMPLETED'
  | 'INCOMPLETE'
  | 'CORRUPT'
  | 'ADDED'
  | 'PROCESSING'
  | 'UNKNOWN'

export type Revision = {
  readonly number: number
  readonly state: RevisionState
  readonly sizeBytes: number | undefined
  /** Lower-case hex, whatever case Jottacloud stored. */
  readonly md5: string | undefined
  readonly created: Date | undefined
  readonly modified: Date | undefined
  readonly updated: Date | undefined
  readonly mime: string | undefined
}

export type FileEntry = {
  readonly kind: 'file'
  /** As stored, in the stored casing. */
  readonly name: string
  readonly uuid: string | undefined
  /** In the trash: the `deleted` mark is there, whatever its value. */
  readonly deleted: boolean
  /** `abspath` as given: `/user/device/mountpoint/…` of the parent. Only on a direct stat. */
  readonly parentPath: string | undefined
  readonly current: Revision | undefined
  readonly latest: Revision | undefined
  /** Older revisions, newest first. Only on a direct stat. */
  readonly revisions: readonly Revision[]
}

export type FolderEntry = {
  readonly kind: 'folder'
  readonly name: string
  readonly deleted: boolean
  /** `abspath` as given: `/user/device/mountpoint/…` of the parent. Only on a direct stat. */
  readonly parentPath: string | undefined
}

/** A mountpoint's root, as stat and list see it, is a folder whose name is the mountpoint's. */
export type Entry = FileEntry | FolderEntry

/**
 * One element of a recursive listing, in stored names. `path` is relative to the listed folder: of a
 * folder its own (never empty: the listed folder itself is left out), of a file that of the folder
 * which holds it, so that `[...path, name]` is where the file is.
 */
export type TreeEntry =
  | { readonly kind: 'folder'; readonly path: readonly string[] }
  | {
      readonly kind: 'file'
      readonly path: readonly string[]
      readonly name: string
      readonly sizeBytes: number
      readonly md5: string
      readonly created: Date | undefined
      readonly modified: Date | undefined
    }

export type Device = {
  readonly name: string
  readonly type: string | undefined
  readonly sizeBytes: number | undefined
  readonly modified: Date | undefined
}

export type Mountpoint = {
  readonly name: string
  readonly sizeBytes: number | undefined
  readonly modified: Date | undefined
}

export type Customer = {
  readonly username: string
  readonly email: string | undefined
  readonly name: string | undefined
  readonly accountType: string | undefined
  readonly subscriptionType: string | undefined
  readonly usageBytes: number | undefined
  /** `undefined` when unlimited. */
  readonly quotaBytes: number | undefined
  readonly writeLocked: boolean
  readonly readLocked: boolean
}

export type Drive = {
  readonly username: string
  readonly accountType: string | undefined
  readonly usageBytes: number
  /** `undefined` when unlimited (`capacity` of zero or less). */
  readonly capacityBytes: number | undefined
  /** Any of locked, write-locked, quota-write-locked. */
  readonly writeLocked: boolean
  readonly readLocked: boolean
  readonly devices: readonly Device[]
}
