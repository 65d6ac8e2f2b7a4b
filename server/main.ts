// Start and stop: builds every part from the settings, listens, and takes it all down in order. Nothing
// here is global; whoever calls twice has two servers.

import { mkdir, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createAccountsBridge } from '../translate/accounts-bridge.ts'
import type { Bridge } from '../translate/bridge.ts'
import { createCredentials } from './access/credentials.ts'
import { createDirectory } from './access/directory.ts'
import { openAccessKeys } from './access/sqlite-access-keys.ts'
import {
  type OpenAccount,
  openAccount,
  requireLogin,
  stateDirectoryOf,
  usesEmbedded,
} from './account.ts'
import { createAccountWatch } from './account-facts.ts'
import { createApp } from './app.ts'
import { type AuditLog, openAuditLog } from './audit/audit-log.ts'
import { accountOf } from './bucket-settings.ts'
import { type Clock, realClock } from './clock.ts'
import { accessOf, type Config } from './config.ts'
import type { ConsoleFacts } from './console/console-api.ts'
import { openConsole } from './console/open-console.ts'
import { openEmbedded } from './embedded.ts'
import { createFigures, type Figures } from './figures/figures.ts'
import { createExposition } from './figures/prometheus.ts'
import { accessKeysFile } from './keys-command.ts'
import { createLog, type Log } from './log.ts'
import { type AccountInUse, openBridge, openState, type Surroundings } from './open-bridge.ts'
import { tokenKeyOf } from './operations/wire/continuation-token.ts'
import { createFindPeer } from './peer.ts'
import type { Health } from './reply.ts'
import { type AccessKey, loadRootAccessKey, rootAccessKeyFile } from './root-access-key.ts'
import { createThrottle, type Throttle } from './throttle/throttle.ts'
import { listenOn, prepareListeners, type TlsFacts } from './tls/tls-server.ts'

export type RunningServer = {
  readonly url: string
  /** `undefined` when there is none. */
  readonly consoleUrl: string | undefined
  readonly rootKey: AccessKey
  /** The root key was made by this start: the one time to show its secret. */
  readonly isNewKey: boolean
  readonly isEmbedded: boolean
  readonly tls: TlsFacts | undefined
  /** For SIGHUP; `undefined` when there is no file to open anew. */
  readonly reopenLogs: (() => Promise<void>) | undefined
  /** Takes no new requests, lets those under way finish for `shutdownSeconds`, then ends them. */
  stop(): Promise<void>
}

type Served = Pick<OpenAccount, 'health'> & {
  readonly bridge: Bridge
  readonly figures: Figures
  readonly audit: AuditLog | undefined
  readonly key: AccessKey
  readonly isEmbedded: boolean
  readonly accounts: ConsoleFacts['accounts']
}

/** Serves until SIGTERM or SIGINT; returns the exit code. */
export async function serve(config: Config): Promise<number> {
  const log = createLog({ level: config.logLevel })
  const ending = Promise.withResolvers<string>()
  // Before the start, so that a signal during it is not lost.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => ending.resolve(signal))
  }
  const server = await startServer(config, log)
  process.stderr.write(greeting(server))
  log.info(
    {
      url: server.url,
      consoleUrl: server.consoleUrl,
      embedded: server.isEmbedded,
      fingerprint: server.tls?.fingerprint,
    },
    'listening',
  )
  const { reopenLogs } = server
  // Without a file of its own, a terminal that hangs up ends the server as it ends any program.
  if (reopenLogs !== undefined) process.on('SIGHUP', () => void reopenLogs())
  log.info({ signal: await ending.promise }, 'stopping')
  await server.stop()
  log.info('stopped')
  return 0
}

/** `clock` is that of buckets and objects and of the daily work; connections and signatures have the real one. */
export async function startServer(
  config: Config,
  log: Log,
  clock: Clock = realClock,
): Promise<RunningServer> {
  await using parts = new AsyncDisposableStack()
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  const isEmbedded = await usesEmbedded(config)
  const stopping = new AbortController()
  const warn = (message: string, cause: unknown): void => log.warn({ err: cause }, message)
  const figures = parts.use(createFigures({ now: Date.now, warn }))
  const audit = await openAudit(config, log, figures, parts)
  const surroundings = { log, clock, stopSignal: stopping.signal }
  const opened = await openAccounts(config, surroundings, figures, parts)

  const { key, isNew } = await rootAccessKey(config)
  let isListening = false
  parts.defer(async () => {
    // A key that was never shown is of no use: the next start makes and shows another.
    if (isNew && !isListening) await rm(rootAccessKeyFile(config.dataDir))
  })
  const served = { ...opened, key, figures, audit, isEmbedded }
  const { url, tls, consoleUrl } = await listen(config, log, served, stopping, parts)
  isListening = true
  const running = parts.move()
  return {
    url,
    consoleUrl,
    rootKey: key,
    isNewKey: isNew,
    isEmbedded,
    tls,
    reopenLogs: audit && (() => audit.reopen()),
    stop: () => running.disposeAsync(),
  }
}

