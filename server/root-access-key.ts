// The root access key: given by settings, or made at the first start and kept in the data folder.
import { randomInt } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'

export type AccessKey = { readonly accessKeyId: string; readonly secretAccessKey: string }

const stored = z.object({
  accessKeyId: z.string().min(3),
  secretAccessKey: z.string().min(8),
})

/**
 * Reads the key file (0600), or makes it. `isNew` is for the one time that the secret is shown. Two
 * processes that start at once end up with one key.
 */
export async function loadRootAccessKey(
  file: string,
): Promise<{ readonly key: AccessKey; readonly isNew: boolean }> {
  const found = await readKey(file)
  if (found !== undefined) return { key: found, isNew: false }
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}.tmp`
  const handle = await open(temporary, 'w', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(makeAccessKey())}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  let isNew = true
  try {
    // Unlike a rename, a link does not replace what another process put there meanwhile.
    await link(temporary, file)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
    isNew = false
  } finally {
    await unlink(temporary)
  }
  const key = await readKey(file)
  if (key === undefined) throw new Error(`${file} disappeared while it was made`)
  return { key, isNew }
}

/** The key that a start has made in that data folder; `undefined` before the first start. */
export async function rootAccessKeyOf(dataDir: string): Promise<AccessKey | undefined> {
  return await readKey(rootAccessKeyFile(dataDir))
}

export function rootAccessKeyFile(dataDir: string): string {
  return join(dataDir, 'root-access-key.json')
}

async function readKey(file: string): Promise<AccessKey | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
  try {
    return stored.parse(JSON.parse(text))
  } catch (error) {
    throw new Error(`${file} is not a root access key; mend it, or remove it to get a new key`, {
      cause: error,
    })
  }
}

/** In AWS's lengths; letters and digits only, since some clients break on `/` and `+`. */
export function makeAccessKey(): AccessKey {
  return {
    accessKeyId: randomText('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 20),
    secretAccessKey: randomText(
      'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
      40,
    ),
  }
}

function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
