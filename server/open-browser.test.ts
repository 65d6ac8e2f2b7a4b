import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openBrowser } from './open-browser.ts'

const test = suite('open browser')

test('a machine without the program says so', async () => {
  // No machine has two of the three; whichever is missing here is asked for.
  const other = process.platform === 'win32' ? 'darwin' : 'win32'
  assert.match((await openBrowser('http://127.0.0.1:1/', other)) ?? '', /ENOENT/)
})

test('what no program can be given is a reason, not a crash', async () => {
  assert.type(await openBrowser('http://127.0.0.1:1/\0', 'linux'), 'string')
})

test.run()