async function openAudit(
  { auditLog: file }: Config,
  log: Log,
  figures: Figures,
  parts: AsyncDisposableStack,
): Promise<AuditLog | undefined> {
  if (file === undefined) return undefined
  const onLost = figures.onAuditLinesLost
  const audit = await openAuditLog({ file, log, onLost, now: () => new Date() })
  parts.defer(() => audit.close())
  return audit
}

/** The account of the settings, and those that single buckets are on. */
async function openAccounts(
  config: Config,
  surroundings: Surroundings,
  figures: Figures,
  parts: AsyncDisposableStack,
): Promise<Pick<Served, 'bridge' | 'health' | 'accounts'>> {
  const names = new Set([config.account])
  for (const bucket of config.buckets.keys()) names.add(accountOf(config, bucket))
  const bridges = new Map<string, Bridge>()
  const accounts = new Map<string, OpenAccount>()
  for (const name of names) {
    const { account, inUse } = await openOne(
      { ...config, account: name },
      config.account,
      surroundings.log,
      figures,
      parts,
    )
    accounts.set(name, account)
    const { bridge, usage } = await openBridge(config, inUse, surroundings, parts)
    bridges.set(name, bridge)
    figures.watch({
      name,
      health: account.health,
      usage,
      space: (signal) => spaceOf(account, signal),
    })
  }
  const first = bridges.get(config.account)
  const isOne = bridges.size === 1 && first !== undefined
  return {
    bridge: isOne
      ? first
      : createAccountsBridge({ bridges, accountOf: (bucket) => accountOf(config, bucket) }),
    health: () => healthOf([...accounts.values()]),
    accounts: createAccountWatch(accounts),
  }
}

/** One account, with the state that is about it. */
async function openOne(
  own: Config,
  served: string,
  log: Log,
  { onUpstreamCall: onCall }: Figures,
  parts: AsyncDisposableStack,
): Promise<{ readonly account: OpenAccount; readonly inUse: AccountInUse }> {
  const { account: name } = own
  // What stands in for an account that nobody has logged in to is served only when it is asked for.
  const isEmbedded = name === served && (await usesEmbedded(own))
  if (!isEmbedded) await requireLogin(own)
  const directory = await stateDirectoryOf(own)
  const state = await openState(directory, parts)
  const onLoginRequired = (error: Error): void => log.error({ account: name }, error.message)
  const account = isEmbedded
    ? await openEmbedded(own, directory, onCall)
    : await openAccount(own, { onLoginRequired, onCall, state })
  parts.defer(() => account.close())
  return { account, inUse: { name, jotta: account.jotta, state, directory } }
}

async function spaceOf({ jotta }: OpenAccount, signal: AbortSignal) {
  const { usageBytes, quotaBytes } = await jotta.customer({ signal })
  return { usedBytes: usageBytes, capacityBytes: quotaBytes }
}

/** That of the first which is not well. */
async function healthOf(accounts: readonly OpenAccount[]): Promise<Health> {
  const all = await Promise.all(accounts.map((account) => account.health()))
  return all.find(({ status }) => status !== 'ok') ?? { status: 'ok' }
}

async function rootAccessKey(config: Config): Promise<{ key: AccessKey; isNew: boolean }> {
  const { rootAccessKeyId, rootSecretAccessKey } = config
  if (rootAccessKeyId !== undefined && rootSecretAccessKey !== undefined) {
    const key = { accessKeyId: rootAccessKeyId, secretAccessKey: rootSecretAccessKey }
    return { key, isNew: false }
  }
  return await loadRootAccessKey(rootAccessKeyFile(config.dataDir))
}

