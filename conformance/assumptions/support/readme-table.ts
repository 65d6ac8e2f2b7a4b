// The table of README.md, made from the files. Pure.
import type { QuestionFile } from './load-questions.ts'
import { labelOf } from './question.ts'

const tableBegin = '<!-- made by run.ts --write-readme; do not edit below -->'
const tableEnd = '<!-- end -->'

/** Rows of section 8 of the protocol reference that no question asks, and why. */
export const unaskedRows: Readonly<Record<number, string>> = {
  15: 'How the service throttles: it would have to be provoked. A run that is throttled says so.',
}

/** The README with its table as the files have it. Throws when the README has no place for it. */
export function withTable(readme: string, files: readonly QuestionFile[]): string {
  const [head, rest] = readme.split(`${tableBegin}\n`)
  const tail = rest?.split(tableEnd)[1]
  if (head === undefined || tail === undefined) throw new Error('the README has no table to make')
  return `${head}${tableBegin}\n\n${renderTable(files)}\n${tableEnd}${tail}`
}

function renderTable(files: readonly QuestionFile[]): string {
  const rows = files.map(({ file, question }) => {
    const entries = Object.entries(question.answers)
    const survived = entries.filter(([, verdict]) => verdict === 'survived').map(([name]) => name)
    const others = survived.filter((answer) => answer !== question.assumed)
    const asked = question.notLive === undefined ? 'yes' : `no: ${question.notLive}`
    const cells = [
      `[${labelOf(question)}](${file})`,
      question.question,
      question.assumed,
      others.join('; '),
      question.about,
      (question.rows ?? []).join(', '),
      asked,
    ]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  const unasked = Object.entries(unaskedRows).map(([row, why]) => `Row ${row} is not asked. ${why}`)
  return [
    '| | Question | Assumed | Survived as well | API | Row of API 8 | Asked live |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...unasked,
    '',
  ].join('\n')
}
