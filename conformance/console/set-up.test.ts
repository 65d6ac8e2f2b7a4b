// The set-ups that the web console shows, run as they are by the programs that they are for; and settings of buckets.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { browserProgram, logIn, makeBucket, withConsolePage } from '../support/browser.ts'
import { python, run, testWith } from '../support/real-client.ts'
import { secretAccessKey, withFolder } from '../support/with-bridge.ts'

const test = suite('set-ups of the web console')

async function setUpOf(page: Page, program: string): Promise<string> {
  await page.getByRole('tab', { name: program }).click()
  return (await page.getByRole('tabpanel').locator('pre').textContent()) ?? ''
}

/** How each text is used, as the page says it. Each prints the bucket `backup`, or that a backup was made. */
const uses: Readonly<Record<string, (file: string) => readonly [string, ...string[]]>> = {
  'aws-cli': (file) => ['bash', '-e', file],
  rclone: (file) => ['rclone', '--config', file, 'lsd', 'jotta-s3:'],
  restic: (file) => ['bash', '-e', file],
  s3cmd: (file) => ['s3cmd', '-c', file, 'ls'],
  boto3: (file) => [python, file],
}

const programs = [browserProgram, 'aws', 'rclone', 'restic', 's3cmd', 'python:boto3']
testWith(test, programs, 'each set-up works as it is shown', async () => {
  await withFolder(async (home) => {
    await mkdir(join(home, 'Documents'))
    await writeFile(join(home, 'Documents', 'a.txt'), 'hello')
    await withConsolePage('http', async (page) => {
      await logIn(page)
      await makeBucket(page, 'backup')
      await page.getByRole('link', { name: 'Connect a program' }).click()
      await page.getByLabel('Secret').fill(secretAccessKey)
      for (const [name, use] of Object.entries(uses)) {
        const file = join(home, name)
        await writeFile(file, await setUpOf(page, name))
        const [program, ...args] = use(file)
        const env = { HOME: home, RESTIC_PASSWORD: 'a password', AWS_EC2_METADATA_DISABLED: 'true' }
        const { stdout } = await run(program, args, { env })
        assert.match(stdout, name === 'restic' ? /snapshot \w+ saved/ : /backup/, name)
      }
    })
  })
})

testWith(
  test,
  [browserProgram],
  'a bucket is opened to all by the example, and shut again',
  async () => {
    await withConsolePage('http', async (page, { url }) => {
      await logIn(page)
      await makeBucket(page, 'open')
      await page.getByRole('link', { name: 'Settings of the bucket' }).click()
      const policy = page.locator('section', { has: page.getByRole('heading', { name: 'Policy' }) })
      const text = policy.getByRole('textbox')
      await text.fill('{"Version": "2012-10-17"}')
      await policy.getByRole('button', { name: 'Save' }).click()
      await policy
        .getByRole('alert')
        .getByText(/Statement/)
        .waitFor()
      await policy.getByRole('button', { name: /Example/ }).click()
      await policy.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Public', { exact: true }).waitFor()
      const stranger = page.context().request
      assert.is((await stranger.get(`${url}/open/missing`)).status(), 403)

      await page.getByLabel('Refuse policies that let strangers in').check()
      const access = page.locator('section', {
        has: page.getByRole('heading', { name: 'Public access' }),
      })
      await access.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Public access: saved.').waitFor()
      await policy.getByRole('button', { name: 'Save' }).click()
      await policy.getByRole('alert').getByText(/./).waitFor()

      await policy.getByRole('button', { name: 'Remove' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
      await page.getByText('Private', { exact: true }).waitFor()

      for (const [title, example] of [
        ['Lifecycle', /<Days>30</],
        ['Web pages of other sites (CORS)', /<AllowedMethod>GET</],
      ] as const) {
        const card = page.locator('section', { has: page.getByRole('heading', { name: title }) })
        await card.getByRole('button', { name: /Example/ }).click()
        await card.getByRole('button', { name: 'Save' }).click()
        await page.getByText(`${title}: saved.`).waitFor()
        await page.reload()
        await card.getByRole('textbox').waitFor()
        assert.match(await card.getByRole('textbox').inputValue(), example)
      }
      await page.getByLabel('Tags').fill('team=blue')
      await page.getByRole('button', { name: 'Save tags' }).click()
      await page.getByText('The tags are saved.').waitFor()
    })
  },
)

test.run()
