// Writes a file so that a reader sees the old one or the whole new one, whatever fails in between.
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { syncFolder } from './sync-folder.ts'

/**
 * Durable when it returns: written aside for its owner alone, synced, renamed, and the folder synced. When `write`
 * throws, nothing was changed and nothing is left.
 */
export async function replaceFile<T>(
  file: string,
  write: (handle: FileHandle) => Promise<T>,
  mode = 0o600,
): Promise<T> {
  const aside = `${file}.${randomUUID()}.tmp`
  let result: T
  try {
    const handle = await open(aside, 'wx', 0o600)
    try {
      result = await write(handle)
      if (mode !== 0o600) await handle.chmod(mode)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(aside, file)
  } catch (error) {
    await rm(aside, { force: true })
    throw error
  }
  await syncFolder(path.dirname(file))
  return result
}
