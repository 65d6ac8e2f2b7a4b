// Where snapshots lie: a folder for each process, locked while it lives, so that another one can tell what a
// crash has left and remove it. The lock is the operating system's and ends with its holder.
import { randomUUID } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isLocked } from '../state/sqlite-turns.ts'

export type SnapshotDirectory = {
  /** A name that no file has yet. */
  newFile(): string
  /** One that is not there is no error. */
  remove(file: string): Promise<void>
  /** Removes everything in it. */
  close(): Promise<void>
}

const setupTimeoutMs = 10_000
const lockSuffix = '.lock'

export async function openSnapshotDirectory(directory: string): Promise<SnapshotDirectory> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  // One process at a time, so that none removes what another is just making.
  const setup = lockedFile(join(directory, 'setup.sqlite'), setupTimeoutMs)
  if (setup === undefined) throw new Error(`${directory}: another process does not let go of it`)
  try {
    await removeLeftovers(directory)
    const own = join(directory, randomUUID())
    const lock = lockedFile(own + lockSuffix, 0)
    if (lock === undefined) throw new Error(`${own}: it cannot be locked`)
    await mkdir(own, { mode: 0o700 })
    return {
      newFile: () => join(own, `${randomUUID()}.sqlite`),
      remove: (file) => rm(file, { force: true }),
      async close() {
        await rm(own, { recursive: true, force: true })
        lock.close()
        await rm(own + lockSuffix, { force: true })
      },
    }
  } finally {
    setup.close()
  }
}

async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.endsWith(lockSuffix)) continue
    const path = join(directory, name)
    const lock = lockedFile(path, 0)
    if (lock === undefined) continue
    await rm(path.slice(0, -lockSuffix.length), { recursive: true, force: true })
    lock.close()
    await rm(path, { force: true })
  }
}

/** Held until it is closed; `undefined` when another process holds it. */
function lockedFile(path: string, timeoutMs: number): DatabaseSync | undefined {
  closeSync(openSync(path, 'a', 0o600))
  const lock = new DatabaseSync(path, { timeout: timeoutMs })
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (isLocked(error)) return undefined
    throw error
  }
}
