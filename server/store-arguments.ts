// The words of a store command (`trash restore --json Jotta/Archive/a`): which command it is, what it is
// about, its own flags; the rest is settings. Pure.
import { ConfigError } from './config.ts'

export type StoreFlag = '--json' | '--yes' | '--all-under'

/** What a command takes besides settings. */
export type StoreShape = {
  /** As typed: `trash ls`. */
  readonly words: string
  /** What its operand stands for; `[…]` when it may be left out; none: it takes none. */
  readonly operand?: string
  readonly flags: readonly StoreFlag[]
}

export type StoreArguments = {
  readonly operand: string | undefined
  readonly flags: ReadonlySet<StoreFlag>
  /** For readConfig. */
  readonly settings: readonly string[]
}

/** A place as commands print and take it: Device/Mountpoint/path, in stored names. */
export type Place = {
  readonly device: string
  readonly mountpoint: string
  readonly path: readonly string[]
}

/**
 * The command that `args` begins with, and the rest of `args`. Throws ConfigError when the second word of
 * one of two words is missing or wrong.
 */
export function findStoreCommand<Shape extends StoreShape>(
  table: readonly Shape[],
  args: readonly string[],
): { readonly command: Shape; readonly rest: readonly string[] } | undefined {
  const [first, second] = args
  const candidates = table.filter(({ words }) => words.split(' ')[0] === first)
  if (first === undefined || candidates.length === 0) return undefined
  const [single] = candidates.filter(({ words }) => words === first)
  if (single !== undefined) return { command: single, rest: args.slice(1) }
  const command = candidates.find(({ words }) => words === `${first} ${second}`)
  if (command !== undefined) return { command, rest: args.slice(2) }
  const seconds = candidates.map(({ words }) => words.slice(first.length + 1)).join(', ')
  throw new ConfigError(`${first}: one of ${seconds} must follow`)
}

/** Throws ConfigError naming the command and what is wrong. After `--` nothing is a flag. */
export function parseStoreArguments(shape: StoreShape, args: readonly string[]): StoreArguments {
  const operands: string[] = []
  const settings: string[] = []
  const flags = new Set<StoreFlag>()
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? ''
    const flag = shape.flags.find((known) => known === arg)
    if (arg === '--') {
      operands.push(...args.slice(at + 1))
      break
    }
    if (flag !== undefined) flags.add(flag)
    else if (!arg.startsWith('-')) operands.push(arg)
    else {
      settings.push(arg)
      // Every setting has a value.
      const value = args[at + 1]
      if (!arg.includes('=') && value !== undefined && !value.startsWith('-')) {
        settings.push(value)
        at += 1
      }
    }
  }
  const [operand, ...more] = operands
  const { words } = shape
  if (operand !== undefined && shape.operand === undefined) {
    throw new ConfigError(`${words}: nothing must follow, not ${operand}`)
  }
  if (more.length > 0) throw new ConfigError(`${words}: only one ${shape.operand} may follow`)
  const isOptional = shape.operand?.startsWith('[') ?? true
  // Empty is what a script's unset variable gives: never the same as left out.
  if (operand === '' || (operand === undefined && !isOptional)) {
    throw new ConfigError(`${words}: ${shape.operand?.replace(/[[\]]/g, '')} must follow`)
  }
  return { operand, flags, settings }
}

/** A slash at the end is allowed. Throws ConfigError for what is no place below a mountpoint, or one. */
export function parsePlace(words: string, text: string): Place {
  const [device, mountpoint, ...path] = splitPlace(words, text)
  if (device === undefined || mountpoint === undefined) {
    throw new ConfigError(`${words}: ${text}: Device/Mountpoint/path is expected`)
  }
  return { device, mountpoint, path }
}

/** The names of a place that may be a whole device. Throws ConfigError. */
export function splitPlace(words: string, text: string): string[] {
  const names = text.replace(/\/$/, '').split('/')
  for (const name of names) {
    if (['', '.', '..'].includes(name) || name.includes('\0') || !name.isWellFormed()) {
      throw new ConfigError(`${words}: ${text}: Device/Mountpoint/path is expected`)
    }
  }
  return names
}

export function renderPlace({ device, mountpoint, path }: Place): string {
  return [device, mountpoint, ...path].join('/')
}
