// What axe-core, which nobody here wrote, has to say of every page: names of controls, contrast, structure.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { chromium, type Page } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  browserArguments,
  browserProgram,
  consoleUrlOf,
  logIn,
  makeBucket,
  upload,
} from '../support/browser.ts'
import { testWith } from '../support/real-client.ts'
import { withBridge } from '../support/with-bridge.ts'

const test = suite('accessibility of the web console')

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** What it finds, as text. */
async function findings(page: Page, what: string): Promise<string[]> {
  await page.evaluate(await readFile(axeFile, 'utf8'))
  const found: unknown = await page.evaluate(
    "axe.run().then(({ violations }) => violations.map((one) => one.id + ': ' + one.nodes[0].html))",
  )
  return Array.isArray(found) ? found.map((one) => `${what}: ${one}`) : ['axe-core did not run']
}

for (const colorScheme of ['light', 'dark'] as const) {
  testWith(
    test,
    [browserProgram],
    `nothing is found on any page, in the ${colorScheme}`,
    async () => {
      await withBridge(async (bridge) => {
        const browser = await chromium.launch({
          executablePath: browserProgram,
          args: browserArguments,
        })
        try {
          // For axe-core, which is no part of the page.
          const context = await browser.newContext({ bypassCSP: true, colorScheme })
          const page = await context.newPage()
          await page.goto(consoleUrlOf(bridge))
          await page.getByLabel('Access key id').waitFor()
          const found = await findings(page, 'login')
          const look = async (what: string) => found.push(...(await findings(page, what)))
          await logIn(page)
          await page.getByText('This is a practice disk.').waitFor()
          await look('overview')
          await makeBucket(page, 'photos')
          await look('empty bucket')
          await upload(page, { name: 'a.txt', buffer: Buffer.from('x') })
          await page.getByRole('button', { name: 'Share a.txt' }).waitFor()
          await look('objects')
          await page.getByRole('button', { name: 'a.txt', exact: true }).click()
          await page.getByText('text/html').waitFor()
          await look('details')
          await page.keyboard.press('Escape')
          await page.getByRole('button', { name: 'Share a.txt' }).click()
          await page.getByRole('button', { name: 'Make link' }).click()
          await page.getByRole('link', { name: 'Open it' }).waitFor()
          await look('share')
          await page.keyboard.press('Escape')
          await page.getByRole('link', { name: 'Settings of the bucket' }).click()
          await page.getByRole('button', { name: /Example: Let one site/ }).waitFor()
          await look('settings')
          for (const [link, ready] of [
            ['Buckets', 'Settings of photos'],
            ['Unfinished uploads', 'Look again'],
            ['Access keys', 'New key'],
            ['Connect a program', 'Copy the set-up for aws-cli'],
          ] as const) {
            await page.getByRole('link', { name: link }).first().click()
            await page
              .getByLabel(ready)
              .or(page.getByRole('button', { name: ready }))
              .first()
              .waitFor()
            await look(link)
          }
          assert.equal(found, [])
        } finally {
          await browser.close()
        }
      })
    },
  )
}

test.run()
