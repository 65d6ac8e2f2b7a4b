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
    await state.folders.add('d/m/a', { isIrregular: true, isShard: false }, 8)
    await state.folders.add('d/m/a', plainName, 8)
    await state.close()

    const again = await open()
    const expected = { ...seenFolder, entries: 4, hasIrregular: true, changes: 9 }
    assert.equal(await again.folders.find('d/m/a'), expected)
    assert.is(await again.folders.find('d/m'), undefined)
  },

  async 'a look that may have missed what was added is not kept'(open) {
    const { folders } = await open()
    await folders.add('f', { isIrregular: false, isShard: true }, 7)
    const known = { entries: 1, hasIrregular: false, hasShards: true, learntMs: 0, changes: 7 }
    assert.equal(await folders.find('f'), known)
    await folders.learn('f', seenFolder)
    assert.equal(await folders.find('f'), known)
    await folders.learn('f', { ...seenFolder, changes: 7 })
    assert.equal(await folders.find('f'), { ...seenFolder, changes: 7 })
    // By a clock that was set back.
    await folders.add('f', plainName, 2)
    assert.equal(await folders.find('f'), { ...seenFolder, entries: 3, changes: 8 })
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
    for (const nowMs of [7, 8]) {
      await folders.mark(marks, nowMs)
      assert.equal(await folders.find('known'), { ...seenFolder, hasIrregular: true, changes: 7 })
      const empty = { ...seenFolder, entries: 0, learntMs: 0 }
      assert.equal(await folders.find('new'), { ...empty, hasShards: true, changes: 7 })
      assert.is(await folders.find('plain'), undefined)
    }
    await folders.mark([{ place: 'known', isIrregular: false, isShard: true }], 9)
    const both = { ...seenFolder, hasIrregular: true, hasShards: true, changes: 9 }
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

  async 'the oldest are forgotten, as many as are wanted, and none that was learnt or changed since'(
    open,
  ) {
    const { folders } = await open()
    const learnt = (learntMs: number) => ({ ...seenFolder, learntMs })
    for (const place of ['old', 'added', 'marked', 'learnt again']) {
      await folders.learn(place, learnt(10))
    }
    await folders.learn('older', learnt(9))
    await folders.add('oldest', plainName, 8)
    await folders.add('added', plainName, 20)
    await folders.mark([{ place: 'marked', isIrregular: true, isShard: false }], 20)
    await folders.learn('learnt again', learnt(20))
    await folders.learn('new', learnt(20))
    const left = async (): Promise<string[]> => {
      const found: string[] = []
      for (const place of ['oldest', 'older', 'old', 'added', 'marked', 'learnt again', 'new']) {
        if ((await folders.find(place)) !== undefined) found.push(place)
      }
      return found
    }
    const young = ['added', 'marked', 'learnt again', 'new']
    await folders.forgetOld(8, 100)
    assert.equal(await left(), ['oldest', 'older', 'old', ...young])
    await folders.forgetOld(20, 2)
    assert.equal(await left(), ['old', ...young])
    await folders.forgetOld(20, 100)
    assert.equal(await left(), young)
    await folders.forgetOld(21, 3)
    assert.is((await left()).length, 1)
  },

  async 'a look that began before its folder was forgotten misses nothing that was added since'(
    open,
  ) {
    const { folders } = await open()
    await folders.add('f', plainName, 10)
    const began = await folders.find('f')
    await folders.forgetOld(1000, 1)
    await folders.add('f', { isIrregular: false, isShard: true }, 1000)
    await folders.learn('f', { ...seenFolder, changes: began?.changes ?? 0 })
    assert.is((await folders.find('f'))?.hasShards, true)
  },
}
