// Removing for good: trash that expired, doomed subtrees, contents without a revision, partial files
// without a row. In small transactions, so that the event loop goes on; after a crash the start of the
// next emulator finishes what was begun.
import { setImmediate } from 'node:timers/promises'
import type { Blobs } from './blobs.ts'
import { accountNode, doomedNode } from './schema.ts'
import { numberOf, textOf } from './store.ts'
import { type Node, nodeColumns, type Tree, toNode } from './tree.ts'

const batchSize = 1000
const dayMs = 24 * 3600 * 1000

/** Topmost trashed nodes: nothing above them is in the trash. Oldest first. */
export function trashedRoots(tree: Tree): Node[] {
  const liveParents = new Map<number, boolean>()
  const isLive = (parent: number) => {
    const known = liveParents.get(parent)
    if (known !== undefined) return known
    const live = tree.trailOf(parent)?.every(({ deleted }) => deleted === null) === true
    liveParents.set(parent, live)
    return live
  }
  return tree.store
    .all(`SELECT ${nodeColumns} FROM nodes n WHERE deleted IS NOT NULL ORDER BY deleted, id`)
    .map(toNode)
    .filter(({ parent }) => isLive(parent))
}

export type Purged = { readonly files: number; readonly folders: number }

/** Dooms everything in the trash; counts its roots (API 6.2). */
export function purgeTrash(tree: Tree): Purged {
  return tree.store.transaction('durable', () => {
    const roots = trashedRoots(tree)
    for (const root of roots) tree.doom(root)
    const files = roots.filter(({ kind }) => kind === 'file').length
    return { files, folders: roots.length - files }
  })
}

/** What has been in the trash for its days goes, by the emulator's clock. */
export function expireTrash(tree: Tree): void {
  const until = tree.nowMs() - tree.switches.trashDays * dayMs
  const due = () =>
    tree.store.all(
      `SELECT ${nodeColumns} FROM nodes n WHERE deleted <= ? AND parent <> ${doomedNode} LIMIT ${batchSize}`,
      until,
    )
  for (let rows = due(); rows.length > 0; rows = due()) {
    tree.store.transaction('durable', () => {
      for (const row of rows) tree.doom(toNode(row))
    })
  }
}

/** The bytes of uploads nobody went on with. Their mark in the listing stays (API 4.4). */
export function expirePartials(tree: Tree, blobs: Blobs, isBusy: (id: string) => boolean): void {
  const until = tree.nowMs() - tree.switches.partialExpiryMs
  const rows = tree.store.all(
    `SELECT p.id, p.number < coalesce(n.current, 0) AS superseded FROM partials p
     LEFT JOIN nodes n ON n.id = p.node WHERE p.updated <= ?`,
    until,
  )
  for (const row of rows) {
    const id = textOf(row, 'id')
    if (isBusy(id)) continue
    blobs.removePartial(id)
    // Only the newest is ever shown; one that a complete revision overtook has no more use.
    if (row.superseded === 0) continue
    tree.store.transaction('relaxed', () => tree.store.run('DELETE FROM partials WHERE id = ?', id))
  }
}

export class GarbageCollector {
  readonly #tree: Tree
  readonly #blobs: Blobs
  #running: Promise<void> | undefined

  constructor(tree: Tree, blobs: Blobs) {
    this.#tree = tree
    this.#blobs = blobs
  }

  /** Settles when everything that was garbage at the time of the call is gone. */
  async collect(): Promise<void> {
    while (this.#running !== undefined) await this.#running
    if (!this.#isNeeded()) return
    this.#running = this.#sweep().finally(() => {
      this.#running = undefined
    })
    await this.#running
  }

  #isNeeded(): boolean {
    return (
      this.#tree.store.get(
        `SELECT 1 WHERE EXISTS (SELECT 1 FROM nodes WHERE parent = ${doomedNode})
         OR EXISTS (SELECT 1 FROM garbage) OR EXISTS (SELECT 1 FROM garbage_partials)`,
      ) !== undefined
    )
  }

  async #sweep(): Promise<void> {
    while (this.#sweepNodes() || this.#sweepPartials() || this.#sweepBlobs()) await setImmediate()
  }

  #sweepNodes(): boolean {
    const { store } = this.#tree
    const rows = store.all(
      `SELECT ${nodeColumns} FROM nodes n WHERE parent = ${doomedNode} LIMIT ${batchSize}`,
    )
    if (rows.length === 0) return false
    store.transaction('durable', () => {
      let room = batchSize
      for (const { id } of rows.map(toNode)) {
        if (room <= 0) return
        const children = store.run(
          `UPDATE nodes SET parent = ${doomedNode}, fold = 'doomed ' || id, deleted = NULL, public_uri = NULL
           WHERE id IN (SELECT id FROM nodes WHERE parent = ? LIMIT ${batchSize})`,
          id,
        )
        room -= children
        if (children > 0) continue
        store.run('DELETE FROM revisions WHERE node = ?', id)
        store.run('DELETE FROM partials WHERE node = ?', id)
        store.run('DELETE FROM usage WHERE mountpoint = ? AND bytes = 0', id)
        store.run('DELETE FROM nodes WHERE id = ?', id)
      }
    })
    return true
  }

  #sweepPartials(): boolean {
    const { store } = this.#tree
    const rows = store.all(`SELECT id FROM garbage_partials LIMIT ${batchSize}`)
    if (rows.length === 0) return false
    const ids = rows.map((row) => textOf(row, 'id'))
    for (const id of ids) this.#blobs.removePartial(id)
    store.transaction('relaxed', () => {
      for (const id of ids) store.run('DELETE FROM garbage_partials WHERE id = ?', id)
    })
    return true
  }

  /** Looking and unlinking happen in one turn: no upload can bring the content back in between. */
  #sweepBlobs(): boolean {
    const { store } = this.#tree
    const rows = store.all(`SELECT content, size FROM garbage LIMIT ${batchSize}`)
    if (rows.length === 0) return false
    for (const row of rows) {
      const content = textOf(row, 'content')
      const size = numberOf(row, 'size')
      const used = store.get(
        'SELECT 1 FROM revisions WHERE content = ? AND size = ? LIMIT 1',
        content,
        size,
      )
      if (used === undefined) this.#blobs.removeBlob(content, size)
    }
    store.transaction('relaxed', () => {
      for (const row of rows) {
        store.run(
          'DELETE FROM garbage WHERE content = ? AND size = ?',
          textOf(row, 'content'),
          numberOf(row, 'size'),
        )
      }
    })
    return true
  }
}

/** At the start: what a killed process left between a file and its row. */
export function repair(tree: Tree, blobs: Blobs): void {
  for (const id of blobs.partialIds()) {
    if (tree.store.get('SELECT 1 FROM partials WHERE id = ?', id) === undefined) {
      blobs.removePartial(id)
    }
  }
  // A revision always hangs on a node that hangs on the account: the tree is changed in transactions.
  if (tree.byId(accountNode) === undefined) throw new Error('the data folder has no account')
}
