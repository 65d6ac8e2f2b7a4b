// `jotta-s3 trash`: look into the trash, bring back, remove for good. The account-wide removal wants a
// person's word or --yes.
import { once } from 'node:events'
import { describeTime, jsonLine, printable } from './plain-text.ts'
import { type Place, parsePlace, renderPlace, splitPlace } from './store-arguments.ts'
import type { StoreAct, StoreCall } from './store-commands.ts'

type TrashEntry =
  ReturnType<StoreCall['jotta']['listTrash']> extends AsyncIterable<infer Entry> ? Entry : never
type Restored =
  ReturnType<StoreCall['jotta']['restoreFolder']> extends AsyncIterable<infer One> ? One : never
type Outcome = Restored['outcome']

/** How each outcome is told, and whether it makes the command a failure. */
const outcomes = {
  restored: ['restored', 'fine'],
  taken: ['name taken', 'failure'],
  gone: ['content gone', 'failure'],
  unfinished: ['never complete', 'fine'],
  'trashed-before': ['trashed before', 'fine'],
  failed: ['refused', 'failure'],
} as const satisfies Record<Outcome, readonly [string, 'fine' | 'failure']>

/** Failures of one entry, past which the others go on. */
const ownFailures = ['conflict', 'not-found', 'invalid-name', 'forbidden', 'protocol', 'corrupt']

/** What a person types to empty the trash. */
const confirmation = 'purge'

export async function* listTrash({ jotta, flags, signal }: StoreCall): ReturnType<StoreAct> {
  let isEmpty = true
  for await (const entry of jotta.listTrash({ signal })) {
    isEmpty = false
    yield flags.has('--json') ? jsonLine(fieldsOf(entry)) : lineOf(entry)
  }
  if (isEmpty && !flags.has('--json')) yield 'The trash is empty.\n'
  return 0
}

export async function* restoreTrash(call: StoreCall): ReturnType<StoreAct> {
  const wanted = call.operand ?? ''
  const isJson = call.flags.has('--json')
  const tally = createTally()
  const restoring = call.flags.has('--all-under')
    ? restoreUnder(call, wanted)
    : restoreOne(call, wanted)
  try {
    for await (const one of restoring) {
      tally.add(one)
      yield isJson ? jsonLine(outcomeFields(one)) : outcomeLine(one)
    }
  } catch (error) {
    // What came before the end is no less restored.
    if (!isJson && tally.count() > 0) yield tally.summary()
    throw error
  }
  if (tally.count() === 0) {
    if (!isJson) yield `Nothing in the trash comes from ${printable(wanted)}.\n`
    return 1
  }
  if (!isJson) yield tally.summary()
  return tally.hasFailures() ? 1 : 0
}

export async function* purgeTrash(call: StoreCall): ReturnType<StoreAct> {
  const { jotta, operand, flags, signal } = call
  const isJson = flags.has('--json')
  if (operand !== undefined) {
    const place = parsePlace('trash purge', operand)
    const { kind } = await tombstone(call, 'trash purge', operand)
    const purge = kind === 'file' ? jotta.purgeTrashedFile : jotta.purgeTrashedFolder
    await purge(place, { signal })
    const path = renderPlace(place)
    yield isJson ? jsonLine({ path, kind, purged: true }) : `${printable(path)} is gone for good.\n`
    return 0
  }
  if (!flags.has('--yes') && !(await isConfirmed(call))) {
    if (!isJson) yield 'Nothing was removed.\n'
    return 1
  }
  const { files, folders } = await jotta.purgeTrash({ signal })
  if (isJson) yield jsonLine({ files, folders })
  else
    yield `The trash is empty: ${files ?? 'unknown'} files and ${folders ?? 'unknown'} folders are gone.\n`
  return 0
}

async function isConfirmed({ jotta, terminal, signal }: StoreCall): Promise<boolean> {
  if (terminal === undefined) {
    const text = 'it empties the trash of the whole account, and nobody is there to be asked'
    throw new Error(`trash purge: ${text}: say --yes, or name a PATH`)
  }
  let entries = 0
  for await (const _ of jotta.listTrash({ signal })) entries += 1
  terminal.tell(
    `This removes for good all that is in the trash of the whole account, whoever put it there: ${entries}\n` +
      'files and folders with all that is in them. Nothing brings it back.\n',
  )
  const asked = terminal.ask(`Type ${confirmation} to go on: `, 'shown')
  return (await Promise.race([asked, interruption(signal)])).trim() === confirmation
}

/** The terminal notices a person's Ctrl-C while it reads, but no signal that comes another way. */
async function interruption(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort')
  throw signal.reason
}

