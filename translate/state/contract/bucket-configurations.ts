// What is set on buckets as a whole.
import * as assert from 'uvu/assert'
import type { Proof } from './samples.ts'

export const bucketConfigurations: Record<string, Proof> = {
  async 'a configuration comes back as it was, also after a restart'(open) {
    const state = await open()
    const text = '{"odd":"\u00e9\\u0000"}'
    await state.bucketConfigurations.put({ bucket: 'one', name: 'cors', text: '[]' })
    await state.bucketConfigurations.put({ bucket: 'one', name: 'cors', text })
    await state.bucketConfigurations.put({ bucket: 'one', name: 'tagging', text: '{}' })
    await state.bucketConfigurations.put({ bucket: 'other', name: 'cors', text: '[1]' })
    await state.close()

    const { bucketConfigurations } = await open()
    assert.equal(Object.fromEntries(await bucketConfigurations.find('one')), {
      cors: text,
      tagging: '{}',
    })
    assert.is((await bucketConfigurations.find('none')).size, 0)
    assert.equal(await bucketConfigurations.all(), [
      { bucket: 'one', name: 'cors', text },
      { bucket: 'one', name: 'tagging', text: '{}' },
      { bucket: 'other', name: 'cors', text: '[1]' },
    ])
  },

  async 'configurations are removed one by one, or with their bucket'(open) {
    const { bucketConfigurations } = await open()
    for (const bucket of ['one', 'other']) {
      await bucketConfigurations.put({ bucket, name: 'cors', text: '[]' })
      await bucketConfigurations.put({ bucket, name: 'policy', text: '{}' })
    }
    await bucketConfigurations.remove('one', 'cors')
    await bucketConfigurations.remove('one', 'cors')
    assert.equal([...(await bucketConfigurations.find('one')).keys()], ['policy'])
    assert.is((await bucketConfigurations.find('other')).size, 2)
    await bucketConfigurations.removeBucket('other')
    assert.is((await bucketConfigurations.find('other')).size, 0)
    assert.is((await bucketConfigurations.find('one')).size, 1)
  },
}
