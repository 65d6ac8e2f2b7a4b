// What listings show of folders: whether something in one has an irregular name, or is a shard of it. Whoever
// knows that there is none looks for fewer names. Pure.
import { isIrregularName, isShardFolder } from './key-folder.ts'
import type { NameKind } from './segment-name.ts'

export type FolderSeen = {
  /** Names from the bucket's root down to the folder. */
  readonly path: readonly string[]
  /** All of it, the trash included; `undefined` when not all was shown. */
  readonly entries: number | undefined
  readonly hasIrregular: boolean
  readonly hasShards: boolean
}

/** What a name says about the folder that it is in. */
export function marksOf(
  storedName: string,
  kind: NameKind,
): { readonly isIrregular: boolean; readonly isShard: boolean } {
  const isShard = kind === 'folder' && isShardFolder(storedName)
  return { isShard, isIrregular: !isShard && isIrregularName(storedName) }
}

/** Of one folder, all of whose entries are added. */
export class FolderCount {
  entries = 0
  hasIrregular = false
  hasShards = false

  add({ name, kind }: { readonly name: string; readonly kind: NameKind }): void {
    const { isIrregular, isShard } = marksOf(name, kind)
    this.entries += 1
    this.hasIrregular ||= isIrregular
    this.hasShards ||= isShard
  }
}

/** So many folders are told at once, and so many that were told are remembered. */
const batchFolders = 256
const toldFoldersMax = 1024

/** Of the folders of a tree, told in batches; one that was forgotten meanwhile is told again. */
export class TreeMarks {
  readonly #base: readonly string[]
  readonly #tell: (folders: FolderSeen[]) => void
  readonly #told = new Map<string, { hasIrregular: boolean; hasShards: boolean }>()
  #batch: FolderSeen[] = []

  /** `base`: names from the bucket's root down to the tree. */
  constructor(base: readonly string[], tell: (folders: FolderSeen[]) => void) {
    this.#base = base
    this.#tell = tell
  }

  /** The names on the way to files. */
  addFolders(path: readonly string[]): void {
    for (const [depth, name] of path.entries()) this.#add(path.slice(0, depth), name, 'folder')
  }

  addFile(path: readonly string[], name: string): void {
    this.#add(path, name, 'file')
  }

  #add(path: readonly string[], name: string, kind: NameKind): void {
    const { isIrregular, isShard } = marksOf(name, kind)
    if (!isIrregular && !isShard) return
    const id = path.join('/')
    const told = this.#told.get(id) ?? { hasIrregular: false, hasShards: false }
    if ((told.hasIrregular || !isIrregular) && (told.hasShards || !isShard)) return
    if (this.#told.size >= toldFoldersMax) this.#told.clear()
    this.#told.set(id, {
      hasIrregular: told.hasIrregular || isIrregular,
      hasShards: told.hasShards || isShard,
    })
    const marks = { hasIrregular: isIrregular, hasShards: isShard }
    this.#batch.push({ path: [...this.#base, ...path], entries: undefined, ...marks })
    if (this.#batch.length >= batchFolders) this.flush()
  }

  /** Tells the rest. */
  flush(): void {
    if (this.#batch.length > 0) this.#tell(this.#batch)
    this.#batch = []
  }
}
