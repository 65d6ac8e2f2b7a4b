// What the JFS commands do to the tree (API 6, 5.3), each as one transaction: a refusal changes
// nothing. Paths are names from the device on.
import { conflict, EmulatorError, invalidArgument, notFound } from './emulator-error.ts'
import type { Content, Revisions } from './revisions.ts'
import { deletedAt, type Found, type Node, type Tree } from './tree.ts'

type Names = readonly string[]

/** Views, not places: nothing can be written there (API 6.2). */
const virtualMountpoints = ['trash', 'latest', 'links']

export function isVirtualMountpoint(names: Names): boolean {
  const [device, mountpoint] = names
  return (
    device?.toLowerCase() === 'jotta' &&
    mountpoint !== undefined &&
    virtualMountpoints.includes(mountpoint.toLowerCase())
  )
}

/** The built-in device and what it comes with stay (API 1.4). */
const builtIn = ['jotta', 'jotta/archive', 'jotta/sync', 'jotta/shared']

function refuseBuiltIn(names: Names): void {
  if (!builtIn.includes(names.join('/').toLowerCase())) return
  throw new EmulatorError(403, 'AccessDeniedException', `${names.join('/')} cannot be removed`)
}

export class Commands {
  readonly #tree: Tree
  readonly #revisions: Revisions

  constructor(tree: Tree, revisions: Revisions) {
    this.#tree = tree
    this.#revisions = revisions
  }

