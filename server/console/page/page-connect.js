// How programs are set up for this server, ready to be copied.
import { programs } from './client-setups.js'
import { copyable } from './dialogs.js'
import { el, field, fill, head, notice } from './elements.js'

export function connectPage({ main, session }) {
  const { s3Url, region, accessKeyId } = session
  const id = el('input', { value: accessKeyId, spellcheck: 'false', autocomplete: 'off' })
  const secret = el('input', { type: 'password', placeholder: 'YOUR_SECRET', autocomplete: 'off' })
  const shown = el('div', { class: 'stack', role: 'tabpanel', id: 'program', tabindex: '0' })
  const tabs = programs.map((program, at) =>
    el(
      'button',
      { type: 'button', role: 'tab', 'aria-controls': 'program', on: { click: () => choose(at) } },
      program.title,
    ),
  )
  let chosen = 0
  const choose = (at) => {
    chosen = (at + tabs.length) % tabs.length
    tabs.forEach((tab, other) => {
      tab.setAttribute('aria-selected', String(other === chosen))
      tab.setAttribute('tabindex', other === chosen ? '0' : '-1')
    })
    const { title, intro, text } = programs[chosen]
    const { host, protocol } = new URL(s3Url)
    const values = {
      ...{ url: s3Url, host, region, isSecure: protocol === 'https:' },
      id: id.value || 'YOUR_KEY',
      secret: secret.value || 'YOUR_SECRET',
    }
    fill(shown, el('p', {}, intro), copyable(text(values), `the set-up for ${title}`))
  }
  const onKey = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (step === undefined) return
    choose(chosen + step)
    tabs[chosen].focus()
  }
  for (const input of [id, secret]) input.addEventListener('input', () => choose(chosen))
  fill(
    main,
    head('Connect a program', 'Anything that speaks S3 can use this server.'),
    el(
      'div',
      { class: 'stack' },
      factsCard(s3Url, region, id, secret),
      s3Url.startsWith('https:') &&
        notice(
          'info',
          'With a certificate of the server’s own making (tls: auto), programs must be told to trust it: it is tls/certificate.pem in the data folder.',
        ),
      el(
        'section',
        { class: 'card' },
        el(
          'div',
          { class: 'tabs', role: 'tablist', 'aria-label': 'Programs', on: { keydown: onKey } },
          ...tabs,
        ),
        shown,
      ),
    ),
  )
  choose(0)
}

function factsCard(s3Url, region, id, secret) {
  const facts = [
    ['Endpoint', s3Url],
    ['Region', region],
    ['Addresses', 'path style'],
    ['Signature', 'Version 4'],
  ]
  const rows = facts.flatMap(([label, value]) => [
    el('dt', {}, label),
    el('dd', {}, el('code', {}, value)),
  ])
  const hint = 'Only to fill it in below; it stays in this page.'
  const fields = el(
    'div',
    { class: 'cards' },
    field('Access key id', id),
    field('Secret', secret, hint),
  )
  return el('section', { class: 'card' }, el('dl', {}, ...rows), fields)
}
