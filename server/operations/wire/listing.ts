// What every list of objects is asked for, and what it repeats of that in its answer. Where each goes on from is
// its own.
import { listObjectsMax } from '../../../translate/limits.ts'
import type { S3Request, XmlValue } from '../../operation.ts'
import { readNameEncoding } from './encoding-type.ts'
import { readInteger } from './parameters.ts'
import { bucketOf } from './target.ts'

export type Listing = {
  readonly wanted: {
    readonly bucket: string
    readonly prefix: string
    /** Empty for none. */
    readonly delimiter: string
    readonly maxKeys: number
  }
  /** For each name in the answer. */
  readonly encode: (name: string) => string
  readonly elements: Readonly<Record<string, XmlValue>>
}

/** Throws InvalidArgument for an encoding or a number that is none. */
export function readListing(request: S3Request): Listing {
  const { query } = request
  const bucket = bucketOf(request)
  const { type, encode } = readNameEncoding(query)
  const maxKeys = readInteger(query, 'max-keys', {
    min: 0,
    cap: listObjectsMax,
    ifAbsent: listObjectsMax,
  })
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  return {
    wanted: { bucket, prefix, delimiter, maxKeys },
    encode,
    elements: {
      Name: bucket,
      Prefix: encode(prefix),
      MaxKeys: maxKeys,
      Delimiter: delimiter === '' ? undefined : encode(delimiter),
      EncodingType: type,
    },
  }
}