  /** `mkDir`: parents and mountpoint too (API 1.5, 6.3). */
  makeFolder(names: Names): void {
    this.#change(() => {
      const [device = '', mountpoint = '', ...folders] = names
      refuseVirtual(names)
      let folder = this.#ensureMountpoint(device, mountpoint).node
      for (const name of folders) folder = this.#tree.ensureFolder(folder, name)
    })
  }

  /** Whether it is new, or was in the trash: then its children stay there. */
  makeMountpoint(device: string, name: string): 'created' | 'present' {
    refuseVirtual([device, name])
    return this.#change(() => this.#ensureMountpoint(device, name).outcome)
  }

  makeDevice(name: string, type: string): void {
    this.#change(() => {
      if (this.#tree.find([name], 'any') !== undefined) return
      const account = this.#tree.find([], 'any')?.id ?? 1
      this.#tree.insert(account, 'device', name, type)
    })
  }

  removeDevice(name: string): void {
    refuseBuiltIn([name])
    this.#change(() => this.#tree.doom(this.#tree.mustFind([name], 'any')))
  }

  removeMountpoint(names: Names, how: 'trash' | 'permanent'): void {
    refuseVirtual(names)
    refuseBuiltIn(names)
    this.#change(() => {
      const found = this.#tree.mustFind(names, 'any')
      if (how === 'permanent') this.#tree.doom(found)
      else if (deletedAt(found) === null) this.#tree.trash(found)
    })
  }

  /** `dl`, `dlDir`. `missing` when there is nothing and the switch says that this is fine (API 8, 27). */
  trash(names: Names, wanted: 'file' | 'folder'): 'trashed' | 'missing' {
    refuseVirtual(names)
    return this.#change(() => {
      const found = this.#tree.find(names, wanted)
      const { trashOfMissing, trashedRevisions } = this.#tree.switches
      if (found === undefined) {
        // A folder where a file is meant is a 404 whatever the switch (API 6.1).
        const other = this.#tree.find(names, 'any')
        if (trashOfMissing === 'ok' && other === undefined) return 'missing'
        this.#tree.mustFind(names, wanted)
        return 'missing'
      }
      if (deletedAt(found) !== null) {
        if (trashOfMissing === 'not-found') throw missingFile(names)
        return 'trashed'
      }
      this.#tree.trash(found)
      if (wanted === 'file' && trashedRevisions === 'drop') this.#revisions.dropOlder(found)
      return 'trashed'
    })
  }

  /** `rm`, `rmDir`: tombstones as well. */
  remove(names: Names, wanted: 'file' | 'folder'): void {
    refuseVirtual(names)
    this.#change(() => this.#tree.doom(this.#tree.mustFind(names, wanted)))
  }

  /** `cphash`; missing parents are not made, trashed ones come back to life (API 5.3, 6.2). */
  copyHash(names: Names, content: Content): void {
    refuseVirtual(names)
    this.#change(() => {
      const parent = this.#parentOf(names)
      const name = lastOf(names)
      const present = this.#tree.child(parent.id, name, 'file')
      if (present === undefined && this.#tree.child(parent.id, name, 'folder')?.deleted === null) {
        throw notFound('NoSuchFileException', `File /${names.join('/')}`)
      }
      if (!this.#revisions.isKnown(content, present)) throw missingFile(names)
      this.#tree.reviveTrail([...parent.trail, parent])
      const file = this.#liveFile(parent, name)
      this.#revisions.put(file, mountpointOf(parent), content)
    })
  }

  /** `cp`. */
  copyFile(source: Names, target: Names): void {
    refuseVirtual(target)
    this.#change(() => {
      const from = this.#readableFile(source)
      const parent = this.#liveParentOf(target)
      const content = this.#revisions.current(from)
      if (content === undefined) throw missingFile(source)
      const present = this.#tree.child(parent.id, lastOf(target), 'file')
      const staysDeleted = this.#tree.switches.copyOntoTombstone === 'stays-deleted'
      const file =
        present !== undefined && staysDeleted ? present : this.#liveFile(parent, lastOf(target))
      this.#revisions.add(file, mountpointOf(parent), content)
    })
  }

  /** `mv`. What was being uploaded to the old path is given up. */
  moveFile(source: Names, target: Names): void {
    refuseVirtual(target)
    this.#change(() => {
      const from = this.#readableFile(source)
      const parent = this.#liveParentOf(target)
      const name = lastOf(target)
      this.#tree.store.run('DELETE FROM partials WHERE node = ?', from.id)
      if (this.#tree.switches.movedRevisions === 'drop') this.#revisions.dropOlder(from)
      const present = this.#tree.child(parent.id, name, 'file')
      if (present !== undefined && present.deleted === null && present.current !== null) {
        this.#moveOnto(from, present, mountpointOf(parent))
        return
      }
      if (present?.deleted === null) this.#tree.doom(present)
      else if (present !== undefined) this.#tree.displace(present)
      this.#tree.makeRoomForFile(parent, name)
      this.#tree.checkName(name)
      this.#tree.rename(from.id, parent.id, name)
      this.#rebook([from.id], mountpointOf(parent))
    })
  }

  /**
   * `mvDir`. Makes missing parents: rclone makes none before it, and its own integration tests move a
   * folder two levels below where nothing is.
   */
  moveFolder(source: Names, target: Names): void {
    refuseVirtual(target)
    this.#change(() => {
      const from = this.#tree.mustFind(source, 'folder')
      if (from.kind !== 'folder' || deletedAt(from) !== null) throw missingPath(source)
      const parent = this.#madeParentOf(target)
      const name = lastOf(target)
      if ([...parent.trail, parent].some(({ id }) => id === from.id)) {
        throw invalidArgument('A folder cannot be moved into itself')
      }
      const present = this.#tree.child(parent.id, name, 'folder')
      if (present?.id === from.id) throw conflict('A folder cannot be moved onto itself')
      if (present !== undefined) this.#clearFolder(present)
      if (this.#tree.switches.sameNames === 'refuse') this.#clearFile(parent, name)
      this.#tree.checkName(name)
      this.#tree.rename(from.id, parent.id, name)
      const before = mountpointOf(from)
      const after = mountpointOf(parent)
      if (before.id !== after.id) this.#rebook(this.#subtree(from.id), after)
    })
  }

  share(names: Names, publicUri: string | null): void {
    this.#change(() => this.#tree.setPublicUri(this.#tree.mustFind(names, 'any').id, publicUri))
  }

  #change<Result>(work: () => Result): Result {
    return this.#tree.store.transaction('durable', work)
  }

  #ensureMountpoint(device: string, name: string): { node: Node; outcome: 'created' | 'present' } {
    const home = this.#tree.mustFind([device], 'any')
    const present = this.#tree.child(home.id, name, 'folder')
    if (present === undefined) {
      return { node: this.#tree.insert(home.id, 'mountpoint', name), outcome: 'created' }
    }
    if (present.deleted === null) return { node: present, outcome: 'present' }
    return { node: this.#tree.revive(present), outcome: 'created' }
  }

  /** Throws 404 when it is missing or its mountpoint is in the trash. */
  #parentOf(names: Names): Found {
    const parent = this.#tree.mustFind(names.slice(0, -1), 'folder')
    if (mountpointOf(parent).deleted !== null) throw missingPath(names.slice(0, -1))
    return parent
  }

  /** Only a parent made by mkDir first is proven to work for `cp` and `mv` (API 6.4). */
  #liveParentOf(names: Names): Found {
    const parent = this.#parentOf(names)
    if (deletedAt(parent) !== null) throw missingPath(names.slice(0, -1))
    return parent
  }

  /** Made or brought back where it has to be; the mountpoint is there or a 404. */
  #madeParentOf(names: Names): Found {
    const folders = names.slice(2, -1)
    let parent: Node = this.#liveParentOf(names.slice(0, 3))
    for (const folder of folders) parent = this.#tree.ensureFolder(parent, folder)
    return this.#liveParentOf(names)
  }

  /** Live and with content. */
  #readableFile(names: Names): Found {
    const found = this.#tree.mustFind(names, 'file')
    if (deletedAt(found) !== null || found.current === null) throw missingFile(names)
    return found
  }

  #liveFile(parent: Node, name: string): Node {
    this.#tree.makeRoomForFile(parent, name)
    const present = this.#tree.child(parent.id, name, 'file')
    if (present === undefined) return this.#tree.insert(parent.id, 'file', name)
    return present.deleted === null ? present : this.#tree.revive(present)
  }

  #moveOnto(from: Node, present: Node, mountpoint: Node): void {
    // A change of letter case alone lands here too: rclone goes through a temporary name (API 6.4).
    if (present.id === from.id) throw conflict('A file cannot be moved onto itself')
    if (this.#tree.switches.moveOntoLiveFile === 'refuse') {
      throw new EmulatorError(409, 'UniqueFileException', `${present.name} is there`)
    }
    const content = this.#revisions.current(from)
    if (content === undefined) throw new Error('a readable file has a current revision')
    this.#tree.doom(from)
    this.#revisions.add(present, mountpoint, content)
  }

  #clearFolder(present: Node): void {
    if (present.deleted !== null) {
      this.#tree.displace(present)
      return
    }
    if (this.#tree.switches.moveFolderOntoFolder === 'refuse') {
      throw conflict(`A folder named ${present.name} is there`)
    }
    this.#tree.trash(present)
    this.#tree.displace(present)
  }

  #clearFile(parent: Node, name: string): void {
    const present = this.#tree.child(parent.id, name, 'file')
    if (present === undefined) return
    if (present.deleted === null) throw conflict(`A file named ${name} is there`)
    this.#tree.displace(present)
  }

  /** Puts the bytes of these nodes on another mountpoint's account. */
  #rebook(ids: Iterable<number>, mountpoint: Node): void {
    for (const id of ids) {
      this.#tree.store.run(
        'UPDATE revisions SET mountpoint = ? WHERE node = ? AND mountpoint <> ?',
        mountpoint.id,
        id,
        mountpoint.id,
      )
    }
  }

  #subtree(id: number): number[] {
    return this.#tree.store
      .all(
        `WITH RECURSIVE below(id) AS (VALUES (?) UNION ALL
         SELECT nodes.id FROM nodes JOIN below ON nodes.parent = below.id) SELECT id FROM below`,
        id,
      )
      .map((row) => Number(row.id))
  }
}

function refuseVirtual(names: Names): void {
  if (isVirtualMountpoint(names)) throw missingPath(names)
}

function missingFile(names: Names): EmulatorError {
  return notFound('NoSuchFileException', `File /${names.join('/')}`)
}

function missingPath(names: Names): EmulatorError {
  return notFound('NoSuchPathException', `Path /${names.join('/')}`)
}

function mountpointOf(found: Found): Node {
  const mountpoint = [...found.trail, found][1]
  if (mountpoint === undefined) throw new Error('a folder hangs below a mountpoint')
  return mountpoint
}

function lastOf(names: Names): string {
  return names.at(-1) ?? ''
}
