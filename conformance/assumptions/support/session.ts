// One round of questions: makes a device of its own, asks on it, and removes it whatever happens.
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Switches } from '../../../jotta/emulator/options.ts'
import { Client, type Service, ServiceTrouble } from './client.ts'
import { mountpointsOf } from './look.ts'
import { Place } from './place.ts'
import { labelOf, type Question, type Verdict, verdictOf } from './question.ts'
import { at, isOk, listAt, type Reply, textAt } from './reply.ts'

export type Outcome = {
  readonly question: Question
  readonly evidence: readonly string[]
} & (
  | { readonly result: 'answered'; readonly answer: string; readonly verdict: Verdict }
  | { readonly result: 'not asked' | 'failed'; readonly reason: string }
)

export type Round = {
  readonly outcomes: readonly Outcome[]
  /** What could not be removed, in words for its owner; empty when nothing is left. */
  readonly leftovers: readonly string[]
}

export type RoundOptions = {
  readonly service: Service
  readonly questions: readonly Question[]
  /** From `newDeviceName`. */
  readonly device: string
  /** Ends the asking; what was made is removed all the same. */
  readonly signal: AbortSignal
  /** Sets the emulator; without it the service is a real one. */
  readonly setSwitches?: ((switches: Partial<Switches>) => void) | undefined
  readonly onOutcome?: (outcome: Outcome) => void
  readonly waitMs?: (delayMs: number, signal: AbortSignal) => Promise<unknown>
}

const questionsMountpoint = 'questions'
const questionTimeoutMs = 15 * 60_000
const cleanupTimeoutMs = 10 * 60_000
const attempts = 3
const retryAfterMs = 5_000
const retryAfterMaxMs = 120_000

export function newDeviceName(): string {
  return `jotta-s3-assumptions-${randomBytes(4).toString('hex')}`
}

/** Throws when the device cannot be made, or the signal's reason; nothing is left then either. */
export async function askAll(options: RoundOptions): Promise<Round> {
  const { service, device, signal } = options
  const client = new Client(service, device)
  const outcomes: Outcome[] = []
  try {
    await client.logIn(signal)
    let leftovers: readonly string[] = []
    try {
      await makeDevice(client, signal)
      for (const question of options.questions) {
        signal.throwIfAborted()
        const outcome = await askOne(client, question, options)
        outcomes.push(outcome)
        options.onOutcome?.(outcome)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      leftovers = await removeDevice(client, AbortSignal.timeout(cleanupTimeoutMs))
    }
    return { outcomes, leftovers }
  } finally {
    await client.close()
  }
}

/** Removes what a round that was killed has left. Returns as `Round.leftovers`. */
export async function removeLeftDevice(
  service: Service,
  device: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const client = new Client(service, device)
  try {
    await client.logIn(signal)
    return await removeDevice(client, signal)
  } finally {
    await client.close()
  }
}

async function askOne(client: Client, question: Question, options: RoundOptions): Promise<Outcome> {
  const { notLive } = question
  if (notLive !== undefined && options.setSwitches === undefined) {
    return { question, evidence: [], result: 'not asked', reason: notLive }
  }
  const wait = options.waitMs ?? ((delayMs, signal) => setTimeout(delayMs, undefined, { signal }))
  for (let attempt = 1; ; attempt += 1) {
    const evidence: string[] = []
    try {
      const answer = await askIn(client, question, options, attempt, evidence)
      return {
        question,
        evidence,
        result: 'answered',
        answer,
        verdict: verdictOf(question, answer),
      }
    } catch (error) {
      options.signal.throwIfAborted()
      const said = error instanceof Error ? error.message : String(error)
      const reason = client.shown(said, 300)
      if (!(error instanceof ServiceTrouble) || attempt >= attempts) {
        return { question, evidence, result: 'failed', reason }
      }
      const delayMs = Math.min(error.retryAfterMs ?? retryAfterMs, retryAfterMaxMs)
      await wait(delayMs, options.signal)
    }
  }
}

async function askIn(
  client: Client,
  question: Question,
  { signal, setSwitches }: RoundOptions,
  attempt: number,
  evidence: string[],
): Promise<string> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(questionTimeoutMs)])
  const folder = `${labelOf(question)}-${attempt}`
  const mountpoint = new Place(client, [questionsMountpoint], limited)
  mountpoint.must(await mountpoint.post(folder, '?mkDir=true'))
  const place = new Place(client, [questionsMountpoint, folder], limited, evidence)
  setSwitches?.(question.given ?? {})
  try {
    return await question.ask(place)
  } finally {
    setSwitches?.({})
  }
}

async function makeDevice(client: Client, signal: AbortSignal): Promise<void> {
  const { device } = client
  const made = await command(client, `/${device}?type=WORKSTATION`, signal)
  if (!isOk(made)) {
    throw new ServiceTrouble(`the device ${device} cannot be made: ${made.status}`)
  }
  const mountpoint = await command(client, `/${device}/${questionsMountpoint}`, signal)
  if (isOk(mountpoint)) return
  throw new ServiceTrouble(`a mountpoint cannot be made: ${mountpoint.status}`)
}

/** Mountpoints first, so that no file is left should the device itself refuse to go. */
async function removeDevice(client: Client, signal: AbortSignal): Promise<readonly string[]> {
  const { device } = client
  try {
    const listed = await look(client, `/${device}`, signal)
    if (listed.status === 404) return []
    for (const { name } of mountpointsOf(listed)) {
      await command(client, `/${device}/${encodeURIComponent(name)}?rm=true`, signal)
    }
    await command(client, `/${device}?rm=true`, signal)
    return await leftoversOf(client, signal)
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    return [`the device ${device} may still be there: ${client.shown(said, 200)}`]
  }
}

async function leftoversOf(client: Client, signal: AbortSignal): Promise<string[]> {
  const { device } = client
  const drive = await look(client, '', signal)
  const left = listAt(drive.xml, 'devices', 'device')
    .filter((tag) => textAt(tag, 'name') === device)
    .map(() => `the device ${device}`)
  const trash = await look(client, '/Jotta/Trash', signal)
  const home = `/${client.username}/${device}`
  const trashed = [...listAt(trash.xml, 'folders', 'folder'), ...listAt(trash.xml, 'files', 'file')]
    .filter((tag) => {
      const path = textAt(tag, 'abspath') ?? ''
      return path === home || path.startsWith(`${home}/`)
    })
    .map((tag) => `in the trash: ${client.shown(String(at(tag, '@name')), 100)}`)
  return [...left, ...trashed]
}

async function look(client: Client, path: string, signal: AbortSignal): Promise<Reply> {
  const { service, username } = client
  const url = `${service.jfsUrl}${username}${path}`
  return await client.ask({ method: 'GET', url, auth: 'bearer' }, signal)
}

async function command(client: Client, path: string, signal: AbortSignal): Promise<Reply> {
  const { service, username } = client
  const url = `${service.jfsUrl}${username}${path}`
  return await client.ask({ method: 'POST', url, auth: 'bearer' }, signal)
}
