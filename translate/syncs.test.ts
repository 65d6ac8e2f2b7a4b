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

watching(
  'a PUT waits once, for its record, and twice where that must not lose to an older one',
  async () => {
    const phases = await watchSyncs(`
    const { withWorld, put } = await import('./acts.test-support.ts')
    await withWorld({}, async ({ bridge }) => {
      const user = { is: 'metadata' }
      const write = async (content, more = {}) => {
        for (let n = 0; n < 5; n += 1) {
          await put(bridge, 'folder/' + n, content + n, { metadata: { user }, ...more })
        }
      }
      await put(bridge, 'folder/first', 'first')
      begin('new')
      await write('one')
      begin('otherContent')
      await write('two')
      begin('sameContent')
      await write('two')
      begin('otherTags')
      await write('three', { tags: [{ key: 'a', value: 'b' }] })
      begin('end')
    })`)
    const counts = ['new', 'otherContent', 'sameContent', 'otherTags'].map(
      (name) => phases.get(name)?.filter((path) => path.includes('/state.sqlite')).length,
    )
    assert.equal(counts, [5, 5, 10, 10])
  },
)

watching(
  'what is remembered of folders costs no wait, but for news of irregular names',
  async () => {
    const phases = await watchSyncs(`
    const { openSqliteState } = await import('./state/sqlite.ts')
    const { mkdtempSync, rmSync } = await import('node:fs')
    const { tmpdir } = await import('node:os')
    const folder = mkdtempSync(tmpdir() + '/syncs-')
    const state = openSqliteState({ file: folder + '/state.sqlite' })
    const plain = { isIrregular: false, isShard: false }
    const facts = { entries: 1, hasIrregular: false, hasShards: false, learntMs: 1, changes: 0 }
    const mark = { place: 'irregular', isIrregular: true, isShard: false }
    await state.folders.add('warm', plain, 1)
    begin('cache')
    await state.folders.learn('a', facts)
    await state.folders.add('a', plain, 2)
    await state.folders.forget('warm')
    await state.folders.forgetOld(9, 9)
    begin('marks')
    await state.folders.mark([mark], 3)
    await state.folders.mark([mark], 4)
    begin('end')
    await state.close()
    rmSync(folder, { recursive: true })`)
    assert.equal([phases.get('cache')?.length, phases.get('marks')?.length], [0, 1])
  },
)

test.run()
