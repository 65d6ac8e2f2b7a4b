// The POST to an upload_url (API 5.2): bytes go to the partial file as they come, are hashed on the
// way, and become a revision when they are all there and have the MD5 that was announced.
import { createHash, type Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { Allocator } from './allocate.ts'
import type { Blobs } from './blobs.ts'
import { conflict, EmulatorError, invalidArgument, notFound } from './emulator-error.ts'
import { type Partial, partialById } from './partials.ts'
import type { Revision, Revisions } from './revisions.ts'
import { textOf } from './store.ts'
import type { Tree } from './tree.ts'

export type UploadInput = {
  readonly request: IncomingMessage
  readonly countBytesIn: (bytes: number) => void
  /** Waits as long as so many bytes take at the set rate. */
  readonly pace: (bytes: number) => Promise<void>
  /** After so many bytes of this request the client is not listened to any more. */
  readonly cutAfterBytes: number | undefined
}

export type UploadOutcome =
  | {
      readonly kind: 'complete'
      readonly path: string
      readonly revision: Revision
      readonly node: number
    }
  /** Bytes are missing and the client is still there: 420. */
  | { readonly kind: 'short' }
  /** `cutAfterBytes` was reached. */
  | { readonly kind: 'cut' }

export class Uploads {
  readonly allocator: Allocator
  readonly #tree: Tree
  readonly #revisions: Revisions
  readonly #blobs: Blobs
  readonly #busy = new Map<string, { request: IncomingMessage; ended: Promise<void> }>()

  constructor(tree: Tree, revisions: Revisions, blobs: Blobs) {
    this.allocator = new Allocator(tree, revisions, blobs, (id) => this.#busy.has(id))
    this.#tree = tree
    this.#revisions = revisions
    this.#blobs = blobs
  }

  isBusy(partialId: string): boolean {
    return this.#busy.has(partialId)
  }

  /**
   * When uploads whose client is gone have let go of their bytes: it may come back for them at once.
   * That it is gone may be known to the kernel and not to us yet, hence the turns of the event loop.
   */
  async abandonedEnded(): Promise<void> {
    for (let turn = 0; turn < 3 && this.#busy.size > 0; turn += 1) await setImmediate()
    const abandoned = [...this.#busy.values()].filter(({ request }) => request.destroyed)
    await Promise.all(abandoned.map(({ ended }) => ended))
  }

  /** Throws 404, 411, 416, 421, 460; what came before a failure is kept. */
  async receive(uploadId: string, input: UploadInput): Promise<UploadOutcome> {
    const partial = this.#partialOf(uploadId)
    if (this.#busy.has(partial.id)) throw conflict('This content is being uploaded to this path')
    const resumePosition = this.allocator.resumePosition(partial)
    const lengthBytes = contentLength(input.request)
    const start = rangeStart(input.request.headers.range, partial, resumePosition)
    if (start + lengthBytes > partial.sizeBytes) {
      throw invalidArgument('The body is longer than what was allocated')
    }
    this.#revisions.checkCapacity(partial.sizeBytes)
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    this.#busy.set(partial.id, { request: input.request, ended })
    try {
      this.#use(uploadId, partial)
      return await this.#receiveInto(partial, start, input)
    } finally {
      this.#busy.delete(partial.id)
      resolve()
    }
  }

  #partialOf(uploadId: string): Partial {
    const row = this.#tree.store.get('SELECT partial FROM uploads WHERE id = ?', uploadId)
    const partial =
      row === undefined ? undefined : partialById(this.#tree.store, textOf(row, 'partial'))
    if (partial === undefined) throw notFound('NoSuchUploadException', 'This upload')
    return partial
  }

  #use(uploadId: string, partial: Partial): void {
    const { store, switches } = this.#tree
    store.transaction('relaxed', () => {
      if (switches.uploadUrls === 'single-use') {
        store.run('DELETE FROM uploads WHERE id = ?', uploadId)
      }
      store.run(`UPDATE partials SET state = 'INCOMPLETE' WHERE id = ?`, partial.id)
    })
  }

  async #receiveInto(partial: Partial, start: number, input: UploadInput): Promise<UploadOutcome> {
    const file = await this.#blobs.openPartial(partial.id)
    try {
      await file.truncate(start)
      const hash = await hashOf(file, start)
      const end = await this.#append(partial, file, hash, start, input)
      await file.datasync()
      if (end.position < partial.sizeBytes) return { kind: end.cut ? 'cut' : 'short' }
      if (hash.digest('hex') !== partial.md5.toLowerCase()) throw this.#corrupt(partial)
      return this.#commit(partial)
    } finally {
      await file.close()
    }
  }

  async #append(
    partial: Partial,
    file: FileHandle,
    hash: Hash,
    start: number,
    { request, countBytesIn, pace, cutAfterBytes }: UploadInput,
  ): Promise<{ position: number; cut: boolean }> {
    const limit = start + (cutAfterBytes ?? Number.MAX_SAFE_INTEGER)
    let position = start
    try {
      // Not destroyed when left early: the reply still has to go out on this connection.
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        const bytes: Buffer = chunk
        const kept = bytes.subarray(0, limit - position)
        await writeAll(file, kept, position)
        hash.update(kept)
        position += kept.length
        countBytesIn(kept.length)
        if (position >= limit) return { position, cut: true }
        await pace(kept.length)
      }
      return { position, cut: false }
    } finally {
      this.#tree.store.run(
        'UPDATE partials SET updated = ? WHERE id = ?',
        this.#tree.nowMs(),
        partial.id,
      )
    }
  }

  /** The bytes are worthless; the failed attempt stays visible (API 4.4). */
  #corrupt(partial: Partial): EmulatorError {
    this.#blobs.removePartial(partial.id)
    this.#tree.store.transaction('relaxed', () => {
      this.#tree.store.run(`UPDATE partials SET state = 'CORRUPT' WHERE id = ?`, partial.id)
    })
    return new EmulatorError(421, 'CorruptUploadOpenApiException', 'The MD5 does not match')
  }

  /**
   * From here to the end nothing else runs: the blob is put in place and the revision that needs it is
   * committed in one turn. Killed in between, the blob is found among the garbage at the next start.
   */
  #commit(partial: Partial): UploadOutcome {
    const { store } = this.#tree
    const content = partial.md5.toLowerCase()
    const trail = this.#trailStillThere(partial)
    store.transaction('relaxed', () =>
      store.run('INSERT OR IGNORE INTO garbage VALUES (?, ?)', content, partial.sizeBytes),
    )
    this.#revisions.checkCapacity(partial.sizeBytes)
    this.#blobs.place(partial.id, content, partial.sizeBytes)
    return store.transaction('durable', () => {
      this.#tree.reviveTrail(trail)
      const [, mountpoint] = trail
      // Read again: reviving took the stamp off.
      const file = this.#tree.byId(partial.node)
      if (mountpoint === undefined || file === undefined) throw notFound('NoSuchFileException', '')
      // What was asked for last before completion counts: a later allocate may have changed the times.
      const latest = partialById(store, partial.id) ?? partial
      const revision = this.#revisions.add(file, mountpoint, latest, partial.number)
      store.run('DELETE FROM partials WHERE id = ?', partial.id)
      store.run('DELETE FROM garbage WHERE content = ? AND size = ?', content, partial.sizeBytes)
      const path = trail.map(({ name }) => name).join('/')
      return { kind: 'complete', path, revision, node: file.id }
    })
  }

  /** Throws 404 when the file was removed or moved, or its mountpoint trashed, since the allocate. */
  #trailStillThere(partial: Partial): ReturnType<Tree['trailOf']> & object {
    const trail = this.#tree.trailOf(partial.node)
    const path = trail?.map(({ name }) => this.#tree.fold(name)).join('/')
    const row = partialById(this.#tree.store, partial.id)
    if (trail === undefined || row === undefined || path !== partial.path) {
      this.#tree.store.transaction('relaxed', () =>
        this.#tree.store.run('DELETE FROM partials WHERE id = ?', partial.id),
      )
      throw notFound('NoSuchFileException', 'The file that this upload was for')
    }
    if (trail[1]?.deleted !== null) throw notFound('NoSuchMountPointException', path)
    return trail
  }
}

async function hashOf(file: FileHandle, length: number): Promise<Hash> {
  const hash = createHash('md5')
  if (length === 0) return hash
  const kept = file.createReadStream({ start: 0, end: length - 1, autoClose: false })
  for await (const chunk of kept) hash.update(chunk)
  return hash
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

/** A body of unknown length is not taken (API 5.2). */
function contentLength(request: IncomingMessage): number {
  const value = request.headers['content-length']
  if (value === undefined) {
    throw new EmulatorError(411, 'InvalidArgumentException', 'Content-Length is required')
  }
  return Number(value)
}

/** Where the body begins: at `resume_pos` by a Range, or without one at the beginning. */
function rangeStart(range: string | undefined, partial: Partial, resumePosition: number): number {
  if (range === undefined) return 0
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
  const start = Number(first)
  if (first === '' || start !== resumePosition || Number(last) !== partial.sizeBytes - 1) {
    throw new EmulatorError(
      416,
      'RequestedRangeNotSatisfiedException',
      `The range must be bytes=${resumePosition}-${partial.sizeBytes - 1}`,
    )
  }
  return start
}
