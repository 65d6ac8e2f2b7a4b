// JSON replies: read up to a bound, checked, or a protocol error.
import type { z } from 'zod'
import type { HttpReply } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { readText } from './reply-body.ts'

const BODY_MAX_BYTES = 1024 * 1024

/** Throws JottaError `protocol`, whose text names fields but never values: they may be tokens. */
export async function readJson<T>(reply: HttpReply, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(reply.body, BODY_MAX_BYTES)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // Without a cause: its text would quote the reply.
    throw new JottaError('protocol', `${reply.subject}: the reply is not JSON`)
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')
  throw new JottaError('protocol', `${reply.subject}: the JSON reply lacks or garbles: ${fields}`)
}
