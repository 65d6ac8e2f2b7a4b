// What the bridge keeps beside Jottacloud, as one asynchronous interface. Implementations are held to
// one suite (contract.ts) and may be shared by several processes: every method is one transaction.
import type { ObjectAddress, ObjectLabels, ObjectPart } from '../bridge.ts'
import type {
  BucketConfigurationName,
  BucketConfigurationRecord,
  BucketUsage,
  ContentIdentity,
  FolderFacts,
  FolderMark,
  LeaseHeld,
  ListedRecord,
  NewObjectRecord,
  ObjectRecord,
  PartRecord,
  UploadRecord,
  UploadResult,
} from './records.ts'

export interface State {
  /** The Jottacloud account that everything else here is about, by the user name that never changes. */
  readonly account: {
    /** `undefined` while it was never claimed. */
    find(): Promise<string | undefined>
    /** Returns whose the state is from now on: that of the first who claims it. */
    claim(username: string): Promise<string>
  }
  readonly bucketConfigurations: {
    /** Those of one bucket, by name; empty for a bucket that nothing is kept of. */
    find(bucket: string): Promise<ReadonlyMap<BucketConfigurationName, string>>
    /** Replaces what is kept under that name. */
    put(record: BucketConfigurationRecord): Promise<void>
    /** What is not there is no error. */
    remove(bucket: string, name: BucketConfigurationName): Promise<void>
    removeBucket(bucket: string): Promise<void>
    /** Every one, in order of bucket and name: for export, and for work that goes through all buckets. */
    all(): Promise<readonly BucketConfigurationRecord[]>
  }
  /** Of all buckets together, in whichever process: who has seen one is to look again when more were begun. */
  readonly bucketRemovals: {
    /** `open` are those that have not ended, for good where a process died: what is seen then may go a moment later. */
    counts(): Promise<{ readonly begun: number; readonly open: number }>
    begin(): Promise<void>
    /** A power cut may take it, and leaves the removal open. */
    end(): Promise<void>
  }
  /** Work that is done once a day, and where it stopped before its end. Which process does it is for `leases`. */
  readonly chores: {
    /** When it was done last; `undefined`: never. */
    doneAt(name: string): Promise<Date | undefined>
    setDone(name: string, at: Date): Promise<void>
    position(name: string): Promise<string | undefined>
    setPosition(name: string, position: string | undefined): Promise<void>
  }
  /**
   * Object metadata. A write has two halves, so that a process killed between Jottacloud's commit
   * and the second half loses nothing: `stage` before the content is committed, `commit` after it.
   * Readers see a staged record only when no committed one describes the content.
   */
  readonly objects: {
    /** Returns the id of the write. `nowMs` is the system's time when it is not given. */
    stage(record: NewObjectRecord, nowMs?: number): Promise<string>
    /**
     * Makes a staged record the committed one of its key and forgets those before it. Records staged
     * later stay: their writes may still be under way, in another process. Unknown ids are ignored. A power cut
     * may take the commit, where the record is found all the same.
     */
    commit(writeId: string): Promise<void>
    /** Forgets a staged record. Unknown ids are ignored. */
    discard(writeId: string): Promise<void>
    /**
     * The write has ended, and whether its content was stored is not known: its record stays. Those that were
     * staged before it for the same content of the key are forgotten, which it hides for good.
     */
    leave(writeId: string): Promise<void>
    /**
     * Keys with records that were staged before then and are staged still, after this one, in an order that stays.
     * Those that an earlier version staged have no time (0) until the first such look, which gives them its own.
     */
    leftStaged(
      beforeMs: number,
      now: () => number,
      after?: ObjectAddress,
    ): AsyncIterable<ObjectAddress>
    /**
     * A key's content was looked at (`undefined`: there is none) while nobody could write it. A staged record that
     * `find` would give for it is committed; all others that were staged before then are forgotten.
     */
    settle(
      bucket: string,
      key: string,
      content: ContentIdentity | undefined,
      beforeMs: number,
    ): Promise<void>
    /** The record that describes this content, or `undefined`. The latest staged one wins among staged. */
    find(bucket: string, key: string, content: ContentIdentity): Promise<ObjectRecord | undefined>
    /** What a listing shows of the records that `find` gives, for up to 1000 keys; absent where there is none. */
    findListed(
      bucket: string,
      wanted: readonly ({ readonly key: string } & ContentIdentity)[],
    ): Promise<ReadonlyMap<string, ListedRecord>>
    /** Parts of the object with this content, after `afterPartNumber`; none where there is no record. */
    parts(
      bucket: string,
      key: string,
      content: ContentIdentity,
      options: { readonly afterPartNumber: number; readonly limit: number },
    ): Promise<readonly ObjectPart[]>
    /** After a look as for `settle`: replaces labels in the record that `find` gives, and commits it; `false`: none. */
    setLabels(
      bucket: string,
      key: string,
      content: ContentIdentity,
      labels: ObjectLabels,
    ): Promise<boolean>
    /** The record of a key whatever its content: the committed one, else the latest staged one. */
    latest(bucket: string, key: string): Promise<ObjectRecord | undefined>
    remove(bucket: string, key: string): Promise<void>
    removeBucket(bucket: string): Promise<void>
    /**
     * Every record that `find` gives for some content, in order of bucket and key, and of one key in the order in
     * which they count when they are staged again, the committed one first. Read in pages: for export.
     */
    all(): AsyncIterable<ObjectRecord & { readonly isStaged: boolean }>
  }
  readonly uploads: {
    create(record: Omit<UploadRecord, 'status' | 'result'>): Promise<void>
    find(uploadId: string): Promise<UploadRecord | undefined>
    /**
     * Moves `open` or `completing` to `completing`; `false` when the upload is neither (anymore).
     */
    markCompleting(uploadId: string): Promise<boolean>
    /** A completion that failed before its commit: back to `open`. */
    markOpen(uploadId: string): Promise<void>
    /**
     * Keeps the result and forgets the parts; returns the spool files that are now unused. The first
     * result stays; an unknown id is ignored.
     */
    markCompleted(
      uploadId: string,
      result: UploadResult,
      completedAt: Date,
    ): Promise<readonly string[]>
    /** Forgets an upload and its parts; returns their spool files. */
    remove(uploadId: string): Promise<readonly string[]>
    removeBucket(bucket: string): Promise<readonly string[]>
    /**
     * `open` and `completing` uploads with this prefix, ordered by key (UTF-8 bytes), then by time of
     * creation, then by id; after (keyMarker, uploadIdMarker) as S3 means them: with an empty
     * uploadIdMarker, keys after keyMarker only; else also later uploads of that very key, and all of
     * them when the marker's upload is gone or was another key's.
     */
    list(
      bucket: string,
      options: {
        readonly prefix: string
        readonly keyMarker: string
        readonly uploadIdMarker: string
        readonly limit: number
      },
    ): Promise<readonly UploadRecord[]>
    /** Unfinished uploads made before `openBefore`, and those that were finished before `completedBefore`. */
    expired(
      openBefore: Date,
      completedBefore: Date,
    ): Promise<readonly Pick<UploadRecord, 'uploadId' | 'status'>[]>
    /** How many are `open` or `completing`. */
    countUnfinished(): Promise<number>
  }
  readonly parts: {
    /**
     * Records a part that is durable in the spool. Returns the spool file that it replaces, if any.
     * The same file recorded again replaces nothing.
     * Throws S3Error NoSuchUpload when the upload is not `open`.
     */
    put(part: PartRecord): Promise<string | undefined>
    list(
      uploadId: string,
      options: { readonly afterPartNumber: number; readonly limit: number },
    ): Promise<readonly PartRecord[]>
    /** Whether a spool file belongs to a recorded part: for sweeping what crashes left. */
    isRecorded(fileName: string): Promise<boolean>
  }
  /**
   * Folders of Jottacloud, named by their places: names from the device on, with slashes between. A cache:
   * all of it can be learnt again from listings.
   */
  readonly folders: {
    find(place: string): Promise<FolderFacts | undefined>
    /**
     * Keeps what a look at the whole folder showed, unless something was added since `changes` was read,
     * which the look may have missed. Irregular names and shards that it showed count as added for looks
     * that are still under way.
     */
    learn(place: string, facts: FolderFacts): Promise<void>
    /** Such names were seen in these folders. Writes nothing where that is known. */
    mark(marks: readonly FolderMark[], nowMs: number): Promise<void>
    /** A name was put there. Also for a folder of which nothing is known. */
    add(
      place: string,
      entry: { readonly isIrregular: boolean; readonly isShard: boolean },
      nowMs: number,
    ): Promise<void>
    /** The folder is gone, and all below it. */
    forget(place: string): Promise<void>
    /**
     * Forgets the oldest, `limit` at most, of those that were neither learnt nor changed since. Looks that began
     * before then must not be kept any more: they may have missed what is forgotten here.
     */
    forgetOld(beforeMs: number, limit: number): Promise<void>
  }
  /** How much buckets with a quota hold. */
  readonly usage: {
    /** `undefined` for a bucket that was never counted. */
    find(bucket: string): Promise<BucketUsage | undefined>
    /** Sets room aside for a write; `false` when all together would pass the limit, or nothing was counted. */
    reserve(write: {
      readonly id: string
      readonly bucket: string
      readonly sizeBytes: number
      readonly limitBytes: number
      readonly nowMs: number
    }): Promise<boolean>
    /** The write is over: it counts from now on, or gives its room back. Unknown ids are ignored. */
    settle(id: string, outcome: 'stored' | 'dropped'): Promise<void>
    /**
     * Keeps a count, and forgets what was written before it began, which is in it. `before` is what `find`
     * said then; `false`, and nothing is kept, when another count came in between. Writes that began before
     * `abandonedBeforeMs` and were never settled are forgotten.
     */
    setCounted(
      bucket: string,
      count: {
        readonly countedBytes: number
        readonly startedMs: number
        readonly before: BucketUsage | undefined
        readonly abandonedBeforeMs: number
      },
    ): Promise<boolean>
    removeBucket(bucket: string): Promise<void>
    /** Forgets all other buckets: what is written to them is not noted any more. */
    keepOnly(buckets: ReadonlySet<string>): Promise<void>
  }
  /**
   * What processes have to know of each other's listings of several pages. All of it may be lost in a power cut,
   * which ends the snapshots of listings too.
   */
  readonly listings: {
    /**
     * A moment after all that were given before, to whichever process: `nowMs`, or one more than the last. So a
     * clock that steps back does not change which of two things came first.
     */
    nextMoment(nowMs: number): Promise<number>
    /**
     * A page ended where `name` says, and its listing goes on in nothing older than `moment`. Of several that
     * ended there the latest moment counts for each, and all are forgotten when the first of them is.
     */
    remember(page: {
      /** At most 64 characters. */
      readonly name: string
      readonly moment: number
      readonly nowMs: number
      /** Forgotten after so long. What a clock that was ahead has written counts as forgotten too. */
      readonly keptMs: number
      /** So many names are kept, and of more the oldest forgotten. */
      readonly namesMax: number
    }): Promise<void>
    /** The moment for one listing that goes on; `undefined` when as many have gone on as pages ended there. */
    take(page: {
      readonly name: string
      readonly nowMs: number
      readonly keptMs: number
    }): Promise<number | undefined>
  }
  /** Names that one process at a time holds, or several that share them, until a time. */
  readonly leases: {
    /** All of the names or, where another holder has one that both do not share, none: `false`. */
    acquire(
      lease: LeaseHeld & {
        readonly mode: 'exclusive' | 'shared'
        /** Milliseconds since the epoch. Leases that end by then are over. */
        readonly nowMs: number
        readonly expiresMs: number
      },
    ): Promise<boolean>
    /** Of all names that were acquired. `false` when the lease is over. */
    renew(lease: LeaseHeld & { readonly expiresMs: number }): Promise<boolean>
    release(lease: LeaseHeld): Promise<void>
  }
  close(): Promise<void>
}
