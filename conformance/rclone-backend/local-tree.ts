// Trees of files on the local disk for rclone to copy, and what is in one afterwards.
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { md5OfFile } from '../support/bytes.ts'

export type LocalFile = {
  /** Below the tree's root; bytes, since a name need not be UTF-8. */
  readonly path: Buffer
  readonly sizeBytes: number
  readonly md5: string
  /** ISO 8601, to the second: Jottacloud keeps no more. */
  readonly modified: string
}

/** Writes files with their contents; each is one hour younger than the one before it. */
export async function writeTree(
  root: string,
  files: ReadonlyMap<string | Buffer, string | Buffer>,
  start = '2021-03-04T05:06:07Z',
): Promise<void> {
  let time = Date.parse(start)
  for (const [name, content] of files) {
    const path = below(root, Buffer.from(name))
    const folder = path.subarray(0, path.lastIndexOf('/'))
    await mkdir(folder, { recursive: true })
    await writeFile(path, content)
    await utimes(path, time / 1000, time / 1000)
    time += 3_600_000
  }
}

/** Every file below a folder, in the order of their paths' bytes. */
export async function readTree(root: string): Promise<LocalFile[]> {
  const files: LocalFile[] = []
  const walk = async (prefix: Buffer): Promise<void> => {
    const folder = below(root, prefix)
    for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
      const path = Buffer.concat([prefix, entry.name])
      if (entry.isDirectory()) {
        await walk(Buffer.concat([path, Buffer.from('/')]))
        continue
      }
      const { size, mtimeMs } = await stat(below(root, path))
      files.push({
        path,
        sizeBytes: size,
        md5: await md5OfFile(below(root, path)),
        modified: toSecond(mtimeMs),
      })
    }
  }
  await walk(Buffer.alloc(0))
  return files.sort((a, b) => Buffer.compare(a.path, b.path))
}

/** For comparing trees: one line a file, legible when two of them differ. */
export function renderTree(files: readonly LocalFile[]): string {
  return files
    .map(
      (file) =>
        `${JSON.stringify(file.path.toString('latin1'))} ${file.sizeBytes} ${file.md5} ${file.modified}`,
    )
    .join('\n')
}

/** `2021-03-04T05:06:07Z`, cut off and not rounded. */
export function toSecond(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`
}

export async function readText(root: string, name: string): Promise<string> {
  return await readFile(below(root, Buffer.from(name)), 'utf8')
}

function below(root: string, path: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), path])
}
