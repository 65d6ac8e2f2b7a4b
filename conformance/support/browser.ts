// A real Chromium, driven through playwright-core, for tests of the web console. What the page complains of is kept:
// a violation of the content security policy is a complaint like any other.
import { chromium, type Page } from 'playwright-core'
import * as assert from 'uvu/assert'
import {
  accessKeyId,
  type BridgeProcess,
  type Scheme,
  secretAccessKey,
  withBridge,
} from './with-bridge.ts'

export const browserProgram = '/usr/bin/chromium'

/** Quiet, without a sandbox (CI runs as root in a container), and with nobody to call home to. */
export const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Refusals and cuts are noted by the browser itself, and told of by the page. */
const told = /status of 4\d\d|ERR_CONNECTION_RESET/

/** A step that hangs is a failure; a busy machine takes its time for each. */
const stepTimeoutMs = 120_000

type BrowserPage = {
  readonly page: Page
  /** Errors and warnings of the page so far. */
  readonly complaints: readonly string[]
}

export async function withBrowser(act: (parts: BrowserPage) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({ executablePath: browserProgram, args: browserArguments })
  try {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, acceptDownloads: true })
    const page = await context.newPage()
    page.setDefaultTimeout(stepTimeoutMs)
    const complaints: string[] = []
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.on('console', (message) => {
      const text = message.text()
      const isExpected = told.test(text) || !/error|warning/.test(message.type())
      if (!isExpected) complaints.push(text)
    })
    await act({ page, complaints })
  } finally {
    await browser.close()
  }
}

export function consoleUrlOf({ log }: Pick<BridgeProcess, 'log'>): string {
  return String(log.find((line) => line.consoleUrl !== undefined)?.consoleUrl)
}

/** The console of a bridge in a fresh browser; fails when the page complained of anything. */
export async function withConsolePage(
  scheme: Scheme,
  act: (page: Page, bridge: BridgeProcess) => Promise<void>,
): Promise<void> {
  await withBridge(
    async (bridge) => {
      await withBrowser(async ({ page, complaints }) => {
        await page.goto(consoleUrlOf(bridge))
        await act(page, bridge)
        assert.equal(complaints, [])
      })
    },
    { scheme },
  )
}

export async function logIn(page: Page, id = accessKeyId, secret = secretAccessKey): Promise<void> {
  await page.getByLabel('Access key id').fill(id)
  await page.getByLabel('Secret access key').fill(secret)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
}

/** Ends in the new bucket. */
export async function makeBucket(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: 'Buckets' }).first().click()
  await page.getByRole('button', { name: 'New bucket' }).click()
  await page.getByLabel('Name').fill(name)
  await page.getByRole('button', { name: 'Make bucket' }).click()
  await page.getByRole('link', { name, exact: true }).click()
  await page.getByText('This bucket is empty').waitFor()
}

/** Small content under a name of its own, or a file of the disk. */
export async function upload(
  page: Page,
  file: string | { readonly name: string; readonly buffer: Buffer },
): Promise<void> {
  const files = typeof file === 'string' ? file : [{ ...file, mimeType: 'text/html' }]
  await page.locator('input[type=file]').setInputFiles(files)
}
