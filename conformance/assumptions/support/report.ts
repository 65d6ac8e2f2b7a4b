// What came of a round: lines for a person, JSON for the project, the number for the shell. Pure.
import { labelOf } from './question.ts'
import type { Outcome, Round } from './session.ts'

/** What the project gets to read; nothing in it says whose account it was. */
export type Report = {
  readonly format: 'jotta-s3-assumptions/1'
  readonly version: string
  readonly askedAt: string
  /** Hosts, without more. */
  readonly service: { readonly jfs: string; readonly api: string; readonly login: string | null }
  readonly leftovers: number
  readonly answers: readonly {
    readonly question: string
    readonly text: string
    readonly assumed: string
    readonly answered: string | null
    readonly verdict: string
    readonly reason?: string
    readonly evidence: readonly string[]
  }[]
}

const columns = { label: 5, question: 58, assumed: 34, answered: 34 } as const

export function renderHead(): string {
  return row('', 'question', 'assumed', 'answered', '')
}

export function renderOutcome(outcome: Outcome): string {
  const { question } = outcome
  const answered = outcome.result === 'answered' ? outcome.answer : '-'
  const line = row(
    labelOf(question),
    question.question,
    question.assumed,
    answered,
    wordFor(outcome),
  )
  return outcome.result === 'answered' ? line : `${line}\n      ${outcome.reason}`
}

/** The verdict in words: `as assumed` and `differs` are fine. */
export function wordFor(outcome: Outcome): string {
  if (outcome.result !== 'answered') return outcome.result
  if (outcome.verdict === 'broken') return 'BREAKS THE BRIDGE'
  return outcome.answer === outcome.question.assumed ? 'as assumed' : 'differs, survived'
}

export function renderSummary({ outcomes, leftovers }: Round): string {
  const counts = new Map<string, number>()
  for (const outcome of outcomes) {
    const word = wordFor(outcome)
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  const told = [...counts].map(([word, count]) => `${count} ${word}`).join(', ')
  const left =
    leftovers.length === 0
      ? 'Everything that was made is removed.'
      : `NOT REMOVED, please look:\n${leftovers.map((each) => `  ${each}`).join('\n')}`
  return `${told === '' ? 'nothing was asked' : told}\n${left}`
}

export function reportOf(
  { outcomes, leftovers }: Round,
  facts: Pick<Report, 'version' | 'askedAt' | 'service'>,
): Report {
  return {
    format: 'jotta-s3-assumptions/1',
    ...facts,
    leftovers: leftovers.length,
    answers: outcomes.map((outcome) => ({
      question: labelOf(outcome.question),
      text: outcome.question.question,
      assumed: outcome.question.assumed,
      answered: outcome.result === 'answered' ? outcome.answer : null,
      verdict: wordFor(outcome),
      ...(outcome.result === 'answered' ? {} : { reason: outcome.reason }),
      evidence: outcome.evidence,
    })),
  }
}

/** 1: an answer that breaks a promise. 2: a question failed, or something could not be removed. */
export function exitCodeOf({ outcomes, leftovers }: Round): 0 | 1 | 2 {
  const isBroken = outcomes.some((each) => each.result === 'answered' && each.verdict === 'broken')
  if (isBroken) return 1
  return leftovers.length > 0 || outcomes.some(({ result }) => result === 'failed') ? 2 : 0
}

function row(label: string, question: string, assumed: string, answered: string, word: string) {
  return [
    label.padEnd(columns.label),
    fit(question, columns.question),
    fit(assumed, columns.assumed),
    fit(answered, columns.answered),
    word,
  ].join(' ')
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width)
}
