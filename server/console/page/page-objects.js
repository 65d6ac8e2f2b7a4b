// What is in a bucket, folder by folder, page by page.

import { deleteEntries } from './delete-objects.js'
import { failed, note } from './dialogs.js'
import { actsColumn, button, el, empty, fill, head, icon, notice, table } from './elements.js'
import { newFolder, showDetails, startDownload } from './object-dialogs.js'
import { s3 } from './requests.js'
import { readListing } from './s3-xml.js'
import { shareObject } from './share-dialog.js'
import { count, lastPiece, name, size, time } from './show-text.js'
import { addUploads, filesOf, onUploaded } from './uploads.js'

const pageSize = '200'

export function objectsPage({ main, signal, refresh }, bucket, prefix = '') {
  const folder = {
    bucket,
    prefix,
    search: '',
    chosen: new Map(),
    onChoice: () => undefined,
    signal,
    refresh,
  }
  const rows = el('tbody')
  const more = el('div', { class: 'row' })
  const body = el('div', { class: 'stack' })
  const load = async (search, token) => {
    try {
      const listing = await list(folder, search, token)
      if (signal.aborted || search !== folder.search) return
      if (token === undefined) {
        folder.chosen.clear()
        fill(rows)
      }
      rows.append(
        ...listing.prefixes.map((each) => prefixRow(folder, each)),
        ...listing.objects.map((each) => objectRow(folder, each)),
      )
      const next = () => load(search, listing.next)
      fill(more, listing.next && button('Show more', next))
      fill(body, rows.children.length === 0 ? nothing(folder) : sheet(folder, rows), more)
      folder.onChoice()
    } catch (error) {
      if (!signal.aborted) fill(body, notice('bad', error.message))
    }
  }
  const search = (text) => {
    folder.search = text
    void load(text)
  }
  fill(main, crumbs(folder), toolbar(folder, search), body)
  acceptDrops(main, folder)
  onUploaded(signal, (place) => place.bucket === bucket && search(folder.search))
  search('')
}

async function list({ bucket, prefix, signal }, search, token) {
  const query = {
    'list-type': '2',
    delimiter: '/',
    'encoding-type': 'url',
    'max-keys': pageSize,
    prefix: `${prefix}${search}` || undefined,
    'continuation-token': token,
  }
  return readListing((await s3('GET', bucket, '', { query, signal })).responseXML)
}

