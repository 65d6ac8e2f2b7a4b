// Random harm to bytes on their way to the bridge, and what must be true of every answer all the same.
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { expectErrorDocument, type RawBridge } from './raw-bridge.ts'
import type { RawAnswer } from './raw-connection.ts'

/** What happens to bytes on their way; positions are fractions of the length. */
export type Damage =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'flip' | 'cut' | 'insert' | 'repeat'
      readonly at: number
      readonly value: number
    }

export const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ kind: 'none' } as const) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('flip', 'cut', 'insert', 'repeat'),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      value: fc.integer({ min: 1, max: 255 }),
    }),
  },
)

export function harm(bytes: Buffer, damage: Damage): Buffer {
  if (damage.kind === 'none' || bytes.length === 0) return bytes
  const at = Math.min(bytes.length - 1, Math.floor(damage.at * bytes.length))
  const before = bytes.subarray(0, at)
  const after = bytes.subarray(at)
  switch (damage.kind) {
    case 'flip': {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ damage.value
      return flipped
    }
    case 'cut':
      return before
    case 'insert':
      return Buffer.concat([before, Buffer.from([damage.value]), after])
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, damage.value), after])
  }
}

export function expectSound(answer: RawAnswer): void {
  assert.ok(answer.status >= 200 && answer.status < 600)
  assert.is.not(answer.status, 500, answer.text)
  if (answer.status >= 400) expectErrorDocument(answer, 'fuzz')
}

/** Also of requests whose answer was cut. */
export function expectNoneInternal({ bridge }: RawBridge): void {
  const failed = bridge.log.filter(
    (line) => line.code === 'InternalError' || line.level === 'error',
  )
  assert.equal(failed, [])
}
