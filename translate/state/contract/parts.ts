// Parts of multipart uploads: what is kept of each, which uploads take them, and how they are listed.
import * as assert from 'uvu/assert'
import { S3Error } from '../../s3-error.ts'
import { fullRecord, type Proof } from './samples.ts'
import { noon, numbers, part, result, upload } from './upload-samples.ts'

export const parts: Record<string, Proof> = {
  async 'a part comes back as it was, also after a restart'(open) {
    const state = await open()
    await state.uploads.create(upload('u'))
    const full = part('u', 3, { checksums: fullRecord.checksums?.values ?? {} })
    assert.is(await state.parts.put(full), undefined)
    await state.parts.put(part('u', 10_000, { sizeBytes: 0 }))
    await state.close()
    const again = await open()
    const all = { afterPartNumber: 0, limit: 1000 }
    assert.equal(await again.parts.list('u', all), [full, part('u', 10_000, { sizeBytes: 0 })])
    assert.equal(await again.parts.list('unknown', all), [])
  },

  async 'a part uploaded again replaces the first, and the file to remove is told'(open) {
    const state = await open()
    await state.uploads.create(upload('u'))
    await state.parts.put(part('u', 1, { fileName: 'first' }))
    const second = part('u', 1, { fileName: 'second', md5: 'd'.repeat(32), sizeBytes: 1 })
    assert.is(await state.parts.put(second), 'first')
    assert.equal(await state.parts.list('u', { afterPartNumber: 0, limit: 2 }), [second])
    assert.is(await state.parts.put(second), undefined, 'the same file replaces nothing')
    assert.is(await state.parts.isRecorded('first'), false)
    assert.is(await state.parts.isRecorded('second'), true)
    assert.is(await state.parts.isRecorded('unknown'), false)
  },

  async 'only an open upload takes parts'(open) {
    const state = await open()
    await state.uploads.create(upload('u'))
    const refused = async (uploadId: string) => {
      try {
        await state.parts.put(part(uploadId, 1))
      } catch (error) {
        assert.instance(error, S3Error)
        assert.is(error instanceof S3Error && error.code, 'NoSuchUpload')
        assert.is(await state.parts.isRecorded(`${uploadId}-1`), false)
        return
      }
      assert.unreachable(uploadId)
    }
    await refused('unknown')
    await state.uploads.markCompleting('u')
    await refused('u')
    await state.uploads.markOpen('u')
    await state.parts.put(part('u', 1))
    await state.uploads.markCompleted('u', result, noon)
    await refused('u')
    await state.uploads.remove('u')
    await refused('u')
  },

  async 'ten thousand parts are listed in order, in pages and at once'(open) {
    const state = await open()
    await state.uploads.create(upload('u'))
    const count = 10_000
    // Backwards, since nobody says in which order parts come.
    for (let number = count; number > 0; number -= 1) await state.parts.put(part('u', number))
    const expected = Array.from({ length: count }, (_, index) => index + 1)
    assert.equal(await numbers(state, 'u'), expected)
    const page = await state.parts.list('u', { afterPartNumber: 4_000, limit: 1000 })
    assert.equal(
      page.map(({ partNumber }) => partNumber),
      expected.slice(4_000, 5_000),
    )
    assert.equal(await state.parts.list('u', { afterPartNumber: count, limit: 1000 }), [])
    const fileNames = await state.uploads.markCompleted('u', result, noon)
    assert.is(new Set(fileNames).size, count)
  },
}
