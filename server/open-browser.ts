// Opens a URL in the person's browser, if the machine has one, and never through a shell: the URL is an
// argument and nothing else.
import { spawn } from 'node:child_process'

const programs: Partial<Readonly<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  // `start` is a word of the shell; this is what it comes to.
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** Returns why it could not; undefined says only that the program started. */
export async function openBrowser(
  url: string,
  platform: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  const [program, ...args] = programs[platform] ?? ['xdg-open']
  const started = Promise.withResolvers<string | undefined>()
  try {
    const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true })
    child.once('error', (error) => started.resolve(error.message))
    child.once('spawn', () => started.resolve(undefined))
    child.unref()
  } catch (error) {
    started.resolve(error instanceof Error ? error.message : String(error))
  }
  return await started.promise
}
