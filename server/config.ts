// Settings: one table, read from flags, the environment and a file (in that order of weight), checked once.
// The only reader of process.env.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { currentEncoding } from '../translate/name-encoding.ts'
import { isNetwork } from './access/network.ts'
import { accountName, behaviours, bucketPath, bucketTable } from './bucket-settings.ts'
import { sizeInBytes } from './size.ts'

/** Numbers from flags and variables are text; an empty one is none. */
const number = z.union([z.number(), z.string().regex(/^\d+(\.\d+)?$/, 'must be a number')])
const port = number.transform(Number).pipe(z.number().int().min(0).max(65535))
const url = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' })
const positive = z.coerce.number().positive()
const limitForm = 'must be a whole number, or off'
const limit = z
  .union([z.literal('off'), z.coerce.number(limitForm).int(limitForm).min(1, limitForm)], limitForm)
  .transform((value) => (value === 'off' ? undefined : value))
const domain = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'must be a host name')
const domains = listOf(domain)
const network = z
  .string()
  .refine(isNetwork, 'must be addresses or networks, such as 127.0.0.1 or 10.0.0.0/8')
const hostOrAddress = z.union([domain, z.ipv4(), z.ipv6()], 'must be host names or addresses')

export const accessKeyIdForm = /^[\w-]{3,128}$/

