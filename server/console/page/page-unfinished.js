// Multipart uploads that were begun and neither finished nor given up: they take room in the server's spool.
import { confirm, failed, note } from './dialogs.js'
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
  select,
  table,
} from './elements.js'
import { listBuckets } from './page-buckets.js'
import { s3 } from './requests.js'
import { decodeName, elementsOf, textOf } from './s3-xml.js'
import { name, time } from './show-text.js'

export async function unfinishedPage({ main, signal, refresh }) {
  const body = el('div', { class: 'stack' })
  const hint =
    'Large uploads that were begun and not finished. They take room until they are given up.'
  const again = button('Look again', refresh, { symbol: 'refresh' })
  fill(main, head('Unfinished uploads', hint, again), body)
  try {
    const buckets = await listBuckets(signal)
    if (buckets.length === 0) {
      fill(body, nothing())
      return
    }
    const options = [['', 'All buckets'], ...buckets.map((bucket) => [bucket.name, bucket.name])]
    const choice = select(options)
    const result = el('div')
    const show = async () => {
      const names = choice.value === '' ? buckets.map((bucket) => bucket.name) : [choice.value]
      fill(result, 'Loading …')
      try {
        fill(result, uploadsTable(await listUploads(names, signal), show))
      } catch (error) {
        if (!signal.aborted) fill(result, notice('bad', error.message))
      }
    }
    choice.addEventListener('change', show)
    fill(body, el('div', { class: 'search' }, field('Bucket', choice)), result)
    await show()
  } catch (error) {
    if (!signal.aborted) fill(body, notice('bad', error.message))
  }
}

async function listUploads(buckets, signal) {
  const all = []
  for (const bucket of buckets) {
    let markers = {}
    do {
      const query = { uploads: '', 'encoding-type': 'url', ...markers }
      const { responseXML } = await s3('GET', bucket, '', { query, signal })
      for (const one of elementsOf(responseXML, 'Upload')) {
        const key = decodeName(textOf(one, 'Key'))
        const [uploadId, begun] = [textOf(one, 'UploadId'), textOf(one, 'Initiated')]
        all.push({ bucket, key, uploadId, begun })
      }
      const goesOn = textOf(responseXML, 'IsTruncated') === 'true'
      markers = goesOn && {
        'key-marker': decodeName(textOf(responseXML, 'NextKeyMarker')),
        'upload-id-marker': textOf(responseXML, 'NextUploadIdMarker'),
      }
    } while (markers)
  }
  return all
}

function uploadsTable(uploads, show) {
  if (uploads.length === 0) return nothing()
  const rows = uploads.map((upload) =>
    el(
      'tr',
      {},
      el('td', { class: 'name' }, el('div', {}, icon('unfinished'), name(upload.key))),
      el('td', { class: 'number' }, name(upload.bucket)),
      el('td', { class: 'number late' }, time(upload.begun)),
      el(
        'td',
        { class: 'acts' },
        button('Give up', () => giveUp(upload, show), { look: 'danger' }),
      ),
    ),
  )
  const columns = ['Object', 'Bucket', { text: 'Begun', class: 'late' }, actsColumn()]
  return table(columns, rows, { 'aria-label': 'Unfinished uploads' })
}

async function giveUp({ bucket, key, uploadId }, show) {
  const text = 'What was received of it is removed. The program that sends it has to begin anew.'
  if (!(await confirm('Give this upload up?', text, 'Give up'))) return
  try {
    await s3('DELETE', bucket, key, { query: { uploadId } })
    note('The upload is given up.')
  } catch (error) {
    failed(error)
  }
  await show()
}

function nothing() {
  return el('div', { class: 'sheet' }, empty('check', 'There are no unfinished uploads'))
}
