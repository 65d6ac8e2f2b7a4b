// The types that every stage of a request shares. A handler reads an S3Request, calls one method of
// the Bridge and returns a Reply; only reply.ts knows how a Reply becomes HTTP.
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Bridge, ObjectBody, RequestContext } from '../translate/bridge.ts'
import type { S3Error } from '../translate/s3-error.ts'
import type { Access } from './access/authorize.ts'
import type { Directory } from './access/directory.ts'
import type { Owner } from './access/owner.ts'
import type { Statement } from './access/statement.ts'
import type { TokenKey } from './operations/wire/continuation-token.ts'
import type { StoreEncrypted } from './store-encryption.ts'
import type { RenderedElements } from './xml.ts'

/** AWS's own names, offered or not; what is not offered answers NotImplemented by name. */
export type { OperationName } from './operations/index.ts'

/** Where a request points, percent-decoded. No bucket: the service itself. */
export type Address = { readonly bucket?: string; readonly key?: string }

/** Query parameters, decoded, in the order they came; `foo` and `foo=` are both ''. */
export interface Query {
  has(name: string): boolean
  /** The first value of that name. */
  get(name: string): string | undefined
  names(): readonly string[]
}

/** Whose key has signed a request. */
export type Identity = {
  readonly accessKeyId: string
  /** The key's name. */
  readonly displayName: string
  readonly owner: Owner
  /** What the key may do at the most, as statements. */
  readonly limits: readonly Statement[]
}

/** The request body as the request declares it. Nothing is read, and no 100-continue sent, until asked. */
export interface Payload {
  /**
   * For PutObject and UploadPart. Throws MissingContentLength, InvalidDigest, EntityTooLarge, … from
   * what the headers say. To be called once.
   */
  open(): ObjectBody
  /**
   * For XML bodies: verified bytes as UTF-8 text. Throws MaxMessageLengthExceeded past the limit,
   * BadDigest, … `digest` of `required` throws InvalidRequest when neither Content-MD5 nor a checksum
   * is there; of `of-object` leaves x-amz-checksum-* alone, where they are the object's and not the
   * body's (CompleteMultipartUpload).
   */
  text(options: {
    maxBytes: number
    digest: 'required' | 'optional' | 'of-object'
  }): Promise<string>
}

export type S3Request = {
  readonly method: string
  readonly address: Address
  readonly query: Query
  /** A presigned URL may carry `x-amz-` headers in its query; here they stand among the headers. */
  readonly headers: IncomingHttpHeaders
  /** Names and values as they came, alternating; for what Node's folding hides. */
  readonly rawHeaders: readonly string[]
  /** What the client took this server for, such as `http://127.0.0.1:9000`; only to be shown back. */
  readonly origin: string
  /** Where the request names its bucket: in the path, or in the host. */
  readonly style: 'path' | 'virtual-host'
  /** `undefined` when nobody has signed the request. */
  readonly identity: Identity | undefined
  readonly access: Access
  readonly payload: Payload
  /** Of a form upload: its fields by lower-case name. Headers and payload are those of the form. */
  readonly form?: ReadonlyMap<string, string> | undefined
  readonly context: RequestContext
}

/**
 * An element tree for xml.ts: strings are text, arrays repeat the element, undefined is left out. A name
 * that begins with `@` is an attribute; elements that are rendered already stand under their own name.
 */
export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | RenderedElements
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue }

export type Reply = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?:
    | {
        readonly kind: 'xml'
        readonly root: string
        readonly content: XmlValue
        /** S3's own by default. */
        readonly namespace?: 'none'
      }
    | { readonly kind: 'stream'; readonly stream: Readable; readonly sizeBytes: number }
    /**
     * An answer that takes long: after a grace period the status goes out as 200 and white space keeps
     * the connection alive until the reply, or an error document, ends it. For clients that would take any
     * document of status 200 for the answer, `lateFailure` is what stands in place of the error document: an
     * answer that tells of the failure, or with `cut` no end at all, since the connection is cut.
     */
    | {
        readonly kind: 'slow-xml'
        readonly result: Promise<SlowXml>
        readonly lateFailure?: 'cut' | ((failure: S3Error) => Omit<SlowXml, 'headers'>)
      }
}

export type SlowXml = {
  readonly root: string
  readonly content: XmlValue
  /** What only the outcome tells; it goes out with an answer that came within the grace period. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What handlers get besides the request. */
export type Services = {
  readonly bridge: Bridge
  readonly region: string
  readonly storeEncrypted: StoreEncrypted
  readonly tokenKey: TokenKey
  /** Of the root key alone when left out. */
  readonly directory?: Directory | undefined
  readonly now: () => Date
}

export type Handler = (request: S3Request, services: Services) => Promise<Reply>
