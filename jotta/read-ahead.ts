// One download by several requests at once, each for the next so many bytes: a single stream of Jottacloud's is
// slow (API 4.5). What comes ahead of its turn is held in memory, which a budget bounds.
import { Readable } from 'node:stream'
import { createBudget } from './budget.ts'
import type { ByteRange } from './client.ts'
import { JottaError } from './jotta-error.ts'
import { pulledStream } from './pulled-stream.ts'

export type ReadAheadOptions = {
  /** Requests of one download at once; 1 for none ahead. */
  readonly streams: number
  /** What each of them asks for. */
  readonly chunkBytes: number
  /** All that downloads hold together; those that come when it is taken have one request each. */
  readonly totalBytes: number
}

/** What one download may hold, to be given back once. */
export type Allowance = {
  /** The range in the chunks that it is asked for by, in order. */
  readonly chunks: Iterator<ByteRange, undefined>
  readonly chunkBytes: number
  readonly streams: number
  giveBack(): void
}

export type ReadAhead = {
  /** `undefined` when the range is to be asked for in one piece: it is small, or the budget is taken. */
  tryTake(range: ByteRange): Allowance | undefined
}

export function createReadAhead({ streams, chunkBytes, totalBytes }: ReadAheadOptions): ReadAhead {
  const budget = createBudget(totalBytes)
  return {
    tryTake(range) {
      const count = Math.ceil((range.endInclusive - range.start + 1) / chunkBytes)
      // Of two, the second would cost two calls to win the time of one.
      if (streams < 2 || count < 3) return undefined
      const heldBytes = Math.min(streams, count) * chunkBytes
      if (!budget.tryTake(heldBytes)) return undefined
      return {
        chunks: chunksOf(range, chunkBytes),
        ...{ chunkBytes, streams },
        giveBack: () => budget.give(heldBytes),
      }
    },
  }
}

export type ReadAheadSource = Allowance & {
  /** The content of a chunk, or a failure. More than a chunk ends the download. */
  readonly open: (chunk: ByteRange, signal: AbortSignal) => Promise<Readable>
  readonly signal: AbortSignal
}

/** `first` is the content of the first chunk, which has been taken from `chunks`. Gives the allowance back in the end. */
export function readAhead(first: Readable, source: ReadAheadSource): Readable {
  const abandoned = new AbortController()
  const signal = AbortSignal.any([source.signal, abandoned.signal])
  /** In order; the first one is being read. */
  const begun: Promise<Chunk>[] = [Promise.resolve(filled(first, source.chunkBytes))]
  let reading: AsyncIterator<unknown> | undefined

  const begin = (): void => {
    while (begun.length < source.streams) {
      const { done, value } = source.chunks.next()
      if (done) return
      const opening = source.open(value, signal).then((body) => filled(body, source.chunkBytes))
      // Met when it is its turn.
      opening.catch(() => {})
      begun.push(opening)
    }
  }

  return pulledStream(
    {
      async next() {
        for (;;) {
          begin()
          const [current] = begun
          if (current === undefined) return null
          reading ??= (await current).pieces[Symbol.asyncIterator]()
          const { done, value } = await reading.next()
          if (value instanceof Uint8Array) return value
          if (!done) throw new TypeError('a download must be bytes')
          begun.shift()
          reading = undefined
        }
      },
      destroy() {
        // Those that are still asked for end by the signal, or come to be dropped.
        const drop = (chunk: Chunk): void => chunk.drop()
        for (const opening of begun.splice(0)) opening.then(drop, () => {})
        source.giveBack()
      },
    },
    abandoned,
  )
}

type Chunk = { readonly pieces: Readable; drop(): void }

/** Each takes some hundred bytes besides its own: of smaller ones, so many are read before it is their turn. */
const pieceMinBytes = 1024

/** Reads up to a chunk at once, which most come to, and gives it in the pieces that it came in. */
function filled(body: Readable, chunkBytes: number): Chunk {
  const pieces = Readable.from(atMost(body, chunkBytes), {
    objectMode: true,
    highWaterMark: Math.ceil(chunkBytes / pieceMinBytes),
  })
  pieces.on('error', () => undefined)
  pieces.read(0)
  return {
    pieces,
    drop() {
      // Itself, since `pieces` would wait for what is being read.
      body.destroy()
      pieces.destroy()
    },
  }
}

async function* atMost(body: Readable, maxBytes: number): AsyncGenerator<Uint8Array> {
  let receivedBytes = 0
  for await (const piece of body) {
    if (!(piece instanceof Uint8Array)) throw new TypeError('a download must be bytes')
    receivedBytes += piece.byteLength
    if (receivedBytes > maxBytes) {
      throw new JottaError('protocol', 'a part of a download is longer than was asked for')
    }
    yield piece
  }
}

function* chunksOf(range: ByteRange, chunkBytes: number): Generator<ByteRange, undefined> {
  for (let start = range.start; start <= range.endInclusive; start += chunkBytes) {
    yield { start, endInclusive: Math.min(start + chunkBytes - 1, range.endInclusive) }
  }
}
