// Where a request points: the raw request target and the Host header to bucket, key and query. Keys
// are taken literally: nothing is normalised, since S3 allows `//`, `.` and `..` in them. Pure.
import { keyMaxBytes } from '../translate/limits.ts'
import { S3Error } from '../translate/s3-error.ts'
import type { Address } from './operation.ts'
import { decodePercent } from './percent.ts'
import { type ParsedQuery, parseQuery } from './query.ts'

/** Room for a key of 1024 bytes, all escaped, and for the longest presigned query with a token. */
const targetMaxBytes = 16 * 1024

export type ParsedTarget = {
  readonly address: Address
  /** As sent, escapes and all, from the first slash to the question mark. */
  readonly rawPath: string
  readonly query: ParsedQuery
  readonly style: 'path' | 'virtual-host'
}

/**
 * `rawTarget` is Node's `req.url`; `host` the Host header, with or without a port; `domains` are the
 * names below which a label (or several) is a bucket. Throws InvalidURI, InvalidBucketName (an empty
 * one) and KeyTooLongError. Whether a bucket name is legal is left to the bridge.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
export function parseTarget(options: {
  readonly rawTarget: string
  readonly host: string | undefined
  readonly domains: readonly string[]
}): ParsedTarget {
  const { authority, rawPath, rawQuery } = splitTarget(options.rawTarget)
  if (authority !== undefined && !isSameHost(authority, options.host)) {
    // Two names for one server: the signature covers the header, the address comes from the target.
    throw new S3Error('InvalidURI', {
      message: 'The host of the request target and the Host header differ.',
    })
  }
  const query = parseQuery(rawQuery)
  // Decoded before it is cut: `%2F` and `/` sign alike, so they must mean the same bucket and key.
  const path = decodePercent(rawPath).slice(1)
  const bucket = bucketOfHost(options.host, options.domains)
  if (bucket !== undefined) {
    return { address: toAddress(bucket, path), rawPath, query, style: 'virtual-host' }
  }
  if (path === '') return { address: {}, rawPath, query, style: 'path' }
  const slash = path.indexOf('/')
  const address =
    slash === -1 ? toAddress(path, '') : toAddress(path.slice(0, slash), path.slice(slash + 1))
  return { address, rawPath, query, style: 'path' }
}

/**
 * Cuts a target in origin form (`/a?b`) or absolute form (`http://host/a?b`), decoding nothing.
 * Throws InvalidURI for any other form and for targets over 16 KiB.
 */
export function splitTarget(rawTarget: string): {
  readonly authority: string | undefined
  readonly rawPath: string
  readonly rawQuery: string
} {
  if (rawTarget.length > targetMaxBytes) {
    throw new S3Error('InvalidURI', { message: 'The request target is too long.' })
  }
  const form = /^(?:https?:\/\/([^/?#@]+)(?=[/?]|$))?([^?]*)(?:\?(.*))?$/is.exec(rawTarget)
  const authority = form?.[1]
  const rawPath = authority !== undefined && form?.[2] === '' ? '/' : (form?.[2] ?? '')
  if (!rawPath.startsWith('/')) throw new S3Error('InvalidURI')
  return { authority, rawPath, rawQuery: form?.[3] ?? '' }
}

/** Throws InvalidBucketName for an empty one and KeyTooLongError; an empty key is none. */
export function toAddress(bucket: string, key: string): Address {
  if (bucket === '') throw new S3Error('InvalidBucketName', { elements: { BucketName: '' } })
  const sizeBytes = Buffer.byteLength(key)
  if (sizeBytes > keyMaxBytes) {
    throw new S3Error('KeyTooLongError', {
      elements: { Size: String(sizeBytes), MaxSizeAllowed: String(keyMaxBytes) },
    })
  }
  return key === '' ? { bucket } : { bucket, key }
}

function bucketOfHost(host: string | undefined, domains: readonly string[]): string | undefined {
  if (host === undefined) return undefined
  const name = host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase()
  const wanted = domains.map((domain) => domain.toLowerCase())
  if (wanted.includes(name)) return undefined
  // The longest domain wins, so that `s3.example.org` beside `example.org` is no bucket named `s3`.
  const domain = wanted
    .filter((candidate) => name.endsWith(`.${candidate}`))
    .sort((a, b) => b.length - a.length)[0]
  return domain === undefined ? undefined : name.slice(0, -domain.length - 1)
}

function isSameHost(authority: string, host: string | undefined): boolean {
  return host === undefined || authority.toLowerCase() === host.toLowerCase()
}
