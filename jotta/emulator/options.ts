// What can be chosen about an emulator. Numbers in brackets are rows of section 8 of the protocol
// reference: what nobody knows about the real service, and so must be possible in either form.

/** The first value of each row is the default: the safe assumption that the reference names. */
export const behaviours = {
  /** (1) A file and a folder of one name in one folder: 409, or both live side by side. */
  sameNames: ['refuse', 'allow'],
  /** (2) `mv` onto a live file: its content becomes the next revision there, or 409. */
  moveOntoLiveFile: ['append-revision', 'refuse'],
  /** (3) `mvDir` onto a live folder: 409, or that folder goes to the trash. */
  moveFolderOntoFolder: ['refuse', 'trash-existing'],
  /** (4) Same content with new times: the revision keeps its number, or a new one is added. */
  sameContent: ['keep-number', 'new-revision'],
  /** (5) `mode=bin&revision=N` for an N that is gone: 404, or the current content. */
  unknownRevision: ['not-found', 'serve-current'],
  /** (6) Older revisions of a moved file. */
  movedRevisions: ['keep', 'drop'],
  /** (6, 22) Older revisions of a file moved to the trash. */
  trashedRevisions: ['keep', 'drop'],
  /** (7) A second POST to one upload_url: 404, or taken. */
  uploadUrls: ['single-use', 'reusable'],
  /** (9) Which names are one name. Fixed for a data folder when it is made. */
  nameMatching: ['unicode', 'ascii', 'exact'],
  /** (10) What the limit of 255 counts. */
  nameLimit: ['utf16-units', 'utf8-bytes'],
  /** (14) A refresh token used twice: the family is revoked, or it just works again. */
  refreshTokenReuse: ['revoke', 'allow'],
  /** Client authentication by HTTP Basic at the token endpoint (API 2.2). */
  basicClientAuthentication: ['accept', 'refuse'],
  /** What a browser gets of the authorization endpoint (API 2.3): a page to agree on, or the answer. */
  authorizationPage: ['form', 'agree-at-once'],
  /** Ports of `localhost` that it sends the browser back to. */
  redirectPorts: ['registered', 'any'],
  /** (16) HEAD: as GET without a body, or 405. */
  headRequests: ['serve', 'refuse'],
  /** (16) `Range: bytes=-n`: 206, or the whole file with 200. */
  suffixRanges: ['serve', 'ignore'],
  /** (17) Whether the listing of the device Jotta has Trash; live accounts of 2026 had it. */
  trashMountpoint: ['listed', 'hidden'],
  /** (19) Content known to the account, or only to the path that asks. */
  deduplication: ['account', 'path'],
  /** (23) Order of folders and files in every listing. */
  listingOrder: ['stored', 'random'],
  /** (24) A raw `;` in a path: taken as it is, or 404. */
  rawSemicolon: ['accept', 'not-found'],
  /** (25) Unfinished uploads as `latestRevision`. */
  unfinishedUploads: ['show', 'hide'],
  /** (27) `dl` and `dlDir`: 200 on tombstones only, on every missing path, or on neither. */
  trashOfMissing: ['tombstone-ok', 'ok', 'not-found'],
  /** `%25` in a path: the front end's plain 400, or a literal percent (API 9.3, 13). */
  percentInPath: ['refuse', 'accept'],
  /** `cp` onto a tombstone: the copy stays deleted, or is live (API 9.3, 11). */
  copyOntoTombstone: ['stays-deleted', 'revives'],
  /** A new folder where a trashed one is: the same one with its children still trashed, or a fresh
   * one and the trashed one renamed with a date (API 5.5). */
  trashedFolderReuse: ['revive', 'rename'],
  /** `" * : < > ? |` in new names (API 7.1). */
  forbiddenCharacters: ['refuse', 'accept'],
  /** `mode=bin` on a tombstone (API 4.5). */
  trashedDownloads: ['refuse', 'serve'],
  /** `write-locked` and its kin (API 3.2); while on, whatever changes the account is 403. */
  writeLock: ['off', 'on'],
} as const

/** Amounts and their defaults. They may be changed at any time, as the behaviours may. */
export const amounts = {
  /** Wait before each reply. */
  latencyMs: 0,
  /** Bytes per second of one upload or download; 0 is without limit. */
  streamRateBytesPerSecond: 0,
  /** (11) Children above which a folder's listing is a 500, tombstones counted; 0 is without limit. */
  folderMaxEntries: 500_000,
  /** (13) Negative is unlimited. */
  capacityBytes: -1,
  /** (13) Status when the account is full. */
  quotaStatus: 460,
  /** (12) Status of UniqueFileException. */
  rejectConflictsStatus: 409,
  /** (7) How long the bytes of an unfinished upload are kept after they came. */
  partialExpiryMs: 7 * 24 * 3600 * 1000,
  accessTokenTtlSeconds: 3600,
  /** (26) Every upload POST is cut after so many bytes, which are kept; 0 is never. */
  cutUploadsAfterBytes: 0,
  trashDays: 30,
} as const

type Behaviours = { [Name in keyof typeof behaviours]: (typeof behaviours)[Name][number] }
type Amounts = { [Name in keyof typeof amounts]: number }

/** Everything that may change while the emulator runs. */
export type Switches = Behaviours & Amounts

export type LegacyLogin = {
  readonly username: string
  readonly password: string
  readonly clientId: string
  readonly clientSecret: string
  /** Six digits; without it the password is enough. */
  readonly oneTimeCode?: string
}

export type EmulatorOptions = Partial<Switches> & {
  /** Made when missing. One emulator at a time; a second one on it fails to start. */
  readonly dataDirectory: string
  readonly host?: string
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** PEM. With it the emulator speaks HTTPS only. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer }
  readonly now?: () => Date
  /** Lets this person in by the legacy login (API 2.5), which no known service does any more. */
  readonly legacyLogin?: LegacyLogin
  /** Where `upload_url` and the discovery document point; the request's own scheme and host otherwise. */
  readonly publicUrl?: string
  /** What should not happen, and was answered with a 500. A process warning by default. */
  readonly onError?: (error: unknown) => void
  /** Answers POST and GET /emulator/faults, without authentication. Off by default. */
  readonly adminCalls?: boolean
}

/** Throws RangeError naming the first unknown name or value. */
export function checkSwitches(values: Readonly<Record<string, unknown>>): Partial<Switches> {
  for (const [name, value] of Object.entries(values)) {
    if (Object.hasOwn(amounts, name)) {
      if (typeof value === 'number' && Number.isSafeInteger(value)) continue
      throw new RangeError(`${name} takes a whole number`)
    }
    const known: readonly string[] | undefined = Object.entries(behaviours).find(
      ([behaviour]) => behaviour === name,
    )?.[1]
    if (known === undefined) throw new RangeError(`${name} is not a switch of the emulator`)
    if (typeof value === 'string' && known.includes(value)) continue
    throw new RangeError(`${name} takes one of ${known.join(', ')}`)
  }
  return values
}

/** The switches among the options, with defaults for the rest. */
export function resolveSwitches(options: EmulatorOptions): Switches {
  const chosen = Object.entries(options).filter(
    ([name, value]) =>
      value !== undefined && (Object.hasOwn(amounts, name) || Object.hasOwn(behaviours, name)),
  )
  return { ...defaultSwitches(), ...checkSwitches(Object.fromEntries(chosen)) }
}

function defaultSwitches(): Switches {
  const firsts = Object.entries(behaviours).map(([name, values]) => [name, values[0]] as const)
  // Built from the same two tables that the type is built from.
  return { ...Object.fromEntries(firsts), ...amounts } as Switches
}
