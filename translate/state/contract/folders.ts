// What is remembered of Jottacloud's folders.
import * as assert from 'uvu/assert'
import type { Proof } from './samples.ts'

const plainName = { isIrregular: false, isShard: false }
const seenFolder = { entries: 2, hasIrregular: false, hasShards: false, learntMs: 5, changes: 0 }

export const folders: Record<string, Proof> = {
  async 'what is known of a folder comes back, with what was added since'(open) {
    const state = await open()
    await state.folders.learn('d/m/a', seenFolder)
    assert.equal(await state.folders.find('d/m/a'), seenFolder)
    await state.folders.add('d/m/a', { isIrregular: true, isShard: false })
    await state.folders.add('d/m/a', plainName)
    await state.close()

    const again = await open()
    const expected = { ...seenFolder, entries: 4, hasIrregular: true, changes: 2 }
    assert.equal(await again.folders.find('d/m/a'), expected)
    assert.is(await again.folders.find('d/m'), undefined)
  },

  async 'a look that may have missed what was added is not kept'(open) {
    const { folders } = await open()
    await folders.add('f', { isIrregular: false, isShard: true })
    const known = { entries: 1, hasIrregular: false, hasShards: true, learntMs: 0, changes: 1 }
    assert.equal(await folders.find('f'), known)
    await folders.learn('f', seenFolder)
    assert.equal(await folders.find('f'), known)
    await folders.learn('f', { ...seenFolder, changes: 1 })
    assert.equal(await folders.find('f'), { ...seenFolder, changes: 1 })
  },

  async 'irregular names and shards that a look showed are not lost to an earlier look'(open) {
    const { folders } = await open()
    for (const place of ['new', 'known']) {
      if (place === 'known') await folders.learn(place, seenFolder)
      const shown = { ...seenFolder, hasShards: true }
      await folders.learn(place, shown)
      await folders.learn(place, seenFolder)
      assert.equal(await folders.find(place), { ...shown, changes: 1 })
      await folders.learn(place, { ...seenFolder, changes: 1 })
      assert.equal(await folders.find(place), { ...seenFolder, changes: 1 })
    }
  },

  async 'what listings met is marked once, and nothing else about the folder changes'(open) {
    const { folders } = await open()
    await folders.learn('known', seenFolder)
    const marks = [
      { place: 'known', isIrregular: true, isShard: false },
      { place: 'new', isIrregular: false, isShard: true },
      { place: 'plain', ...plainName },
    ]
    for (let time = 0; time < 2; time += 1) {
      await folders.mark(marks)
      assert.equal(await folders.find('known'), { ...seenFolder, hasIrregular: true, changes: 1 })
      const empty = { ...seenFolder, entries: 0, learntMs: 0 }
      assert.equal(await folders.find('new'), { ...empty, hasShards: true, changes: 1 })
      assert.is(await folders.find('plain'), undefined)
    }
    await folders.mark([{ place: 'known', isIrregular: false, isShard: true }])
    const both = { ...seenFolder, hasIrregular: true, hasShards: true, changes: 2 }
    assert.equal(await folders.find('known'), both)
  },

  async 'a folder that is gone is forgotten with all below it, and nothing beside it'(open) {
    const { folders } = await open()
    const beside = ['d/m', 'd/m/a b', 'd/m/a0', 'd/m/a-', 'd/m/A/x']
    for (const place of ['d/m/a', 'd/m/a/b', 'd/m/a/b/c', ...beside]) {
      await folders.learn(place, seenFolder)
    }
    await folders.forget('d/m/a')
    for (const place of ['d/m/a', 'd/m/a/b', 'd/m/a/b/c']) {
      assert.is(await folders.find(place), undefined)
    }
    for (const place of beside) assert.equal(await folders.find(place), seenFolder)
  },
}
