import assert from 'node:assert/strict'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as expect from 'uvu/assert'
import {
  enterFolder,
  folderAt,
  isStructural,
  type KeyFolder,
  keyAt,
  rootFolder,
  shardFolders,
} from './key-folder.ts'
import { foldName, RESERVED_FOLDER } from './key-path.ts'
import { anyKey, encodings } from './key-space.test-support.ts'
import { currentEncoding, type NameEncoding } from './name-encoding.ts'
import { segmentKind, segmentNames } from './segment-name.ts'

const test = suite('key-folder')

/** A Jottacloud in memory: names that fold alike are one, and a name is a file or a folder. */
type Node = { readonly name: string; readonly children: Map<string, Node> | undefined }

/** Puts keys where the bridge would, one after another, and returns where each is. */
function placeAll(keys: readonly string[], encoding: NameEncoding, maxEntries: number): string[][] {
  const root = new Map<string, Node>()
  return keys.map((key) => {
    const path: string[] = []
    let children = root
    const segments = key.split('/')
    for (const [index, segment] of segments.entries()) {
      const segmentsKind = segmentKind(index, segments.length)
      const kind = segmentsKind === 'folder' ? 'folder' : 'file'
      const { natural, irregular } = segmentNames(segment, segmentsKind, encoding)
      const chains = natural?.isWritable === true ? [[natural.name], irregular] : [irregular]
      const names = chains.find((chain) => isMine(children, chain, kind)) ?? []
      const chosen = names.length > 0 ? names : chains.find((chain) => isFree(children, chain))
      assert(chosen !== undefined, `no place is left for ${JSON.stringify(key)}`)
      for (const [at, name] of chosen.entries()) {
        const isLast = at === chosen.length - 1
        const holder = holderFor(children, name, maxEntries, path)
        path.push(name)
        children = put(holder, name, isLast ? kind : 'folder')
      }
    }
    return path
  })
}

/** The folder or shard that has the name, or gets it. Tells `path` of the shards on the way. */
function holderFor(
  children: Map<string, Node>,
  name: string,
  maxEntries: number,
  path: string[],
): Map<string, Node> {
  const shards = shardFolders(name)
  const found = holders(children, name).findIndex((holder) => holder.has(foldName(name)))
  let holder = children
  for (const [depth, shard] of shards.entries()) {
    if (found === -1 ? holder.size < maxEntries : depth === found) break
    path.push(shard)
    holder = put(holder, shard, 'folder')
  }
  return holder
}

function put(children: Map<string, Node>, name: string, kind: 'file' | 'folder') {
  const fold = foldName(name)
  const made = { name, children: kind === 'folder' ? new Map<string, Node>() : undefined }
  const node = children.get(fold) ?? made
  children.set(fold, node)
  assert.equal(node.name, name, 'two names are one for Jottacloud')
  assert.equal(node.children === undefined, kind === 'file', 'a file is where a folder must be')
  return node.children ?? new Map<string, Node>()
}

/** Several names may share the folders of a chain. */
function isFree(children: Map<string, Node>, [name = '', ...rest]: readonly string[]): boolean {
  return holders(children, name).every((holder) => {
    const node = holder.get(foldName(name))
    return node === undefined || (rest.length > 0 && node.name === name)
  })
}

/** Whether a name, or the whole of a chain, is there already. */
function isMine(
  children: Map<string, Node>,
  chain: readonly string[],
  kind: 'file' | 'folder',
): boolean {
  const [name = '', ...rest] = chain
  return holders(children, name).some((holder) => {
    const node = holder.get(foldName(name))
    if (node?.name !== name) return false
    if (rest.length === 0) return (node.children === undefined) === (kind === 'file')
    return node.children !== undefined && isMine(node.children, rest, kind)
  })
}

