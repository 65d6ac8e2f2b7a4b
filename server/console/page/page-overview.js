// How the server is: its login at Jottacloud, the account and its space, the server itself.
import { copyable } from './dialogs.js'
import { el, fill, head, notice } from './elements.js'
import { api } from './requests.js'
import { count, duration, printable, size, time } from './show-text.js'

const everyMs = 10_000

export function overviewPage({ main, session, signal }) {
  const body = el('div', { class: 'stack' })
  fill(main, head('Overview', 'How your S3 server and its Jottacloud account are.'), body)
  const show = async (path) => {
    try {
      const overview = await api('GET', path)
      if (!signal.aborted) fill(body, ...cards(overview, session))
    } catch (error) {
      if (!signal.aborted) fill(body, notice('bad', error.message))
    }
  }
  void show('overview')
  // To look is no sign of life: a page that is left open does not keep its session.
  const timer = setInterval(() => document.hidden || void show('overview?look'), everyMs)
  signal.addEventListener('abort', () => clearInterval(timer))
}

function cards(overview, session) {
  const accounts = overview.accounts ?? []
  return [
    loginState(overview),
    accessState(overview),
    el(
      'div',
      { class: 'cards' },
      ...accounts.map((each) => accountCard(each, overview)),
      serverCard(overview, session),
      ...accounts.map(diskCard),
    ),
  ]
}

function accessState({ access }) {
  if (access !== 'read-only') return null
  return notice(
    'info',
    'The server is set to read-only: nothing can be stored, changed or deleted.',
  )
}

function loginState({ health, isEmbedded }) {
  if (health.status === 'login-required') {
    return notice(
      'bad',
      el('strong', {}, 'The login at Jottacloud has ended. '),
      'Nothing can be read or stored until somebody runs this on the server:',
      copyable(health.command, 'the command'),
    )
  }
  if (health.status === 'other-account') {
    return notice(
      'bad',
      el('strong', {}, 'Somebody has logged in to another account than the one served here. '),
      'Nothing can be read or stored until the owner of this one logs in again on the server:',
      copyable(health.command, 'the command'),
    )
  }
  if (!isEmbedded) return null
  return notice(
    'warn',
    el('strong', {}, 'This is a practice disk. '),
    'Nobody is logged in to Jottacloud, so objects are kept in a local stand-in. To use your account, run ',
    el('code', {}, 'jotta-s3 login'),
    ' on the server and start it again.',
  )
}

/** What lies on the server's own disk for an account. */
function diskCard({ account, spool, listings, unfinishedUploads }) {
  if (spool === undefined) return null
  const title = account === 'default' ? 'On its way' : `On its way to ${account}`
  const unfinished = el(
    'a',
    { href: '#/unfinished' },
    count(unfinishedUploads, 'unfinished upload'),
  )
  const share = `${size(spool.usedBytes)} of ${size(spool.limitBytes)}`
  const rows = [
    ['Room taken', share],
    ['Uploads', unfinished],
    ['Listings', `${listings.running} being made, ${size(listings.sizeBytes)} kept`],
  ]
  const bar = { max: Math.max(1, spool.limitBytes), value: spool.usedBytes }
  const hint =
    'What programs have sent and Jottacloud has not taken yet waits on the disk of the server.'
  return card(
    title,
    null,
    el('progress', { ...bar, 'aria-label': `${share} of the spool taken` }),
    list(rows),
    el('p', { class: 'hint' }, hint),
  )
}

function accountCard({ account, facts, trouble }, { isEmbedded }) {
  const title = account === 'default' ? 'Jottacloud account' : `Jottacloud account ${account}`
  if (facts === undefined) {
    const reason = `Nothing is known of it at the moment: ${printable(trouble)}`
    return card(title, badge('warn', 'Not reached'), el('p', {}, reason))
  }
  const { name, email, username, accountType, subscriptionType } = facts
  const plan = [accountType, subscriptionType].filter(Boolean).join(', ')
  const rows = [
    ['Name', name && printable(name)],
    ['E-mail', email && printable(email)],
    ['User name', printable(username)],
    ['Plan', plan],
  ]
  const state = facts.readLocked
    ? badge('bad', 'Locked')
    : facts.writeLocked
      ? badge('bad', 'Locked for writing')
      : badge('good', isEmbedded ? 'Practice' : 'Logged in')
  return card(title, state, ...space(facts), list(rows))
}

function space({ usedBytes, quotaBytes }) {
  if (!quotaBytes) {
    return [el('div', { class: 'figure' }, size(usedBytes), ' ', el('small', {}, 'used, no limit'))]
  }
  const free = Math.max(0, quotaBytes - usedBytes)
  const label = `${size(usedBytes)} of ${size(quotaBytes)} used`
  const isFull = usedBytes >= quotaBytes
  return [
    el('div', { class: 'figure' }, size(free), ' ', el('small', {}, `free of ${size(quotaBytes)}`)),
    el('progress', {
      max: quotaBytes,
      value: Math.min(usedBytes, quotaBytes),
      'aria-label': label,
    }),
    el('p', { class: 'hint' }, label),
    isFull &&
      notice('bad', 'The account is full: nothing more can be stored until its trash is emptied.'),
  ]
}

function serverCard(overview, { s3Url, region }) {
  const { version, startedAt, now, health, inFlight, recent } = overview
  const state = health.status === 'ok' ? badge('good', 'Running') : badge('bad', 'Login required')
  const rows = [
    ['Version', version],
    ['Running for', duration(Date.parse(now) - Date.parse(startedAt))],
    ['Since', time(startedAt)],
    ['Requests now', inFlight === undefined ? undefined : String(inFlight)],
    ['In the last hour', recent && lastHour(recent)],
    ['S3 address', el('code', {}, s3Url)],
    ['Region', el('code', {}, region)],
  ]
  return card('This server', state, list(rows))
}

function lastHour({ all, refused, failed }) {
  const numbers = [count(all, 'request'), `${refused} refused`, `${failed} failed`]
  return failed > 0
    ? [numbers.slice(0, 2).join(', '), ' ', badge('bad', numbers[2])]
    : numbers.join(', ')
}

function card(title, state, ...children) {
  return el('section', { class: 'card' }, el('header', {}, el('h2', {}, title), state), ...children)
}

function badge(kind, text) {
  return el('span', { class: `badge ${kind}` }, text)
}

function list(rows) {
  const known = rows.filter(([, value]) => value)
  return el(
    'dl',
    {},
    ...known.flatMap(([label, value]) => [el('dt', {}, label), el('dd', {}, value)]),
  )
}
