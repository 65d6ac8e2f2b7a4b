// How often a bridge waits for the disk: a bridge in a process of its own, whose calls to the system are watched.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why it cannot be counted here; `undefined` where it can. */
export function whyNotWatched(): string | undefined {
  const { status } = spawnSync('strace', ['-o', '/dev/null', 'true'])
  return status === 0 ? undefined : 'strace is not installed here, or may not watch processes'
}

/**
 * Runs a script in the `translate` folder, in which `begin(name)` begins a phase. Returns the files and folders
 * that were synced, in order, by phase.
 */
export async function watchSyncs(script: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const folder = await mkdtemp(join(tmpdir(), 'syncs-'))
  try {
    const trace = join(folder, 'trace')
    const source = `
      import { closeSync, fsyncSync, openSync } from 'node:fs'
      const begin = (name) => {
        const handle = openSync(${JSON.stringify(folder)} + '/phase-' + name, 'w')
        fsyncSync(handle)
        closeSync(handle)
      }
      ${script}`
    const child = spawn(
      'strace',
      [
        ...['-f', '-y', '-e', 'trace=fsync,fdatasync', '-e', 'signal=none', '-o', trace],
        ...[process.execPath, '--input-type=module', '-e', source],
      ],
      { stdio: ['ignore', 'inherit', 'inherit'], timeout: 600_000, cwd: import.meta.dirname },
    )
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`the script ended with ${code}`)
    return phasesOf(await readFile(trace, 'utf8'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

function phasesOf(trace: string): Map<string, string[]> {
  const phases = new Map<string, string[]>()
  let phase: string[] = []
  for (const [, path = ''] of trace.matchAll(/f(?:data)?sync\(\d+<([^>]*)>/g)) {
    const [, name] = /\/phase-(\w+)$/.exec(path) ?? []
    if (name === undefined) {
      phase.push(path)
      continue
    }
    phase = []
    phases.set(name, phase)
  }
  return phases
}
