// The directory where bodies wait until their MD5 is known: request bodies that are too large for
// memory, and the parts of multipart uploads. Owns every file in it and bounds their sum.
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBudget } from '../jotta/budget.ts'
import { syncFolder } from '../jotta/sync-folder.ts'
import type { ObjectBody } from './bridge.ts'
import { S3Error } from './s3-error.ts'
import {
  openRoom,
  partNames,
  partSuffix,
  type RoomOptions,
  type RoomTaken,
  type SpaceUsage,
  statOf,
} from './spool-room.ts'

/** A body that arrived whole and verified, readable any number of times until it is disposed of. */
export type ReceivedContent = {
  readonly sizeBytes: number
  /** Lower-case hex. */
  readonly md5: string
  open(offset: number): Readable
  [Symbol.asyncDispose](): Promise<void>
}

export type SpooledPart = {
  readonly fileName: string
  readonly sizeBytes: number
  readonly md5: string
}

export interface Spool {
  /** Takes a request body in: into memory when it is small, else into a file that has no name. */
  receive(body: ObjectBody, signal: AbortSignal): Promise<ReceivedContent>
  /** Takes a part in; the file and its name are on the disk (fsync) when this returns. */
  receivePart(body: ObjectBody, signal: AbortSignal): Promise<SpooledPart>
  openPart(fileName: string, offset: number): Readable
  removeParts(fileNames: readonly string[]): Promise<void>
  /** Part files older than `before`, for comparison with what is recorded. */
  partFiles(before: Date): AsyncIterable<string>
  /** What is taken of the disk, and may be. */
  usage(): Promise<SpaceUsage>
}

export type SpoolOptions = RoomOptions & {
  /** Bodies up to this size are held in memory. */
  readonly memoryLimitBytes: number
  /** All bodies held in memory together; past it they go to disk. */
  readonly memoryTotalBytes: number
}

export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { directory } = options
  const made = await mkdir(directory, { recursive: true, mode: 0o700 })
  if (made !== undefined) await syncFolder(dirname(directory))
  const memory = createBudget(options.memoryTotalBytes)
  const room = await openRoom(options)

  return {
    async receive(body, signal) {
      if (body.sizeBytes <= options.memoryLimitBytes && memory.tryTake(body.sizeBytes)) {
        return await receiveInMemory(body, signal, () => memory.give(body.sizeBytes))
      }
      return await receiveOnDisk(body, directory, signal, await room.take(body))
    },

    async receivePart(body, signal) {
      const fileName = `${randomUUID()}${partSuffix}`
      const taken = await room.take(body, fileName)
      const path = join(directory, fileName)
      try {
        await using file = await open(path, 'wx', 0o600)
        const { md5, sizeBytes } = await writeBody(body, file, signal, taken)
        await file.sync()
        // The state will have the part on disk: without this its file could be missing after a power cut.
        await syncFolder(directory)
        taken.keep(sizeBytes)
        return { fileName, sizeBytes, md5 }
      } catch (error) {
        taken.giveBack()
        await unlinkIfThere(path)
        throw error
      }
    },

    openPart(fileName, offset) {
      return createReadStream(join(directory, fileName), { start: offset })
    },

    async removeParts(fileNames) {
      for (const fileName of fileNames) {
        room.freed(await unlinkIfThere(join(directory, fileName)))
      }
    },

    async *partFiles(before) {
      for (const name of await partNames(directory)) {
        const file = await statOf(join(directory, name))
        if (file !== undefined && file.mtime < before) yield name
      }
    },

    usage: room.usage,
  }
}