function crumbs({ bucket, prefix }) {
  const here = encodeURIComponent(bucket)
  const pieces = prefix.match(/[^/]*\//g) ?? []
  const links = pieces.map((piece, at) => {
    const path = encodeURIComponent(pieces.slice(0, at + 1).join(''))
    const text = piece === '/' ? '(no name)' : piece.slice(0, -1)
    return el('li', {}, el('a', { href: `#/objects/${here}/${path}` }, name(text)))
  })
  const trail = el(
    'nav',
    { class: 'crumbs', 'aria-label': 'Where you are' },
    el(
      'ol',
      {},
      el('li', {}, el('a', { href: '#/buckets' }, 'Buckets')),
      el('li', {}, el('a', { href: `#/objects/${here}` }, name(bucket))),
      ...links,
    ),
  )
  const title = pieces.length === 0 ? name(bucket) : name(pieces.at(-1).slice(0, -1) || '/')
  const settings = el(
    'a',
    { class: 'button', href: `#/settings/${here}` },
    icon('settings'),
    'Settings of the bucket',
  )
  return el('div', {}, trail, head(title, '', pieces.length === 0 && settings))
}

function toolbar(folder, search) {
  const input = el('input', { type: 'file', multiple: true, class: 'unseen', tabindex: '-1' })
  input.setAttribute('aria-hidden', 'true')
  input.addEventListener('change', () => {
    addUploads(
      folder,
      [...input.files].map((file) => ({ file, path: file.name })),
    )
    input.value = ''
  })
  const words = el('input', {
    type: 'search',
    placeholder: 'Names that begin with …',
    'aria-label': 'Show names that begin with',
  })
  words.addEventListener('input', () => search(words.value))
  const remove = button('Delete', () => deleteChosen(folder), { symbol: 'delete', look: 'danger' })
  folder.onChoice = () => {
    remove.disabled = folder.chosen.size === 0
    remove.lastChild.textContent =
      folder.chosen.size === 0 ? 'Delete' : `Delete ${count(folder.chosen.size, 'item')}`
  }
  folder.onChoice()
  return el(
    'div',
    { class: 'head' },
    el('div', { class: 'search' }, icon('search'), words),
    el(
      'div',
      { class: 'row' },
      remove,
      button('New folder', () => newFolder(folder), { symbol: 'folder' }),
      button('Upload', () => input.click(), { symbol: 'upload', look: 'main' }),
      input,
    ),
  )
}

function sheet(folder, rows) {
  const all = el('input', { type: 'checkbox', 'aria-label': 'Choose all that are shown' })
  all.addEventListener('change', () => {
    for (const box of rows.querySelectorAll('input')) {
      if (box.checked !== all.checked) box.click()
    }
  })
  const columns = [
    { text: all, class: 'tick' },
    'Name',
    'Size',
    { text: 'Changed', class: 'late' },
    actsColumn(),
  ]
  const made = table(columns, [], { 'aria-label': `What is in ${folder.bucket}` })
  made.querySelector('tbody').replaceWith(rows)
  return made
}

function prefixRow(folder, prefix) {
  const shown = lastPiece(prefix).slice(0, -1) || '/'
  const path = `#/objects/${encodeURIComponent(folder.bucket)}/${encodeURIComponent(prefix)}`
  const remove = () => deleteEntries(folder, [{ prefix }])
  return el(
    'tr',
    { class: 'folder' },
    tick(folder, prefix, { prefix }, shown),
    el(
      'td',
      { class: 'name' },
      el('div', {}, icon('folder'), el('a', { href: path }, name(shown))),
    ),
    el('td', { class: 'number' }, '–'),
    el('td', { class: 'number late' }),
    acts(button(`Delete ${shown}`, remove, { symbol: 'delete', isBare: true })),
  )
}

function objectRow(folder, { key, sizeBytes, modified }) {
  const { bucket } = folder
  const shown = key === folder.prefix ? '(this folder itself)' : lastPiece(key)
  const open = button('', () => showDetails(folder, key), { look: 'link' })
  fill(open, name(shown))
  const act = (text, symbol, go) => button(`${text} ${shown}`, go, { symbol, isBare: true })
  return el(
    'tr',
    {},
    tick(folder, key, { key }, shown),
    el('td', { class: 'name' }, el('div', {}, icon('file'), open)),
    el('td', { class: 'number' }, size(sizeBytes)),
    el('td', { class: 'number late' }, time(modified)),
    acts(
      act('Download', 'download', () => startDownload(bucket, key)),
      act('Share', 'share', () => shareObject(bucket, key)),
      act('Delete', 'delete', () => deleteEntries(folder, [{ key }])),
    ),
  )
}

function tick(folder, id, entry, shown) {
  const box = el('input', { type: 'checkbox', 'aria-label': `Choose ${shown}` })
  box.addEventListener('change', () => {
    if (box.checked) folder.chosen.set(id, entry)
    else folder.chosen.delete(id)
    folder.onChoice()
  })
  return el('td', { class: 'tick' }, box)
}

function acts(...buttons) {
  return el('td', { class: 'acts' }, ...buttons)
}

function nothing({ search, prefix }) {
  if (search) {
    return el('div', { class: 'sheet' }, empty('search', 'No name here begins like that'))
  }
  const hint = prefix === '' ? '' : 'A folder is there as long as something is in it.'
  const text = 'Drop files here, or press Upload.'
  const what = prefix === '' ? 'This bucket is empty' : 'Nothing is in this folder'
  return el('div', { class: 'sheet' }, empty('upload', what, text, hint && el('small', {}, hint)))
}

async function deleteChosen(folder) {
  await deleteEntries(folder, [...folder.chosen.values()])
}

function acceptDrops(main, folder) {
  const { signal } = folder
  const carriesFiles = (event) => event.dataTransfer?.types.includes('Files')
  const over = (event) => {
    if (!carriesFiles(event)) return
    event.preventDefault()
    main.classList.add('dropping')
  }
  const out = (event) => {
    if (!main.contains(event.relatedTarget)) main.classList.remove('dropping')
  }
  const drop = async (event) => {
    if (!carriesFiles(event)) return
    event.preventDefault()
    main.classList.remove('dropping')
    try {
      const files = await filesOf(event.dataTransfer)
      addUploads(folder, files)
      if (files.length === 0) note('There was no file in that.', 'bad')
    } catch (error) {
      failed(error)
    }
  }
  main.addEventListener('dragover', over, { signal })
  main.addEventListener('dragleave', out, { signal })
  main.addEventListener('drop', drop, { signal })
}
