// Pages that somebody else has written, in the browser of somebody who is logged in to the console: what is stored in
// S3 may be a page, and comes from the same machine.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { browserProgram, logIn, withConsolePage } from '../support/browser.ts'
import { testWith } from '../support/real-client.ts'
import { ask } from '../support/signed-request.ts'
import { type Scheme, schemes } from '../support/with-bridge.ts'

const test = suite('strangers of the web console')

/** Tries all that a page can, and writes down what came of it. */
const evilPage = (
  consoleUrl: string,
) => `<!doctype html><title>trying</title><iframe name="sink"></iframe><script>
const console = ${JSON.stringify(consoleUrl)}
const outcomes = {}
const attempt = async (name, act) => {
  try { outcomes[name] = String(await act()) } catch (error) { outcomes[name] = 'blocked' }
}
const text = async (path, options) => (await fetch(console + path, { credentials: 'include', ...options })).text()
const blind = async (path, options) => (await fetch(console + path, { credentials: 'include', mode: 'no-cors', ...options })).type
const post = (path, type, body) => new Promise((resolve) => {
  const form = Object.assign(document.createElement('form'), { method: 'POST', action: console + path, enctype: type, target: 'sink' })
  form.append(Object.assign(document.createElement('input'), { name: body, value: '' }))
  document.body.append(form); document.querySelector('iframe').onload = resolve; form.submit()
})
const run = async () => {
  await attempt('session', () => text('/api/session'))
  await attempt('list', () => text('/s3/'))
  await attempt('download', () => text('/download/public%2Fevil.html'))
  await attempt('put', () => text('/s3/made', { method: 'PUT' }))
  await attempt('blind put', () => blind('/s3/made', { method: 'POST' }))
  await attempt('blind key', () => blind('/api/keys', { method: 'POST', body: '{"name":"evil","access":"full"}' }))
  await post('/api/keys', 'text/plain', '{"name":"evil","access":"full","x":"')
  await post('/s3/public%2Fevil.html', 'multipart/form-data', 'x')
  await attempt('frame', () => new Promise((resolve) => {
    const frame = document.createElement('iframe')
    frame.onload = () => resolve(frame.contentDocument === null ? 'closed' : 'open')
    frame.src = console; document.body.append(frame)
  }))
  await attempt('cookie', () => document.cookie)
  window.outcomes = JSON.stringify(outcomes)
  document.title = 'tried'
}
run()
</script>`

async function attack(scheme: Scheme): Promise<void> {
  await withConsolePage(scheme, async (page, bridge) => {
    await logIn(page)
    const { origin } = new URL(page.url())
    await ask(bridge, { method: 'PUT', path: '/public' })
    const headers = { 'x-amz-acl': 'public-read', 'content-type': 'text/html' }
    const body = evilPage(origin)
    await ask(bridge, { method: 'PUT', path: '/public/evil.html', headers, body })
    // The same browser: it has the cookie, and the site is the same.
    const evil = await page.context().newPage()
    await evil.goto(`${bridge.url}/public/evil.html`)
    await evil.waitForFunction('document.title === "tried"')
    const outcomes = JSON.parse(await evil.evaluate('window.outcomes'))
    assert.equal(outcomes, {
      ...{ session: 'blocked', list: 'blocked', download: 'blocked', put: 'blocked' },
      // They were sent, and what came of them is not told: see below.
      ...{ 'blind put': outcomes['blind put'], 'blind key': outcomes['blind key'] },
      ...{ frame: 'closed', cookie: '' },
    })
    await evil.close()

    const { text } = await ask(bridge, { method: 'GET', path: '/' })
    assert.not.match(text, /made/)
    await page.getByRole('link', { name: 'Access keys' }).click()
    await page.getByRole('cell', { name: 'TESTACCESSKEY0000001' }).waitFor()
    assert.is(await page.getByRole('cell', { name: 'evil' }).count(), 0)
    const acts = bridge.log.filter(({ via }) => via === 'console')
    const strange = acts.filter(({ act }) => act === 'POST keys')
    assert.ok(strange.length >= 2, 'the attempts have arrived')
    assert.ok(strange.every(({ status }) => status === 403))
    assert.equal(
      acts.filter(({ operation }) => operation !== undefined),
      [],
    )
  })
}

for (const scheme of schemes) {
  testWith(test, [browserProgram], `a page in S3 gets nowhere, over ${scheme}`, async () => {
    await attack(scheme)
  })
}

test.run()
