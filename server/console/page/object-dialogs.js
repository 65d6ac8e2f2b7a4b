// About one object: what is known of it, its tags, its download; and the way to a new folder.
import { ask, failed, note, openDialog } from './dialogs.js'
import { button, el, field, fill, notice } from './elements.js'
import { downloadPath, s3 } from './requests.js'
import { checksumHeader, elementsOf, renderXml, textOf } from './s3-xml.js'
import { shareObject } from './share-dialog.js'
import { lastPiece, name, printable, size, time } from './show-text.js'

const labels = {
  'content-type': 'Type',
  etag: 'ETag',
  'x-amz-storage-class': 'Storage class',
  'x-amz-mp-parts-count': 'Parts',
  'cache-control': 'Cache-Control',
  'content-disposition': 'Content-Disposition',
  'content-encoding': 'Content-Encoding',
  'content-language': 'Content-Language',
  expires: 'Expires',
  'x-amz-website-redirect-location': 'Redirect',
  'x-amz-expiration': 'Expiration',
}

/** Asked for first, so that what is wrong is told here and not by a file that does not come. */
export async function startDownload(bucket, key) {
  try {
    await s3('HEAD', bucket, key)
    const link = el('a', { href: downloadPath(bucket, key), download: '' })
    document.body.append(link)
    link.click()
    link.remove()
  } catch (error) {
    failed(error)
  }
}

export async function showDetails({ bucket }, key) {
  const title = name(lastPiece(key))
  await openDialog(
    title,
    (_, header) => {
      const facts = el('div', {}, 'Loading …')
      const tags = el('div')
      void loadFacts(bucket, key, facts)
      void loadTags(bucket, key, tags)
      const footer = el(
        'footer',
        {},
        button('Share', () => shareObject(bucket, key), { symbol: 'share' }),
        button('Download', () => startDownload(bucket, key), { symbol: 'download', look: 'main' }),
      )
      return el('div', { class: 'inside' }, header, facts, tags, footer)
    },
    { look: 'wide' },
  )
}

async function loadFacts(bucket, key, place) {
  try {
    const headers = { 'x-amz-checksum-mode': 'ENABLED' }
    const answer = await s3('HEAD', bucket, key, { headers })
    const rows = [
      ['Key', name(key)],
      ['Size', size(Number(answer.getResponseHeader('Content-Length')))],
      ['Changed', time(answer.getResponseHeader('Last-Modified'))],
      ...headerRows(answer.getAllResponseHeaders()),
    ]
    fill(
      place,
      el('dl', {}, ...rows.flatMap(([label, value]) => [el('dt', {}, label), el('dd', {}, value)])),
    )
  } catch (error) {
    fill(place, notice('bad', error.message))
  }
}

function headerRows(text) {
  const rows = []
  for (const line of text.trim().split('\r\n')) {
    const [header, ...rest] = line.split(': ')
    const value = name(decodeHeader(rest.join(': ')))
    if (Object.hasOwn(labels, header)) rows.push([labels[header], value])
    else if (header.startsWith('x-amz-meta-')) {
      rows.push([
        ['Metadata ', el('code', {}, printable(header.slice('x-amz-meta-'.length)))],
        value,
      ])
    } else if (/^x-amz-checksum-(?!type)/.test(header)) {
      const algorithm = header.slice('x-amz-checksum-'.length).toUpperCase()
      rows.push([`Checksum ${algorithm}`, el('code', {}, value)])
    }
  }
  return rows
}

/** Browsers give one character per byte; clients send UTF-8. */
function decodeHeader(value) {
  try {
    const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // Not UTF-8: as it is.
    return value
  }
}

async function loadTags(bucket, key, place) {
  try {
    const query = { tagging: '' }
    const { responseXML } = await s3('GET', bucket, key, { query })
    const text = elementsOf(responseXML, 'Tag')
      .map((tag) => `${textOf(tag, 'Key')}=${textOf(tag, 'Value')}`)
      .join('\n')
    fill(
      place,
      tagEditor(text, (tree) => saveTags(bucket, key, tree)),
    )
  } catch (error) {
    fill(place, notice('bad', error.message))
  }
}

async function saveTags(bucket, key, tree) {
  const body = renderXml(tree)
  const headers = { 'Content-Type': 'application/xml', ...checksumHeader(body) }
  await s3('PUT', bucket, key, { query: { tagging: '' }, headers, body })
}

/** `save` is given the XML tree of all tags. */
export function tagEditor(text, save) {
  const area = el('textarea', { rows: '3', spellcheck: 'false' })
  area.value = text
  const trouble = el('div', { role: 'alert' })
  const go = async () => {
    fill(trouble)
    try {
      await save(toTagging(area.value))
      note('The tags are saved.')
    } catch (error) {
      fill(trouble, notice('bad', error.message))
    }
  }
  return el(
    'div',
    { class: 'stack' },
    field('Tags', area, 'One on each line: name=value'),
    trouble,
    el('div', { class: 'row' }, button('Save tags', go)),
  )
}

function toTagging(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const tags = lines.map((line) => {
    const [, key = line.trim(), value = ''] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    return ['Tag', ['Key', key], ['Value', value]]
  })
  return ['Tagging', ['TagSet', ...tags]]
}

/** S3 has no folders: this one appears with what is uploaded to it. */
export async function newFolder({ bucket, prefix }) {
  const input = el('input', { required: true, maxlength: '255', autofocus: true })
  const hint = 'It is there as soon as something is uploaded to it.'
  const made = await ask('New folder', [field('Name', input, hint)], 'Open it', () => {
    const text = input.value.trim().replace(/^\/+|\/+$/g, '')
    if (text === '') throw new Error('A folder needs a name.')
    return `${prefix}${text}/`
  })
  if (made === undefined) return
  location.hash = `#/objects/${encodeURIComponent(bucket)}/${encodeURIComponent(made)}`
}
