// The embedded Jottacloud: what `serve` stands on until somebody has logged in to the real one. A local
// service over HTTP on a folder, spoken to exactly as the real one is.
import { join } from 'node:path'
import { startEmulator } from '../jotta/emulator/emulator.ts'

export type Embedded = {
  readonly jfsUrl: string
  readonly apiUrl: string
  /** A personal login token of the built-in account; each works once. */
  readonly loginToken: () => string
  readonly close: () => Promise<void>
}

export async function startEmbedded(directory: string): Promise<Embedded> {
  const emulator = await startEmulator({ dataDirectory: join(directory, 'jottacloud') })
  return {
    jfsUrl: emulator.jfsUrl,
    apiUrl: emulator.apiUrl,
    loginToken: () => emulator.loginToken(),
    close: () => emulator.close(),
  }
}
