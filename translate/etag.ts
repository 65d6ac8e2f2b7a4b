// ETags: how they are written in headers, and how the ETag of a multipart upload is made of its parts'.
import { createHash } from 'node:crypto'

export function quoteEtag(etag: string): string {
  return `"${etag}"`
}

/** Clients send ETags with and without quotes; without a `W/`, which no ETag of ours has. */
export function unquoteEtag(text: string): string {
  const trimmed = text.trim()
  return /^"[^"]*"$/.test(trimmed) ? trimmed.slice(1, -1) : trimmed
}

/**
 * The unquoted ETags of an If-Match or If-None-Match header (RFC 9110 8.8.3, 13.1). The wildcard is
 * `*`; a quoted star, which is no wildcard, keeps its quotes and so equals nothing. `strong` is for
 * If-Match, which no weak ETag (`W/"…"`) satisfies: these are left out. `weak`, for If-None-Match,
 * ignores the mark.
 */
export function parseEtagList(header: string, comparison: 'strong' | 'weak'): string[] {
  const etags: string[] = []
  // Quoted strings may hold commas; what is not quoted ends at one.
  for (const [, weak, quoted, bare] of header.matchAll(/(W\/)?"([^"]*)"|([^\s,][^,]*)/g)) {
    if (weak !== undefined && comparison === 'strong') continue
    const etag = quoted ?? bare?.trimEnd() ?? ''
    etags.push(etag === '*' && quoted !== undefined ? '"*"' : etag)
  }
  return etags
}

/** `md5(md5s)-N` of the parts' MD5s (hex) in order, as S3 makes it. */
export function multipartEtag(partMd5s: Iterable<string>): string {
  const md5 = createHash('md5')
  let count = 0
  for (const partMd5 of partMd5s) {
    md5.update(partMd5, 'hex')
    count += 1
  }
  return `${md5.digest('hex')}-${count}`
}
