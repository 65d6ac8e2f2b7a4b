// For tests: one process of several that share a token file. Says that it asks, then what it got; each
// line on standard input makes it refuse the token it has and ask again.
import { createInterface } from 'node:readline'
import { createTokenSource } from './token.ts'

const [, , tokenFile = ''] = process.argv
const tokens = createTokenSource({ tokenFile })

async function ask(): Promise<string> {
  process.stdout.write('asking\n')
  const token = await tokens.accessToken({ signal: AbortSignal.timeout(600_000) })
  process.stdout.write(`${token}\n`)
  return token
}

let held = await ask()
for await (const _ of createInterface({ input: process.stdin })) {
  tokens.reject(held)
  held = await ask()
}