async function listen(
  config: Config,
  log: Log,
  served: Served,
  stopping: AbortController,
  parts: AsyncDisposableStack,
): Promise<Pick<RunningServer, 'url' | 'tls' | 'consoleUrl'>> {
  const { bridge, key, health, figures, audit } = served
  const { metricsToken } = config
  const accessKeys = openAccessKeys(accessKeysFile(config))
  parts.defer(() => accessKeys.close())
  const credentials = createCredentials(key, accessKeys)
  const findPeer = createFindPeer(config.trustedProxies)
  const app = createApp({
    bridge,
    credentials,
    directory: createDirectory(accessKeys),
    publicAccess: config.publicAccess,
    access: accessOf(config),
    region: config.region,
    // The one secret that all replicas know, since clients sign by it.
    tokenKey: tokenKeyOf(key.secretAccessKey),
    storeEncrypted: config.storeEncrypted,
    domains: config.domains,
    signatureV2: config.signatureV2,
    log,
    health,
    figures: figures.requests,
    throttle: throttleOf(config),
    findPeer,
    audit,
    metrics:
      metricsToken === undefined
        ? undefined
        : { ...createExposition(figures), token: metricsToken },
    idleTimeoutMs: config.idleTimeoutSeconds * 1000,
  })
  const makeListener = await prepareListeners(config, log, parts)
  const listener = makeListener()
  const { server, tls } = listener
  app.attach(server)
  const { url, port } = await listenOn(listener, config)
  const servers = [server]
  parts.defer(async () => await closeServers(servers, config, stopping))
  const { accounts, isEmbedded } = served
  const { region } = config
  const facts = { health, accounts, figures, isEmbedded, region, access: accessOf(config) }
  const doors = { app, credentials, accessKeys, rootKeyId: key.accessKeyId, findPeer, audit }
  const opened = await openConsole(config, log, { ...doors, facts, s3Port: port, makeListener })
  if (opened !== undefined) servers.push(opened.server)
  return { url, tls, consoleUrl: opened?.url }
}

function throttleOf(config: Config): Throttle {
  const { rateBurstSeconds: burstSeconds } = config
  const { keyMaxRequests, keyRateLimit, strangerMaxRequests, strangerRateLimit } = config
  const limits = {
    maxInFlight: config.maxRequests,
    ofKey: { maxInFlight: keyMaxRequests, perSecond: keyRateLimit, burstSeconds },
    ofStranger: { maxInFlight: strangerMaxRequests, perSecond: strangerRateLimit, burstSeconds },
  }
  return createThrottle(limits, () => performance.now())
}

/** All at once: lets what is under way finish for a while, then ends it. */
async function closeServers(
  servers: readonly Server[],
  { shutdownSeconds }: Config,
  stopping: AbortController,
): Promise<void> {
  const patience = setTimeout(() => {
    stopping.abort(new Error('the server is stopping'))
    for (const server of servers) server.closeAllConnections()
  }, shutdownSeconds * 1000)
  await Promise.all(
    servers.map(async (server) => {
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      server.closeIdleConnections()
      await closed.promise
    }),
  )
  clearTimeout(patience)
  stopping.abort(new Error('the server has stopped'))
}

/** What a person needs to go on; only the start that made the key shows its secret. */
function greeting(server: RunningServer): string {
  const { url, consoleUrl, rootKey, isNewKey, isEmbedded, tls } = server
  const shown = url.replace('0.0.0.0', '127.0.0.1').replace('[::]', '127.0.0.1')
  const disk = isEmbedded
    ? 'an embedded local Jottacloud (`jotta-s3 login` changes that)'
    : 'your Jottacloud account'
  const page = consoleUrl === undefined ? '' : `Its web console is on ${consoleUrl}\n`
  const intro = `\njotta-s3 serves S3 on ${url} over ${disk}.\n${page}${describeTls(tls)}`
  const trust =
    tls?.selfSignedFile === undefined ? '' : `  export AWS_CA_BUNDLE=${tls.selfSignedFile}\n`
  if (!isNewKey) return `${intro}\n`
  return `${intro}
This start made a root access key, which is shown this once. To use it with aws-cli:

  aws configure set aws_access_key_id ${rootKey.accessKeyId} --profile jotta-s3
  aws configure set aws_secret_access_key ${rootKey.secretAccessKey} --profile jotta-s3
  aws configure set region us-east-1 --profile jotta-s3
  export AWS_PROFILE=jotta-s3
${trust}  alias s3='aws --endpoint-url ${shown} s3'
  s3 mb s3://backup

`
}

function describeTls(tls: TlsFacts | undefined): string {
  if (tls === undefined) return ''
  const { fingerprint, selfSignedFile } = tls
  const trust = selfSignedFile === undefined ? '' : `Clients must trust ${selfSignedFile}\n`
  return `The SHA-256 fingerprint of its certificate is\n${fingerprint}\n${trust}`
}
