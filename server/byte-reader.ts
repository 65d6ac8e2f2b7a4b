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
