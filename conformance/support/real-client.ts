// Real programs as test clients. One that is missing on a person's machine is a skip that says so; with
// CI=true it is a failure.
import { execFile, execFileSync } from 'node:child_process'
import type { Test } from 'uvu'

export type RunResult = { readonly code: number; readonly stdout: string; readonly stderr: string }

/**
 * Debian's own, with Debian's modules: another one may stand first on the PATH of a person's machine.
 * As a program of testWith, `python:boto3` is that module of it.
 */
export const python = '/usr/bin/python3'
const modulePrefix = 'python:'

/** Debian sid's rclone and restic, which fetch-from-sid.sh unpacks; where it has not, what is missing. */
export const sidRclone = process.env.JOTTA_S3_RCLONE_SID ?? "sid's rclone (JOTTA_S3_RCLONE_SID)"
export const sidRestic = process.env.JOTTA_S3_RESTIC_SID ?? "sid's restic (JOTTA_S3_RESTIC_SID)"

/** What hangs is a failure; long enough for a program that a busy machine runs at a tenth of its speed. */
const programTimeoutMs = 600_000

/** A declared test that needs these programs on the PATH. */
export function testWith(
  test: Test,
  programs: readonly string[],
  name: string,
  body: () => Promise<void>,
): void {
  const missing = programs.filter((program) => !isInstalled(program))
  if (missing.length === 0) {
    test(name, body)
    return
  }
  const reason = `${missing.join(', ')} not installed`
  if (process.env.CI === 'true') {
    test(name, () => {
      throw new Error(`${reason}, and CI must run everything`)
    })
    return
  }
  skip(test, name, reason)
}

/** Declares a test that is not run, and says why. */
export function skip(test: Test, name: string, reason: string): void {
  process.stdout.write(`SKIP ${name}: ${reason}\n`)
  // biome-ignore lint/suspicious/noSkippedTests: the one place, and its reason was just printed
  test.skip(name)
}

/** Runs a program to its end; throws with all it printed unless it ends with 0. */
export async function run(
  program: string,
  args: readonly string[],
  options: {
    env?: Record<string, string>
    cwd?: string
    mayFail?: boolean
    /** For its standard input, which is closed behind it. */
    input?: string | Buffer
  } = {},
): Promise<RunResult> {
  return await new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      {
        cwd: options.cwd,
        env: { PATH: process.env.PATH, HOME: process.env.HOME, LANG: 'C.UTF-8', ...options.env },
        timeout: programTimeoutMs,
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        if (code === 0 || options.mayFail === true) resolve({ code, stdout, stderr })
        else {
          reject(new Error(`${program} ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`))
        }
      },
    )
    if (options.input !== undefined) {
      // A program may end without reading all of it; how it ended is what counts.
      child.stdin?.on('error', () => undefined)
      child.stdin?.end(options.input)
    }
  })
}

function isInstalled(program: string): boolean {
  const [command, ...args] = program.startsWith(modulePrefix)
    ? [python, '-c', `import ${program.slice(modulePrefix.length)}`]
    : ['sh', '-c', 'command -v "$1"', 'sh', program]
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch (error) {
    // It ended with a failure, or there is no Python at all.
    if (error instanceof Error && ('status' in error || 'errno' in error)) return false
    throw error
  }
}
