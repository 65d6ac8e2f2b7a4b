// Refreshing in real processes at once: two refreshers would use one refresh token twice, and the
// service would end the login for both (API 2.2).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startEmulator } from './emulator/emulator.ts'
import { loginWithToken } from './login.ts'
import { createTokenSource } from './token.ts'
import { readTokenFile, writeTokenFile } from './token-file.ts'

const test = suite('token in several processes')
const { signal } = new AbortController()
const script = path.join(import.meta.dirname, 'token-process.test-support.ts')

function startProcess(tokenFile: string) {
  const child = spawn(process.execPath, [script, tokenFile], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    line: async () => String((await lines.next()).value),
    again: () => child.stdin.write('again\n'),
    end: async () => {
      const ended = once(child, 'exit')
      child.stdin.end()
      await ended
    },
  }
}

test('processes that refresh at once cause one refresh each time, and the login lives on', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'token-processes-'))
  const emulator = await startEmulator({ dataDirectory: path.join(folder, 'data') })
  const tokenFile = path.join(folder, 'token.json')
  const match = { operation: 'token' } as const
  try {
    await loginWithToken({ loginToken: emulator.loginToken(), tokenFile, signal })
    await writeTokenFile(tokenFile, { ...(await readTokenFile(tokenFile)), expiresAtMs: 0 })
    const seen = new Set<string>()
    const before = emulator.faults.count(match)
    let hold = emulator.faults.hold(match)
    const processes = [1, 2, 3].map(() => startProcess(tokenFile))
    try {
      for (let round = 1; round <= 3; round += 1) {
        // The one refresh is held until everybody has asked.
        for (const each of processes) assert.is(await each.line(), 'asking')
        await hold.reached()
        hold.release()
        const tokens = await Promise.all(processes.map((each) => each.line()))
        assert.is(new Set(tokens).size, 1, 'all have the same')
        for (const token of tokens) seen.add(token)
        assert.is(emulator.faults.count(match) - before, round)
        if (round === 3) break
        hold = emulator.faults.hold(match)
        for (const each of processes) each.again()
      }
    } finally {
      hold.release()
      await Promise.all(processes.map((each) => each.end()))
    }
    assert.is(seen.size, 3)
    const tokens = createTokenSource({ tokenFile })
    tokens.reject(await tokens.accessToken({ signal }))
    assert.not(seen.has(await tokens.accessToken({ signal })), 'the family was not revoked')
  } finally {
    await emulator.close()
    await rm(folder, { recursive: true, force: true })
  }
})

test.run()
