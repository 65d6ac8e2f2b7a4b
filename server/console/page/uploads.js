// Uploads under way: a tray that stays while the person goes on to other pages. A file whose name is taken waits
// for a yes before it replaces anything.
import { button, el, fill } from './elements.js'
import { count, name, size } from './show-text.js'
import { isThere, uploadFile } from './upload-file.js'

const filesAtOnce = 2

const uploads = []
const done = new EventTarget()
const tray = document.getElementById('uploads')
const list = el('ul')
const title = el('strong', { 'aria-live': 'polite' })

export function hasUploads() {
  return uploads.some(({ state }) => state === 'waiting' || state === 'sending')
}

/** `files` are `{ file, path }`; the path goes after the folder's prefix. */
export function addUploads({ bucket, prefix }, files) {
  for (const { file, path } of files) {
    const upload = { bucket, key: `${prefix}${path}`, file, sentBytes: 0, state: 'waiting' }
    upload.item = el('li')
    uploads.push(upload)
    list.append(upload.item)
    show(upload)
  }
  next()
}

/** Calls `act` with the place of each upload that has arrived, until the signal. */
export function onUploaded(signal, act) {
  const tell = (/** @type {any} */ { detail }) => act(detail)
  done.addEventListener('uploaded', tell, { signal })
}

/** Of a drop, with all that is in dropped folders. */
export async function filesOf(transfer) {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry?.() ?? [])
  if (entries.length === 0) return [...transfer.files].map((file) => ({ file, path: file.name }))
  const files = []
  for (const entry of entries) await collect(entry, files)
  return files
}

async function collect(entry, files) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject))
    files.push({ file, path: entry.fullPath.slice(1) })
    return
  }
  const reader = entry.createReader()
  for (;;) {
    // A reader gives a hundred at a time.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return
    for (const each of some) await collect(each, files)
  }
}

function next() {
  const sending = uploads.filter(({ state }) => state === 'sending').length
  const waiting = uploads.filter(({ state }) => state === 'waiting')
  for (const upload of waiting.slice(0, Math.max(0, filesAtOnce - sending))) void start(upload)
  showTitle()
}

async function start(upload) {
  const abort = new AbortController()
  upload.state = 'sending'
  upload.cancel = () => abort.abort()
  show(upload)
  try {
    if (!upload.replaces && (await isThere(upload, abort.signal)) === 'yes') {
      upload.state = 'taken'
      return
    }
    const onProgress = (bytes) => {
      upload.sentBytes = bytes
      showProgress(upload)
    }
    await uploadFile(upload, { onProgress, signal: abort.signal })
    upload.state = 'done'
    done.dispatchEvent(new CustomEvent('uploaded', { detail: { bucket: upload.bucket } }))
  } catch (error) {
    upload.state = error.code === 'PreconditionFailed' ? 'taken' : 'failed'
    upload.trouble = error.message
  } finally {
    show(upload)
    next()
  }
}

function show(upload) {
  const { item, file, key, state } = upload
  const shown = el('bdi', { title: key }, name(file.name))
  const head = el('div', { class: 'row' }, shown, el('span', {}, ...actsFor(upload)))
  if (state === 'sending') {
    upload.bar = el('progress', {
      max: Math.max(1, file.size),
      'aria-label': `Upload of ${file.name}`,
    })
    upload.amount = el('small', { class: 'hint' })
    fill(item, head, upload.bar, upload.amount)
    showProgress(upload)
    return
  }
  const texts = {
    waiting: 'Waits',
    done: `Uploaded, ${size(file.size)}`,
    taken: 'There is an object of that name.',
    failed: upload.trouble,
  }
  fill(item, head, el('small', { class: state === 'failed' ? 'badge bad' : 'hint' }, texts[state]))
}

function showProgress({ bar, amount, sentBytes, file }) {
  bar.value = sentBytes
  // The server has it all, and is still giving it to Jottacloud.
  const isSent = sentBytes >= file.size
  fill(amount, isSent ? 'Storing …' : `${size(sentBytes)} of ${size(file.size)}`)
}

function actsFor(upload) {
  const again = () => {
    upload.state = 'waiting'
    upload.sentBytes = 0
    show(upload)
    next()
  }
  const drop = button(`Dismiss ${upload.file.name}`, () => remove(upload), {
    symbol: 'close',
    isBare: true,
  })
  if (upload.state === 'sending') {
    return [
      button(`Cancel ${upload.file.name}`, () => upload.cancel(), {
        symbol: 'close',
        isBare: true,
      }),
    ]
  }
  if (upload.state === 'failed') return [button('Try again', again), drop]
  if (upload.state !== 'taken') return [drop]
  const replace = () => {
    upload.replaces = true
    again()
  }
  return [button('Replace', replace), drop]
}

function remove(upload) {
  uploads.splice(uploads.indexOf(upload), 1)
  upload.item.remove()
  showTitle()
}

function showTitle() {
  tray.hidden = uploads.length === 0
  const open = uploads.filter(({ state }) => state === 'waiting' || state === 'sending').length
  fill(title, open === 0 ? 'Uploads' : `${count(open, 'upload')} under way`)
}

const clear = () => {
  for (const upload of uploads.filter(({ state }) => state === 'done')) remove(upload)
}
fill(tray, el('header', {}, title, button('Clear', clear)), list)
