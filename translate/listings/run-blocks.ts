// Sorted rows in blocks that are found by their first name, and the reader that goes through runs of them in
// order. It holds one block of each run.
import { compareKeys } from '../key-order.ts'
import { compareRows, type Row } from './row.ts'

/** A page of 1000 rows reads one block of each run, and then the run that it is in. */
const blockRows = 128

/** One block of a run: its first name and its rows, as JSON. */
export type Block = { readonly first: string; readonly json: string }

/** The blocks of rows, which are sorted in place; of one name, the first. */
export function* blocksOf(rows: Row[]): Generator<Block> {
  rows.sort(compareRows)
  const sorted = rows.filter(([name], at) => at === 0 || name !== rows[at - 1]?.[0])
  for (let at = 0; at < sorted.length; at += blockRows) {
    const block = sorted.slice(at, at + blockRows)
    yield { first: block[0]?.[0] ?? '', json: JSON.stringify(block) }
  }
}

/** One run, wherever its blocks are. What there is none of is empty. */
export interface RunBlocks {
  /** The last block that begins at or below a name. */
  upTo(name: string): readonly Row[]
  /** The first block that begins above a name. */
  after(name: string): readonly Row[]
}

/** The text is the writer's own. */
export function parseBlock(json: string): readonly Row[] {
  return JSON.parse(json) as Row[]
}

/** A run as bytes, which pass between threads without a copy. */
export type PackedRun = {
  readonly firsts: readonly string[]
  /** Where each block ends in `bytes`. */
  readonly ends: readonly number[]
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** `undefined` when it would take more bytes than `maxBytes`. */
export function packRun(blocks: Iterable<Block>, maxBytes: number): PackedRun | undefined {
  const firsts: string[] = []
  const ends: number[] = []
  const texts: Buffer[] = []
  let sizeBytes = 0
  for (const { first, json } of blocks) {
    const text = Buffer.from(json)
    sizeBytes += text.length
    if (sizeBytes > maxBytes) return undefined
    firsts.push(first)
    texts.push(text)
    ends.push(sizeBytes)
  }
  return { firsts, ends, bytes: new Uint8Array(Buffer.concat(texts)) }
}

export function unpackRun({ firsts, ends, bytes }: PackedRun): RunBlocks {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const block = (at: number): readonly Row[] =>
    at < 0 || at >= ends.length
      ? []
      : parseBlock(text.toString('utf8', ends[at - 1] ?? 0, ends[at]))
  /** How many blocks begin at or below a name. */
  const countUpTo = (name: string): number => {
    let least = 0
    for (let most = firsts.length; least < most; ) {
      const middle = (least + most) >> 1
      if (compareKeys(firsts[middle] ?? '', name) > 0) most = middle
      else least = middle + 1
    }
    return least
  }
  return {
    upTo: (name) => block(countUpTo(name) - 1),
    after: (name) => block(countUpTo(name)),
  }
}

export interface RunReader {
  /** The first row at or above a name. */
  seek(name: string): Row | undefined
  /** The row after the one given last. */
  next(): Row | undefined
}

/** Only ever goes forward. */
export function readRuns(all: readonly RunBlocks[]): RunReader {
  const runs = all.map((blocks) => new Run(blocks))
  let current: Row | undefined
  const least = (): Row | undefined => {
    current = undefined
    for (const { row } of runs) {
      if (row === undefined) continue
      if (current === undefined || compareRows(row, current) < 0) current = row
    }
    return current
  }
  return {
    seek(name) {
      for (const run of runs) run.seek(name)
      return least()
    },
    next() {
      const given = current?.[0]
      // Others of the same name are deeper, and are not listed.
      for (const run of runs) if (run.row?.[0] === given) run.advance()
      return least()
    },
  }
}

/** One run and where a reader is in it. */
class Run {
  readonly #blocks: RunBlocks
  #block: readonly Row[] = []
  #at = 0

  constructor(blocks: RunBlocks) {
    this.#blocks = blocks
  }

  get row(): Row | undefined {
    return this.#block[this.#at]
  }

  advance(): void {
    const last = this.#block.at(-1)
    this.#at += 1
    if (this.#at < this.#block.length || last === undefined) return
    this.#load(this.#blocks.after(last[0]))
  }

  seek(name: string): void {
    const last = this.#block.at(-1)
    if (last === undefined || compareKeys(last[0], name) < 0) {
      this.#load(this.#blocks.upTo(name))
      if (this.#block.length === 0) this.#load(this.#blocks.after(name))
    }
    while (this.row !== undefined && compareKeys(this.row[0], name) < 0) this.advance()
  }

  #load(block: readonly Row[]): void {
    this.#block = block
    this.#at = 0
  }
}
