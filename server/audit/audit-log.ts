// The audit log: who did what, one JSON line for each S3 request and each act of the console. It says more of a request than the log of
// the server does, and goes to a file of its own; a file that cannot be written holds up nobody.
import type { Log, RequestEntry } from '../log.ts'
import { type LineFileOptions, openLineFile } from './line-file.ts'

export type AuditEntry = RequestEntry & {
  /** Whose key has signed. */
  readonly owner: string | undefined
  /** What was claimed and not proven: of a request that no key has signed. Anybody can write anything there. */
  readonly claimedAccessKeyId: string | undefined
  readonly versionId: string | undefined
  readonly uploadId: string | undefined
  /** As the client wrote it, but for signatures. */
  readonly copySource: string | undefined
  readonly userAgent: string | undefined
}

/** What an act of the web console is about. */
export type ActDetails = {
  /** Of the access key that is made or removed. */
  readonly keyName?: string
  readonly keyOwner?: string
  readonly bucket?: string
  readonly key?: string
  readonly expiresSeconds?: number
}

/** What is done in the web console beside S3: logins, access keys, links. */
export type ConsoleAct = ActDetails &
  Pick<RequestEntry, 'requestId' | 'status' | 'accessKeyId' | 'remoteAddress' | 'ms'> &
  Pick<AuditEntry, 'owner' | 'userAgent'> & {
    readonly via: 'console'
    /** `undefined` for one that there is not. */
    readonly act: string | undefined
    readonly code: string | undefined
  }

export type AuditLog = {
  write(entry: AuditEntry | ConsoleAct): void
  /** After the file was moved away. */
  reopen(): Promise<void>
  close(): Promise<void>
}

export type AuditLogOptions = Pick<LineFileOptions, 'file' | 'onLost' | 'wait'> & {
  readonly log: Log
  readonly now: () => Date
  readonly maxWaitingBytes?: number
}

const maxWaitingDefaultBytes = 8 * 1024 * 1024

/** Throws an Error that names the file when it cannot be opened. */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const { file, log, now, maxWaitingBytes = maxWaitingDefaultBytes, ...more } = options
  const time = () => now().toISOString()
  const lines = await openLineFile({
    ...{ file, maxWaitingBytes, ...more },
    onFailure: (error) => log.error({ err: error, file }, 'the audit log cannot be written'),
    onRecovery(lostLines) {
      log.warn({ file, lostLines }, 'the audit log can be written again')
      return renderLine({ time: time(), lostLines })
    },
  }).catch((error: unknown) => {
    throw new Error(`the audit log ${file} cannot be opened`, { cause: error })
  })
  return {
    write: (entry) => lines.write(renderLine({ time: time(), ...entry })),
    reopen: () => lines.reopen(),
    close: () => lines.close(),
  }
}

/** As long as an access key id can be; the rest of what a stranger writes there says nothing. */
export function boundedClaim(accessKeyId: string): string {
  const lengthMax = 128
  return accessKeyId.length <= lengthMax ? accessKeyId : `${accessKeyId.slice(0, lengthMax)}…`
}

/** Some put a presigned URL where the name of an object belongs, escaped or not. */
export function withoutSignatures(text: string): string {
  const carriers = 'x-amz-signature|x-amz-security-token|signature'
  const value = new RegExp(`((?:[?&]|%3f|%26)(?:${carriers})(?:=|%3d))(?:(?!&|%26).)+`, 'gis')
  return text.replaceAll(value, '$1…')
}

/** JSON escapes the control characters of ASCII; terminals and line readers know more. */
export function renderLine(entry: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(entry).replaceAll(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
