// The console's beginning: who is logged in, which page is shown, and how to get to another one.

import { failed } from './dialogs.js'
import { button, el, fill, icon } from './elements.js'
import { bucketSettingsPage } from './page-bucket-settings.js'
import { bucketsPage } from './page-buckets.js'
import { connectPage } from './page-connect.js'
import { keysPage } from './page-keys.js'
import { loginPage } from './page-login.js'
import { objectsPage } from './page-objects.js'
import { overviewPage } from './page-overview.js'
import { unfinishedPage } from './page-unfinished.js'
import { api, useToken } from './requests.js'
import { hasUploads } from './uploads.js'

/** By the first piece of the fragment: `#/objects/BUCKET/PREFIX`, each piece escaped. */
const pages = {
  overview: { title: 'Overview', symbol: 'overview', show: overviewPage },
  buckets: { title: 'Buckets', symbol: 'bucket', show: bucketsPage },
  objects: { title: 'Objects', under: 'buckets', show: objectsPage },
  settings: { title: 'Bucket settings', under: 'buckets', show: bucketSettingsPage },
  unfinished: { title: 'Unfinished uploads', symbol: 'unfinished', show: unfinishedPage },
  keys: { title: 'Access keys', symbol: 'key', show: keysPage, isForAdmin: true },
  connect: { title: 'Connect a program', symbol: 'connect', show: connectPage },
}

const app = document.getElementById('app')
let session
let leave = () => undefined

function begin(made) {
  session = made
  useToken(made.token)
  const main = el('main', { id: 'main', tabindex: '-1' })
  const items = Object.entries(pages)
    .filter(([, { symbol, isForAdmin }]) => symbol && (!isForAdmin || session.isAdmin))
    .map(([path, { title, symbol }]) =>
      el('li', {}, el('a', { href: `#/${path}`, 'data-page': path }, icon(symbol), title)),
    )
  const who = el(
    'div',
    { class: 'who' },
    el('div', {}, 'Logged in as', el('strong', {}, session.name), ownerLine(session)),
    button('Log out', logOut, { symbol: 'logout' }),
  )
  const brand = el('div', { class: 'brand' }, el('img', { src: '/logo.svg', alt: '' }), 'jotta-s3')
  const nav = el('nav', { 'aria-label': 'Pages' }, el('ul', {}, ...items))
  const side = el('header', { class: 'side' }, brand, nav, who)
  fill(app, el('div', { class: 'frame' }, side, main))
  show()
}

function ownerLine({ name, owner, isUnlimited }) {
  const limits = isUnlimited ? '' : ' (a key with limits)'
  return name === owner ? limits : `of ${owner}${limits}`
}

function end() {
  leave()
  session = undefined
  useToken(undefined)
  for (const dialog of document.querySelectorAll('dialog')) dialog.close()
  document.title = 'jotta-s3'
  fill(app, loginPage(begin))
  app.querySelector('input')?.focus()
}

async function logOut() {
  try {
    await api('DELETE', 'session')
  } catch (error) {
    failed(error)
  }
  // Whoever comes next begins at the beginning; a session that ran out goes on where it was.
  history.replaceState(null, '', '/')
  end()
}

function show() {
  if (session === undefined) return
  const [path, ...pieces] = location.hash.replace(/^#\/?/, '').split('/').map(decodePiece)
  const isPage = Object.hasOwn(pages, path) && (session.isAdmin || !pages[path].isForAdmin)
  const page = isPage ? pages[path] : pages.overview
  const current = page.under ?? (isPage ? path : 'overview')
  for (const link of app.querySelectorAll('nav a')) {
    if (link.getAttribute('data-page') === current) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  document.title = `${page.title} – jotta-s3`
  const main = document.getElementById('main')
  leave()
  const left = new AbortController()
  leave = () => left.abort()
  fill(main)
  main.focus({ preventScroll: true })
  page.show({ main, session, signal: left.signal, refresh: show }, ...pieces)
}

function decodePiece(piece) {
  try {
    return decodeURIComponent(piece)
  } catch {
    // A fragment that somebody has typed.
    return ''
  }
}

window.addEventListener('hashchange', show)
window.addEventListener('session-ended', () => session && end())
window.addEventListener('beforeunload', (event) => {
  if (hasUploads()) event.preventDefault()
})

try {
  const found = await api('GET', 'session')
  if (found.token === undefined) end()
  else begin(found)
} catch (error) {
  end()
  failed(error)
}