async function receiveInMemory(
  body: ObjectBody,
  signal: AbortSignal,
  giveBack: () => void,
): Promise<ReceivedContent> {
  try {
    const room = Buffer.allocUnsafe(body.sizeBytes)
    let received = 0
    await pipeline(
      body.stream,
      async (source: AsyncIterable<Buffer>) => {
        for await (const chunk of source) {
          if (received + chunk.length > room.length) throw new S3Error('IncompleteBody')
          chunk.copy(room, received)
          received += chunk.length
        }
      },
      { signal },
    )
    checkSize(body, received)
    const bytes = room.subarray(0, received)
    const md5 = createHash('md5').update(bytes).digest('hex')
    checkMd5(body, md5)
    return {
      sizeBytes: bytes.length,
      md5,
      open: (offset) => Readable.from(slices(bytes, offset), { objectMode: false }),
      [Symbol.asyncDispose]: async () => giveBack(),
    }
  } catch (error) {
    giveBack()
    throw error
  }
}

/** Small enough that a slow receiver's back-pressure works. */
function* slices(bytes: Buffer, offset: number): Generator<Buffer> {
  const sliceBytes = 64 * 1024
  for (let start = offset; start < bytes.length; start += sliceBytes) {
    yield bytes.subarray(start, start + sliceBytes)
  }
}

async function receiveOnDisk(
  body: ObjectBody,
  directory: string,
  signal: AbortSignal,
  taken: RoomTaken,
): Promise<ReceivedContent> {
  const path = join(directory, `${randomUUID()}.body`)
  let file: FileHandle | undefined
  try {
    file = await open(path, 'wx+', 0o600)
    // Without a name, nothing is left when the process is killed.
    await unlink(path)
    const { md5, sizeBytes } = await writeBody(body, file, signal, taken)
    const handle = file
    return {
      sizeBytes,
      md5,
      open: (offset) =>
        sizeBytes === offset
          ? Readable.from([], { objectMode: false })
          : Readable.from(readFrom(handle, offset), { objectMode: false }),
      async [Symbol.asyncDispose]() {
        taken.giveBack()
        await handle.close()
      },
    }
  } catch (error) {
    taken.giveBack()
    await file?.close()
    throw error
  }
}

/** Positioned reads, so that one handle serves several readers and outlives each of them. */
async function* readFrom(file: FileHandle, offset: number): AsyncGenerator<Buffer> {
  const chunkBytes = 256 * 1024
  for (let position = offset; ; ) {
    const { bytesRead, buffer } = await file.read(
      Buffer.allocUnsafe(chunkBytes),
      0,
      chunkBytes,
      position,
    )
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function writeBody(
  body: ObjectBody,
  file: FileHandle,
  signal: AbortSignal,
  taken: RoomTaken,
): Promise<{ md5: string; sizeBytes: number }> {
  const hash = createHash('md5')
  let received = 0
  await pipeline(
    body.stream,
    async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) {
        hash.update(chunk)
        received = await writeAll(file, chunk, received)
        taken.wrote(chunk.length)
      }
    },
    { signal },
  )
  checkSize(body, received)
  const md5 = hash.digest('hex')
  checkMd5(body, md5)
  return { md5, sizeBytes: received }
}

function checkSize({ sizeBytes, sizeIs }: ObjectBody, receivedBytes: number): void {
  const isWhole = sizeIs === 'at-most' ? receivedBytes <= sizeBytes : receivedBytes === sizeBytes
  if (!isWhole) throw new S3Error('IncompleteBody')
}

/** One write may take less than it is given. Returns the position after the chunk. */
async function writeAll(file: FileHandle, chunk: Buffer, position: number): Promise<number> {
  for (let written = 0; written < chunk.length; ) {
    const left = chunk.length - written
    written += (await file.write(chunk, written, left, position + written)).bytesWritten
  }
  return position + chunk.length
}

function checkMd5(body: ObjectBody, md5: string): void {
  if (body.md5 === undefined || body.md5 === md5) return
  throw new S3Error('BadDigest', {
    message: 'The Content-MD5 that you sent did not match the content that was received.',
    elements: { ExpectedDigest: body.md5, CalculatedDigest: md5 },
  })
}

/** Returns the bytes that were freed. */
async function unlinkIfThere(path: string): Promise<number> {
  const file = await statOf(path)
  if (file === undefined) return 0
  try {
    await unlink(path)
    return file.size
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
}
