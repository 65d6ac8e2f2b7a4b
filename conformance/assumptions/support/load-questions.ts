// All questions, by number, from the files that hold them: none can be forgotten in a list.
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Question } from './question.ts'

export type QuestionFile = { readonly file: string; readonly question: Question }

const folder = join(import.meta.dirname, '..')

/** Throws for a file that exports no question. */
export async function loadQuestionFiles(): Promise<readonly QuestionFile[]> {
  const files = globSync('j*-*.ts', { cwd: folder }).sort()
  return await Promise.all(
    files.map(async (file) => {
      const module: unknown = await import(pathToFileURL(join(folder, file)).href)
      if (!hasQuestion(module)) throw new Error(`${basename(file)} exports no question`)
      return { file, question: module.question }
    }),
  )
}

export async function loadQuestions(): Promise<readonly Question[]> {
  const files = await loadQuestionFiles()
  return files.map(({ question }) => question).sort((a, b) => a.number - b.number)
}

function hasQuestion(module: unknown): module is { question: Question } {
  if (typeof module !== 'object' || module === null || !('question' in module)) return false
  const { question } = module
  if (typeof question !== 'object' || question === null) return false
  return 'number' in question && 'ask' in question && typeof question.ask === 'function'
}
