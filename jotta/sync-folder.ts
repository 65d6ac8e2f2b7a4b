// Makes the names in a folder durable: a file's own fsync need not cover the entry that leads to it.
import { open } from 'node:fs/promises'

/** As systems answer that do not sync folders, or do not open them. */
const notOffered = new Set(['EISDIR', 'EPERM', 'EINVAL', 'ENOTSUP'])

/** What was made, renamed or removed in the folder survives a power cut when this returns, where the system offers that. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, 'r')
    await handle.sync()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (typeof code !== 'string' || !notOffered.has(code)) throw error
  }
}
