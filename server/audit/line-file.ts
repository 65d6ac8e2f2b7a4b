// A file that lines are appended to by somebody who must not wait for it. Lines wait in memory, bounded; while
// the file cannot be written they go on waiting, and what does not fit any more is lost and counted.
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

export type LineFile = {
  /** The line comes without its end. */
  write(line: string): void
  /** Goes on in a file that is opened anew, as after the old one was moved away. */
  reopen(): Promise<void>
  /** Writes what still waits, and gives up what cannot be written. */
  close(): Promise<void>
}

export type LineFileOptions = {
  readonly file: string
  /** Of lines that wait. */
  readonly maxWaitingBytes: number
  /** Once until it goes well again. */
  readonly onFailure: (error: unknown) => void
  /** It goes well again, and in between so many lines were lost. Returns a line that says so. */
  readonly onRecovery: (lostLines: number) => string
  readonly onLost?: (lostLines: number) => void
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

export const retryAfterMs = 1000
const writeMaxBytes = 256 * 1024

/** Made with mode 0600 when it is missing. Throws when it cannot be opened. */
export async function openLineFile(options: LineFileOptions): Promise<LineFile> {
  return new WaitingLines(options, await openForAppending(options.file))
}

class WaitingLines implements LineFile {
  readonly #options: LineFileOptions
  #handle: FileHandle
  #lines: string[] = []
  #waitingBytes = 0
  /** What a write that failed left of its bytes: they end what is in the file, so they come first. */
  #rest: Buffer = Buffer.alloc(0)
  #lostLines = 0
  #isFailing = false
  #work: Promise<void> = Promise.resolve()
  /** Somebody will see to the lines that wait: at once, or after a failure a little later. */
  #isSeenTo = false
  #comesBack = false
  readonly #closing = new AbortController()

  constructor(options: LineFileOptions, handle: FileHandle) {
    this.#options = options
    this.#handle = handle
  }

  write(line: string): void {
    const text = `${line}\n`
    const sizeBytes = Buffer.byteLength(text)
    const isFull = this.#waitingBytes + sizeBytes > this.#options.maxWaitingBytes
    if (isFull || this.#closing.signal.aborted) {
      this.#lose(1)
      return
    }
    this.#lines.push(text)
    this.#waitingBytes += sizeBytes
    if (this.#isSeenTo) return
    this.#isSeenTo = true
    this.#enqueue(() => this.#drain())
  }

  async reopen(): Promise<void> {
    this.#enqueue(async () => {
      try {
        const next = await openForAppending(this.#options.file)
        const before = this.#handle
        this.#handle = next
        await before.close()
        await this.#drain()
      } catch (error) {
        this.#fail(error)
      }
    })
    await this.#work
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#work
    try {
      while (this.#hasWaiting()) await this.#writeSome()
    } catch (error) {
      this.#fail(error)
      this.#lose(this.#lines.length + (this.#rest.length > 0 ? 1 : 0))
    } finally {
      await this.#handle.close()
    }
  }

  /** One after another: a file is not written while it is changed. */
  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work)
  }

  /** Never throws. A failure gives way to whoever wants to reopen, and comes back. */
  async #drain(): Promise<void> {
    this.#isSeenTo = true
    try {
      while (this.#hasWaiting()) {
        await this.#writeSome()
        if (!this.#hasWaiting()) this.#recover()
      }
      this.#isSeenTo = false
    } catch (error) {
      this.#fail(error)
      this.#comeBack()
    }
  }

  #comeBack(): void {
    if (this.#comesBack) return
    this.#comesBack = true
    const { wait = waitFor } = this.#options
    wait(retryAfterMs, this.#closing.signal).then(
      () => {
        this.#comesBack = false
        this.#enqueue(() => this.#drain())
      },
      // Closed meanwhile, which is the last try.
      () => undefined,
    )
  }

  #hasWaiting(): boolean {
    return this.#rest.length > 0 || this.#lines.length > 0
  }

  async #writeSome(): Promise<void> {
    if (this.#rest.length === 0) {
      let text = ''
      let count = 0
      for (; count < this.#lines.length && text.length < writeMaxBytes; count += 1) {
        text += this.#lines[count]
      }
      this.#lines.splice(0, count)
      this.#rest = Buffer.from(text)
    }
    const { bytesWritten } = await this.#handle.write(this.#rest)
    this.#rest = this.#rest.subarray(bytesWritten)
    this.#waitingBytes -= bytesWritten
  }

  #fail(error: unknown): void {
    if (this.#isFailing) return
    this.#isFailing = true
    this.#options.onFailure(error)
  }

  #recover(): void {
    if (!this.#isFailing) return
    this.#isFailing = false
    const lost = this.#lostLines
    this.#lostLines = 0
    this.write(this.#options.onRecovery(lost))
  }

  #lose(lines: number): void {
    if (lines === 0) return
    this.#lostLines += lines
    this.#options.onLost?.(lines)
  }
}

async function openForAppending(file: string): Promise<FileHandle> {
  return await open(file, 'a', 0o600)
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false })
}
