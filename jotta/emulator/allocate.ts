// `files/v1/allocate` (API 5.1): decides whether content has to be sent at all, and from where on.
import { randomUUID } from 'node:crypto'
import type { Blobs } from './blobs.ts'
import { isVirtualMountpoint } from './commands.ts'
import { EmulatorError, invalidArgument, notFound } from './emulator-error.ts'
import { splitPath } from './names.ts'
import { type Partial, partialColumns, toPartial } from './partials.ts'
import type { Content, Revisions } from './revisions.ts'
import { parseClientTime } from './times.ts'
import { deletedAt, type Node, type Tree } from './tree.ts'

export type AllocateRequest = {
  /** From the device on. */
  readonly names: readonly string[]
  readonly sizeBytes: number
  readonly md5: string
  /** As sent: read when it is known what is there. */
  readonly created: unknown
  readonly modified: unknown
  readonly onConflict: 'CREATE_NEW_REVISION' | 'REJECT_CONFLICTS'
}

export type Allocation = {
  readonly name: string
  /** Names from the mountpoint on, in stored casing; from the device on when that is not Jotta. */
  readonly path: string
  readonly state: 'COMPLETED' | 'INCOMPLETE' | 'CORRUPT'
  readonly uploadId: string
  readonly sizeBytes: number
  readonly resumePosition: number
}

/** Throws 400 for what is missing or malformed. */
export function parseAllocate(text: string): AllocateRequest {
  const { bytes, md5, path, created, modified, conflict_handler: handler } = parseObject(text)
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0) {
    throw invalidArgument('bytes is missing or not a size')
  }
  if (typeof md5 !== 'string' || !/^[0-9a-f]{32}$/i.test(md5)) {
    throw invalidArgument('md5 is missing or not an MD5')
  }
  if (typeof path !== 'string') throw invalidArgument('path is missing')
  const onConflict = handler ?? 'CREATE_NEW_REVISION'
  if (onConflict !== 'CREATE_NEW_REVISION' && onConflict !== 'REJECT_CONFLICTS') {
    throw invalidArgument('conflict_handler is unknown')
  }
  const names = splitPath(path)
  // One client leaves the device out (API 5.1).
  const full = path.startsWith('/jfs/') ? names.slice(1) : ['Jotta', ...names]
  if (full.length < 3) throw invalidArgument('path is not that of a file')
  return { names: full, sizeBytes: bytes, md5, created, modified, onConflict }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalidArgument('The body is not JSON')
  }
  if (typeof value !== 'object' || value === null)
    throw invalidArgument('The body is not an object')
  return { ...value }
}

export class Allocator {
  readonly #tree: Tree
  readonly #revisions: Revisions
  readonly #blobs: Blobs
  readonly #isBusy: (partialId: string) => boolean

  constructor(
    tree: Tree,
    revisions: Revisions,
    blobs: Blobs,
    isBusy: (partialId: string) => boolean,
  ) {
    this.#tree = tree
    this.#revisions = revisions
    this.#blobs = blobs
    this.#isBusy = isBusy
  }

