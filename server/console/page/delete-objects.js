// Deleting objects and whole folders: counted first, confirmed, then one request for each object, since any key
// can be named in an address and not any key in XML.
import { confirm, failed, note, openDialog } from './dialogs.js'
import { button, el, fill } from './elements.js'
import { s3 } from './requests.js'
import { readListing } from './s3-xml.js'
import { count, lastPiece, printable } from './show-text.js'

const atOnce = 6

/** `entries` are `{ key }` and `{ prefix }`; a prefix stands for all keys that begin with it. */
export async function deleteEntries({ bucket, refresh }, entries) {
  try {
    const keys = await keysOf(bucket, entries)
    const [only] = entries
    const what = entries.length === 1 ? (only.key ?? only.prefix) : undefined
    const title =
      what === undefined ? `Delete ${count(keys.length, 'object')}?` : `Delete ${shown(what)}?`
    const text = `${count(keys.length, 'object')} will be deleted from the bucket ${bucket}.`
    if (!(await confirm(title, text, 'Delete'))) return
    const { gone, failures } = await deleteKeys(bucket, keys)
    if (failures.length === 0) note(`${count(gone, 'object')} deleted.`)
    else note(`${count(failures.length, 'object')} could not be deleted: ${failures[0]}`, 'bad')
    refresh()
  } catch (error) {
    failed(error)
  }
}

async function keysOf(bucket, entries) {
  const keys = new Set(entries.flatMap(({ key }) => (key === undefined ? [] : [key])))
  for (const { prefix } of entries) {
    if (prefix === undefined) continue
    let token
    do {
      const page = { 'list-type': '2', 'encoding-type': 'url', prefix, 'continuation-token': token }
      const listing = readListing((await s3('GET', bucket, '', { query: page })).responseXML)
      for (const { key } of listing.objects) keys.add(key)
      token = listing.next
    } while (token !== undefined)
  }
  return [...keys]
}

/** Returns how many are gone, and why others are still there. Can be stopped, and says how far it is. */
async function deleteKeys(bucket, keys) {
  const waiting = [...keys]
  const failures = []
  let gone = 0
  const bar = el('progress', { max: keys.length, 'aria-label': 'Deleted so far' })
  const amount = el('p', { 'aria-live': 'off' })
  const work = async () => {
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
      try {
        await s3('DELETE', bucket, key)
        gone += 1
      } catch (error) {
        failures.push(`${shown(key)}: ${error.message}`)
      }
      bar.value = gone + failures.length
      fill(amount, `${gone} of ${count(keys.length, 'object')} deleted`)
    }
  }
  let close = () => undefined
  const watched = openDialog('Deleting …', (end, header) => {
    close = end
    const stop = button('Stop', () => end())
    return el('div', { class: 'inside' }, header, bar, amount, el('footer', {}, stop))
  })
  // However it is closed: what was not begun is left alone.
  const stopped = watched.then(() => waiting.splice(0))
  await Promise.all(Array.from({ length: atOnce }, work))
  close()
  await stopped
  return { gone, failures }
}

function shown(key) {
  return printable(lastPiece(key))
}
