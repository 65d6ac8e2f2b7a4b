// Large files through the web console: in parts, over cuts, given up, and in the way of what is there.
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { browserProgram, logIn, makeBucket, upload, withConsolePage } from '../support/browser.ts'
import { md5OfFile, writeRandomFile } from '../support/bytes.ts'
import { testWith } from '../support/real-client.ts'
import { ask } from '../support/signed-request.ts'
import { withFolder } from '../support/with-bridge.ts'

const test = suite('transfers of the web console')

const MiB = 1024 ** 2

testWith(
  test,
  [browserProgram],
  'a large file goes in parts, and a part that is cut again',
  async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'film.mkv')
      await writeRandomFile(file, 100 * MiB, 'film')
      await withConsolePage('http', async (page, { log }) => {
        await logIn(page)
        await makeBucket(page, 'films')
        let cuts = 0
        await page.route(/partNumber=2&/, async (route) => {
          cuts += 1
          if (cuts === 1) await route.abort('connectionreset')
          else await route.continue()
        })
        await upload(page, file)
        await page.getByRole('progressbar', { name: 'Upload of film.mkv' }).waitFor()
        await page.getByText('Uploaded, 100 MiB').waitFor({ timeout: 120_000 })
        assert.is(cuts, 2)
        const operations = log.map(({ operation }) => operation)
        assert.is(operations.filter((operation) => operation === 'UploadPart').length, 4)
        assert.ok(operations.includes('CompleteMultipartUpload'))

        const download = page.waitForEvent('download')
        await page.getByRole('button', { name: 'Download film.mkv' }).click()
        assert.is(await md5OfFile(await (await download).path()), await md5OfFile(file))
      })
    })
  },
)

testWith(test, [browserProgram], 'an upload that is cancelled leaves nothing behind', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'film.mkv')
    await writeRandomFile(file, 70 * MiB, 'film')
    await withConsolePage('http', async (page, bridge) => {
      await logIn(page)
      await makeBucket(page, 'films')
      // Neither sent nor refused, as on a line that is dead.
      const stuck = page.waitForRequest(/partNumber=3&/)
      await page.route(/partNumber=3&/, () => undefined)
      await upload(page, file)
      await stuck
      await page.getByRole('button', { name: 'Cancel film.mkv' }).click()
      await page.getByText('This was cancelled.').waitFor()
      await page.getByRole('button', { name: 'Try again' }).waitFor()
      await page.getByRole('link', { name: 'Unfinished uploads' }).click()
      await page.getByText('There are no unfinished uploads').waitFor()
      await page.unroute(/partNumber=3&/)

      await ask(bridge.url, { method: 'POST', path: '/films/begun?uploads' })
      await page.getByRole('button', { name: 'Look again' }).click()
      await page.getByRole('button', { name: 'Give up' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Give up' }).click()
      await page.getByText('There are no unfinished uploads').waitFor()
    })
  })
})

testWith(
  test,
  [browserProgram],
  'what is there is replaced only when somebody says so',
  async () => {
    await withConsolePage('http', async (page, bridge) => {
      await logIn(page)
      await makeBucket(page, 'notes')
      await ask(bridge.url, { method: 'PUT', path: '/notes/dir/a.txt', body: 'old' })
      await page.getByRole('link', { name: 'notes', exact: true }).click()
      await page.reload()
      await page.getByRole('link', { name: 'dir' }).click()
      await page.getByRole('button', { name: 'a.txt', exact: true }).waitFor()
      await upload(page, { name: 'a.txt', buffer: Buffer.from('new') })
      await page.getByText('There is an object of that name.').waitFor()
      const content = async () =>
        (await ask(bridge.url, { method: 'GET', path: '/notes/dir/a.txt' })).text
      assert.is(await content(), 'old')
      await page.getByRole('button', { name: 'Replace' }).click()
      await page.getByText('Uploaded, 3 bytes').waitFor()
      assert.is(await content(), 'new')

      await page.getByRole('link', { name: 'notes', exact: true }).click()
      await page.getByRole('button', { name: 'Delete dir' }).click()
      await page.getByText('1 object will be deleted').waitFor()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await page.getByText('This bucket is empty').waitFor()
    })
  },
)

test.run()
