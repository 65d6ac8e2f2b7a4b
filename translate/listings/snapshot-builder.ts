// Turns listings into the rows of one snapshot. Runs in a thread of its own; holds a bounded number of rows
// and leaves the rest in the file.
import { readFolderListing, readTreeListing } from '../../jotta/read-listing.ts'
import type { Entry } from '../../jotta/wire.ts'
import { FolderCount, type FolderSeen, TreeMarks } from '../folder-marks.ts'
import { enterFolder, folderAt, isStructural, type KeyFolder, keyOfFile } from '../key-folder.ts'
import { type NameEncoding, parseNameEncoding } from '../name-encoding.ts'
import { readableObject } from '../stored-object.ts'
import type { Feed, Job, Made } from './job.ts'
import { objectRow, prefixRow, type Row } from './row.ts'
import { packRun, RunPacker, sortRows } from './run-blocks.ts'
import { type RunWriter, writeRuns } from './run-file.ts'

/** What takes no more is never written: a folder as full as the bridge makes any. */
const packedMaxBytes = 1024 ** 2
/** A run ends, unless it goes on in order, with so many rows or, when keys are long, letters of them. */
const runRows = 32_768
const runLetters = 4 * 1024 ** 2

export class SnapshotBuilder {
  readonly #job: Job
  readonly #encoding: NameEncoding
  readonly #onSize: (sizeBytes: number) => void
  #rows: Row[] = []
  /** Of the keys in `#rows`. */
  #letters = 0
  #writer: RunWriter | undefined
  /** Of all rows, while they come in order. */
  readonly #packer = new RunPacker(packedMaxBytes)

  /** `onSize` is told each time that the file has grown. */
  constructor(job: Job, onSize: (sizeBytes: number) => void) {
    this.#job = job
    this.#encoding = parseNameEncoding(job.encodingFlags)
    this.#onSize = onSize
  }

  /**
   * Returns the paths of folders that belong to this one. `onSeen` is told what it met, before it returns.
   * Throws JottaError as the readers do.
   */
  async read(
    feed: Feed,
    bytes: AsyncIterable<Uint8Array>,
    onSeen: (folders: readonly FolderSeen[]) => void,
  ): Promise<string[][]> {
    const root = folderAt(feed.path, this.#encoding)
    if (root === undefined) return []
    if (this.#job.kind === 'tree') {
      await this.#readTree(feed, root, bytes, new TreeMarks(feed.path, onSeen))
      return []
    }
    const count = new FolderCount()
    const inside = await this.#readFolder(feed, root, bytes, count)
    const { entries, hasIrregular, hasShards } = count
    onSeen([{ path: feed.path, entries, hasIrregular, hasShards }])
    return inside
  }

  finish(): Made {
    if (this.#writer === undefined) {
      const packed = this.#packer.finish() ?? packRun(sortRows(this.#rows), packedMaxBytes)
      if (packed !== undefined) return { kind: 'packed', run: packed }
    }
    this.#flush()
    const sizeBytes = this.#writer?.sizeBytes() ?? 0
    this.close()
    return { kind: 'file', sizeBytes }
  }

  close(): void {
    this.#rows = []
    this.#writer?.close()
    this.#writer = undefined
  }

  async #readTree(
    feed: Feed,
    root: KeyFolder,
    bytes: AsyncIterable<Uint8Array>,
    marks: TreeMarks,
  ): Promise<void> {
    let path: readonly string[] = []
    let folder: KeyFolder | undefined = root
    for await (const entries of readTreeListing({ ...feed, bytes })) {
      for (const entry of entries) {
        if (entry.kind === 'folder') continue
        if (!isSamePath(entry.path, path)) {
          path = entry.path
          folder = root
          for (const name of path) folder = folder && enterFolder(folder, name)
          marks.addFolders(path)
        }
        marks.addFile(path, entry.name)
        const key = folder && keyOfFile(folder, entry.name)
        if (key === undefined || !key.startsWith(this.#job.prefix)) continue
        const { md5, sizeBytes, modified = new Date(0) } = entry
        const depth = feed.path.length + path.length + 1
        const object = { md5, sizeBytes, modified, updated: undefined, mime: undefined }
        this.#add(objectRow(key, depth, object))
      }
    }
    marks.flush()
  }

  async #readFolder(
    feed: Feed,
    folder: KeyFolder,
    bytes: AsyncIterable<Uint8Array>,
    count: FolderCount,
  ): Promise<string[][]> {
    const inside: string[][] = []
    for await (const entries of readFolderListing({ ...feed, bytes })) {
      for (const entry of entries) {
        count.add(entry)
        const isInside = !entry.deleted && this.#addEntry(feed, folder, entry)
        if (isInside) inside.push([...feed.path, entry.name])
      }
    }
    return inside
  }

  /** Returns whether it is a folder whose content belongs to this one. */
  #addEntry({ path }: Feed, folder: KeyFolder, entry: Entry): boolean {
    const { prefix } = this.#job
    const depth = path.length + 1
    if (entry.kind === 'file') {
      const object = readableObject(entry)
      const key = object && keyOfFile(folder, entry.name)
      if (object !== undefined && key?.startsWith(prefix) === true) {
        this.#addInFolder(key, objectRow(key, depth, object))
      }
      return false
    }
    const child = enterFolder(folder, entry.name)
    if (child === undefined) return false
    if (isStructural(child)) return true
    if (child.keyPrefix.startsWith(prefix)) {
      this.#addInFolder(child.keyPrefix, prefixRow(child.keyPrefix, depth))
    }
    return false
  }

  /** In a folder of the bridge's own, others may have put what is deeper down. */
  #addInFolder(name: string, row: Row): void {
    const slash = name.indexOf('/', this.#job.prefix.lastIndexOf('/') + 1)
    const rolledUp = slash === -1 ? name : name.slice(0, slash + 1)
    if (slash === -1 || rolledUp === name) this.#add(row)
    else this.#add(prefixRow(rolledUp, row[1]))
  }

  #add(row: Row): void {
    this.#rows.push(row)
    this.#packer.add(row)
    this.#letters += row[0].length
    if (this.#rows.length >= runRows || this.#letters >= runLetters) this.#flush()
  }

  #flush(): void {
    this.#writer ??= writeRuns(this.#job.file)
    this.#writer.add(this.#rows)
    this.#rows = []
    this.#letters = 0
    this.#onSize(this.#writer.sizeBytes())
  }
}

function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at])
}