/** Every setting: its name in the file; `--data-dir` and JOTTA_S3_DATA_DIR are made from it. */
const settings = {
  host: [z.string().min(1).default('127.0.0.1'), 'address to listen on'],
  port: [port.default(9000), 'port to listen on'],
  consolePort: [
    z.union([z.literal('off'), port], 'must be a port, or off').optional(),
    'port of the web console, or off; the one after `port` when not given',
  ],
  consoleHost: [z.string().min(1).default('127.0.0.1'), 'address that the web console listens on'],
  consoleNames: [
    listOf(domain).default([]),
    'host names that the web console is opened by, besides localhost and addresses',
  ],
  publicUrl: [
    url.optional(),
    'where clients reach S3, for what the web console shows and shares, when it cannot tell',
  ],
  dataDir: [z.string().min(1).default('data'), 'folder for state, spool and tokens'],
  rootAccessKeyId: [
    z.string().regex(accessKeyIdForm, 'must be 3 to 128 letters, digits, _ or -').optional(),
    'access key id instead of the one made at first start',
  ],
  rootSecretAccessKey: [
    z.string().min(8).max(128).optional(),
    'its secret access key; both are given or neither',
  ],
  region: [
    z
      .string()
      .regex(/^[a-z0-9-]{1,32}$/, 'must be a region name')
      .default('us-east-1'),
    'region that GetBucketLocation answers',
  ],
  storeEncrypted: [
    z.enum(['off', 'AES256']).default('off'),
    'your word that the store encrypts at rest, for clients that ask for it: off, AES256',
  ],
  domains: [domains.default([]), 'domains for host-style requests, with commas between them'],
  tls: [
    z.enum(['off', 'auto']).default('off'),
    'HTTPS with a self-signed certificate, made in the data folder: off, auto',
  ],
  tlsNames: [
    listOf(hostOrAddress).default([]),
    'with --tls auto: further names and addresses of this server, with commas between them',
  ],
  tlsCert: [z.string().min(1).optional(), 'HTTPS with this certificate (PEM, with its chain)'],
  tlsKey: [z.string().min(1).optional(), 'and its key (PEM); both are read again when they change'],
  signatureV2: [
    z.enum(['off', 'presigned', 'on']).default('on'),
    'Signature Version 2, which older clients sign with: off, presigned (and forms), on (headers too)',
  ],
  readOnly: [
    z.enum(['off', 'on']).default('off'),
    'on: no S3 request and no chore of the server writes anything to Jottacloud',
  ],
  publicAccess: [
    z.enum(['bucket', 'blocked']).default('bucket'),
    'whether policies and ACLs may let in strangers: bucket, as each one says, or blocked',
  ],
  device: [
    z
      .string()
      .regex(/^[^/\\:*?"<>|%\p{Cc}]{1,100}$/u, 'must be a name without special characters')
      .refine((name) => name.toLowerCase() !== 'jotta', 'must not be the built-in device Jotta')
      .default('S3'),
    'Jottacloud device that holds the buckets',
  ],
  jfsUrl: [url.default('https://jfs.jottacloud.com/jfs/'), 'base URL of the file service'],
  apiUrl: [url.default('https://api.jottacloud.com/'), 'base URL of the JSON service'],
  tokenUrl: [url.optional(), 'token endpoint, instead of the one the login found'],
  account: [accountName.default('default'), 'which of several Jottacloud logins to use or to make'],
  serviceUrl: [
    url.optional(),
    'login: where the service of --service is, instead of its own domain',
  ],
  authUrl: [url.optional(), 'login: page to log in on, instead of the one the service names'],
  clientId: [
    z.string().min(1).max(200).optional(),
    'login: OAuth client, instead of the usual one',
  ],
  clientSecret: [z.string().min(1).max(500).optional(), 'login: its secret, when it has one'],
  bucketRoot: [
    bucketPath.optional(),
    'folder whose folders are the buckets, such as Jotta/Archive/S3, instead of the device',
  ],
  buckets: [
    bucketTable.default(new Map()),
    'single buckets as JSON: {"name":{"path","deleteMode","versions","encoding","modifiedFrom","account","quota"}}',
  ],
  deleteMode: [behaviours.deleteMode.default('trash'), 'what a delete does: trash, permanent'],
  versions: [
    behaviours.versions.default('keep'),
    'what a write replaces: keep it as a revision, none',
  ],
  encoding: [
    behaviours.encoding.default(currentEncoding),
    "how keys become names: current, without-percent, or flags as in rclone's option of that name",
  ],
  modifiedFrom: [
    behaviours.modifiedFrom.default('upload'),
    'time of an object: upload, or mtime, which is that in its metadata',
  ],
  etagMultipart: [z.enum(['s3', 'md5']).default('s3'), 'ETag of multipart uploads: s3, md5'],
  uploadMemoryLimit: [
    sizeInBytes.default(10 * 1024 ** 2),
    'bodies up to this size are not spooled to disk',
  ],
  uploadMemoryTotal: [sizeInBytes.default(64 * 1024 ** 2), 'all bodies held in memory together'],
  uploadExpiryDays: [
    positive.max(3650).default(7),
    'days until an unfinished multipart upload is given up',
  ],
  maxConcurrentUploads: [
    z.coerce.number().int().min(1).max(32).default(6),
    'uploads sent to Jottacloud at once',
  ],
  downloadStreams: [
    z.coerce.number().int().min(1).max(16).default(4),
    'requests to Jottacloud that one download is read ahead by; 1 for none ahead',
  ],
  downloadChunk: [
    sizeInBytes.pipe(z.number().min(64 * 1024, 'must be 64KiB or more')).default(4 * 1024 ** 2),
    'what each of them asks for; a download of up to two chunks is one request',
  ],
  downloadMemoryTotal: [
    sizeInBytes.default(64 * 1024 ** 2),
    'all that is read ahead held in memory together; past it a download is one request',
  ],
  folderMaxEntries: [
    z.coerce.number().int().min(1).max(100_000).default(5000),
    'entries of a Jottacloud folder, the trash included, before new ones go into shards of it',
  ],
  listingMaxBytes: [
    sizeInBytes.default(4 * 1024 ** 3),
    'disk space for listings that go on page by page',
  ],
  spoolMaxBytes: [
    sizeInBytes.default(100 * 1024 ** 3),
    'disk space for bodies that wait for Jottacloud',
  ],
  idleTimeoutSeconds: [
    positive.max(3600).default(60),
    'seconds in which a client sends or takes no byte until its request is ended',
  ],
  upstreamTimeoutSeconds: [
    positive.max(3600).default(60),
    'seconds without a byte from Jottacloud until a request to it is given up and made anew',
  ],
  shutdownSeconds: [
    positive.max(3600).default(30),
    'seconds that requests under way get at SIGTERM',
  ],
  trustedProxies: [
    listOf(network).default([]),
    'addresses and networks of proxies whose X-Forwarded-For and -Proto are believed',
  ],
  maxRequests: [
    limit.prefault(1000),
    'requests under way at once, or off; more are told to slow down',
  ],
  maxConnections: [
    limit.prefault(2000),
    'connections at once, or off; past it, those that were idle for longest are closed',
  ],
  keyMaxRequests: [limit.prefault('off'), 'the same of requests with one access key'],
  keyRateLimit: [limit.prefault('off'), 'requests a second with one access key, or off'],
  strangerMaxRequests: [limit.prefault(100), 'requests under way of one address without a key'],
  strangerRateLimit: [limit.prefault(100), 'requests a second from one address without a key'],
  rateBurstSeconds: [
    positive.max(3600).default(10),
    "how many seconds' worth of these limits may come at once after a rest",
  ],
  metricsToken: [
    z
      .string()
      .regex(/^[\w.~+/-]{16,500}=*$/, 'must be 16 letters, digits or - . _ ~ + / at least')
      .optional(),
    'the page /-/metrics for Prometheus, for whoever brings this as a bearer token',
  ],
  auditLog: [
    z.string().min(1).optional(),
    'file for one JSON line of each request; opened anew at SIGHUP, after it was moved away',
  ],
  logLevel: [z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'), 'lines to log'],
} as const satisfies Record<string, readonly [z.ZodType, string]>

type SettingName = keyof typeof settings

const schema = z
  .strictObject(shapeOf(settings))
  .refine(
    (config) =>
      (config.rootAccessKeyId === undefined) === (config.rootSecretAccessKey === undefined),
    {
      path: ['rootSecretAccessKey'],
      error: 'must be given together with rootAccessKeyId',
    },
  )
  .refine((config) => (config.tlsCert === undefined) === (config.tlsKey === undefined), {
    path: ['tlsKey'],
    error: 'must be given together with tlsCert',
  })
  .refine((config) => config.tls === 'off' || config.tlsCert === undefined, {
    path: ['tls'],
    error: 'is auto, and tlsCert is given: choose one',
  })
  .refine((config) => config.domains.every((name) => !/^[\d.]+$/.test(name)), {
    path: ['domains'],
    error: 'must be names, not addresses',
  })

export type Config = Readonly<z.output<typeof schema>>

/** A setting that is wrong, said so that its reader can mend it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** What the server may do to what is stored. */
export function accessOf({ readOnly }: Pick<Config, 'readOnly'>): 'full' | 'read-only' {
  return readOnly === 'on' ? 'read-only' : 'full'
}

/** Flags before environment before file; throws ConfigError naming the setting and where it came from. */
export function readConfig(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Config {
  const flags = readFlags(args)
  const file = flags.config ?? environment.JOTTA_S3_CONFIG
  const given = new Map<string, { value: unknown; from: string }>()
  for (const [name, value] of Object.entries(file === undefined ? {} : readFile(file))) {
    given.set(name, { value, from: `${name} in ${file}` })
  }
  for (const name of settingNames()) {
    const variable = variableOf(name)
    if (environment[variable] !== undefined && environment[variable] !== '') {
      given.set(name, { value: environment[variable], from: variable })
    }
    const flag = flags[flagOf(name)]
    if (flag !== undefined) given.set(name, { value: flag, from: `--${flagOf(name)}` })
  }
  const values = Object.fromEntries([...given].map(([name, { value }]) => [name, value]))
  const parsed = schema.safeParse(values)
  if (parsed.success) {
    return Object.freeze({ ...parsed.data, dataDir: resolve(parsed.data.dataDir) })
  }
  throw new ConfigError(
    parsed.error.issues
      .map((issue) => {
        const unknown = issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : undefined
        // A position in a list says little.
        const names = issue.path.filter((part) => typeof part !== 'number')
        const [first, ...within] = names.map(String)
        if (first === undefined) return `${file}: unknown setting ${unknown ?? issue.message}`
        const message = unknown === undefined ? issue.message : `unknown option ${unknown}`
        return [given.get(first)?.from ?? first, ...within, message].join(': ')
      })
      .join('\n'),
  )
}

/** Secrets of a login, apart from flags, which a list of processes shows. */
export function readLoginSecret(
  variable: 'JOTTA_S3_LEGACY_PASSWORD' | 'JOTTA_S3_LOGIN_TOKEN',
  environment: NodeJS.ProcessEnv = process.env,
): string | undefined {
  return environment[variable] || undefined
}

/** One line for each setting, for `--help`. */
export function describeSettings(): string {
  return settingNames()
    .map(
      (name) =>
        `  --${flagOf(name).padEnd(24)} ${variableOf(name).padEnd(34)} ${settings[name][1]}`,
    )
    .join('\n')
}

function readFlags(args: readonly string[]): Partial<Record<string, string>> {
  const options: Record<string, { type: 'string' }> = { config: { type: 'string' } }
  for (const name of settingNames()) options[flagOf(name)] = { type: 'string' }
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true })
    return Object.fromEntries(
      Object.entries(values).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    )
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function readFile(file: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    throw new ConfigError(`${file} cannot be read as a JSON object of settings`, { cause: error })
  }
}

function settingNames(): SettingName[] {
  return Object.keys(settings).filter((name): name is SettingName => name in settings)
}

function flagOf(name: SettingName): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function variableOf(name: SettingName): string {
  return `JOTTA_S3_${flagOf(name).replaceAll('-', '_').toUpperCase()}`
}

/** From a file a list, from flags and variables text with commas. */
function listOf<T extends z.ZodType<string, string>>(item: T) {
  return z
    .union([z.array(z.string()), z.string()])
    .transform((value) =>
      typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value,
    )
    .pipe(z.array(item))
}

function shapeOf<T extends Record<string, readonly [z.ZodType, string]>>(
  table: T,
): { [Name in keyof T]: T[Name][0] } {
  const shape = Object.fromEntries(Object.entries(table).map(([name, [type]]) => [name, type]))
  return shape as { [Name in keyof T]: T[Name][0] }
}
