// Tags and storage class that a request gives the object it writes.
import type { IncomingHttpHeaders } from 'node:http'
import type { ObjectLabels } from '../../../translate/bridge.ts'
import { readTagHeader } from './tags.ts'

/** Throws what `readTagHeader` throws; refusals.ts has judged the storage class. */
export function readLabels(headers: IncomingHttpHeaders): ObjectLabels {
  const tags = readTagHeader(headers)
  return { ...(tags.length > 0 && { tags }), ...readStorageClass(headers) }
}

/** `STANDARD` is what an object has that was given none. */
export function readStorageClass(headers: IncomingHttpHeaders): Pick<ObjectLabels, 'storageClass'> {
  const storageClass = headers['x-amz-storage-class']?.toString()
  return storageClass === undefined || storageClass === 'STANDARD' ? {} : { storageClass }
}
