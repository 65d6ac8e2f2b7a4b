// The bridge in a process of its own, logged in with a personal login token, over an emulator that runs in
// the test's process: its faults and its request log are at hand, and it lives on when the bridge is killed.
import { join } from 'node:path'
import {
  type Emulator,
  type EmulatorOptions,
  startEmulator,
} from '../../jotta/emulator/emulator.ts'
import { type SeededFile, seedFiles } from '../../jotta/emulator/seed.ts'
import { run } from './real-client.ts'
import { type BridgeProcess, startBridge, withFolder } from './with-bridge.ts'

export type EmulatedBridge = {
  readonly emulator: Emulator
  readonly bridge: BridgeProcess
  /** A further bridge process over the same data folder, or a restart after a kill. */
  readonly startAgain: () => Promise<BridgeProcess>
}

export async function withEmulatedBridge(
  act: (parts: EmulatedBridge) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
  {
    seeded,
    bridgeFolder,
    ...options
  }: Partial<EmulatorOptions> & {
    readonly seeded?: Iterable<SeededFile>
    /** Where the bridge keeps its data, when not beside the emulator's. */
    readonly bridgeFolder?: string
  } = {},
): Promise<void> {
  await withFolder(async (folder) => {
    const emulatorOptions = { ...options, dataDirectory: join(folder, 'jottacloud') }
    if (seeded !== undefined) {
      await (await startEmulator(emulatorOptions)).close()
      seedFiles(emulatorOptions.dataDirectory, seeded)
    }
    const emulator = await startEmulator(emulatorOptions)
    const dataDirectory = bridgeFolder ?? join(folder, 'bridge')
    const hosts = { JOTTA_S3_JFS_URL: emulator.jfsUrl, JOTTA_S3_API_URL: emulator.apiUrl }
    const started: BridgeProcess[] = []
    const start = async (): Promise<BridgeProcess> => {
      const bridge = await startBridge({ dataDirectory, env: { ...hosts, ...env } })
      started.push(bridge)
      return bridge
    }
    try {
      await run(
        process.execPath,
        ['server/cli.ts', 'login', '--data-dir', dataDirectory, '--token', emulator.loginToken()],
        { env: { ...hosts, ...env }, cwd: join(import.meta.dirname, '..', '..') },
      )
      await act({ emulator, bridge: await start(), startAgain: start })
    } finally {
      for (const bridge of started) await bridge.stop()
      await emulator.close()
    }
  })
}
