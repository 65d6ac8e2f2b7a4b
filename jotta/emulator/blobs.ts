// Bytes on disk: complete contents named by MD5 and size, unfinished uploads named by id. The
// database says which of them count; garbage.ts removes the others.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

export class Blobs {
  readonly #blobs: string
  readonly #partials: string

  constructor(dataDirectory: string) {
    this.#blobs = join(dataDirectory, 'blobs')
    this.#partials = join(dataDirectory, 'partials')
    for (const folder of [this.#blobs, this.#partials]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      syncFolder(folder)
    }
    syncFolder(dataDirectory)
  }

  /** A file descriptor: bytes that were found stay readable though the last revision goes meanwhile. */
  openBlob(md5: string, sizeBytes: number): number {
    return openSync(this.#blobPath(md5, sizeBytes), 'r')
  }

  /**
   * Makes a complete partial a blob, durably. The partial's own bytes were synced before. Synchronous,
   * like the commit that follows it: garbage collection cannot come between the two.
   */
  place(id: string, md5: string, sizeBytes: number): void {
    const path = this.#blobPath(md5, sizeBytes)
    const folder = join(path, '..')
    if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) syncFolder(this.#blobs)
    renameSync(join(this.#partials, id), path)
    syncFolder(folder)
  }

  removeBlob(md5: string, sizeBytes: number): void {
    rmSync(this.#blobPath(md5, sizeBytes), { force: true })
  }

  partialSize(id: string): number {
    return statSync(join(this.#partials, id), { throwIfNoEntry: false })?.size ?? 0
  }

  /** For reading and writing, made when missing. The caller closes it. */
  async openPartial(id: string): ReturnType<typeof open> {
    const path = join(this.#partials, id)
    // Opening with `a+` would append whatever the position: make it first, then open it.
    closeSync(openSync(path, 'a', 0o600))
    return await open(path, 'r+')
  }

  removePartial(id: string): void {
    rmSync(join(this.#partials, id), { force: true })
  }

  partialIds(): string[] {
    return readdirSync(this.#partials)
  }

  #blobPath(md5: string, sizeBytes: number): string {
    return join(this.#blobs, md5.slice(0, 2), `${md5.slice(2)}-${sizeBytes}`)
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
