// Where a bucket lives in Jottacloud, and how it behaves: what the operator chose, as typed values.
import type { Location } from '../jotta/client.ts'
import type { NameEncoding } from './name-encoding.ts'

/** What may differ from bucket to bucket. */
export type BucketBehaviour = {
  /** How segments of keys become stored names. On a bucket in use, another one changes the keys. */
  readonly encoding: NameEncoding
  readonly deleteMode: 'trash' | 'permanent'
  /** `none`: what a write replaces is removed for good, instead of staying as a revision. */
  readonly versions: 'keep' | 'none'
  /** Where an object's time comes from: its upload, or its user metadata `mtime` if that is there. */
  readonly modifiedFrom: 'upload' | 'mtime'
}

/** A bucket as its acts need it. */
export type BucketPlace = BucketBehaviour & {
  readonly bucket: string
  /** Exists, and is named as Jottacloud lists it. The bridge's own folder is in it. */
  readonly root: Location
}

/** A bucket that the operator named. */
export type NamedBucket = {
  readonly [Name in keyof BucketBehaviour]?: BucketBehaviour[Name] | undefined
} & {
  /** The folder or mountpoint that it is, in whatever casing. Without one it is an ordinary bucket. */
  readonly path?: Location | undefined
}

export type BucketPlacement = {
  /** Where ordinary buckets are, which clients make and remove. */
  readonly home: BucketHomePlace
  readonly defaults: BucketBehaviour
  readonly named: ReadonlyMap<string, NamedBucket>
}

export type BucketHomePlace =
  /** Each mountpoint of a device is a bucket. */
  | { readonly kind: 'device'; readonly device: string }
  /** Each folder of this one is a bucket. */
  | { readonly kind: 'folder'; readonly folder: Location }

export function behaviourOf(placement: BucketPlacement, bucket: string): BucketBehaviour {
  const named = placement.named.get(bucket)
  const { defaults } = placement
  return {
    encoding: named?.encoding ?? defaults.encoding,
    deleteMode: named?.deleteMode ?? defaults.deleteMode,
    versions: named?.versions ?? defaults.versions,
    modifiedFrom: named?.modifiedFrom ?? defaults.modifiedFrom,
  }
}
