// The command `keys`: makes, shows and removes access keys. They belong to the data folder, whatever
// Jottacloud accounts are on it; a server that runs on it knows of every change at once.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { AccessKeys } from './access/access-keys.ts'
import { addAccessKey, BadAccessKey } from './access/new-access-key.ts'
import { ownerNamed, rootOwner } from './access/owner.ts'
import { openAccessKeys } from './access/sqlite-access-keys.ts'
import { accessKeyIdForm, type Config, ConfigError, readConfig } from './config.ts'
import { rootAccessKeyOf } from './root-access-key.ts'

export const keysUsage = `  jotta-s3 keys add NAME           make an access key; its secret is shown this once
      --owner OWNER                whose buckets it sees: root's when not given
      --bucket BUCKET              only this bucket; may be given again
      --read-only                  only reads
      --access-key-id ID, --secret-access-key SECRET
                                   these instead of made ones
  jotta-s3 keys ls [--json]        the access keys and their owners' canonical ids, without secrets
  jotta-s3 keys rm NAME            remove an access key; it is of no use from then on`

const flagsWithValue = ['--access-key-id', '--secret-access-key', '--bucket', '--owner'] as const
const flags = ['--read-only', '--json'] as const

type KeysArguments = {
  readonly name: string | undefined
  readonly values: ReadonlyMap<string, readonly string[]>
  /** For readConfig. */
  readonly settings: readonly string[]
}

const shapes = {
  add: { name: 'needed', flags: [...flagsWithValue, '--read-only', '--json'] },
  ls: { name: 'none', flags: ['--json'] },
  rm: { name: 'needed', flags: [] },
} as const
type Action = keyof typeof shapes

export function accessKeysFile({ dataDir }: Pick<Config, 'dataDir'>): string {
  return join(dataDir, 'access-keys.sqlite')
}

/** Returns what to print. Throws ConfigError when it was called wrongly. */
export async function runKeysCommand(args: readonly string[], now = new Date()): Promise<string> {
  const [action, ...rest] = args
  if (!isAction(action)) throw new ConfigError('keys: one of add, ls, rm must follow')
  const parsed = parseKeysArguments(action, rest)
  const config = readConfig(parsed.settings)
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  const keys = openAccessKeys(accessKeysFile(config))
  try {
    if (action === 'ls') return await listKeys(keys, parsed)
    const { name = '' } = parsed
    if (action === 'add') return await addKey(keys, config, name, parsed, now)
    if (await keys.remove(name)) return `The access key ${name} is removed.\n`
    throw new Error(`keys rm: there is no access key named ${name}`)
  } finally {
    await keys.close()
  }
}

/** Throws ConfigError. */
function parseKeysArguments(action: Action, args: readonly string[]): KeysArguments {
  const shape = shapes[action]
  const operands: string[] = []
  const settings: string[] = []
  const values = new Map<string, string[]>()
  for (let at = 0; at < args.length; at += 1) {
    const [flag = '', inline] = splitFlag(args[at] ?? '')
    const isOwn = [...flagsWithValue, ...flags].some((known) => known === flag)
    const takesValue = !flags.some((known) => known === flag)
    if (!flag.startsWith('-')) {
      operands.push(flag)
      continue
    }
    if (isOwn && !shape.flags.some((known) => known === flag)) {
      throw new ConfigError(`keys ${action}: there is no ${flag}`)
    }
    const value = takesValue ? (inline ?? args[at + 1]) : 'true'
    if (takesValue && inline === undefined) at += 1
    if (value === undefined || value === '') throw new ConfigError(`${flag}: a value must follow`)
    if (isOwn) values.set(flag, [...(values.get(flag) ?? []), value])
    else settings.push(`${flag}=${value}`)
  }
  const isRight = operands.length === (shape.name === 'needed' ? 1 : 0)
  if (!isRight) {
    const wanted = shape.name === 'needed' ? 'one NAME must follow' : 'nothing must follow'
    throw new ConfigError(`keys ${action}: ${wanted}`)
  }
  return { name: operands[0], values, settings }
}