async function* restoreOne(call: StoreCall, text: string): AsyncGenerator<Restored> {
  const place = parsePlace('trash restore', text)
  const { kind } = await tombstone(call, 'trash restore', text)
  yield* restorePlace(call, kind, place, 'leave')
}

async function* restoreUnder(call: StoreCall, text: string): AsyncGenerator<Restored> {
  const prefix = splitPlace('trash restore', text).map((name) => name.toLowerCase())
  const found: { kind: 'file' | 'folder'; place: Place }[] = []
  // Read to its end before anything is changed in it.
  for await (const { kind, location } of call.jotta.listTrash({ signal: call.signal })) {
    if (location === undefined) continue
    const names = [location.device, location.mountpoint, ...location.path]
    const isUnder = prefix.every((name, index) => names[index]?.toLowerCase() === name)
    if (isUnder) found.push({ kind: kind === 'file' ? 'file' : 'folder', place: location })
  }
  // Folders before what was trashed in them.
  found.sort((one, other) => one.place.path.length - other.place.path.length)
  for (const { kind, place } of found) {
    try {
      yield* restorePlace(call, kind, place, 'restore')
    } catch (error) {
      if (!isOwnFailure(error)) throw error
      yield { kind, location: place, outcome: 'failed', error }
    }
  }
}

async function* restorePlace(
  { jotta, signal }: StoreCall,
  kind: 'file' | 'folder',
  location: Place,
  trashedBefore: 'leave' | 'restore',
): AsyncGenerator<Restored> {
  if (kind === 'folder') {
    yield* jotta.restoreFolder(location, { signal, trashedBefore })
    return
  }
  await jotta.restoreFile(location, { signal })
  yield { kind, location, outcome: 'restored' }
}

/** What is in the trash at a place. Throws an Error that says why it is not. */
async function tombstone(
  { jotta, signal }: StoreCall,
  words: string,
  text: string,
): Promise<{ readonly kind: 'file' | 'folder' }> {
  const entry = await jotta.stat(parsePlace(words, text), { signal })
  if (entry === undefined) {
    throw new Error(`${text}: nothing is there; \`jotta-s3 trash ls\` lists what is in the trash`)
  }
  if (!entry.deleted) throw new Error(`${text} is not in the trash: a live ${entry.kind} is there`)
  if (text.endsWith('/') && entry.kind === 'file') throw new Error(`${text} is a file`)
  return entry
}

function isOwnFailure(error: unknown): error is NonNullable<Restored['error']> {
  return error instanceof Error && 'kind' in error && ownFailures.includes(String(error.kind))
}

function lineOf(entry: TrashEntry): string {
  const size = entry.kind === 'file' ? String(entry.current?.sizeBytes ?? '-') : '-'
  return `${describeTime(entry.deletedAt).padEnd(20)}  ${size.padStart(15)}  ${printable(pathOf(entry))}\n`
}

function fieldsOf(entry: TrashEntry): Record<string, unknown> {
  const { kind, name, location, deletedAt, current } = entry
  const path = location === undefined ? undefined : renderPlace(location)
  const { sizeBytes, md5, modified } = current ?? {}
  return { kind, name, path, deleted: deletedAt, sizeBytes, md5, modified }
}

/** Folders end in a slash. */
function pathOf({ kind, name, location }: TrashEntry): string {
  const path = location === undefined ? `(unknown place)/${name}` : renderPlace(location)
  return kind === 'file' ? path : `${path}/`
}

function outcomeLine({ kind, location, outcome, error }: Restored): string {
  const path = `${renderPlace(location)}${kind === 'folder' ? '/' : ''}`
  const reason = outcome === 'failed' && error !== undefined ? `: ${error.message}` : ''
  return `${outcomes[outcome][0].padEnd(15)}  ${printable(`${path}${reason}`)}\n`
}

function outcomeFields({ kind, location, outcome, error }: Restored): Record<string, unknown> {
  return { kind, path: renderPlace(location), outcome, message: error?.message }
}

function createTally() {
  const counts = new Map<Outcome, number>()
  const total = () => [...counts.values()].reduce((sum, count) => sum + count, 0)
  return {
    add({ outcome }: Restored): void {
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    },
    count: total,
    hasFailures: () => [...counts.keys()].some((outcome) => outcomes[outcome][1] === 'failure'),
    summary(): string {
      const parts = [...counts].map(([outcome, count]) => `${count} ${outcomes[outcome][0]}`)
      return `In all: ${parts.join(', ')}.\n`
    },
  }
}
