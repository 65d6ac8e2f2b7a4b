// The bridge must be right whatever Jottacloud does where nobody knows what it does: one scenario under
// each value of each switch of the emulator (sections 8 and 9 of the protocol reference).
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type amounts, behaviours, checkSwitches } from '../jotta/emulator/options.ts'
import {
  bucket,
  codeOf,
  contextOf,
  freshBytes,
  get,
  head,
  put,
  waysOfPut,
  withWorld,
} from './acts.test-support.ts'
import { scenario } from './scenario.test-support.ts'

const test = suite('bridge under every behaviour')

const otherAmounts = {
  rejectConflictsStatus: [400, 412, 500],
  cutUploadsAfterBytes: [70_000],
  partialExpiryMs: [0],
} as const satisfies Partial<Record<keyof typeof amounts, readonly number[]>>

const cases: [name: string, value: string | number][] = [
  ...Object.entries(behaviours).flatMap(([name, values]) =>
    values.slice(1).map((value): [string, string] => [name, value]),
  ),
  ...Object.entries(otherAmounts).flatMap(([name, values]) =>
    values.map((value): [string, number] => [name, value]),
  ),
].filter(([name]) => name !== 'writeLock')

for (const [name, value] of [['everything', 'default'] as const, ...cases]) {
  test(`objects live and die as they should with ${name}: ${value}`, async () => {
    const switches = name === 'everything' ? {} : checkSwitches({ [name]: value })
    await withWorld({ emulator: switches }, async (world) => {
      // A service that takes little at a time refuses one staged body; the client comes again.
      await scenario(world, { isRetrying: name === 'cutUploadsAfterBytes' })
    })
  })
}

test('an account that is locked for writing refuses every change and still serves reads', async () => {
  await withWorld({}, async ({ bridge, emulator }) => {
    await put(bridge, 'x', 'there', { metadata: { user: { a: 'b' } } })
    emulator.faults.set({ writeLock: 'on' })
    for (const { sizeBytes, announceMd5 } of waysOfPut) {
      const refused = await codeOf(put(bridge, 'x', freshBytes(sizeBytes), { announceMd5 }))
      assert.is(refused, 'QuotaExceeded')
    }
    assert.is(await codeOf(bridge.createBucket('another', contextOf())), 'QuotaExceeded')
    assert.is(await codeOf(bridge.deleteObject({ bucket, key: 'x' }, contextOf())), 'QuotaExceeded')
    assert.is((await get(bridge, 'x')).toString(), 'there')
    assert.equal((await head(bridge, 'x')).metadata.user, { a: 'b' })
  })
})

test('a full account refuses in whatever words, and keeps what was there', async () => {
  for (const quotaStatus of [460, 402, 507, 403]) {
    await withWorld({ emulator: { quotaStatus } }, async ({ bridge, emulator }) => {
      await put(bridge, 'x', 'there')
      emulator.faults.set({ capacityBytes: 5000 })
      for (const { sizeBytes, announceMd5 } of waysOfPut) {
        const bytes = freshBytes(sizeBytes + 5000)
        assert.is(await codeOf(put(bridge, 'x', bytes, { announceMd5 })), 'QuotaExceeded')
      }
      assert.is((await get(bridge, 'x')).toString(), 'there')
    })
  }
})

test.run()