async function addKey(
  keys: AccessKeys,
  config: Config,
  name: string,
  { values }: KeysArguments,
  created: Date,
): Promise<string> {
  const one = (flag: string): string | undefined => {
    const [value, ...more] = values.get(flag) ?? []
    if (more.length > 0) throw new ConfigError(`${flag} can be given once`)
    return value
  }
  const owner = ownerNamed(one('--owner') ?? rootOwner.name)
  const given = givenKey(one('--access-key-id'), one('--secret-access-key'))
  const access = values.has('--read-only') ? ('read-only' as const) : ('full' as const)
  const limits = { buckets: values.get('--bucket') ?? [], access }
  const wanted = { name, owner: owner.name, limits, given, created }
  const key = await add(keys, await rootKeyId(config), wanted)
  const shown = {
    name,
    owner: owner.name,
    canonicalId: owner.id,
    accessKeyId: key.accessKeyId,
    // One that was given is known to whoever gave it.
    ...(given === undefined && { secretAccessKey: key.secretAccessKey }),
  }
  if (values.has('--json')) return `${JSON.stringify(shown)}\n`
  const lines = Object.entries(shown).map(([label, value]) => `${label.padEnd(16)} ${value}`)
  return `${lines.join('\n')}\n`
}

async function listKeys(keys: AccessKeys, { values }: KeysArguments): Promise<string> {
  const list = (await keys.list()).map(({ name, owner, accessKeyId, limits, created }) => ({
    name,
    owner,
    canonicalId: ownerNamed(owner).id,
    accessKeyId,
    ...limits,
    created: created.toISOString(),
  }))
  if (values.has('--json')) return list.map((key) => `${JSON.stringify(key)}\n`).join('')
  const rows = list.map(({ name, owner, canonicalId, accessKeyId, buckets, access }) => {
    const where = buckets.length === 0 ? 'all buckets' : buckets.join(',')
    return `${name}  ${accessKeyId}  ${access}  ${where}  owner ${owner} ${canonicalId}\n`
  })
  return `${rows.join('')}root  (the root key)  owner root ${rootOwner.id}\n`
}

function givenKey(accessKeyId: string | undefined, secretAccessKey: string | undefined) {
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new ConfigError('--access-key-id and --secret-access-key: both are given or neither')
  }
  if (!accessKeyIdForm.test(accessKeyId)) {
    throw new ConfigError('--access-key-id: must be 3 to 128 letters, digits, _ or -')
  }
  if (secretAccessKey.length < 8 || secretAccessKey.length > 128) {
    throw new ConfigError('--secret-access-key: must be 8 to 128 characters')
  }
  return { accessKeyId, secretAccessKey }
}

async function rootKeyId(config: Config): Promise<string | undefined> {
  if (config.rootAccessKeyId !== undefined) return config.rootAccessKeyId
  return (await rootAccessKeyOf(config.dataDir))?.accessKeyId
}

/** As the command tells of it. */
async function add(...[keys, rootKey, wanted]: Parameters<typeof addAccessKey>) {
  try {
    return await addAccessKey(keys, rootKey, wanted)
  } catch (error) {
    if (!(error instanceof BadAccessKey)) throw error
    if (error.field === 'key') {
      throw new Error(`keys add: ${error.message}; \`keys ls\` shows them`, { cause: error })
    }
    const flag = error.field === 'name' ? 'NAME' : `--${error.field}`
    throw new ConfigError(`${flag}: ${error.message}`, { cause: error })
  }
}

/** `--a=b` is `--a` and `b`. */
function splitFlag(arg: string): [flag: string, value: string | undefined] {
  const equals = arg.startsWith('--') ? arg.indexOf('=') : -1
  return equals === -1 ? [arg, undefined] : [arg.slice(0, equals), arg.slice(equals + 1)]
}

function isAction(word: string | undefined): word is Action {
  return word !== undefined && Object.hasOwn(shapes, word)
}
