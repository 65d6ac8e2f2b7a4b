// Logging in with an access key.
import { button, el, field, fill, notice } from './elements.js'
import { api } from './requests.js'

/** `begin` is called with the session once there is one. */
export function loginPage(begin) {
  const accessKeyId = el('input', {
    name: 'accessKeyId',
    autocomplete: 'username',
    spellcheck: 'false',
    autocapitalize: 'off',
    required: true,
  })
  const secretAccessKey = el('input', {
    type: 'password',
    name: 'secretAccessKey',
    autocomplete: 'current-password',
    required: true,
  })
  const trouble = el('div', { role: 'alert' })
  const go = button('Log in', undefined, { look: 'main', type: 'submit' })
  const submit = async (event) => {
    event.preventDefault()
    go.disabled = true
    fill(trouble)
    const key = { accessKeyId: accessKeyId.value, secretAccessKey: secretAccessKey.value }
    try {
      begin(await api('POST', 'session', key))
    } catch (error) {
      fill(trouble, notice('bad', error.message))
      secretAccessKey.select()
    } finally {
      go.disabled = false
    }
  }
  const brand = el('div', { class: 'brand' }, el('img', { src: '/logo.svg', alt: '' }), 'jotta-s3')
  const form = el(
    'form',
    { on: { submit } },
    brand,
    el('h1', {}, 'Log in'),
    field('Access key id', accessKeyId),
    field('Secret access key', secretAccessKey),
    isReadable() &&
      notice(
        'warn',
        'This connection is not encrypted: others on the network can read the secret.',
      ),
    trouble,
    go,
    el(
      'p',
      { class: 'hint' },
      'The first start of the server showed a key; it is in root-access-key.json of the data folder. ',
      'More keys are made with ',
      el('code', {}, 'jotta-s3 keys add'),
      ' or here.',
    ),
  )
  return el('main', { class: 'login' }, form)
}

/** Browsers count this machine itself as safe. */
function isReadable() {
  return !window.isSecureContext
}
