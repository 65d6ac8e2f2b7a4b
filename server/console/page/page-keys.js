// Access keys: who may use the server, and how much of it.
import { ask, confirm, copyable, failed, note, openDialog } from './dialogs.js'
import {
  actsColumn,
  button,
  el,
  field,
  fill,
  head,
  icon,
  notice,
  select,
  table,
} from './elements.js'
import { api } from './requests.js'
import { name, time } from './show-text.js'

export async function keysPage({ main, signal, refresh }) {
  const add = button('New key', () => makeKey(refresh), { symbol: 'add', look: 'main' })
  const body = el('div')
  const hint = 'Give each program and each person a key of its own: it can be removed by itself.'
  fill(main, head('Access keys', hint, add), body)
  try {
    const { keys } = await api('GET', 'keys')
    if (signal.aborted) return
    const columns = ['Name', 'Access key id', 'May', { text: 'Made', class: 'late' }, actsColumn()]
    const rows = keys.map((key) => keyRow(key, refresh))
    fill(body, table(columns, rows, { 'aria-label': 'Access keys' }))
  } catch (error) {
    fill(body, notice('bad', error.message))
  }
}

function keyRow(key, refresh) {
  const { accessKeyId, owner, limits, created, isRootKey } = key
  const where = limits.buckets.length === 0 ? 'all buckets' : limits.buckets.join(', ')
  const may = `${limits.access === 'read-only' ? 'Read' : 'Read and write'} ${where} of ${owner}`
  const remove = button(`Remove ${key.name}`, () => removeKey(key, refresh), {
    symbol: 'delete',
    isBare: true,
  })
  return el(
    'tr',
    {},
    el('td', { class: 'name' }, el('div', {}, icon('key'), name(key.name))),
    el('td', {}, el('code', {}, accessKeyId)),
    el('td', {}, may),
    el('td', { class: 'number late' }, isRootKey ? 'at the first start' : time(created)),
    el('td', { class: 'acts' }, isRootKey ? null : remove),
  )
}

async function makeKey(refresh) {
  const nameInput = el('input', {
    required: true,
    maxlength: '64',
    autofocus: true,
    spellcheck: 'false',
  })
  const access = select([
    ['full', 'Read and write'],
    ['read-only', 'Only read'],
  ])
  const buckets = el('input', { placeholder: 'all', spellcheck: 'false' })
  const owner = el('input', { placeholder: 'root', maxlength: '64', spellcheck: 'false' })
  const fields = [
    field('Name', nameInput, 'Of the program or person, such as laptop or backup.'),
    field('May', access),
    field('Only these buckets', buckets, 'With commas between them; empty for all.'),
    field('Owner', owner, 'Another owner has buckets of his own and does not see yours.'),
  ]
  const made = await ask('New access key', fields, 'Make key', async () => {
    const wanted = {
      name: nameInput.value.trim(),
      access: access.value,
      buckets: buckets.value.split(/[\s,]+/).filter((bucket) => bucket !== ''),
      ...(owner.value.trim() !== '' && { owner: owner.value.trim() }),
    }
    return await api('POST', 'keys', wanted)
  })
  if (made === undefined) return
  await showSecret(made)
  refresh()
}

async function showSecret({ name: keyName, accessKeyId, secretAccessKey }) {
  await openDialog(['The key ', name(keyName)], (close, header) =>
    el(
      'div',
      { class: 'inside' },
      header,
      notice('warn', 'The secret is shown this once. Put it where it is needed now.'),
      el('h3', {}, 'Access key id'),
      copyable(accessKeyId, 'the access key id'),
      el('h3', {}, 'Secret access key'),
      copyable(secretAccessKey, 'the secret access key'),
      el(
        'footer',
        {},
        button('Done', () => close(), { look: 'main' }),
      ),
    ),
  )
}

async function removeKey({ name: keyName }, refresh) {
  const text = 'Whatever uses it is shut out at once, and links that were shared with it end.'
  if (!(await confirm(`Remove the key ${keyName}?`, text, 'Remove key'))) return
  try {
    await api('POST', 'keys/remove', { name: keyName })
    note(`The key ${keyName} is removed.`)
  } catch (error) {
    failed(error)
  }
  refresh()
}
