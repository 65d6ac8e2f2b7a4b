// The tree of devices, mountpoints, folders and files: looking up, creating, trashing, reviving. Every
// change here runs inside a transaction of the caller.
import { randomUUID } from 'node:crypto'
import { conflict, notFound } from './emulator-error.ts'
import { checkNewName, foldName } from './names.ts'
import type { Switches } from './options.ts'
import { accountNode, doomedNode } from './schema.ts'
import {
  type Connection,
  numberOf,
  optionalNumberOf,
  optionalTextOf,
  type Row,
  type Store,
  textOf,
} from './store.ts'
import { floorToSecond } from './times.ts'

export type NodeKind = 'account' | 'device' | 'mountpoint' | 'folder' | 'file'

export type Node = {
  readonly id: number
  readonly parent: number
  readonly kind: NodeKind
  readonly name: string
  readonly uuid: string
  /** Its own stamp only: see Found. */
  readonly deleted: number | null
  readonly publicUri: string | null
  readonly deviceType: string | null
  readonly nextNumber: number
  readonly current: number | null
}

export type Found = Node & {
  /** From the device down to the parent. */
  readonly trail: readonly Node[]
  /** The stamp of the parent's trashing, if it or anything above it is in the trash. */
  readonly parentDeleted: number | null
}

/** A file and a folder may share a name (when switched so): which one is meant. */
export type Wanted = 'file' | 'folder' | 'any'

export const nodeColumns =
  'n.id, n.parent, n.kind, n.name, n.uuid, n.deleted, n.public_uri, n.device_type, n.next_number, n.current'

export function toNode(row: Row): Node {
  const kind = row.kind
  return {
    id: numberOf(row, 'id'),
    parent: numberOf(row, 'parent'),
    kind:
      kind === 'account' || kind === 'device' || kind === 'mountpoint' || kind === 'folder'
        ? kind
        : 'file',
    name: textOf(row, 'name'),
    uuid: textOf(row, 'uuid'),
    deleted: optionalNumberOf(row, 'deleted'),
    publicUri: optionalTextOf(row, 'public_uri'),
    deviceType: optionalTextOf(row, 'device_type'),
    nextNumber: numberOf(row, 'next_number'),
    current: optionalNumberOf(row, 'current'),
  }
}

/** When a found node was trashed, by itself or with something above it. */
export function deletedAt(found: Found): number | null {
  return found.deleted ?? found.parentDeleted
}

export class Tree {
  readonly store: Store
  readonly switches: Switches
  readonly #now: () => Date

  constructor(store: Store, switches: Switches, now: () => Date) {
    this.store = store
    this.switches = switches
    this.#now = now
  }

  nowMs(): number {
    return floorToSecond(this.#now().getTime())
  }

  fold(name: string): string {
    return foldName(name, this.switches.nameMatching)
  }

  /** For a name about to be stored. Throws 400. */
  checkName(name: string): void {
    checkNewName(name, this.switches)
  }

  byId(id: number, connection: Connection = this.store): Node | undefined {
    const row = connection.get(`SELECT ${nodeColumns} FROM nodes n WHERE id = ?`, id)
    return row === undefined ? undefined : toNode(row)
  }

  /** Trashed or not. Of a file and a folder of one name the live one, and of two live ones the folder. */
  child(parent: number, name: string, wanted: Wanted): Node | undefined {
    const nodes = this.store
      .all(
        `SELECT ${nodeColumns} FROM nodes n WHERE parent = ? AND fold = ? ORDER BY deleted IS NOT NULL, kind DESC`,
        parent,
        this.fold(name),
      )
      .map(toNode)
    return nodes.find(({ kind }) => wanted === 'any' || (kind === 'file') === (wanted === 'file'))
  }

  /** `names` from the device on. Everything but the last must be a folder of some sort. */
  find(names: readonly string[], wanted: Wanted): Found | undefined {
    const trail: Node[] = []
    let parentDeleted: number | null = null
    let node: Node | undefined = this.byId(accountNode)
    for (const [index, name] of names.entries()) {
      if (node === undefined) return undefined
      if (index > 0) trail.push(node)
      parentDeleted = node.deleted ?? parentDeleted
      node = this.child(node.id, name, index === names.length - 1 ? wanted : 'folder')
    }
    return node === undefined ? undefined : { ...node, trail, parentDeleted }
  }

  /** Throws 404. */
  mustFind(names: readonly string[], wanted: Wanted): Found {
    const found = this.find(names, wanted)
    if (found !== undefined) return found
    if (names.length === 1) throw notFound('NoSuchDeviceException', `Device ${names.join('/')}`)
    if (names.length === 2) throw notFound('NoSuchMountPointException', names.join('/'))
    if (wanted === 'file') throw notFound('NoSuchFileException', `File /${names.join('/')}`)
    throw notFound('NoSuchPathException', `Path /${names.join('/')}`)
  }

  insert(parent: number, kind: NodeKind, name: string, deviceType: string | null = null): Node {
    this.checkName(name)
    const row = this.store.get(
      `INSERT INTO nodes (parent, kind, name, fold, uuid, device_type) VALUES (?, ?, ?, ?, ?, ?)
       RETURNING id, parent, kind, name, uuid, deleted, public_uri, device_type, next_number, current`,
      parent,
      kind,
      name,
      this.fold(name),
      randomUUID(),
      deviceType,
    )
    if (row === undefined) throw new Error('an insert returned nothing')
    return toNode(row)
  }

  /** A live folder of that name: found, revived or made. Throws 409 where a live file is. */
  ensureFolder(parent: Node, name: string): Node {
    if (this.switches.sameNames === 'refuse') this.#makeRoom(parent, name, 'file')
    const present = this.child(parent.id, name, 'folder')
    if (present === undefined) return this.insert(parent.id, 'folder', name)
    if (present.deleted === null) return present
    if (this.switches.trashedFolderReuse === 'rename') {
      this.displace(present)
      return this.insert(parent.id, 'folder', name)
    }
    return this.revive(present)
  }

  /** Clears the way for a file of that name. Throws 409 where a live folder is. */
  makeRoomForFile(parent: Node, name: string): void {
    if (this.switches.sameNames === 'refuse') this.#makeRoom(parent, name, 'folder')
  }

  #makeRoom(parent: Node, name: string, obstacle: 'file' | 'folder'): void {
    const present = this.child(parent.id, name, obstacle)
    if (present === undefined) return
    if (present.deleted === null) throw conflict(`A ${obstacle} named ${name} is there`)
    this.displace(present)
  }

