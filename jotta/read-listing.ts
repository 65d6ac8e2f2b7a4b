// The bytes of a listing -> its entries, one folder or everything below one. API 4.2, 4.7. Apart from the
// request, so that a thread that makes none can do it.
import { createHash } from 'node:crypto'
import { JottaError } from './jotta-error.ts'
import { isDeleted, parseCount, parseFile, parseFolder, parseTreeEntry } from './parse-reply.ts'
import type { Entry, TreeEntry } from './wire.ts'
import { readXmlPieces, textOf, type XmlElement } from './xml-stream.ts'

/** A listing as it arrives. Its reader goes to the end of `bytes` or destroys them. */
export type OpenListing<Bytes extends AsyncIterable<Uint8Array>> = {
  readonly bytes: Bytes
  /** What failures call it. */
  readonly subject: string
  /** Names from the mountpoint down to the listed folder. */
  readonly rootSegments: number
}

/** See JottaClient.list. Entries come as many at once as a chunk of bytes holds. */
export async function* readFolderListing({
  bytes,
  subject,
}: OpenListing<AsyncIterable<Uint8Array>>): AsyncGenerator<readonly Entry[], void, undefined> {
  const count = createChildCount()
  for await (const events of readXmlPieces(bytes, ['folders', 'files'], subject)) {
    const entries: Entry[] = []
    for (const event of events) {
      if (event.type === 'open' && event.container === '') assertLiveFolder(event.element, subject)
      if (event.type !== 'element') continue
      count.add(event)
      const { container, element } = event
      if (container === 'folders' && element.name === 'folder') {
        entries.push(parseFolder(element, subject))
      }
      if (container === 'files' && element.name === 'file')
        entries.push(parseFile(element, subject))
    }
    yield entries
  }
  count.assertNoneMissing(subject)
}

/** See JottaClient.listTree. Entries come as many at once as a chunk of bytes holds. */
export async function* readTreeListing({
  bytes,
  subject,
  rootSegments,
}: OpenListing<AsyncIterable<Uint8Array>>): AsyncGenerator<readonly TreeEntry[], void, undefined> {
  const count = createTreeCount()
  let stats: XmlElement | undefined
  for await (const events of readXmlPieces(bytes, [], subject)) {
    const entries: TreeEntry[] = []
    for (const event of events) {
      if (event.type !== 'element') continue
      const { element } = event
      if (element.name === 'stats') stats = element
      if (element.name !== 'folder' && element.name !== 'file') continue
      const entry = parseTreeEntry(element, rootSegments, subject)
      count.add(entry)
      if (entry.kind === 'file' || entry.path.length > 0) entries.push(entry)
    }
    yield entries
  }
  count.assertIs(stats, subject)
}

function assertLiveFolder(root: XmlElement, subject: string): void {
  if (root.name === 'file') throw new JottaError('conflict', `${subject}: it is a file`)
  if (root.name !== 'folder' && root.name !== 'mountPoint') {
    throw new JottaError('protocol', `${subject}: the reply is not that of a folder`)
  }
  if (isDeleted(root)) throw new JottaError('not-found', `${subject}: the folder is in the trash`)
}

/**
 * Counts the children of one folder and holds them to what its `metadata` announces, where it does (API 4.2).
 * A well-formed listing that is short is told by nothing else. More than announced is no fault: whether all
 * that is listed is counted, unfinished uploads above all, is not known.
 */
export function createChildCount() {
  const came = { folder: 0, file: 0 }
  let announced: XmlElement['attributes'] = {}
  return {
    add({
      container,
      element,
    }: {
      readonly container: string
      readonly element: XmlElement
    }): void {
      if (container === 'folders' && element.name === 'folder') came.folder += 1
      if (container === 'files' && element.name === 'file') came.file += 1
      if (container === '' && element.name === 'metadata') announced = element.attributes
    },
    /** Throws JottaError `protocol`. */
    assertNoneMissing(subject: string): void {
      const { total, num_folders: folders, num_files: files } = announced
      const isShort =
        came.folder < (parseCount(folders) ?? 0) ||
        came.file < (parseCount(files) ?? 0) ||
        came.folder + came.file < (parseCount(total) ?? 0)
      if (!isShort) return
      const text = `${came.folder} folders and ${came.file} files came of ${total ?? 'all'}`
      throw new JottaError('protocol', `${subject}: the listing is incomplete: ${text}`)
    },
  }
}

/** Of folders that are counted exactly; a few megabytes. */
const foldersKnownMax = 65_536

/**
 * Counts as rclone does, whose count the stats are known to equal: each folder element, each file, and
 * each folder that a file is the first to mention. The latest folders are remembered by 52 bits of a digest;
 * two that collide fail the listing, never falsify it. One that comes back after it was forgotten is counted
 * twice: then the folders are only held between those that were named as such and those that were counted.
 * The files, which are what nobody must miss, are always counted exactly.
 */
function createTreeCount() {
  const known = new Set<number>()
  let hasForgotten = false
  let named = 0
  let folders = 0
  let files = 0
  let last: string | undefined
  /** Whether the folder is not among the latest. */
  const isNew = (segments: readonly string[]): boolean => {
    const path = segments.join('/')
    if (path === last) return false
    last = path
    const bytes = createHash('md5').update(path).digest()
    const digest = bytes.readUIntBE(0, 6) * 16 + (bytes.readUInt8(6) >> 4)
    const isKnown = known.delete(digest)
    known.add(digest)
    for (const oldest of known) {
      if (known.size <= foldersKnownMax) break
      known.delete(oldest)
      hasForgotten = true
    }
    return !isKnown
  }
  return {
    add(entry: TreeEntry): void {
      const isFirst = isNew(entry.path)
      if (entry.kind === 'file') files += 1
      else named += 1
      if (entry.kind === 'folder' || isFirst) folders += 1
    },
    /** Throws JottaError `protocol`. */
    assertIs(stats: XmlElement | undefined, subject: string): void {
      if (stats === undefined) {
        throw new JottaError('protocol', `${subject}: the listing ends without its stats`)
      }
      const told = [parseCount(textOf(stats, 'folders')), parseCount(textOf(stats, 'files'))]
      const [toldFolders = -1, toldFiles] = told
      const least = hasForgotten ? named : folders
      if (toldFiles === files && toldFolders >= least && toldFolders <= folders) return
      const text = `${folders} folders and ${files} files came, ${told.join(' and ')} were announced`
      throw new JottaError('protocol', `${subject}: the listing is incomplete: ${text}`)
    },
  }
}
