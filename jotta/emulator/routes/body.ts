// Reading request bodies that are not content: small and bounded, or thrown away.
import type { Call } from '../context.ts'
import { EmulatorError } from '../emulator-error.ts'

const textMaxBytes = 1024 * 1024
const discardMaxBytes = 16 * 1024 * 1024

/** UTF-8; throws 413 past 1 MiB. */
export async function readText({ request, countBytesIn }: Call): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes: Buffer = chunk
    length += bytes.length
    countBytesIn(bytes.length)
    if (length > textMaxBytes) {
      throw new EmulatorError(413, 'InvalidArgumentException', 'The body is too large')
    }
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Commands have empty bodies (API 6). Also for what a refused request still sends: a reply on a
 * connection that is closed over unread bytes may never arrive. `left` when there is too much of it.
 */
export async function discardBody({
  request,
  countBytesIn,
}: Pick<Call, 'request' | 'countBytesIn'>): Promise<'read' | 'left'> {
  let length = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes: Buffer = chunk
    length += bytes.length
    countBytesIn(bytes.length)
    if (length > discardMaxBytes) return 'left'
  }
  return 'read'
}