  /** Gives a tombstone another name, with its date in parentheses (API 5.5), so that its name is free. */
  displace(tombstone: Node): void {
    const date = new Date(tombstone.deleted ?? this.nowMs()).toISOString().slice(0, 10)
    for (let attempt = 1; ; attempt += 1) {
      const suffix = attempt === 1 ? ` (${date})` : ` (${date} ${attempt})`
      const name = shorten(tombstone.name, suffix)
      if (this.child(tombstone.parent, name, 'any') !== undefined) continue
      this.rename(tombstone.id, tombstone.parent, name)
      return
    }
  }

  rename(id: number, parent: number, name: string): void {
    this.store.run(
      'UPDATE nodes SET parent = ?, name = ?, fold = ? WHERE id = ?',
      parent,
      name,
      this.fold(name),
      id,
    )
  }

  trash(node: Node): void {
    this.store.run('UPDATE nodes SET deleted = ? WHERE id = ?', this.nowMs(), node.id)
  }

  /** Takes the stamp off a node; its children keep it. */
  revive(node: Node): Node {
    this.store.run('UPDATE nodes SET deleted = NULL WHERE id = ?', node.id)
    this.store.run(
      'UPDATE nodes SET deleted = ? WHERE parent = ? AND deleted IS NULL',
      node.deleted,
      node.id,
    )
    return { ...node, deleted: null }
  }

  /** Folders above a file that comes back to life; top down, since reviving one stamps the next. */
  reviveTrail(trail: readonly Node[]): void {
    for (const { id } of trail) {
      const node = this.byId(id)
      if (node !== undefined && node.deleted !== null) this.revive(node)
    }
  }

  /** Gone at once for everybody, whatever its size; sweep.ts removes it piece by piece. */
  doom(node: Node): void {
    this.store.run(
      `UPDATE nodes SET parent = ?, fold = 'doomed ' || id, deleted = NULL, public_uri = NULL WHERE id = ?`,
      doomedNode,
      node.id,
    )
  }

  setPublicUri(id: number, publicUri: string | null): void {
    this.store.run('UPDATE nodes SET public_uri = ? WHERE id = ?', publicUri, id)
  }

  /** From the device down, the node included. Undefined for what is doomed. */
  trailOf(id: number, connection: Connection = this.store): Node[] | undefined {
    const trail: Node[] = []
    let node = this.byId(id, connection)
    while (node !== undefined && node.kind !== 'account') {
      trail.unshift(node)
      node = this.byId(node.parent, connection)
    }
    return node?.id === accountNode ? trail : undefined
  }
}

function shorten(name: string, suffix: string): string {
  const room = 255 - Buffer.byteLength(suffix)
  let kept = ''
  for (const character of name) {
    if (Buffer.byteLength(kept + character) > room) break
    kept += character
  }
  return kept + suffix
}
