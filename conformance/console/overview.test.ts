// What the console says of the account and the server, and long listings.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  browserProgram,
  consoleUrlOf,
  logIn,
  makeBucket,
  withBrowser,
  withConsolePage,
} from '../support/browser.ts'
import { testWith } from '../support/real-client.ts'
import { ask } from '../support/signed-request.ts'
import { withEmulatedBridge } from '../support/with-emulated-bridge.ts'

const test = suite('overview of the web console')

testWith(
  test,
  [browserProgram],
  'a login that has died is told of, with what mends it',
  async () => {
    await withEmulatedBridge(async ({ emulator, bridge }) => {
      await withBrowser(async ({ page }) => {
        await page.goto(consoleUrlOf(bridge))
        await logIn(page)
        await page.getByText('Logged in', { exact: true }).waitFor()
        assert.is(await page.getByText('This is a practice disk.').count(), 0)
        emulator.faults.staleRefreshTokens()
        emulator.faults.expireAccessTokens()
        await page.getByRole('link', { name: 'Buckets' }).click()
        await page.getByText(/jotta-s3 login/).waitFor()
        await page.getByRole('link', { name: 'Overview' }).click()
        await page.getByText('The login at Jottacloud has ended.').waitFor()
        assert.is(await page.locator('.notice pre').textContent(), 'jotta-s3 login')
        await page.getByText(/[1-9]\d* failed/).waitFor()
      })
    })
  },
)

testWith(
  test,
  [browserProgram],
  'a long listing comes page by page, and narrows as one types',
  async () => {
    await withConsolePage('http', async (page, bridge) => {
      await logIn(page)
      await makeBucket(page, 'many')
      const keys = Array.from({ length: 203 }, (_, at) => `k${String(at).padStart(3, '0')}`)
      const waiting = [...keys]
      const put = async () => {
        for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
          const { status } = await ask(bridge, { method: 'PUT', path: `/many/${key}`, body: key })
          assert.is(status, 200)
        }
      }
      await Promise.all([put(), put(), put(), put()])
      await page.getByRole('link', { name: 'Buckets' }).first().click()
      await page.getByRole('link', { name: 'many', exact: true }).click()
      await page.getByRole('button', { name: 'k199', exact: true }).waitFor()
      assert.is(await page.locator('tbody tr').count(), 200)
      await page.getByRole('button', { name: 'Show more' }).click()
      await page.getByRole('button', { name: 'k202', exact: true }).waitFor()
      assert.is(await page.locator('tbody tr').count(), 203)
      assert.is(await page.getByRole('button', { name: 'Show more' }).count(), 0)
      await page.getByLabel('Show names that begin with').fill('k12')
      await page.getByRole('button', { name: 'k202', exact: true }).waitFor({ state: 'detached' })
      assert.is(await page.locator('tbody tr').count(), 10)
      await page.getByLabel('Show names that begin with').fill('x')
      await page.getByText('No name here begins like that').waitFor()

      // The badge is by ACLs too.
      await page.getByRole('link', { name: 'Buckets' }).first().click()
      await page.getByText('Private', { exact: true }).waitFor()
      const headers = { 'x-amz-acl': 'public-read' }
      await ask(bridge, { method: 'PUT', path: '/many?acl', headers })
      await page.reload()
      await page.getByText('Public', { exact: true }).waitFor()

      await page.getByRole('link', { name: 'many', exact: true }).click()
      await page.getByLabel('Choose all that are shown').check()
      await page.getByRole('button', { name: 'Delete 200 items' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await page.getByText(/^[1-9]\d* of 200 objects deleted$/).waitFor()
      await page.getByRole('button', { name: 'Stop' }).click()
      await page.getByText(/^\d+ objects deleted\.$/).waitFor()
      await page.locator('tbody tr').first().waitFor()
      const left = await page.locator('tbody tr').count()
      assert.ok(left > 3 && left < 203, String(left))
    })
  },
)

test.run()
