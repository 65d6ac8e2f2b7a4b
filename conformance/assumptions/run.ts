// `npm run assumptions`: puts the questions to a fresh emulator, or with --live to the Jottacloud that
// somebody is logged in to. README.md, beside this file, says what that means for them.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { type Config, ConfigError, readConfig } from '../../server/config.ts'
import { Client, type Service } from './support/client.ts'
import { withEmulatedService } from './support/emulated-service.ts'
import { devicePattern } from './support/guard.ts'
import { liveService } from './support/live-service.ts'
import { loadQuestionFiles, loadQuestions } from './support/load-questions.ts'
import type { Question } from './support/question.ts'
import { withTable } from './support/readme-table.ts'
import { exitCodeOf, renderHead, renderOutcome, renderSummary, reportOf } from './support/report.ts'
import {
  askAll,
  newDeviceName,
  type Round,
  type RoundOptions,
  removeLeftDevice,
} from './support/session.ts'

const usage = `npm run assumptions                      put all questions to a fresh emulator
npm run assumptions -- --live            put them to your Jottacloud, after \`jotta-s3 login\`
  --account NAME, --data-dir D, --config F   which login, as for \`jotta-s3 serve\`
  --yes                                      do not ask before it begins
  --only 1,5,12                              these questions alone
  --report FILE                              where the report goes; assumptions-report.json when live
npm run assumptions -- --live --remove DEVICE   remove what a run that was killed has left
`

class UsageError extends Error {}

const settings = ['account', 'data-dir', 'config', 'jfs-url', 'api-url', 'token-url'] as const

type Flags = ReturnType<typeof readFlags>

