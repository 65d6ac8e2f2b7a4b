// Which login `jotta-s3 login` is asked for: flags that are no settings. Passwords are never flags, since
// a list of processes shows them; a login token may be one, since it is spent before long.
import { ConfigError } from './config.ts'

export type LoginWay =
  /** A personal login token; when it is no flag, that of the environment, else it is asked for. */
  | { readonly kind: 'token'; readonly token: string | undefined }
  /** In the browser, at one of the services. */
  | { readonly kind: 'browser'; readonly service: string; readonly browser: 'open' | 'print' }
  /** User name and password, asked for when they are not given. */
  | { readonly kind: 'legacy'; readonly username: string | undefined }

const valueFlags = ['--token', '--service', '--username'] as const
const plainFlags = ['--no-browser', '--legacy'] as const
type Flag = (typeof valueFlags)[number] | (typeof plainFlags)[number]

/** Flags that belong to each way. */
const waysOf: Readonly<Record<Flag, LoginWay['kind']>> = {
  '--token': 'token',
  '--service': 'browser',
  '--no-browser': 'browser',
  '--legacy': 'legacy',
  '--username': 'legacy',
}

/** `rest` is for the settings. Throws ConfigError naming the flag that is wrong. */
export function takeLoginFlags(args: readonly string[]): {
  readonly way: LoginWay
  readonly rest: readonly string[]
} {
  const rest: string[] = []
  const given = new Map<Flag, string>()
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? ''
    const plain = plainFlags.find((flag) => flag === arg)
    const valued = valueFlags.find((flag) => flag === arg || arg.startsWith(`${flag}=`))
    if (plain !== undefined) given.set(plain, '')
    else if (valued !== undefined) {
      const isJoined = arg !== valued
      const value = isJoined ? arg.slice(valued.length + 1) : args[at + 1]
      if (value === undefined || value === '') {
        throw new ConfigError(`${valued}: a value must follow`)
      }
      given.set(valued, value)
      if (!isJoined) at += 1
    } else rest.push(arg)
  }
  return { way: wayOf(given), rest }
}

function wayOf(given: ReadonlyMap<Flag, string>): LoginWay {
  const kinds = new Set([...given.keys()].map((flag) => waysOf[flag]))
  if (kinds.size > 1) {
    throw new ConfigError(`${[...given.keys()].join(' and ')} are of different ways to log in`)
  }
  const service = given.get('--service')
  if (service !== undefined) {
    return { kind: 'browser', service, browser: given.has('--no-browser') ? 'print' : 'open' }
  }
  if (given.has('--no-browser')) throw new ConfigError('--no-browser: --service is missing')
  if (given.has('--legacy')) return { kind: 'legacy', username: given.get('--username') }
  if (given.has('--username')) throw new ConfigError('--username: --legacy is missing')
  return { kind: 'token', token: given.get('--token') }
}
