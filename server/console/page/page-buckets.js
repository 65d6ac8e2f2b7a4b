// The buckets: those that the session's key may see, made and removed.
import { ask, confirm, failed, note } from './dialogs.js'
import {
  actsColumn,
  button,
  el,
  empty,
  field,
  fill,
  head,
  icon,
  notice,
  table,
} from './elements.js'
import { s3 } from './requests.js'
import { elementsOf, textOf } from './s3-xml.js'
import { name, time } from './show-text.js'

/** So many are asked whether they are public, one after another. */
const badgesMax = 100

export async function bucketsPage({ main, signal, refresh }) {
  const add = button('New bucket', () => makeBucket(refresh), { symbol: 'add', look: 'main' })
  const body = el('div')
  fill(main, head('Buckets', 'Each bucket is a folder of your Jottacloud account.', add), body)
  let buckets
  try {
    buckets = await listBuckets(signal)
  } catch (error) {
    fill(body, notice('bad', error.message))
    return
  }
  if (signal.aborted) return
  if (buckets.length === 0) {
    const hint = 'Make one here, or with any S3 program.'
    fill(body, el('div', { class: 'sheet' }, empty('bucket', 'There are no buckets yet', hint)))
    return
  }
  const rows = buckets.map((bucket) => bucketRow(bucket, refresh))
  const columns = ['Name', { text: 'Access' }, { text: 'Made', class: 'late' }, actsColumn()]
  fill(
    body,
    table(
      columns,
      rows.map(({ row }) => row),
      { 'aria-label': 'Buckets' },
    ),
  )
  for (const { bucket, badge } of rows.slice(0, badgesMax)) {
    if (signal.aborted) return
    fill(badge, await accessBadge(bucket, signal))
  }
}

/** For everything that has buckets to choose from. */
export async function listBuckets(signal) {
  const all = []
  let token
  do {
    const query = { 'max-buckets': '1000', 'continuation-token': token }
    const { responseXML } = await s3('GET', '', '', { query, signal })
    for (const one of elementsOf(responseXML, 'Bucket')) {
      all.push({ name: textOf(one, 'Name'), created: textOf(one, 'CreationDate') })
    }
    token = textOf(responseXML, 'ContinuationToken')
  } while (token)
  return all
}

/** By policy or ACL, as far as blocks let them count: the server says so. */
export async function isPublic(bucket, signal) {
  const { responseXML } = await s3('GET', bucket, '', { query: { policyStatus: '' }, signal })
  return textOf(responseXML, 'IsPublic')?.toLowerCase() === 'true'
}

async function accessBadge(bucket, signal) {
  try {
    return publicBadge(await isPublic(bucket, signal))
  } catch {
    // Keys with limits may not ask; everything else is told where the bucket is opened.
    return '–'
  }
}

export function publicBadge(isOpen) {
  return isOpen
    ? el('span', { class: 'badge warn', title: 'Policy or ACL let everybody in' }, 'Public')
    : el('span', { class: 'badge', title: 'Single objects may be shared all the same' }, 'Private')
}

function bucketRow({ name: bucket, created }, refresh) {
  const here = encodeURIComponent(bucket)
  const badge = el('td', { class: 'number' })
  const link = el('a', { href: `#/objects/${here}` }, name(bucket))
  const settings = el(
    'a',
    { class: 'button', href: `#/settings/${here}`, 'aria-label': `Settings of ${bucket}` },
    icon('settings'),
    'Settings',
  )
  const remove = button(`Delete ${bucket}`, () => removeBucket(bucket, refresh), {
    symbol: 'delete',
    isBare: true,
  })
  const row = el(
    'tr',
    { class: 'folder' },
    el('td', { class: 'name' }, el('div', {}, icon('bucket'), link)),
    badge,
    el('td', { class: 'number late' }, time(created)),
    el('td', { class: 'acts' }, el('div', { class: 'row' }, settings, remove)),
  )
  return { row, bucket, badge }
}

async function makeBucket(refresh) {
  const input = el('input', {
    required: true,
    maxlength: '63',
    spellcheck: 'false',
    autofocus: true,
  })
  const rule = '3 to 63 small letters, digits, hyphens and dots.'
  const made = await ask('New bucket', [field('Name', input, rule)], 'Make bucket', async () => {
    await s3('PUT', input.value.trim(), '')
    return input.value.trim()
  })
  if (made === undefined) return
  note(`The bucket ${made} is made.`)
  refresh()
}

async function removeBucket(bucket, refresh) {
  const text = `The bucket ${bucket} is removed from S3 and from Jottacloud. Only an empty bucket can be.`
  if (!(await confirm(`Delete ${bucket}?`, text, 'Delete bucket'))) return
  try {
    await s3('DELETE', bucket, '')
    note(`The bucket ${bucket} is deleted.`)
  } catch (error) {
    failed(error)
  }
  refresh()
}
