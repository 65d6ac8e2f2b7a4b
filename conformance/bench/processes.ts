// The processes that a measurement looks at from outside: an emulator of its own, and how much memory any
// of them takes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** What the operating system says that a process holds now. */
export function residentMib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

/** `npm run emulator` on any free port. */
export async function startEmulatorProcess(
  directory: string,
  args: readonly string[] = [],
): Promise<{ url: string; token: string; pid: number; stop: () => Promise<void> }> {
  const child = spawn(
    process.execPath,
    ['jotta/emulator/main.ts', '--port', '0', '--data-dir', directory, ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const found = Promise.withResolvers<{ url: string; token: string }>()
  let text = ''
  createInterface({ input: child.stdout }).on('line', (line) => {
    text += `${line}\n`
    const url = /(http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1]
    const token = /\b(eyJ[\w-]+)/.exec(text)?.[1]
    if (url !== undefined && token !== undefined) found.resolve({ url, token })
  })
  const ended = once(child, 'exit')
  child.once('exit', () => found.reject(new Error(`the emulator ended\n${text}`)))
  return {
    ...(await found.promise),
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