  /** Changes nothing when it throws. Only COMPLETED is a promise, so only that waits for the disk. */
  allocate(request: AllocateRequest): Allocation {
    const known = this.#isKnown(request)
    return this.#tree.store.transaction(known ? 'durable' : 'relaxed', () => {
      const { mountpoint, parent, name } = this.#makeParents(request.names)
      const present = this.#tree.child(parent.id, name, 'file')
      const isThere = present !== undefined && present.deleted === null && present.current !== null
      if (isThere && request.onConflict === 'REJECT_CONFLICTS') {
        const { rejectConflictsStatus } = this.#tree.switches
        throw new EmulatorError(rejectConflictsStatus, 'UniqueFileException', `${name} is there`)
      }
      const content = this.#contentOf(request, present)
      return known
        ? this.#complete(mountpoint, parent, name, content)
        : this.#begin(request, parent, name, present, content)
    })
  }

  /** Folders are made now, not at completion: the unfinished file is listed in them (API 4.4). */
  #makeParents(names: readonly string[]): { mountpoint: Node; parent: Node; name: string } {
    if (isVirtualMountpoint(names)) throw notFound('NoSuchMountPointException', names.join('/'))
    const mountpoint = this.#tree.mustFind(names.slice(0, 2), 'folder')
    if (deletedAt(mountpoint) !== null) {
      throw notFound('NoSuchMountPointException', names.slice(0, 2).join('/'))
    }
    let parent: Node = mountpoint
    for (const folder of names.slice(2, -1)) parent = this.#tree.ensureFolder(parent, folder)
    const name = names.at(-1) ?? ''
    this.#tree.makeRoomForFile(parent, name)
    return { mountpoint, parent, name }
  }

  #isKnown(request: AllocateRequest): boolean {
    return this.#revisions.isKnown(request, this.#tree.find(request.names, 'file'))
  }

  #contentOf(request: AllocateRequest, present: Node | undefined): Content {
    const now = this.#tree.nowMs()
    const birth = present === undefined ? undefined : this.#revisions.current(present)?.created
    return {
      md5: request.md5,
      sizeBytes: request.sizeBytes,
      created: parseClientTime(request.created, birth ?? now),
      modified: parseClientTime(request.modified, now),
    }
  }

  #complete(mountpoint: Node, parent: Node, name: string, content: Content): Allocation {
    const present = this.#tree.child(parent.id, name, 'file')
    let file = present ?? this.#tree.insert(parent.id, 'file', name)
    if (file.deleted !== null) file = this.#tree.revive(file)
    this.#revisions.put(file, mountpoint, content)
    return this.#answer(file, 'COMPLETED', randomUUID(), content, content.sizeBytes)
  }

  #begin(
    request: AllocateRequest,
    parent: Node,
    name: string,
    present: Node | undefined,
    content: Content,
  ): Allocation {
    this.#revisions.checkCapacity(content.sizeBytes)
    const file = present ?? this.#tree.insert(parent.id, 'file', name)
    const path = request.names.map((part) => this.#tree.fold(part)).join('/')
    const earlier = this.#earlier(file, path, content)
    const partial = earlier === undefined ? this.#insert(file, path, content) : earlier
    if (earlier !== undefined) {
      this.#tree.store.run(
        'UPDATE partials SET md5 = ?, created = ?, modified = ? WHERE id = ?',
        content.md5,
        content.created,
        content.modified,
        earlier.id,
      )
    }
    const uploadId = randomUUID()
    this.#tree.store.run('INSERT INTO uploads VALUES (?, ?)', uploadId, partial.id)
    return this.#answer(file, partial.state, uploadId, content, this.resumePosition(partial))
  }

  /**
   * An upload of the same content to the same path, to go on with. One that nobody has sent a byte to,
   * or that is being sent to now, is somebody else's: two uploads at once are two (API 8, 8).
   */
  #earlier(file: Node, path: string, content: Content): Partial | undefined {
    return this.#tree.store
      .all(
        `SELECT ${partialColumns} FROM partials p
         WHERE node = ? AND path = ? AND content = ? AND size = ? ORDER BY number DESC`,
        file.id,
        path,
        content.md5.toLowerCase(),
        content.sizeBytes,
      )
      .map((row) => {
        const partial = toPartial(row)
        return { partial, receivedBytes: this.#blobs.partialSize(partial.id) }
      })
      .filter(
        ({ partial, receivedBytes }) =>
          !this.#isBusy(partial.id) && (partial.state === 'CORRUPT' || receivedBytes > 0),
      )
      .sort((one, other) => other.receivedBytes - one.receivedBytes)[0]?.partial
  }

  #insert(file: Node, path: string, content: Content): Partial {
    const partial: Partial = {
      ...content,
      id: randomUUID(),
      node: file.id,
      number: this.#revisions.takeNumber(file.id),
      path,
      state: 'INCOMPLETE',
      updated: this.#tree.nowMs(),
    }
    this.#tree.store.run(
      `INSERT INTO partials (id, node, number, path, state, content, size, md5, created, modified, updated)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      partial.id,
      partial.node,
      partial.number,
      partial.path,
      partial.state,
      partial.md5.toLowerCase(),
      partial.sizeBytes,
      partial.md5,
      partial.created,
      partial.modified,
      partial.updated,
    )
    return partial
  }

  /**
   * Bytes that need not be sent again. Never all of them: a killed process may leave the whole content
   * uncommitted, and sending its last byte is what commits it.
   */
  resumePosition(partial: Partial): number {
    if (partial.sizeBytes === 0 || this.#hasExpired(partial)) return 0
    return Math.min(this.#blobs.partialSize(partial.id), partial.sizeBytes - 1)
  }

  #hasExpired(partial: Partial): boolean {
    return partial.updated <= this.#tree.nowMs() - this.#tree.switches.partialExpiryMs
  }

  #answer(
    file: Node,
    state: Allocation['state'],
    uploadId: string,
    content: Content,
    resumePosition: number,
  ): Allocation {
    const names = (this.#tree.trailOf(file.id) ?? []).map(({ name }) => name)
    const shown = names[0] === 'Jotta' ? names.slice(1) : names
    const { sizeBytes } = content
    return { name: file.name, path: shown.join('/'), state, uploadId, sizeBytes, resumePosition }
  }
}
