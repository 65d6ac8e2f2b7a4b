// The questions put to the emulator: it answers as it is assumed to, otherwise when it is set otherwise,
// and keeps nothing of them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { amounts, behaviours } from '../../jotta/emulator/options.ts'
import { furnish, treeOf } from './support/account-tree.test-support.ts'
import { type EmulatedService, withEmulatedService } from './support/emulated-service.ts'
import { loadQuestionFiles } from './support/load-questions.ts'
import { labelOf, type Question, verdictOf } from './support/question.ts'
import { unaskedRows, withTable } from './support/readme-table.ts'
import { askAll, newDeviceName, type Outcome } from './support/session.ts'

const test = suite('assumptions')

const files = await loadQuestionFiles()
const questions = files.map(({ question }) => question)
const matchings = ['ascii', 'exact'] as const

/** Switches that no question asks about, and why. */
const unaskedSwitches = {
  authorizationPage: 'a convenience for tests',
  accessTokenTtlSeconds: 'every grant says how long its token lives',
  latencyMs: 'a measure, not a behaviour',
  streamRateBytesPerSecond: 'a measure, not a behaviour',
  trashDays: 'documented, and 30 days away',
} as const

test('each file is named by its number, and no number is given twice', () => {
  assert.ok(files.length > 0)
  for (const { file, question } of files) assert.match(file, new RegExp(`^${labelOf(question)}-`))
  const numbers = questions.map(({ number }) => number)
  assert.is(new Set(numbers).size, numbers.length)
})

test('the bridge survives what is assumed, and answers that must come can be told', () => {
  for (const question of questions) {
    assert.is(verdictOf(question, question.assumed), 'survived', labelOf(question))
    for (const { answer } of question.trials ?? []) {
      assert.ok(Object.hasOwn(question.answers, answer), labelOf(question))
      assert.is.not(answer, question.assumed, labelOf(question))
    }
  }
})

test('every unknown of the protocol reference is asked about, or it is said why not', () => {
  const asked = new Set(questions.flatMap(({ rows }) => rows ?? []))
  for (let row = 1; row <= 27; row += 1) {
    assert.is(asked.has(row) || Object.hasOwn(unaskedRows, row), true, `row ${row}`)
  }
})

test('every switch of the emulator has a question that can tell its values apart', () => {
  const thrown = new Set(
    questions.flatMap(({ trials = [] }) =>
      trials.flatMap(({ switches }) =>
        Object.entries(switches).map(([name, value]) => `${name} ${value}`),
      ),
    ),
  )
  for (const [name, values] of Object.entries(behaviours)) {
    if (Object.hasOwn(unaskedSwitches, name)) continue
    const alternatives = name === 'writeLock' ? values.slice(0, 1) : values.slice(1)
    for (const value of alternatives) assert.ok(thrown.has(`${name} ${value}`), `${name} ${value}`)
  }
  for (const name of Object.keys(amounts)) {
    if (Object.hasOwn(unaskedSwitches, name)) continue
    assert.ok(
      [...thrown].some((each) => each.startsWith(`${name} `)),
      name,
    )
  }
})

test('the README has the table that the files make', () => {
  const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
  assert.is(readme, withTable(readme, files))
})

test('the emulator answers every question as assumed, and nothing is left of them', async () => {
  await withEmulatedService({}, async (emulated) => {
    const session = await furnish(emulated.emulator)
    const before = await treeOf(session)
    const answered = await answersOf(emulated, questions)
    const assumed = questions.map((question) => [labelOf(question), question.assumed])
    assert.equal(answered, Object.fromEntries(assumed))
    assert.is(await treeOf(session), before)
  })
})

test('set otherwise it answers otherwise', async () => {
  await withEmulatedService({}, async (emulated) => {
    const session = await furnish(emulated.emulator)
    const before = await treeOf(session)
    for (const question of questions) {
      for (const { switches, answer } of question.trials ?? []) {
        if (switches.nameMatching !== undefined) continue
        const given = { ...question.given, ...switches }
        const answered = await answersOf(emulated, [{ ...question, given }])
        assert.equal(answered, { [labelOf(question)]: answer }, JSON.stringify(switches))
      }
    }
    assert.is(await treeOf(session), before)
  })
})

for (const nameMatching of matchings) {
  test(`with the name matching ${nameMatching} it answers otherwise`, async () => {
    const expected = questions.flatMap((question) =>
      (question.trials ?? [])
        .filter(({ switches }) => switches.nameMatching === nameMatching)
        .map(({ answer }) => ({ question, answer })),
    )
    assert.ok(expected.length > 0)
    await withEmulatedService({ nameMatching }, async (emulated) => {
      const asked = expected.map(({ question }) => question)
      const answers = expected.map(({ question, answer }) => [labelOf(question), answer])
      assert.equal(await answersOf(emulated, asked), Object.fromEntries(answers))
    })
  })
}

test('an unforeseen answer is one that the bridge does not survive', () => {
  const [question] = questions
  assert.ok(question !== undefined)
  for (const answer of ['something else', 'toString', '__proto__', '']) {
    assert.is(verdictOf(question, answer), 'broken', answer)
  }
})

test.run()

/** By label; what went wrong where there is no answer. */
async function answersOf(
  { service, setSwitches }: EmulatedService,
  asked: readonly Question[],
): Promise<Record<string, string>> {
  const { signal } = new AbortController()
  const device = newDeviceName()
  const options = { service, questions: asked, device, signal, setSwitches }
  const { outcomes, leftovers } = await askAll(options)
  assert.equal(leftovers, [])
  return Object.fromEntries(outcomes.map((each) => [labelOf(each.question), saidBy(each)]))
}

function saidBy(outcome: Outcome): string {
  return outcome.result === 'answered' ? outcome.answer : `${outcome.result}: ${outcome.reason}`
}
