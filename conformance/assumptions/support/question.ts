// What a question to Jottacloud is. Each stands in a file of its own, `jNNNN-….ts`, one folder up.
import type { Switches } from '../../../jotta/emulator/options.ts'
import type { Place } from './place.ts'

/** Whether the bridge keeps its promises when the service answers so. */
export type Verdict = 'survived' | 'broken'

/** None of the answers that a question can tell apart; never survived, since nobody thought of it. */
export const unforeseen = 'something else'

export type Question<Answer extends string = string> = {
  /** Also in the name of its file. Never given to another question. */
  readonly number: number
  /** A sentence. */
  readonly question: string
  /** Sections of the protocol reference. */
  readonly about: string
  /** Rows of its section 8, which lists what is unknown. */
  readonly rows?: readonly number[]
  readonly answers: Readonly<Record<Answer, Verdict>>
  /** What the emulator does unless it is told otherwise. */
  readonly assumed: NoInfer<Answer>
  /** Which promise or file of the bridge hangs on it. */
  readonly why: string
  /** Why the real service is not asked. */
  readonly notLive?: string
  /** What the emulator must be set to for the question to make sense. */
  readonly given?: Partial<Switches>
  /** The emulator set otherwise, and what must be answered then. */
  readonly trials?: readonly Trial<NoInfer<Answer>>[]
  /** Throws when the way to the question fails: that is no answer. */
  readonly ask: (place: Place) => Promise<NoInfer<Answer> | typeof unforeseen>
}

export type Trial<Answer extends string = string> = {
  readonly switches: Partial<Switches>
  readonly answer: Answer
}

export function defineQuestion<const Answer extends string>(
  question: Question<Answer>,
): Question<Answer> {
  return question
}

/** `j0001`, as people cite it. */
export function labelOf({ number }: Pick<Question, 'number'>): string {
  return `j${String(number).padStart(4, '0')}`
}

export function verdictOf(question: Question, answer: string): Verdict {
  if (!Object.hasOwn(question.answers, answer)) return 'broken'
  return question.answers[answer] ?? 'broken'
}