function readFlags(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        live: flag,
        yes: flag,
        help: flag,
        'write-readme': flag,
        only: text,
        report: text,
        remove: text,
        account: text,
        'data-dir': text,
        config: text,
        'jfs-url': text,
        'api-url': text,
        'token-url': text,
      },
    }).values
  } catch (cause) {
    // Its messages name the flag.
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

async function main(args: readonly string[]): Promise<number> {
  const flags = readFlags(args)
  if (flags.help) {
    print(usage)
    return 0
  }
  if (flags['write-readme']) return await writeReadme()
  const questions = chosen(await loadQuestions(), flags.only)
  const stop = new AbortController()
  const onSignal = () => {
    if (stop.signal.aborted) return
    print('\nStopping: removing what was made. Press again to leave it behind.\n')
    stop.abort(new Error('interrupted'))
    process.once('SIGINT', () => process.exit(130))
  }
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  try {
    if (flags.live) return await askLive(flags, questions, stop.signal)
    const strays = [...settings, 'yes', 'remove'] as const
    const stray = strays.find((name) => flags[name] !== undefined && flags[name] !== false)
    if (stray !== undefined) throw new UsageError(`--${stray} goes with --live`)
    return await askEmulator(flags, questions, stop.signal)
  } finally {
    process.removeListener('SIGINT', onSignal)
    process.removeListener('SIGTERM', onSignal)
  }
}

/** Throws UsageError for a number that no question has. */
function chosen(questions: readonly Question[], only: string | undefined): readonly Question[] {
  if (only === undefined) return questions
  const numbers = only.split(',').map((part) => Number(part.trim().replace(/^j/i, '')))
  const missing = numbers.find((number) => !questions.some((each) => each.number === number))
  if (missing !== undefined) throw new UsageError(`--only: there is no question ${missing}`)
  return questions.filter(({ number }) => numbers.includes(number))
}

async function askEmulator(
  flags: Flags,
  questions: readonly Question[],
  signal: AbortSignal,
): Promise<number> {
  let code = 0
  await withEmulatedService({}, async ({ service, setSwitches }) => {
    const round = { service, questions, device: newDeviceName(), signal, setSwitches }
    code = await askAndTell(round, flags.report)
  })
  return code
}

async function askLive(
  flags: Flags,
  questions: readonly Question[],
  signal: AbortSignal,
): Promise<number> {
  const service = await liveService(configOf(flags))
  const device = flags.remove ?? newDeviceName()
  if (!devicePattern.test(device)) {
    throw new UsageError('--remove takes the name of a device that a run has made, and no other')
  }
  const owner = await ownerOf(service, device, signal)
  const plan = flags.remove === undefined ? planOf(questions.length, device) : removalOf(device)
  print(`Account: ${owner}\nService: ${new URL(service.jfsUrl).host}\n\n${plan}\n`)
  if (!flags.yes && !(await isConfirmed(signal))) {
    print('Nothing was done.\n')
    return 2
  }
  if (flags.remove === undefined) {
    const report = flags.report ?? 'assumptions-report.json'
    return await askAndTell({ service, questions, device, signal }, report)
  }
  const leftovers = await removeLeftDevice(service, device, signal)
  print(`${renderSummary({ outcomes: [], leftovers })}\n`)
  return leftovers.length === 0 ? 0 : 2
}

function configOf(flags: Flags): Config {
  const given = settings.flatMap((name) => {
    const value = flags[name]
    return value === undefined ? [] : [`--${name}`, value]
  })
  return readConfig(given)
}

/** Shown to the person who has to say yes, and to nobody else. */
async function ownerOf(service: Service, device: string, signal: AbortSignal): Promise<string> {
  const client = new Client(service, device)
  try {
    return await client.logIn(signal)
  } finally {
    await client.close()
  }
}

function planOf(count: number, device: string): string {
  return `${count} questions will be asked. This makes a device named
  ${device}
in the account above, puts small files into it (about 10 MB in all are sent), looks at them, moves, copies
and deletes them, and removes the device for good at the end, also when you press Ctrl-C. Nothing that is
in the account already is changed, and its trash is not emptied. The files pass through your trash, and
the device may show up in your apps meanwhile. It takes some minutes.
`
}

function removalOf(device: string): string {
  return `The device ${device} will be removed for good, with all that is on it.\n`
}

async function isConfirmed(signal: AbortSignal): Promise<boolean> {
  if (process.stdin.isTTY !== true) {
    throw new UsageError('--live asks on a terminal before it begins; --yes does without')
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  // Ctrl-C goes to whoever reads the terminal.
  const interrupted = new AbortController()
  terminal.once('SIGINT', () => interrupted.abort())
  try {
    const either = AbortSignal.any([signal, interrupted.signal])
    return /^y(es)?$/i.test((await terminal.question('Go on? [y/N] ', { signal: either })).trim())
  } catch (error) {
    if (signal.aborted || interrupted.signal.aborted) return false
    throw error
  } finally {
    terminal.close()
  }
}

async function askAndTell(options: RoundOptions, reportFile: string | undefined): Promise<number> {
  print(`${renderHead()}\n`)
  const round = await askAll({
    ...options,
    onOutcome: (outcome) => print(`${renderOutcome(outcome)}\n`),
  })
  print(`\n${renderSummary(round)}\n`)
  if (round.leftovers.length > 0) {
    print(`Try: npm run assumptions -- --live --remove ${options.device}\n`)
  }
  if (reportFile !== undefined) {
    await writeReport(round, options.service, reportFile)
    print(
      `The report is ${reportFile}. Nothing in it says whose account it was; please send it in.\n`,
    )
  }
  return options.signal.aborted ? 130 : exitCodeOf(round)
}

async function writeReport(round: Round, service: Service, file: string): Promise<void> {
  const { jfsUrl, apiUrl, wellKnownUrl } = service
  const manifest: unknown = JSON.parse(
    await readFile(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'),
  )
  const { version } = { version: '', ...(typeof manifest === 'object' ? manifest : {}) }
  const login = wellKnownUrl === undefined ? null : new URL(wellKnownUrl).host
  const report = reportOf(round, {
    version,
    askedAt: new Date().toISOString(),
    service: { jfs: new URL(jfsUrl).host, api: new URL(apiUrl).host, login },
  })
  await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`)
}

async function writeReadme(): Promise<number> {
  const file = join(import.meta.dirname, 'README.md')
  const readme = await readFile(file, 'utf8')
  await writeFile(file, withTable(readme, await loadQuestionFiles()))
  return 0
}

function print(text: string): void {
  process.stdout.write(text)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const isUsage = error instanceof UsageError || error instanceof ConfigError
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(isUsage ? `${message}\n\n${usage}` : `${message}\n`)
  process.exitCode = 2
}
