// Lines and counted bytes out of a stream of pieces, holding no more than one piece and one line.

export type LineOptions = {
  /** The line end included. */
  readonly maxBytes: number
  readonly end: 'crlf' | 'crlf-or-lf'
  /** Makes what is thrown for a longer line and for another line end. */
  readonly malformed: () => Error
}

export type ByteReader = {
  /** The next line without its end, as latin1; `undefined` when the bytes end before it does. */
  line(options: LineOptions): Promise<string | undefined>
  /** The next bytes, at least one and at most `maxBytes`; `undefined` at the end. Nothing is copied. */
  some(maxBytes: number): Promise<Buffer | undefined>
  /**
   * Everything up to `delimiter`, which is read as well and left out; throws what `missing` makes when
   * the bytes end before it comes.
   */
  until(delimiter: Buffer, missing: () => Error): AsyncGenerator<Buffer, void, undefined>
}

export function createByteReader(source: AsyncIterator<Buffer>): ByteReader {
  let piece: Buffer = Buffer.alloc(0)

  /** Makes `piece` hold something; false at the end. */
  async function fill(): Promise<boolean> {
    while (piece.length === 0) {
      const next = await source.next()
      if (next.done === true) return false
      piece = next.value
    }
    return true
  }

  function take(sizeBytes: number): Buffer {
    const taken = piece.subarray(0, sizeBytes)
    piece = piece.subarray(taken.length)
    return taken
  }

  return {
    async *until(delimiter, missing) {
      while (await fill()) {
        const found = piece.indexOf(delimiter)
        const length = found === -1 ? piece.length - overlap(piece, delimiter) : found
        if (length > 0) yield take(length)
        if (found !== -1) {
          take(delimiter.length)
          return
        }
        // What is left may be the delimiter's beginning: the next piece tells.
        const next = await source.next()
        if (next.done === true) break
        piece = Buffer.concat([piece, next.value])
      }
      throw missing()
    },
    async some(maxBytes) {
      return (await fill()) ? take(maxBytes) : undefined
    },
    async line({ maxBytes, end, malformed }) {
      let text = ''
      while (await fill()) {
        const lineFeed = piece.indexOf(0x0a)
        const length = lineFeed === -1 ? piece.length : lineFeed + 1
        if (text.length + length > maxBytes) throw malformed()
        text += take(length).toString('latin1')
        if (lineFeed === -1) continue
        if (text.endsWith('\r\n')) return text.slice(0, -2)
        if (end === 'crlf-or-lf') return text.slice(0, -1)
        throw malformed()
      }
      return undefined
    },
  }
}

/** How many of the last bytes could be the beginning of `delimiter`. */
function overlap(piece: Buffer, delimiter: Buffer): number {
  for (let length = Math.min(piece.length, delimiter.length - 1); length > 0; length -= 1) {
    if (piece.subarray(-length).equals(delimiter.subarray(0, length))) return length
  }
  return 0
}
