// Revisions of files, and what content the account knows (API 4.3, 4.6, 5.3). Inside the caller's
// transaction, as tree.ts.
import { EmulatorError } from './emulator-error.ts'
import { type Connection, numberOf, type Row, textOf } from './store.ts'
import type { Node, Tree } from './tree.ts'

const keptRevisions = 5

/** What a file is made from. `md5` in the letter case that the client sent. */
export type Content = {
  readonly md5: string
  readonly sizeBytes: number
  readonly created: number
  readonly modified: number
}

export type Revision = Content & { readonly number: number; readonly updated: number }

export const revisionColumns = 'r.number, r.md5, r.size, r.created, r.modified, r.updated'

export function toRevision(row: Row): Revision {
  return {
    number: numberOf(row, 'number'),
    md5: textOf(row, 'md5'),
    sizeBytes: numberOf(row, 'size'),
    created: numberOf(row, 'created'),
    modified: numberOf(row, 'modified'),
    updated: numberOf(row, 'updated'),
  }
}

export class Revisions {
  readonly #tree: Tree

  constructor(tree: Tree) {
    this.#tree = tree
  }

  get(node: number, number: number): Revision | undefined {
    const row = this.#tree.store.get(
      `SELECT ${revisionColumns} FROM revisions r WHERE node = ? AND number = ?`,
      node,
      number,
    )
    return row === undefined ? undefined : toRevision(row)
  }

  current(node: Node): Revision | undefined {
    return node.current === null ? undefined : this.get(node.id, node.current)
  }

  /** Older than the current one, newest first. */
  older(node: Node): Revision[] {
    return this.#tree.store
      .all(
        `SELECT ${revisionColumns} FROM revisions r WHERE node = ? AND number < ? ORDER BY number DESC`,
        node.id,
        node.current ?? 0,
      )
      .map(toRevision)
  }

  /** Any live, trashed or older revision has it (API 8, 20); with `path` only those of one file. */
  isKnown(content: Pick<Content, 'md5' | 'sizeBytes'>, node: Node | undefined): boolean {
    const md5 = content.md5.toLowerCase()
    const row =
      this.#tree.switches.deduplication === 'account'
        ? this.#tree.store.get(
            'SELECT 1 FROM revisions WHERE content = ? AND size = ? LIMIT 1',
            md5,
            content.sizeBytes,
          )
        : this.#tree.store.get(
            'SELECT 1 FROM revisions WHERE content = ? AND size = ? AND node = ? LIMIT 1',
            md5,
            content.sizeBytes,
            node?.id ?? 0,
          )
    return row !== undefined
  }

  /** New times when the file has this content already, otherwise a new revision (API 8, 4). */
  put(node: Node, mountpoint: Node, content: Content): Revision {
    const current = this.current(node)
    const same =
      current?.md5.toLowerCase() === content.md5.toLowerCase() &&
      current.sizeBytes === content.sizeBytes
    if (current === undefined || !same || this.#tree.switches.sameContent === 'new-revision') {
      return this.add(node, mountpoint, content)
    }
    const updated = this.#tree.nowMs()
    this.#tree.store.run(
      'UPDATE revisions SET md5 = ?, created = ?, modified = ?, updated = ? WHERE node = ? AND number = ?',
      content.md5,
      content.created,
      content.modified,
      updated,
      node.id,
      current.number,
    )
    return { ...content, number: current.number, updated }
  }

  /**
   * Appends a revision and lets the oldest beyond five fall out. `reserved` is the number an upload
   * took when it was allocated; a later one already served makes it take a fresh one, since the
   * revision completed last wins (API 8, 8).
   */
  add(node: Node, mountpoint: Node, content: Content, reserved?: number): Revision {
    const { store } = this.#tree
    this.checkCapacity(content.sizeBytes)
    const usable = reserved !== undefined && reserved > (node.current ?? 0)
    const number = usable ? reserved : this.takeNumber(node.id)
    const updated = this.#tree.nowMs()
    store.run(
      'INSERT INTO revisions (node, number, mountpoint, content, size, md5, created, modified, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      node.id,
      number,
      mountpoint.id,
      content.md5.toLowerCase(),
      content.sizeBytes,
      content.md5,
      content.created,
      content.modified,
      updated,
    )
    store.run('UPDATE nodes SET current = ? WHERE id = ?', number, node.id)
    store.run(
      'DELETE FROM revisions WHERE node = ? AND number <= (SELECT number FROM revisions WHERE node = ? ORDER BY number DESC LIMIT 1 OFFSET ?)',
      node.id,
      node.id,
      keptRevisions,
    )
    return { ...content, number, updated }
  }

  /** Failed attempts use numbers up as well (API 4.3). */
  takeNumber(node: number): number {
    const row = this.#tree.store.get(
      'UPDATE nodes SET next_number = next_number + 1 WHERE id = ? RETURNING next_number - 1 AS number',
      node,
    )
    if (row === undefined) throw new Error('a revision number was asked of a node that is gone')
    return numberOf(row, 'number')
  }

  dropOlder(node: Node): void {
    this.#tree.store.run(
      'DELETE FROM revisions WHERE node = ? AND number < ?',
      node.id,
      node.current ?? 0,
    )
  }

  usageBytes(): number {
    const row = this.#tree.store.get('SELECT total(bytes) AS bytes FROM usage')
    return row === undefined ? 0 : numberOf(row, 'bytes')
  }

  isOverQuota(): boolean {
    const { capacityBytes } = this.#tree.switches
    return capacityBytes >= 0 && this.usageBytes() >= capacityBytes
  }

  /** Throws 460 when so much more does not fit (API 8, 13). */
  checkCapacity(addedBytes: number): void {
    const { capacityBytes, quotaStatus } = this.#tree.switches
    if (capacityBytes < 0 || this.usageBytes() + addedBytes <= capacityBytes) return
    throw new EmulatorError(quotaStatus, 'QuotaExceededException', 'The account is full')
  }
}

export type Use = { readonly bytes: number; readonly modified: number | null }

/** Bytes of all revisions below a mountpoint, trash included, and when the last one came. */
export function useOfMountpoint(connection: Connection, mountpoint: number): Use {
  const row = connection.get('SELECT bytes, modified FROM usage WHERE mountpoint = ?', mountpoint)
  if (row === undefined) return { bytes: 0, modified: null }
  return { bytes: numberOf(row, 'bytes'), modified: numberOf(row, 'modified') }
}
