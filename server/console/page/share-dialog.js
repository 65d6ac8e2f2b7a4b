// A link to one object, for people without a key, until a time that is chosen.
import { copyable, openDialog } from './dialogs.js'
import { button, el, field, fill, notice, select } from './elements.js'
import { api } from './requests.js'
import { lastPiece, name, time } from './show-text.js'

const choices = [
  ['3600', 'One hour'],
  ['86400', 'One day'],
  ['259200', 'Three days'],
  ['604800', 'Seven days, the longest there is'],
]

export async function shareObject(bucket, key) {
  await openDialog(['Share ', name(lastPiece(key))], (_, header) => {
    const until = select(choices)
    until.value = '86400'
    const made = el('div', { class: 'stack', 'aria-live': 'polite' })
    const make = async () => {
      try {
        const wanted = { bucket, key, expiresSeconds: Number(until.value) }
        fill(made, ...describe(await api('POST', 'share', wanted)))
      } catch (error) {
        fill(made, notice('bad', error.message))
      }
    }
    const hint =
      'Whoever has the link can read this one object until then. Removing your key ends it.'
    const go = button('Make link', make, { symbol: 'share', look: 'main' })
    return el(
      'div',
      { class: 'inside' },
      header,
      field('Lasts for', until, hint),
      made,
      el('footer', {}, go),
    )
  })
}

function describe({ url, expires }) {
  const { hostname } = new URL(url)
  const isOnlyHere = /^(localhost|127\.|\[::1\])/.test(hostname)
  return [
    copyable(url, 'the link'),
    el(
      'p',
      { class: 'hint' },
      'Until ',
      time(expires),
      '. ',
      el('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, 'Open it'),
    ),
    isOnlyHere &&
      notice(
        'warn',
        'This address is that of the server’s own machine, so the link works only there. ',
        'With the setting publicUrl, links get the address that others reach it by.',
      ),
  ]
}
