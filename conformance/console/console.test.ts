// The web console as a person uses it, in a real Chromium against the bridge as it runs.
import { readFile } from 'node:fs/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { browserProgram, logIn, makeBucket, upload, withConsolePage } from '../support/browser.ts'
import { run, testWith } from '../support/real-client.ts'
import { schemes } from '../support/with-bridge.ts'

const test = suite('web console')

for (const scheme of schemes) {
  testWith(test, [browserProgram], `a person's whole visit, over ${scheme}`, async () => {
    await withConsolePage(scheme, async (page, { url }) => {
      await logIn(page)
      await page.getByText('This is a practice disk.').waitFor()
      await makeBucket(page, 'photos')

      const content = '<script>document.title = "shown"</script> hello'
      await upload(page, { name: 'page.html', buffer: Buffer.from(content) })
      await page.getByRole('button', { name: 'page.html', exact: true }).waitFor()

      const download = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Download page.html' }).click()
      const file = await download
      assert.is(file.suggestedFilename(), 'page.html')
      assert.is(await readFile(await file.path(), 'utf8'), content)
      assert.is(await page.title(), 'Objects – jotta-s3')

      await page.getByRole('button', { name: 'page.html', exact: true }).click()
      await page.getByText('text/html').waitFor()
      await page.getByLabel('Tags').fill('colour=red\n<b>=<i>')
      await page.getByRole('button', { name: 'Save tags' }).click()
      // The server's own words.
      await page.getByRole('alert').getByText(/tag/i).waitFor()
      await page.getByLabel('Tags').fill('colour=red')
      await page.getByRole('button', { name: 'Save tags' }).click()
      await page.getByText('The tags are saved.').first().waitFor()
      // Of what the browser itself put on the request, nothing is kept.
      assert.is(await page.locator('dialog').getByText('Cache-Control').count(), 0)
      await page.keyboard.press('Escape')

      await page.getByRole('button', { name: 'Share page.html' }).click()
      await page.getByRole('button', { name: 'Make link' }).click()
      const link = (await page.locator('dialog pre').textContent()) ?? ''
      assert.ok(link.startsWith(`${url}/photos/page.html?`), link)
      await page.keyboard.press('Escape')
      // A browser that never logged in.
      const stranger = await page.context().browser()?.newContext({ ignoreHTTPSErrors: true })
      const shared = await stranger?.request.get(link)
      assert.equal([shared?.status(), await shared?.text()], [200, content])
      assert.is((await stranger?.request.get(link.replace(/\?.*/, '')))?.status(), 403)
      await stranger?.close()

      await page.getByRole('button', { name: 'Delete page.html' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await page.getByText('This bucket is empty').waitFor()

      await page.getByRole('link', { name: 'Buckets' }).first().click()
      await page.getByRole('button', { name: 'Delete photos' }).click()
      await page.getByRole('button', { name: 'Delete bucket' }).click()
      await page.getByText('There are no buckets yet').waitFor()

      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByRole('heading', { name: 'Log in' }).waitFor()
      await page.reload()
      await page.getByRole('heading', { name: 'Log in' }).waitFor()
    })
  })
}

testWith(test, [browserProgram], 'a reload keeps the session, a made key has its own', async () => {
  await withConsolePage('http', async (page) => {
    await logIn(page)
    await page.reload()
    await page.getByRole('link', { name: 'Access keys' }).click()
    await page.getByRole('button', { name: 'New key' }).click()
    await page.getByLabel('Name').fill('viewer')
    await page.getByLabel('May').selectOption('read-only')
    await page.getByRole('button', { name: 'Make key' }).click()
    const shown = page.locator('dialog pre')
    await shown.nth(1).waitFor()
    const [id = '', secret = ''] = await shown.allTextContents()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('cell', { name: id }).waitFor()
    await page.getByRole('button', { name: 'Log out' }).click()

    await logIn(page, id, secret)
    assert.is(await page.getByRole('link', { name: 'Access keys' }).count(), 0)
    await page.getByRole('link', { name: 'Buckets' }).click()
    await page.getByRole('button', { name: 'New bucket' }).click()
    await page.getByLabel('Name').fill('photos')
    await page.getByRole('button', { name: 'Make bucket' }).click()
    await page.getByRole('alert').getByText('Access Denied').waitFor()
  })
})

testWith(
  test,
  [browserProgram],
  'hostile names are texts, and can be kept and deleted',
  async () => {
    await withConsolePage('http', async (page) => {
      await logIn(page)
      await makeBucket(page, 'names')
      const names: [sent: string, shown: string][] = [
        ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
        ['"><script>alert(2)<', '"><script>alert(2)<'],
        ['it\'s "quoted" & ü', 'it\'s "quoted" & ü'],
        ['gpj.\u202eexe', 'gpj.\\u{202e}exe'],
        ['two\nlines', 'two\\u{a}lines'],
        ['%2e%2e', '%2e%2e'],
      ]
      for (const [sent, shown] of names) {
        // As a file's name some of these are none, so they come by the page's own way to S3.
        await upload(page, { name: sent, buffer: Buffer.from('x') })
        await page.getByRole('button', { name: shown, exact: true }).waitFor()
      }
      assert.is(await page.locator('main img, main script').count(), 0)
      await page.getByLabel('Choose all that are shown').check()
      await page.getByRole('button', { name: 'Delete 6 items' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await page.getByText('This bucket is empty').waitFor()
    })
  },
)

testWith(test, [browserProgram], 'a key that is removed is shut out at its next step', async () => {
  await withConsolePage('http', async (page, { dataDirectory }) => {
    const keys = async (...args: string[]) =>
      await run(process.execPath, ['server/cli.ts', 'keys', ...args, '--data-dir', dataDirectory])
    const made = JSON.parse((await keys('add', 'guest', '--json')).stdout)
    await logIn(page, made.accessKeyId, made.secretAccessKey)
    await keys('rm', 'guest')
    await page.getByRole('link', { name: 'Buckets' }).click()
    await page.getByRole('heading', { name: 'Log in' }).waitFor()
  })
})

test.run()
