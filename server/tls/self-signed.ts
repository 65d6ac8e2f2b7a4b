// The pair of `--tls auto`: made in the data folder, kept as long as it is good, and renewed before it ends.
// Key and certificate are in one file, so that no reader ever meets the one without the other.
import { X509Certificate } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises'
import { isIP } from 'node:net'
import { dirname, join } from 'node:path'
import type { Log } from '../log.ts'
import { checkPair, type KeyPair } from './key-pair.ts'

export type SelfSignedOptions = {
  readonly dataDir: string
  /** DNS names, `*.name` among them, and IP addresses. */
  readonly names: readonly string[]
  readonly log: Log
  readonly now?: () => Date
}

const dayMs = 24 * 60 * 60 * 1000
/** Apple's systems take no certificate that is valid for more than 825 days. */
const lifetimeMs = 820 * dayMs
const renewBeforeMs = 30 * dayMs

/** What to serve by when nothing else is known: this machine, by the names that it has for itself. */
const ownNames = ['localhost', '127.0.0.1', '::1']
/** Places to listen on, but no addresses that anybody connects to. */
const anywhere = ['0.0.0.0', '::']

/** For everyone to read: clients are given this file to trust. */
export function certificateFileOf(dataDir: string): string {
  return join(dataDir, 'tls', 'certificate.pem')
}

export function namesOf(config: {
  readonly host: string
  readonly domains: readonly string[]
  readonly tlsNames: readonly string[]
}): string[] {
  const host = anywhere.includes(config.host) ? [] : [config.host]
  const domains = config.domains.flatMap((domain) => [domain, `*.${domain}`])
  return [...new Set([...ownNames, ...host, ...domains, ...config.tlsNames])]
}

/** The pair that is there, or a new one when it is missing, broken, near its end, or lacks a name. */
export async function loadSelfSigned(options: SelfSignedOptions): Promise<KeyPair> {
  const { dataDir, names, log, now = () => new Date() } = options
  const file = join(dataDir, 'tls', 'self-signed.pem')
  const found = await readPair(file)
  const fault = faultOf(found, names, now())
  if (found !== undefined && fault === undefined) return found
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const made = await makePair(names, now())
  await writeWhole(file, `${made.key}\n${made.cert}\n`, 0o600)
  // Of two processes that make one at once, the later wins; both serve that one from their next look on.
  const kept = (await readPair(file)) ?? made
  await writeWhole(certificateFileOf(dataDir), `${kept.cert}\n`, 0o644)
  if (found !== undefined) log.warn({ reason: fault }, 'made a new self-signed certificate')
  return kept
}

async function readPair(file: string): Promise<KeyPair | undefined> {
  try {
    const text = await readFile(file, 'utf8')
    return { key: section(text, 'PRIVATE KEY'), cert: section(text, 'CERTIFICATE') }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Empty when there is none, which no key and no certificate is. */
function section(pem: string, label: string): string {
  const pattern = new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`)
  return pattern.exec(pem)?.[0] ?? ''
}

function faultOf(pair: KeyPair | undefined, names: readonly string[], now: Date) {
  if (pair === undefined) return 'there is none'
  try {
    const { validUntil } = checkPair(pair)
    if (validUntil.getTime() - now.getTime() < renewBeforeMs) return 'the old one nears its end'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const certificate = new X509Certificate(pair.cert)
  const lacking = names.filter((name) => !covers(certificate, name))
  return lacking.length === 0 ? undefined : `the old one is not for ${lacking.join(', ')}`
}

function covers(certificate: X509Certificate, name: string): boolean {
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined
  return certificate.checkHost(name.replace(/^\*\./, 'any.')) !== undefined
}

async function makePair(names: readonly string[], now: Date): Promise<KeyPair> {
  // Not at the top: it is slow to load, and needed once in two years.
  const { generate } = await import('selfsigned')
  const made = await generate([{ name: 'commonName', value: 'jotta-s3' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // Clocks of clients may be behind.
    notBeforeDate: new Date(now.getTime() - dayMs),
    notAfterDate: new Date(now.getTime() + lifetimeMs),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) =>
          isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name },
        ),
      },
    ],
  })
  return { key: made.private.trim(), cert: made.cert.trim() }
}

/** A reader sees the old file or the whole new one. */
async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const aside = `${file}.${process.pid}.tmp`
  const handle = await open(aside, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await chmod(aside, mode)
  await rename(aside, file)
}
