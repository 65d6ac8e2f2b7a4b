// How often Jottacloud is asked about an account by whoever looks at the console.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAccountWatch } from './account-facts.ts'
import { readConfig } from './config.ts'
import { openEmbedded } from './embedded.ts'

const test = suite('account facts')

test('an account is asked once in a while, and one that cannot be asked says why', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'jotta-s3-facts-'))
  let now = 0
  let calls = 0
  const config = readConfig(['--data-dir', folder], {})
  const account = await openEmbedded(config, join(folder, 'embedded'), () => {
    calls += 1
  })
  const watch = createAccountWatch(new Map([['default', account]]), () => now)
  const callsOf = async (look: () => Promise<unknown>): Promise<number> => {
    const before = calls
    await look()
    return calls - before
  }
  try {
    const [first] = await watch()
    assert.ok(first !== undefined && 'facts' in first)
    assert.equal([first.account, first.facts.usedBytes], ['default', 0])
    now = 30_000
    assert.is(await callsOf(watch), 0)
    now = 30_001
    const once = await callsOf(watch)
    assert.ok(once > 0)
    now = 70_000
    assert.is(await callsOf(() => Promise.all([watch(), watch()])), once, 'two who look at once')
  } finally {
    await account.close()
    await rm(folder, { recursive: true })
  }
  now = 200_000
  const [last] = await watch()
  assert.ok(last !== undefined && 'trouble' in last)
  assert.ok(last.trouble.length > 0)
})

test.run()
