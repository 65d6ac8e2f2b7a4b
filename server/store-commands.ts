// The commands about what Jottacloud holds: the account, its devices and mountpoints, its trash. One table;
// what each prints is text for people, or with --json one JSON object a line.
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type OpenAccount, openAccount, stateDirectoryOf, usesEmbedded } from './account.ts'
import { accountFacts } from './account-facts.ts'
import { type Config, ConfigError, readConfig } from './config.ts'
import { openEmbedded } from './embedded.ts'
import { describeBytes, describeTime, jsonLine, printable, renderColumns } from './plain-text.ts'
import {
  findStoreCommand,
  parseStoreArguments,
  type StoreFlag,
  type StoreShape,
} from './store-arguments.ts'
import type { Terminal } from './terminal.ts'
import { listTrash, purgeTrash, restoreTrash } from './trash-commands.ts'

export type StoreCall = {
  readonly jotta: OpenAccount['jotta']
  readonly operand: string | undefined
  readonly flags: ReadonlySet<StoreFlag>
  /** `undefined` when no person is there to be asked. */
  readonly terminal: Terminal | undefined
  readonly signal: AbortSignal
}

/** Yields what is printed, returns the exit code. */
export type StoreAct = (call: StoreCall) => AsyncGenerator<string, number, undefined>

type StoreCommand = StoreShape & { readonly summary: string; readonly act: StoreAct }

/** Where a command runs. */
export type Surroundings = Pick<StoreCall, 'terminal' | 'signal'> & {
  readonly output: Writable
  /** For what a script must not read as output. */
  readonly tell: (text: string) => void
}

const json = ['--json'] as const

const storeCommands: readonly StoreCommand[] = [
  { words: 'account', flags: json, summary: 'who it is, plan, quota, locks', act: showAccount },
  { words: 'about', flags: json, summary: 'space used, free and in all', act: showSpace },
  { words: 'devices', flags: json, summary: 'devices of the account', act: listDevices },
  {
    words: 'mountpoints',
    operand: '[DEVICE]',
    flags: json,
    summary: 'mountpoints of one device, or of all',
    act: listMountpoints,
  },
  { words: 'mkdevice', operand: 'NAME', flags: json, summary: 'make a device', act: makeDevice },
  {
    words: 'trash ls',
    flags: json,
    summary: 'what is in the trash, under the place it came from',
    act: listTrash,
  },
  {
    words: 'trash restore',
    operand: 'PATH',
    flags: ['--all-under', '--json'],
    summary: 'bring back PATH, or with --all-under all that was trashed in it',
    act: restoreTrash,
  },
  {
    words: 'trash purge',
    operand: '[PATH]',
    flags: ['--yes', '--json'],
    summary: 'remove PATH in the trash for good, or all of it (asks, but for --yes)',
    act: purgeTrash,
  },
]

/** The first words, for the table of all commands. */
export const storeWords = [...new Set(storeCommands.map(({ words }) => words.replace(/ .*/, '')))]

/** For `--help`. */
export function describeStoreCommands(): string {
  return storeCommands
    .map(({ words, operand = '', summary }) => {
      return `  ${`jotta-s3 ${words} ${operand}`.padEnd(32)} ${summary}`
    })
    .join('\n')
}

/** `args` begin with the command. Returns the exit code; throws what it fails with. */
export async function runStoreCommand(
  args: readonly string[],
  { output, tell, terminal, signal }: Surroundings,
): Promise<number> {
  const found = findStoreCommand(storeCommands, args)
  if (found === undefined) throw new ConfigError(`${args[0]} is no command`)
  const { operand, flags, settings } = parseStoreArguments(found.command, found.rest)
  const account = await open(readConfig(settings), tell)
  try {
    let code = 1
    const act = async function* () {
      code = yield* found.command.act({ jotta: account.jotta, operand, flags, terminal, signal })
    }
    await pipeline(act, output, { end: false })
    return code
  } catch (error) {
    // Whoever read the output has seen enough.
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return 1
    throw error
  } finally {
    await account.close()
  }
}

async function open(config: Config, tell: (text: string) => void): Promise<OpenAccount> {
  // What a dead login needs is said by the call that meets it.
  if (!(await usesEmbedded(config))) return await openAccount(config)
  const directory = await stateDirectoryOf(config)
  tell(`Nobody is logged in: this is about the embedded Jottacloud in ${directory}.\n`)
  return await openEmbedded(config, directory)
}

