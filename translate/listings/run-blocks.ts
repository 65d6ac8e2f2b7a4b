// Sorted rows in blocks that are found by their first name, and the reader that goes through runs of them in
// order. It holds one block of each run.
import { compareKeys } from '../key-order.ts'
import { compareRows, type Row } from './row.ts'

/** A page of 1000 rows reads one block of each run, and then the run that it is in. */
const blockRows = 128

/** One block of a run: its first name and its rows, as JSON. */
export type Block = { readonly first: string; readonly json: string }

/** Sorts rows in place. Returns them without those whose name came before. */
export function sortRows(rows: Row[]): Row[] {
  rows.sort(compareRows)
  return rows.filter(([name], at) => at === 0 || name !== rows[at - 1]?.[0])
}

/** The blocks of sorted rows. */
export function* blocksOf(sorted: readonly Row[]): Generator<Block> {
  for (let at = 0; at < sorted.length; at += blockRows) {
    yield blockOf(sorted.slice(at, at + blockRows))
  }
}

function blockOf(rows: readonly Row[]): Block {
  return { first: rows[0]?.[0] ?? '', json: JSON.stringify(rows) }
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

/** Packs rows as they come, so that little is left to do at their end. */
export class RunPacker {
  readonly #maxBytes: number
  readonly #firsts: string[] = []
  readonly #ends: number[] = []
  readonly #texts: Buffer[] = []
  #block: Row[] = []
  #last: string | undefined
  #sizeBytes = 0
  #canGoOn = true

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  add(row: Row): void {
    if (this.#last !== undefined && compareKeys(this.#last, row[0]) >= 0) this.#giveUp()
    if (!this.#canGoOn) return
    this.#last = row[0]
    this.#block.push(row)
    if (this.#block.length === blockRows) this.#pack()
  }

  /** `undefined` when a row was not above the one before, or when it would be more bytes than it may be. */
  finish(): PackedRun | undefined {
    if (this.#block.length > 0) this.#pack()
    if (!this.#canGoOn) return undefined
    const bytes = new Uint8Array(Buffer.concat(this.#texts))
    return { firsts: this.#firsts, ends: this.#ends, bytes }
  }

  #pack(): void {
    const { first, json } = blockOf(this.#block)
    const text = Buffer.from(json)
    this.#block = []
    this.#sizeBytes += text.length
    if (this.#sizeBytes > this.#maxBytes) {
      this.#giveUp()
      return
    }
    this.#firsts.push(first)
    this.#texts.push(text)
    this.#ends.push(this.#sizeBytes)
  }

  #giveUp(): void {
    this.#canGoOn = false
    this.#block = []
    this.#texts.length = 0
  }
}

export function packRun(sorted: readonly Row[], maxBytes: number): PackedRun | undefined {
  const packer = new RunPacker(maxBytes)
  for (const row of sorted) packer.add(row)
  return packer.finish()
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
