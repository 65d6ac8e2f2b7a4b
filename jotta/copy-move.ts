// Server-side copies and moves, which carry no bytes. API 6.4.
import type { CallOptions, Location } from './client.ts'
import { createByHash, createFolder, isLive, readFile, stat } from './files.ts'
import { isTransient } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { absolutePath, nameOf, parentOf } from './path.ts'
import { defaultRetryPolicy, retryDelayMs } from './retry.ts'
import { requestAt, type Service } from './service.ts'
import type { Entry, FileEntry } from './wire.ts'

/** See JottaClient.copyFile. Makes the folder that it goes to. */
export async function copyFile(
  service: Service,
  from: Location,
  to: Location,
  options: CallOptions,
): Promise<FileEntry> {
  await createParent(service, to, options)
  const username = await service.username(options)
  const request = await requestAt(service, from, options, {
    method: 'POST',
    query: { cp: absolutePath(username, to) },
    repeat: 'transient',
  })
  const copied = await service.http.call(request, options, readFile)
  return await revived(service, to, copied, options)
}

/** See JottaClient.moveFile. Makes the folder that it goes to. */
export async function moveFile(
  service: Service,
  from: Location,
  to: Location,
  options: CallOptions,
): Promise<FileEntry> {
  assertDistinct(from, to)
  await createParent(service, to, options)
  const username = await service.username(options)
  const request = await requestAt(service, from, options, {
    method: 'POST',
    query: { mv: absolutePath(username, to) },
    repeat: 'never',
  })
  const moved = await moveOnce(service, from, to, options, () =>
    service.http.call(request, options, readFile),
  )
  if (moved.kind !== 'file') throw new JottaError('conflict', `a folder is at ${nameOf(to)}`)
  return await revived(service, to, moved, options)
}

async function createParent(service: Service, to: Location, options: CallOptions): Promise<void> {
  const parent = parentOf(to)
  if (parent !== undefined && parent.path.length > 0) await createFolder(service, parent, options)
}

/**
 * Moves, and after a failure that does not tell whether it was carried out looks before it tries
 * again: a move said twice would not find its source.
 */
async function moveOnce(
  service: Service,
  from: Location,
  to: Location,
  options: CallOptions,
  move: () => Promise<FileEntry>,
): Promise<Entry> {
  const { environment } = service
  for (let tries = 1; ; tries += 1) {
    try {
      return await move()
    } catch (error) {
      options.signal.throwIfAborted()
      if (!(error instanceof JottaError)) throw error
      const isUnclear = isTransient(error) || (tries > 1 && error.kind === 'not-found')
      if (!isUnclear) throw error
      const source = await stat(service, from, options)
      const target = await stat(service, to, options)
      if (target !== undefined && isLive(target) && !isLive(source)) return target
      if (!isLive(source) || isLive(target)) throw error
      const state = { tries, elapsedMs: 0, retryAfterMs: error.retryAfterMs }
      const random = environment.random()
      const delayMs = retryDelayMs({ ...state, random }, { ...defaultRetryPolicy, maxTries: 3 })
      if (delayMs === undefined) throw error
      await environment.wait(delayMs, options.signal)
    }
  }
}

/** A renaming that changes only case is for two moves through another name (API 6.4). */
function assertDistinct(from: Location, to: Location): void {
  const isSame = absolutePath('u', from).toLowerCase() === absolutePath('u', to).toLowerCase()
  if (isSame) throw new JottaError('conflict', 'source and destination differ by case at most')
}

/** What lands on a tombstone may stay in the trash (API 6.4): cphash at the same place revives it. */
async function revived(
  service: Service,
  location: Location,
  file: FileEntry,
  options: CallOptions,
): Promise<FileEntry> {
  const { current } = file
  const { md5, sizeBytes } = current ?? {}
  if (current?.state !== 'COMPLETED' || md5 === undefined || sizeBytes === undefined) {
    throw new JottaError('protocol', `${nameOf(location)} is not complete at its destination`)
  }
  if (!file.deleted) return file
  const now = new Date(service.environment.now())
  const modified = current.modified ?? now
  const created = current.created ?? modified
  const live = await createByHash(service, location, { md5, sizeBytes, created, modified }, options)
  if (live !== undefined) return live
  throw new JottaError('protocol', `${nameOf(location)} stays in the trash at its destination`)
}