async function* showAccount({ jotta, flags, signal }: StoreCall): ReturnType<StoreAct> {
  const facts = await accountFacts(jotta, signal)
  if (flags.has('--json')) {
    yield jsonLine(facts)
    return 0
  }
  const { username, name, email, accountType, subscriptionType } = facts
  const { usedBytes, quotaBytes, writeLocked, readLocked } = facts
  const isFull = quotaBytes !== undefined && usedBytes >= quotaBytes
  const cause = isFull ? 'the account is full' : 'by Jottacloud; its web page says more'
  const plan = [accountType, subscriptionType].filter((part) => part !== undefined).join(', ')
  yield renderColumns([
    ['name', printable(name ?? '-')],
    ['e-mail', printable(email ?? '-')],
    ['user name', printable(username)],
    ['plan', printable(plan)],
    ['used', describeBytes(usedBytes)],
    ['quota', quotaBytes === undefined ? 'unlimited' : describeBytes(quotaBytes)],
    ['writing', writeLocked ? `locked: ${cause}` : 'allowed'],
    ['reading', readLocked ? 'locked by Jottacloud' : 'allowed'],
  ])
  return 0
}

async function* showSpace({ jotta, flags, signal }: StoreCall): ReturnType<StoreAct> {
  const { usageBytes: usedBytes, capacityBytes: totalBytes } = await jotta.drive({ signal })
  const freeBytes = totalBytes === undefined ? undefined : Math.max(0, totalBytes - usedBytes)
  if (flags.has('--json')) {
    yield jsonLine({ usedBytes, freeBytes, totalBytes })
    return 0
  }
  yield renderColumns([
    ['used', describeBytes(usedBytes)],
    ['free', freeBytes === undefined ? 'unlimited' : describeBytes(freeBytes)],
    ['total', totalBytes === undefined ? 'unlimited' : describeBytes(totalBytes)],
  ])
  return 0
}

async function* listDevices({ jotta, flags, signal }: StoreCall): ReturnType<StoreAct> {
  const { devices } = await jotta.drive({ signal })
  if (flags.has('--json')) {
    for (const { name, type, sizeBytes, modified } of devices) {
      yield jsonLine({ name, type, sizeBytes, modified })
    }
    return 0
  }
  yield renderColumns(
    devices.map(({ name, type, sizeBytes, modified }) => [
      describeTime(modified),
      String(sizeBytes ?? '-').padStart(15),
      printable(type ?? '-'),
      printable(name),
    ]),
  )
  return 0
}

async function* listMountpoints(call: StoreCall): ReturnType<StoreAct> {
  const { jotta, operand, flags, signal } = call
  const devices = operand === undefined ? (await jotta.drive({ signal })).devices : [operand]
  for (const each of devices) {
    const device = typeof each === 'string' ? await exactName(call, each) : each.name
    const mountpoints = (await jotta.mountpoints(device, { signal })) ?? []
    for (const { name, sizeBytes, modified } of mountpoints) {
      if (flags.has('--json')) yield jsonLine({ device, name, sizeBytes, modified })
      else {
        const size = String(sizeBytes ?? '-').padStart(15)
        const time = describeTime(modified).padEnd(20)
        yield `${time}  ${size}  ${printable(`${device}/${name}`)}\n`
      }
    }
  }
  return 0
}

async function exactName({ jotta, signal }: StoreCall, device: string): Promise<string> {
  const found = await jotta.device(device, { signal })
  if (found !== undefined) return found.name
  throw new Error(`there is no device ${device}; \`jotta-s3 devices\` lists those that there are`)
}

async function* makeDevice({ jotta, operand, flags, signal }: StoreCall): ReturnType<StoreAct> {
  const wanted = operand ?? ''
  if (!/^[^/\\:*?"<>|%\p{Cc}]{1,100}$/u.test(wanted) || /^\.\.?$/.test(wanted)) {
    throw new ConfigError(`mkdevice: ${wanted}: a name without special characters is expected`)
  }
  const present = await jotta.device(wanted, { signal })
  if (present === undefined) await jotta.createDevice(wanted, { signal })
  const made = present ?? (await jotta.device(wanted, { signal }))
  if (made === undefined) throw new Error(`the new device ${wanted} is not listed`)
  const isNew = present === undefined
  if (flags.has('--json')) yield jsonLine({ name: made.name, created: isNew })
  else yield `The device ${printable(made.name)} ${isNew ? 'was made' : 'was there already'}.\n`
  return 0
}
