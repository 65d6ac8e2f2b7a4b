// Fills the data folder of an emulator that does not run with a tree, far faster than by uploads: for
// measurements. The files have MD5, size and times, but no content.

import { foldName } from './names.ts'
import { accountNode } from './schema.ts'
import { type Connection, numberOf, Store } from './store.ts'

export type SeededFile = {
  /** Device, mountpoint, folders and name, as stored; what is missing above it is made. */
  readonly path: readonly string[]
  readonly sizeBytes: number
  /** Lower-case hex. */
  readonly md5: string
  readonly modifiedMs: number
}

/** The folder must have been an emulator's, with the default name matching. No file may be there twice. */
export function seedFiles(dataDirectory: string, files: Iterable<SeededFile>): void {
  const store = new Store(dataDirectory)
  try {
    store.transaction('relaxed', () => {
      const folders = new Map<string, { readonly id: number; readonly mountpoint: number }>()
      for (const file of files) insertFile(store, folders, file)
    })
  } finally {
    store.close()
  }
}

type Folders = Map<string, { readonly id: number; readonly mountpoint: number }>

function insertFile(store: Connection, folders: Folders, file: SeededFile): void {
  const { path, sizeBytes, md5, modifiedMs } = file
  const folder = ensureFolder(store, folders, path.slice(0, -1))
  const id = insertNode(store, folder.id, 'file', path.at(-1) ?? '')
  store.run('UPDATE nodes SET current = 1, next_number = 2 WHERE id = ?', id)
  store.run(
    'INSERT INTO revisions (node, number, mountpoint, content, size, md5, created, modified, updated) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?)',
    ...[id, folder.mountpoint, md5, sizeBytes, md5, modifiedMs, modifiedMs, modifiedMs],
  )
}

function ensureFolder(
  store: Connection,
  folders: Folders,
  path: readonly string[],
): { readonly id: number; readonly mountpoint: number } {
  const name = path.join('/')
  const known = folders.get(name)
  if (known !== undefined) return known
  const kind = path.length === 1 ? 'device' : path.length === 2 ? 'mountpoint' : 'folder'
  const parent =
    path.length === 1
      ? { id: accountNode, mountpoint: 0 }
      : ensureFolder(store, folders, path.slice(0, -1))
  const own = path.at(-1) ?? ''
  const present = store.get(
    'SELECT id FROM nodes WHERE parent = ? AND fold = ? AND kind = ?',
    ...[parent.id, foldName(own, 'unicode'), kind],
  )
  const id =
    present === undefined ? insertNode(store, parent.id, kind, own) : numberOf(present, 'id')
  const folder = { id, mountpoint: kind === 'mountpoint' ? id : parent.mountpoint }
  folders.set(name, folder)
  return folder
}

function insertNode(store: Connection, parent: number, kind: string, name: string): number {
  const row = store.get(
    `INSERT INTO nodes (parent, kind, name, fold, uuid) VALUES (?, ?, ?, ?, ?) RETURNING id`,
    ...[parent, kind, name, foldName(name, 'unicode'), crypto.randomUUID()],
  )
  if (row === undefined) throw new Error('an insert returned nothing')
  return numberOf(row, 'id')
}
