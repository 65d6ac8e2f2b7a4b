// The console's page: the files of page/, read once, each with an ETag. What is not in that folder at the start
// is not served, whatever the path says.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'

export type PageFile = {
  readonly bytes: Buffer
  readonly contentType: string
  /** Quoted. */
  readonly etag: string
}

/** By the path that it is served under. */
export type PageFiles = ReadonlyMap<string, PageFile>

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export async function loadPageFiles(
  directory = join(import.meta.dirname, 'page'),
): Promise<PageFiles> {
  const files = new Map<string, PageFile>()
  for (const name of await readdir(directory)) {
    const contentType = contentTypes[extname(name)]
    if (contentType === undefined) continue
    const bytes = await readFile(join(directory, name))
    const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`
    files.set(name === 'index.html' ? '/' : `/${name}`, { bytes, contentType, etag })
  }
  return files
}
