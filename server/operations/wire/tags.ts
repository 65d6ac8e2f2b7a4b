// Tags of objects and buckets: out of the x-amz-tagging header and the Tagging document, and back into one.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
import type { IncomingHttpHeaders } from 'node:http'
import type { z } from 'zod'
import type { Tag } from '../../../translate/bridge.ts'
import {
  objectTagsMax,
  tagKeyMaxCharacters,
  tagValueMaxCharacters,
} from '../../../translate/limits.ts'
import { S3Error } from '../../../translate/s3-error.ts'
import type { Payload, XmlValue } from '../../operation.ts'
import { parseXml } from '../../xml.ts'
import { type tagElement, taggingShape } from '../../xml-tagging.ts'
import { invalidArgument } from './parameters.ts'

export type TagLimit = { readonly max: number; readonly of: 'Object' | 'Bucket' }

const headerName = 'x-amz-tagging'

/** Of an object to be written. */
export function readTagHeader(headers: IncomingHttpHeaders): Tag[] {
  return parseTagHeader(headers[headerName]?.toString())
}

/**
 * `a=1&b=2`, url-encoded, of an object to be written; absent is no tags. Throws InvalidArgument for
 * what is no such text, and what `checkTags` throws.
 */
function parseTagHeader(text: string | undefined): Tag[] {
  if (text === undefined || text === '') return []
  const tags = text.split('&').map((pair): Tag => {
    const equals = pair.indexOf('=')
    const end = equals === -1 ? pair.length : equals
    return { key: decode(pair.slice(0, end), text), value: decode(pair.slice(end + 1), text) }
  })
  if (new Set(tags.map(({ key }) => key)).size < tags.length) throw malformedHeader(text)
  checkTags(tags, { max: objectTagsMax, of: 'Object' })
  return tags
}

const bodyMaxBytes = 128 * 1024

/** The body of PutObjectTagging and PutBucketTagging. Throws MalformedXML, and what `checkTags` throws. */
export async function readTagging(payload: Payload, limit: TagLimit): Promise<Tag[]> {
  // AWS asks for a digest of a bucket's.
  const digest = limit.of === 'Bucket' ? 'required' : 'optional'
  return parseTagging(await payload.text({ maxBytes: bodyMaxBytes, digest }), limit)
}

/** A thousand of them are told from a flood, and then refused for their number. */
const xmlTagsMax = 6100

/** A Tagging document, also of a form's field. `maxTags` is those of XML, opening and closing. */
export function parseTagging(text: string, limit: TagLimit, maxTags = xmlTagsMax): Tag[] {
  const { TagSet: set } = parseXml(text, { ...taggingShape, maxTags })
  return set === '' ? [] : readTags(set.Tag, limit)
}

/** The elements of a set. Throws what `checkTags` throws. */
export function readTags(elements: readonly z.infer<typeof tagElement>[], limit: TagLimit): Tag[] {
  const tags = elements.map(({ Key, Value }): Tag => ({ key: Key, value: Value }))
  checkTags(tags, limit)
  return tags
}

/** In the order in which an object's are shown: that of their keys' bytes, however they were written. */
export function byKey(tags: readonly Tag[]): Tag[] {
  return tags.toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
}

/** The content of a Tagging document. */
export function taggingContent(tags: readonly Tag[]): XmlValue {
  return { TagSet: { Tag: tags.map(({ key, value }) => ({ Key: key, Value: value })) } }
}

/** Letters, numbers and blanks of every script, and what AWS lists besides. */
const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** Throws BadRequest for too many, and InvalidTag. */
function checkTags(tags: readonly Tag[], { max, of }: TagLimit): void {
  if (tags.length > max) {
    throw new S3Error('BadRequest', { message: `${of} tags cannot be greater than ${max}` })
  }
  const seen = new Set<string>()
  for (const { key, value } of tags) {
    if (key === '' || !isTagText(key, tagKeyMaxCharacters)) {
      throw invalidTag('The TagKey you have provided is invalid', { TagKey: key })
    }
    if (!isTagText(value, tagValueMaxCharacters)) {
      throw invalidTag('The TagValue you have provided is invalid', {
        TagKey: key,
        TagValue: value,
      })
    }
    if (/^aws:/i.test(key)) {
      throw invalidTag('System tags cannot be added/updated by requester', { TagKey: key })
    }
    if (seen.has(key)) {
      throw invalidTag('Cannot provide multiple Tags with the same key', { TagKey: key })
    }
    seen.add(key)
  }
}

function isTagText(text: string, maxCharacters: number): boolean {
  return text.isWellFormed() && [...text].length <= maxCharacters && allowed.test(text)
}

function decode(text: string, header: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', '%20'))
  } catch {
    // Not UTF-8, percent-encoded; what exactly is of no use to the client.
    throw malformedHeader(header)
  }
}

function malformedHeader(header: string): S3Error {
  return invalidArgument(
    headerName,
    header,
    `The header '${headerName}' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.`,
  )
}

function invalidTag(message: string, elements: Readonly<Record<string, string>>): S3Error {
  return new S3Error('InvalidTag', { message, elements })
}
