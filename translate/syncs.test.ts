import { dirname } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { skip } from '../conformance/support/real-client.ts'
import { watchSyncs, whyNotWatched } from './syncs.test-support.ts'

const test = suite('waiting for the disk')
const obstacle = whyNotWatched()
const watching = (sentence: string, act: () => Promise<void>): void => {
  if (obstacle === undefined) test(sentence, act)
  else skip(test, sentence, obstacle)
}

watching('a part is there with its name before it is recorded', async () => {
  const phases = await watchSyncs(`
    const { withWorld, bodyOf, bucket, contextOf, freshBytes } = await import('./acts.test-support.ts')
    await withWorld({}, async ({ bridge }) => {
      const address = { bucket, key: 'key' }
      const { uploadId } = await bridge.createMultipartUpload(
        { ...address, metadata: { user: {} }, checksumAlgorithm: undefined, checksumType: undefined },
        contextOf(),
      )
      const body = bodyOf(freshBytes(100_000))
      begin('part')
      await bridge.uploadPart({ ...address, uploadId, partNumber: 1, body }, contextOf())
      begin('end')
    })`)
  const synced = phases.get('part') ?? []
  const part = synced.findIndex((path) => path.endsWith('.part'))
  const folder = dirname(synced[part] ?? '')
  assert.match(folder, /\/spool$/)
  const record = synced.findIndex((path) => path.endsWith('state.sqlite-wal'))
  assert.equal([part, synced.indexOf(folder), record], [0, 1, 2])
})

test.run()