/** The folder and the shards that would hold the name. */
function holders(children: Map<string, Node>, name: string): Map<string, Node>[] {
  const found = [children]
  for (const shard of shardFolders(name)) {
    const next = found.at(-1)?.get(foldName(shard))?.children
    if (next === undefined) break
    found.push(next)
  }
  return found
}

for (const maxEntries of [Number.POSITIVE_INFINITY, 1, 2]) {
  for (const encoding of encodings) {
    const flags = `${encoding.flags}, ${maxEntries} names to a folder`
    test(`in any order keys have places of their own, from which they are told: ${flags}`, () => {
      fc.assert(
        fc.property(fc.uniqueArray(anyKey, { minLength: 1, maxLength: 12 }), (keys) => {
          const paths = placeAll(keys, encoding, maxEntries)
          const folded = new Set(paths.map((path) => path.map(foldName).join('/')))
          expect.is(folded.size, keys.length)
          for (const [index, path] of paths.entries()) {
            expect.is(keyAt(path, encoding), keys[index])
          }
          const again = placeAll(keys.toReversed(), encoding, maxEntries).toReversed()
          for (const [index, path] of again.entries()) {
            expect.is(keyAt(path, encoding), keys[index])
          }
        }),
        { numRuns: 250 },
      )
    })
  }
}

test('the key of a path is told with nothing but the path', () => {
  const long = 'x'.repeat(300)
  const [first = '', second = ''] = segmentNames(long, 'folder', currentEncoding).irregular
  const cases: [path: string[], key: string | undefined][] = [
    [['a', 'b'], 'a/b'],
    [['‛z', 'a'], '/a'],
    [['a', '‛z', 'b'], 'a//b'],
    [['a', '‛y'], 'a/'],
    // No key is empty.
    [['‛y'], '‛w‛y'],
    [[shardFolders('‛y')[0] ?? '', '‛y'], '‛w‛y'],
    [['‛z', '‛y'], '/'],
    [[first, second, 'b'], `${long}/b`],
    // What others put between the pieces is theirs, and in no long name.
    [[first, 'mine.txt'], `‛w${first}/mine.txt`],
    [[first, 'mine', second, 'x'], `‛w${first}/mine/‛w${second}/x`],
    [[second, 'x'], `‛w${second}/x`],
    [['a', RESERVED_FOLDER, 'x'], undefined],
    [[RESERVED_FOLDER], undefined],
  ]
  for (const [path, key] of cases) expect.is(keyAt(path, currentEncoding), key)
})

test('what is in a shard belongs to the folder around it, if it is in its own', () => {
  const [outer = '', inner = ''] = shardFolders('b')
  const other = outer === '‛s0' ? '‛s1' : '‛s0'
  expect.is(keyAt(['a', outer, 'b'], currentEncoding), 'a/b')
  expect.is(keyAt(['a', outer, inner, 'b'], currentEncoding), 'a/b')
  expect.is(keyAt(['a', outer, 'b', 'c'], currentEncoding), 'a/b/c')
  expect.is(keyAt(['a', other, 'b'], currentEncoding), `a/‛w${other}/b`)
  expect.is(keyAt(['a', outer, other, 'b'], currentEncoding), `a/‛w${outer}/‛w${other}/b`)
})

test('structural folders have the key prefix of the folder they are in', () => {
  const long = segmentNames('x'.repeat(300), 'file', currentEncoding).irregular
  const within = (path: string[]): KeyFolder | undefined => folderAt(path, currentEncoding)
  for (const path of [['‛s0'], ['‛s0', '‛sv'], long.slice(0, 1), [...long.slice(0, 1), '‛s3']]) {
    const folder = within(['a', ...path])
    assert(folder !== undefined)
    expect.is(folder.keyPrefix, 'a/')
    expect.ok(isStructural(folder))
  }
  const folder = enterFolder(rootFolder(currentEncoding), 'a')
  expect.is(folder?.keyPrefix, 'a/')
  expect.not.ok(folder && isStructural(folder))
})

test.run()
