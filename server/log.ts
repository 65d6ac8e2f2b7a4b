// The log: JSON lines through pino, one for each request. Never a secret: no query string, since it
// can hold a signature, and no header.
import { type DestinationStream, type Logger, pino } from 'pino'
import type { S3ErrorCode } from '../translate/s3-error.ts'
import type { OperationName } from './operation.ts'

export type Log = Logger

export type RequestEntry = {
  readonly requestId: string
  /** AWS's name; `undefined` when the request did not get so far. */
  readonly operation: OperationName | undefined
  readonly bucket: string | undefined
  readonly key: string | undefined
  /** As sent; 499 for a client that went away before the answer was complete. */
  readonly status: number
  /** The S3 error code. */
  readonly code: S3ErrorCode | undefined
  /** On the wire, heads included. */
  readonly bytesIn: number
  readonly bytesOut: number
  readonly ms: number
  readonly upstreamCalls: number
  readonly accessKeyId: string | undefined
  /** The door that a request came through, if not that of S3. */
  readonly via?: 'console' | undefined
  readonly remoteAddress: string | undefined
}

/** Writes to standard output unless told otherwise. */
export function createLog(
  options: { readonly level?: string; readonly destination?: DestinationStream } = {},
): Log {
  const settings = {
    level: options.level ?? 'info',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination)
}

/** `error` is what lies behind a failure of ours or of the upstream service, with its causes. */
export function logRequest(log: Log, entry: RequestEntry, error: unknown): void {
  if (error === undefined) log.info(entry, 'request')
  else log.error({ ...entry, err: error }, 'request failed')
}
