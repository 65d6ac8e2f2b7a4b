// Runs test files, each in a process of its own with a time limit, and adds up what uvu counted.
// A file that dies, hangs or runs no test counts as a failure: uvu alone would leave some of those green.
//
//   node conformance/run-tests.ts [--checks] [--only PATH] [--not PATH] [FILE…]
//
// --checks also counts the type check and the linter. The last line is `N passed, N failed, N skipped`.
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { parseArgs } from 'node:util'

type Outcome = { passed: number; failed: number; skipped: number; output: string }

/** Long enough for the slowest client suite on a small machine. */
const fileTimeoutMs = 30 * 60_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    checks: { type: 'boolean', default: false },
    only: { type: 'string' },
    not: { type: 'string' },
  },
})

const totals = { passed: 0, failed: 0, skipped: 0 }

if (values.checks) {
  report('types', await runCheck('tsc', []))
  report('types of the console', await runCheck('tsc', ['-p', 'server/console/page']))
  report('lint', await runCheck('biome', ['check', '--error-on-warnings', '.']))
}

const files = positionals.length > 0 ? positionals : selectFiles()
if (files.length === 0) {
  write('no test files found\n')
  totals.failed += 1
}
const waiting = [...files]
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, runNext))

write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`)
process.exitCode = totals.failed === 0 ? 0 : 1

function selectFiles(): string[] {
  return globSync('**/*.test.ts', { exclude: (name) => name === 'node_modules' })
    .map((file) => relative('.', file))
    .filter((file) => values.only === undefined || file.startsWith(values.only))
    .filter((file) => values.not === undefined || !file.startsWith(values.not))
    .sort()
}

async function runNext(): Promise<void> {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    report(file, await runTestFile(file))
  }
}

async function runTestFile(file: string): Promise<Outcome> {
  const { code, output } = await run(process.execPath, [file])
  const passed = sumOf(output, 'Passed')
  const total = sumOf(output, 'Total')
  const skipped = sumOf(output, 'Skipped')
  const failed = total - passed
  const silent = total + skipped === 0 || (code !== 0 && failed === 0)
  return { passed, failed: failed + (silent ? 1 : 0), skipped, output }
}

async function runCheck(command: string, args: string[]): Promise<Outcome> {
  const { code, output } = await run(`node_modules/.bin/${command}`, args)
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, output }
}

/** uvu prints one summary for each suite of a file. */
function sumOf(output: string, label: string): number {
  const lines = output.matchAll(new RegExp(`^\\s+${label}:\\s+(\\d+)`, 'gm'))
  return [...lines].reduce((sum, match) => sum + Number(match[1]), 0)
}

function run(command: string, args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
      timeout: fileTimeoutMs,
      killSignal: 'SIGKILL',
    })
    let output = ''
    const collect = (chunk: string): void => {
      output += chunk
    }
    child.stdout.setEncoding('utf8').on('data', collect)
    child.stderr.setEncoding('utf8').on('data', collect)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal !== null) output += `\nended by ${signal}\n`
      resolve({ code, output })
    })
  })
}

function report(name: string, outcome: Outcome): void {
  totals.passed += outcome.passed
  totals.failed += outcome.failed
  totals.skipped += outcome.skipped
  const skipped = outcome.skipped > 0 ? `, ${outcome.skipped} skipped` : ''
  write(
    `${outcome.failed === 0 ? 'ok  ' : 'FAIL'} ${name} (${outcome.passed} passed, ${outcome.failed} failed${skipped})\n`,
  )
  if (outcome.failed > 0) write(`${outcome.output}\n`)
  else for (const line of outcome.output.matchAll(/^SKIP .*$/gm)) write(`     ${line[0]}\n`)
}

function write(text: string): void {
  process.stdout.write(text)
}
