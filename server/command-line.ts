// The command line: serve, login, logout, help, and the commands about what is stored. Ends with 2 when it was called wrongly, 1 when it failed.
import { describeServices, login, logout } from './account.ts'
import { ConfigError, describeSettings, readConfig } from './config.ts'
import { keysUsage, runKeysCommand } from './keys-command.ts'
import { takeLoginFlags } from './login-flags.ts'
import { serve } from './main.ts'
import { transferMetadata } from './metadata-transfer.ts'
import { describeStoreCommands, runStoreCommand, storeWords } from './store-commands.ts'
import { openTerminal } from './terminal.ts'

const usage = `jotta-s3: an S3 server whose disk is a Jottacloud account

  jotta-s3 [serve]                 serve S3, over Jottacloud when logged in, else over an embedded one
  jotta-s3 login [--token TOKEN]   log in with a personal login token: the flag, JOTTA_S3_LOGIN_TOKEN, or a line of
                                   the input, which is asked for; others on the machine can see flags
  jotta-s3 login --service NAME    log in with a browser; --no-browser only shows the address
  jotta-s3 login --legacy          log in with a password, asked for or in JOTTA_S3_LEGACY_PASSWORD; takes
                                   --username U; needs --client-id and --client-secret
  jotta-s3 logout                  forget the login; the embedded Jottacloud is served again
  jotta-s3 metadata export [FILE]  write what Jottacloud does not hold of the objects, as JSON lines
  jotta-s3 metadata import FILE    take such a file in again
  jotta-s3 help

Access keys besides the root key, of the data folder:

${keysUsage}

About what Jottacloud holds, of the account that is logged in or else of the embedded one; PATH is
Device/Mountpoint/path; --json prints JSON lines:

${describeStoreCommands()}

Services:
${describeServices()}

Settings, as flags, environment variables, or names in the JSON file that --config names. Secrets are best not
flags, which a list of processes shows:
${describeSettings()}
`

const commands = ['serve', 'login', 'logout', 'metadata', 'keys', 'help'] as const
type Command = (typeof commands)[number]

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const first = args[0]
  const isStoreCommand = first !== undefined && storeWords.includes(first)
  if (args.includes('--help') || args.includes('-h')) return print(usage)
  const command = isCommand(first) ? first : 'serve'
  const rest = isCommand(first) ? args.slice(1) : args
  if (first !== undefined && !isCommand(first) && !isStoreCommand && !first.startsWith('-')) {
    const known = [...commands, ...storeWords].join(', ')
    return complain(`unknown command ${first}; there are ${known}`, 2)
  }
  try {
    return isStoreCommand ? await runOnStore(args) : await runCommand(command, rest)
  } catch (error) {
    if (error instanceof ConfigError) return complain(error.message, 2)
    return complain(error instanceof Error ? messageOf(error) : String(error), 1)
  }
}

async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  switch (command) {
    case 'serve':
      return await serve(readConfig(args))
    case 'login':
      return await logIn(args)
    case 'logout':
      return print(`${await logout(readConfig(args))}\n`)
    case 'metadata': {
      const [action, ...rest] = args
      if (action !== 'export' && action !== 'import') {
        throw new ConfigError('metadata: export or import must follow')
      }
      const file = rest[0]?.startsWith('-') === false ? rest[0] : undefined
      const config = readConfig(file === undefined ? rest : rest.slice(1))
      return print(await transferMetadata(config, action, file))
    }
    case 'keys':
      return print(await runKeysCommand(args))
    case 'help':
      return print(usage)
  }
}

function isCommand(word: string | undefined): word is Command {
  return commands.some((command) => command === word)
}

async function logIn(args: readonly string[]): Promise<number> {
  const { way, rest } = takeLoginFlags(args)
  const config = readConfig(rest)
  const terminal = openTerminal({ input: process.stdin, output: process.stderr })
  try {
    return print(`${await login(config, way, terminal)}\n`)
  } finally {
    terminal.close()
  }
}

async function runOnStore(args: readonly string[]): Promise<number> {
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))
  const streams = { input: process.stdin, output: process.stderr }
  const terminal = process.stdin.isTTY === true ? openTerminal(streams) : undefined
  const ends = [interrupted.signal, ...(terminal === undefined ? [] : [terminal.interrupted])]
  try {
    return await runStoreCommand(args, {
      output: process.stdout,
      tell: (text) => process.stderr.write(text),
      terminal,
      signal: AbortSignal.any(ends),
    })
  } finally {
    terminal?.close()
  }
}

function messageOf(error: Error): string {
  const cause = error.cause instanceof Error ? `: ${messageOf(error.cause)}` : ''
  return `${error.message}${cause}`
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function complain(text: string, code: number): number {
  process.stderr.write(`jotta-s3: ${text}\n`)
  return code
}
