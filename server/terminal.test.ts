import { PassThrough } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openTerminal } from './terminal.ts'

const test = suite('terminal')

function openFake(kind: 'pipe' | 'tty') {
  const input = Object.assign(new PassThrough(), { isTTY: kind === 'tty' })
  const output = new PassThrough()
  const terminal = openTerminal({ input, output })
  return { input, terminal, shown: () => String(output.read() ?? '') }
}

async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return String(error)
  }
  throw new Error('it did not fail')
}

test('lines of a script that came together answer one question each', async () => {
  const { input, terminal, shown } = openFake('pipe')
  input.end('password\n123456\n')
  assert.is(await terminal.ask('Password: ', 'hidden'), 'password')
  assert.is(await terminal.ask('Code: ', 'shown'), '123456')
  assert.match(await failure(terminal.ask('More: ', 'shown')), /the input ended/)
  terminal.close()
  assert.is(shown(), 'Password: Code: More: ')
})

test('what is typed is shown, but never a password', async () => {
  const { input, terminal, shown } = openFake('tty')
  const name = terminal.ask('User name: ', 'shown')
  input.write('ola\r')
  assert.is(await name, 'ola')
  const password = terminal.ask('Password: ', 'hidden')
  input.write('hush\r')
  assert.is(await password, 'hush')
  terminal.close()
  const text = shown()
  assert.match(text, /ola/)
  assert.not.match(text, /hush/)
})

test('an interruption is noticed by who asks and by who only waits', async () => {
  const { input, terminal } = openFake('tty')
  const asked = failure(terminal.ask('Password: ', 'hidden'))
  input.write('\x03')
  assert.match(await asked, /interrupted/)
  assert.ok(terminal.interrupted.aborted)
  terminal.close()
})

test('lines end when the terminal is closed', async () => {
  const { input, terminal } = openFake('pipe')
  const found: string[] = []
  input.write('one\ntwo\n')
  for await (const line of terminal.lines()) {
    found.push(line)
    if (line === 'two') terminal.close()
  }
  assert.equal(found, ['one', 'two'])
  const late = openFake('pipe')
  late.terminal.close()
  for await (const line of late.terminal.lines()) throw new Error(line)
})

test.run()
