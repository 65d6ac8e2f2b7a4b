// A real Chromium, driven through playwright-core, for tests of the web console. What the page complains of is kept:
// a violation of the content security policy is a complaint like any other.
import { type Browser, chromium, type Page } from 'playwright-core'

export const browserProgram = '/usr/bin/chromium'

/** Quiet, without a sandbox (CI runs as root in a container), and with nobody to call home to. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const stepTimeoutMs = 30_000

export type BrowserPage = {
  readonly browser: Browser
  readonly page: Page
  /** Errors and warnings of the page so far, but for refusals (4xx), which the page tells of itself. */
  readonly complaints: readonly string[]
}

export async function withBrowser(act: (parts: BrowserPage) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({ executablePath: browserProgram, args })
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
      const isExpected = /status of 4\d\d/.test(text) || !/error|warning/.test(message.type())
      if (!isExpected) complaints.push(text)
    })
    await act({ browser, page, complaints })
  } finally {
    await browser.close()
  }
}
