import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createFolderGuard } from './folder-guard.ts'
import { aloneLeases } from './leases.test-support.ts'
import { S3Error } from './s3-error.ts'

const test = suite('folder guard')
const never = new AbortController().signal
const at = (...path: string[]) => ({ device: 'S3', mountpoint: 'bucket', path })

test('a folder is not removed while a write is on its way below it', async () => {
  const guard = createFolderGuard(aloneLeases)
  const entered = await guard.enter(at('a', 'b', 'file'), never)
  for (const folder of [at('a'), at('a', 'b'), at('A', 'B')]) {
    assert.is(await guard.ifUnused(folder, never, async () => 'removed'), undefined)
  }
  assert.is(await guard.ifUnused(at('a', 'c'), never, async () => 'removed'), 'removed')
  await entered[Symbol.asyncDispose]()
  assert.is(await guard.ifUnused(at('a', 'b'), never, async () => 'removed'), 'removed')
})

test('a write waits for a removal, and a second removal looks again after the first', async () => {
  const guard = createFolderGuard(aloneLeases)
  const gate = Promise.withResolvers<void>()
  const seen: string[] = []
  const removal = guard.ifUnused(at('a'), never, async () => {
    await gate.promise
    seen.push('removed')
  })
  const write = guard.enter(at('a', 'file'), never).then(async (entered) => {
    seen.push('written')
    await entered[Symbol.asyncDispose]()
  })
  const second = guard.ifUnused(at('a'), never, async () => seen.push('second'))
  gate.resolve()
  await Promise.all([removal, write, second])
  assert.is(seen[0], 'removed')
  assert.ok(seen.includes('written'))
})

test('waiting for a removal ends with the signal', async () => {
  const guard = createFolderGuard(aloneLeases)
  const gate = Promise.withResolvers<void>()
  const removal = guard.ifUnused(at('a'), never, () => gate.promise)
  const aborting = new AbortController()
  const write = guard.enter(at('a', 'file'), aborting.signal)
  aborting.abort(new Error('gone'))
  assert.is(await write.catch((error: Error) => error.message), 'gone')
  gate.resolve()
  await removal
})

test('and ends by itself when the removal takes too long', async () => {
  const guard = createFolderGuard({ ...aloneLeases, waitMaxMs: 1 })
  const gate = Promise.withResolvers<void>()
  const removal = guard.ifUnused(at('a'), never, () => gate.promise)
  const failure = await guard.enter(at('a', 'file'), never).catch((error: unknown) => error)
  assert.instance(failure, S3Error)
  assert.is(failure instanceof S3Error && failure.code, 'ServiceUnavailable')
  assert.is(await guard.ifUnused(at('a'), never, async () => 'removed'), undefined)
  gate.resolve()
  await removal
  // Nothing of those who went is left.
  assert.is(await guard.ifUnused(at('a'), never, async () => 'removed'), 'removed')
})

test.run()
