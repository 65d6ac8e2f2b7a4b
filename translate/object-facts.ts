// What S3 lets a client say of an object besides its content. A part of the Bridge's types.

/** The headers that S3 keeps with an object and gives back. */
export type ObjectMetadata = {
  readonly contentType?: string
  readonly cacheControl?: string
  readonly contentDisposition?: string
  readonly contentEncoding?: string
  readonly contentLanguage?: string
  /** As sent: S3 does not parse it. */
  readonly expires?: string
  readonly websiteRedirectLocation?: string
  /** Lower-case names without the `x-amz-meta-` prefix. */
  readonly user: Readonly<Record<string, string>>
}

/** Names are unique within an object; both texts may hold any character. */
export type Tag = { readonly key: string; readonly value: string }

/** What a write gives its object besides content and metadata. */
export type ObjectLabels = {
  /** Absent is none. */
  readonly tags?: readonly Tag[]
  /** A word of S3's list that is only kept and shown; absent is `STANDARD`. */
  readonly storageClass?: string
  /** Who may do what with it, as the server above wrote it; absent is its owner alone. Never copied. */
  readonly acl?: string
}
