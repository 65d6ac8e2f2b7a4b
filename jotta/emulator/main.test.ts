// The command line of the emulator.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { withFolder } from './testing/with-emulator.ts'

const test = suite('main')
const main = join(import.meta.dirname, 'main.ts')

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /--data-dir/],
  [['--data-dir', 'd', '--port', 'x'], /--port/],
  [['--data-dir', 'd', '--port', '70000'], /--port/],
  [['--data-dir', 'd', '--latency-ms=-1'], /--latency-ms/],
  [['--data-dir', 'd', '--stream-rate', '1.5'], /--stream-rate/],
  [['--data-dir', 'd', '--tls-cert', 'c'], /--tls-key/],
  [['--data-dir', 'd', '--tls-key', '/no/k', '--tls-cert', '/no/c'], /--tls-cert/],
  [['--nonsense'], /--nonsense/],
]

test('a wrong flag is named and ends with 2', async () => {
  for (const [args, message] of wrong) {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    assert.is(code, 2, args.join(' '))
    assert.match(said, message)
  }
})

test('it prints where it is and a login token, and ends cleanly when told to', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    await withFolder(async (folder) => {
      const child = spawn(process.execPath, [main, '--data-dir', folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const exited = once(child, 'exit')
      let said = ''
      for await (const chunk of child.stdout) {
        said += String(chunk)
        if (said.includes('login-token ')) child.kill(signal)
      }
      assert.match(said, /^url http:\/\/127\.0\.0\.1:\d+\nlogin-token [\w-]+\n$/)
      assert.equal(await exited, [0, null])
    })
  }
})

test.run()
