// From stored folders and names to keys: what a folder of a bucket is in the key space. Some folders are
// no part of keys: they go on with a long name, or take in what a full folder has no room for. Pure.
import { isReservedName } from './key-path.ts'
import type { NameEncoding } from './name-encoding.ts'
import {
  hashTag,
  isChainFolder,
  type SegmentKind,
  segmentOf,
  segmentOfChain,
} from './segment-name.ts'

/** A folder below a bucket's root, or that root. */
export type KeyFolder = {
  readonly encoding: NameEncoding
  /** What the keys of its objects begin with, up to a slash, or ''. */
  readonly keyPrefix: string
  /** Names of the folders from the one with this key prefix down to here that pieces of a name are in. */
  readonly chain: readonly string[]
  /** One letter for each shard folder since the last other folder. */
  readonly shards: string
  /** What the folder is to names that the bridge did not put here; `undefined`: it is not structural. */
  readonly asOrdinary: KeyFolder | undefined
}

/** Shard folders within each other; below the last one names are not spread any more. */
const shardDepthMax = 4

export function rootFolder(encoding: NameEncoding): KeyFolder {
  return ordinary(encoding, '')
}

/**
 * Whether a folder is the bridge's means and not part of keys: what is in it belongs to the folder that
 * it is in, with the same key prefix.
 */
export function isStructural(folder: KeyFolder): boolean {
  return folder.asOrdinary !== undefined
}

/** A child folder; `undefined` for the bridge's own, which holds no keys. */
export function enterFolder(folder: KeyFolder, storedName: string): KeyFolder | undefined {
  if (isReservedName(storedName)) return undefined
  const { encoding, keyPrefix } = folder
  const below = (shards: string, chain: readonly string[]): KeyFolder => {
    const base = folder.asOrdinary ?? folder
    const segment = segmentOf(storedName, 'folder', encoding)
    const asOrdinary = ordinary(encoding, `${base.keyPrefix}${segment}/`)
    return { encoding, keyPrefix, chain, shards, asOrdinary }
  }
  const shard = shardLetter(storedName)
  if (shard !== undefined && folder.shards.length < shardDepthMax) {
    return below(folder.shards + shard, folder.chain)
  }
  if (isInItsShard(folder, storedName)) {
    if (isChainFolder(storedName, folder.chain)) return below('', [...folder.chain, storedName])
    const segment = segmentIn(folder, storedName, 'folder')
    if (segment !== undefined) return ordinary(encoding, `${keyPrefix}${segment}/`)
  }
  return folder.asOrdinary && enterFolder(folder.asOrdinary, storedName)
}

/** The key of a file in a folder; `undefined` for a name of the bridge's own. */
export function keyOfFile(folder: KeyFolder, storedName: string): string | undefined {
  if (isReservedName(storedName)) return undefined
  if (isInItsShard(folder, storedName)) {
    const kind = folder.keyPrefix === '' ? 'top-file' : 'file'
    const segment = segmentIn(folder, storedName, kind)
    if (segment !== undefined) return folder.keyPrefix + segment
  }
  return folder.asOrdinary && keyOfFile(folder.asOrdinary, storedName)
}

/** The folder at a path below a bucket's root; `undefined` for what is in the bridge's own. */
export function folderAt(path: readonly string[], encoding: NameEncoding): KeyFolder | undefined {
  let folder: KeyFolder | undefined = rootFolder(encoding)
  for (const name of path) folder = folder && enterFolder(folder, name)
  return folder
}

/** The key of the file at a path below a bucket's root; `undefined` for what is the bridge's own. */
export function keyAt(path: readonly string[], encoding: NameEncoding): string | undefined {
  const name = path.at(-1)
  const folder = folderAt(path.slice(0, -1), encoding)
  return folder === undefined || name === undefined ? undefined : keyOfFile(folder, name)
}

/**
 * The shard folders in which a full folder keeps a name, from the outermost on. Every name has its own,
 * so that it is found without a look into the others.
 */
export function shardFolders(storedName: string): string[] {
  return [...shardLetters(storedName).slice(0, shardDepthMax)].map((letter) => shardMark + letter)
}

export function isShardFolder(storedName: string): boolean {
  return shardLetter(storedName) !== undefined
}

/** Whether a name may be an irregular form, rather than the one that others would give. */
export function isIrregularName(storedName: string): boolean {
  return /\u201b[kpn][0-9a-v]{13}(?:\.[0-9A-Za-z]{1,10})?$/u.test(storedName)
}

const shardMark = '\u201bs'

function ordinary(encoding: NameEncoding, keyPrefix: string): KeyFolder {
  return { encoding, keyPrefix, chain: [], shards: '', asOrdinary: undefined }
}

function shardLetter(storedName: string): string | undefined {
  return /^\u201bs([0-9a-v])$/u.exec(storedName)?.[1]
}

/** The first letter of a digest's text may only be 0 or 1, so it goes last. */
function shardLetters(storedName: string): string {
  return hashTag('shard', storedName).slice(1)
}

function isInItsShard(folder: KeyFolder, storedName: string): boolean {
  return folder.shards === '' || shardLetters(storedName).startsWith(folder.shards)
}

function segmentIn(folder: KeyFolder, storedName: string, kind: SegmentKind): string | undefined {
  if (folder.chain.length === 0) return segmentOf(storedName, kind, folder.encoding)
  return segmentOfChain(storedName, folder.chain, kind, folder.encoding)
}
