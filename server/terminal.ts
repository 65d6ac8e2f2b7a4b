// The person at the terminal, or the lines that a script sends instead: questions on standard error,
// answers from standard input, in the order they come.
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { Writable } from 'node:stream'

export type Terminal = {
  tell(text: string): void
  /** The next line. Throws when the input has ended or the person interrupts. */
  ask(question: string, echo: 'shown' | 'hidden'): Promise<string>
  /** All that are typed from here on, until the input or the terminal ends. */
  lines(): AsyncIterable<string>
  /** Aborts when the person interrupts. */
  readonly interrupted: AbortSignal
  /** Ends `lines` and lets the process end. Idempotent. */
  close(): void
}

export type TerminalStreams = {
  readonly input: Readable & { readonly isTTY?: boolean; unref?: () => void }
  readonly output: Writable
}

/** Reads nothing until the first question. */
export function openTerminal({ input, output }: TerminalStreams): Terminal {
  const interruption = new AbortController()
  let isHidden = false
  // What readline echoes of the keys that are pressed.
  const echo = new Writable({
    write(chunk, _encoding, done) {
      if (!isHidden) output.write(chunk)
      done()
    },
  })
  let reading: { close: () => void; lines: AsyncIterableIterator<string> } | undefined
  let isClosed = false
  const read = () => {
    if (reading === undefined) {
      // Without a history: a password would be in it.
      const terminal = input.isTTY === true
      const reader = createInterface({ input, output: echo, terminal, historySize: 0 })
      reader.once('SIGINT', () => {
        interruption.abort(new Error('interrupted'))
        reader.close()
      })
      reading = { close: () => reader.close(), lines: reader[Symbol.asyncIterator]() }
      if (isClosed) reader.close()
    }
    return reading.lines
  }
  return {
    interrupted: interruption.signal,
    tell: (text) => {
      output.write(text)
    },
    async ask(question, echoMode) {
      output.write(question)
      isHidden = echoMode === 'hidden'
      try {
        const { value, done } = await read().next()
        interruption.signal.throwIfAborted()
        if (done === true) throw new Error('the input ended before the answer')
        return value
      } finally {
        // The end of the line was hidden as well.
        if (isHidden && input.isTTY === true) output.write('\n')
        isHidden = false
      }
    },
    lines: () => ({ [Symbol.asyncIterator]: () => ({ next: () => read().next() }) }),
    close() {
      isClosed = true
      reading?.close()
      // A pipe that the caller left open would keep the process.
      if (reading !== undefined) input.unref?.()
    },
  }
}
