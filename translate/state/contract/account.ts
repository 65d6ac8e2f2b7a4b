// Whose state it is.
import * as assert from 'uvu/assert'
import type { Proof } from './samples.ts'

export const account: Record<string, Proof> = {
  async 'the state is of the first account that claims it, for every process and for good'(open) {
    const [one, other] = [await open(), await open()]
    assert.is(await one.account.find(), undefined)
    assert.is(await one.account.claim('k3v9q2m7'), 'k3v9q2m7')
    assert.is(await other.account.claim('somebody-else'), 'k3v9q2m7')
    assert.is(await other.account.find(), 'k3v9q2m7')
    assert.is(await one.account.claim('k3v9q2m7'), 'k3v9q2m7')
  },
}
