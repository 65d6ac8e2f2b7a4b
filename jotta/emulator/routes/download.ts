// `mode=bin`: the bytes of a revision, whole or a range of them (API 4.5, 4.6).
import { closeSync, createReadStream } from 'node:fs'
import type { Call, Context, Reply } from '../context.ts'
import { EmulatorError, notFound } from '../emulator-error.ts'
import { mimeTypeOf } from '../names.ts'
import type { Revision } from '../revisions.ts'
import { deletedAt, type Node } from '../tree.ts'

export function download(context: Context, call: Call, names: readonly string[]): Reply {
  const found = context.tree.mustFind(names, 'file')
  if (deletedAt(found) !== null && context.switches.trashedDownloads === 'refuse') {
    throw notFound('NoSuchFileException', `File /${names.join('/')}`)
  }
  const revision = wantedRevision(context, found, call.query.get('revision'))
  if (revision === undefined) throw notFound('NoSuchFileException', `File /${names.join('/')}`)
  const range = parseRange(
    call.request.headers.range,
    revision.sizeBytes,
    context.switches.suffixRanges,
  )
  const { start, endInclusive } = range ?? { start: 0, endInclusive: revision.sizeBytes - 1 }
  const headers: Record<string, string> = {
    'content-type': mimeTypeOf(found.name),
    'content-length': String(endInclusive - start + 1),
    'accept-ranges': 'bytes',
  }
  if (range !== undefined) {
    headers['content-range'] = `bytes ${start}-${endInclusive}/${revision.sizeBytes}`
  }
  const status = range === undefined ? 200 : 206
  const length = endInclusive - start + 1
  if (call.method === 'HEAD' || length === 0) return { status, headers, body: '' }
  // Opened now: the bytes stay readable though the revision goes while they are sent.
  const descriptor = context.blobs.openBlob(revision.md5.toLowerCase(), revision.sizeBytes)
  let opened = false
  async function* bytes(): AsyncGenerator<Buffer> {
    opened = true
    for await (const chunk of createReadStream('', { fd: descriptor, start, end: endInclusive })) {
      yield chunk
    }
  }
  const release = () => {
    if (!opened) closeSync(descriptor)
  }
  return { status, headers, body: bytes(), release }
}

function wantedRevision(
  { revisions, switches }: Context,
  file: Node,
  wanted: string | null,
): Revision | undefined {
  if (wanted === null) return revisions.current(file)
  const number = /^\d{1,15}$/.test(wanted) ? Number(wanted) : 0
  const revision = revisions.get(file.id, number)
  if (revision !== undefined) return revision
  return switches.unknownRevision === 'serve-current' ? revisions.current(file) : undefined
}

/** Undefined for the whole file; what is no single range is ignored, as RFC 9110 has it. Throws 416. */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
  suffixRanges: 'serve' | 'ignore',
): { readonly start: number; readonly endInclusive: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '' && (last === '' || suffixRanges === 'ignore')) return undefined
  const start = first === '' ? Math.max(sizeBytes - Number(last), 0) : Number(first)
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)
  if (first !== '' && last !== '' && Number(last) < start) return undefined
  const empty = first === '' && Number(last) === 0
  if (start >= sizeBytes || empty) {
    throw new EmulatorError(
      416,
      'RequestedRangeNotSatisfiedException',
      `The file has ${sizeBytes} bytes`,
      { 'content-range': `bytes */${sizeBytes}` },
    )
  }
  return { start, endInclusive: end }
}
