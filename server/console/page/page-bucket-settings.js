// What can be set on a bucket: read as the server says it, written as the server takes it. What is wrong with a text
// is the server's to say.
import { confirm, note } from './dialogs.js'
import { button, el, field, fill, head, notice } from './elements.js'
import { tagEditor } from './object-dialogs.js'
import { isPublic, publicBadge } from './page-buckets.js'
import { s3 } from './requests.js'
import { checksumHeader, elementsOf, prettyXml, renderXml, textOf, toDocument } from './s3-xml.js'
import { name } from './show-text.js'

const texts = [
  {
    title: 'Policy',
    query: 'policy',
    kind: 'json',
    hint: 'Who else may do what, in the language of IAM.',
    example: (bucket) =>
      JSON.stringify(
        {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: '*',
              Action: 's3:GetObject',
              Resource: `arn:aws:s3:::${bucket}/*`,
            },
          ],
        },
        null,
        2,
      ),
    exampleName: 'Let everybody read',
  },
  {
    title: 'Lifecycle',
    query: 'lifecycle',
    kind: 'xml',
    hint: 'What is deleted by itself, and when. Carried out once a day, to the trash of Jottacloud.',
    example: () =>
      prettyXml(
        toDocument([
          'LifecycleConfiguration',
          [
            'Rule',
            ['ID', 'clean up'],
            ['Status', 'Enabled'],
            ['Filter', ['Prefix', 'tmp/']],
            ['Expiration', ['Days', 30]],
            ['AbortIncompleteMultipartUpload', ['DaysAfterInitiation', 7]],
          ],
        ]),
      ),
    exampleName: 'Delete tmp/ after 30 days',
  },
  {
    title: 'Web pages of other sites (CORS)',
    query: 'cors',
    kind: 'xml',
    hint: 'Which web sites may read and write here from a browser.',
    example: () =>
      prettyXml(
        toDocument([
          'CORSConfiguration',
          [
            'CORSRule',
            ['AllowedOrigin', 'https://www.example.org'],
            ['AllowedMethod', 'GET'],
            ['AllowedHeader', '*'],
          ],
        ]),
      ),
    exampleName: 'Let one site read',
  },
]

const blocks = [
  ['BlockPublicAcls', 'Refuse ACLs that let strangers in'],
  ['IgnorePublicAcls', 'Ignore ACLs that let strangers in'],
  ['BlockPublicPolicy', 'Refuse policies that let strangers in'],
  ['RestrictPublicBuckets', 'Let strangers in by no policy'],
]

export async function bucketSettingsPage({ main, signal }, bucket) {
  const here = `#/objects/${encodeURIComponent(bucket)}`
  const trail = el(
    'nav',
    { class: 'crumbs', 'aria-label': 'Where you are' },
    el(
      'ol',
      {},
      el('li', {}, el('a', { href: '#/buckets' }, 'Buckets')),
      el('li', {}, el('a', { href: here }, name(bucket))),
    ),
  )
  const state = el('span')
  const cards = el('div', { class: 'stack' })
  fill(main, trail, head(['Settings of ', name(bucket)], '', state), cards)
  const showState = async () => {
    try {
      fill(state, publicBadge(await isPublic(bucket, signal)))
    } catch (error) {
      if (!signal.aborted) fill(state, notice('warn', error.message))
    }
  }
  const place = { bucket, signal, changed: showState }
  fill(
    cards,
    blockCard(place),
    ...texts.map((setting) => textCard(place, setting)),
    tagsCard(place),
  )
  await showState()
}

/** `undefined` when it was never set. */
async function read({ bucket, signal }, query) {
  try {
    return await s3('GET', bucket, '', { query: { [query]: '' }, signal })
  } catch (error) {
    if (error.status === 404 && error.code !== 'NoSuchBucket') return undefined
    throw error
  }
}

async function write({ bucket }, query, kind, body) {
  const headers = { 'Content-Type': `application/${kind}`, ...checksumHeader(body) }
  await s3('PUT', bucket, '', { query: { [query]: '' }, headers, body })
}

async function remove({ bucket }, query) {
  await s3('DELETE', bucket, '', { query: { [query]: '' } })
}

/** A card whose content comes later, and which says what keeps it from that. */
function lateCard(title, hint, load) {
  const content = el('div', { class: 'stack' }, 'Loading …')
  load(content).catch((error) => fill(content, notice('warn', error.message)))
  const header = el('header', {}, el('h2', {}, title))
  return el('section', { class: 'card' }, header, el('p', { class: 'hint' }, hint), content)
}

function textCard(place, { title, query, kind, hint, example, exampleName }) {
  const area = el('textarea', { spellcheck: 'false', placeholder: 'Nothing is set.' })
  const trouble = el('div', { role: 'alert' })
  const act = async (go, told) => {
    fill(trouble)
    try {
      await go()
      note(told)
      place.changed()
    } catch (error) {
      fill(trouble, notice('bad', error.message))
    }
  }
  const save = () => act(() => write(place, query, kind, area.value), `${title}: saved.`)
  const clear = async () => {
    const text = `What is set there is removed from ${place.bucket}.`
    if (!(await confirm(`${title}: remove?`, text, 'Remove'))) return
    await act(async () => {
      await remove(place, query)
      area.value = ''
    }, `${title}: removed.`)
  }
  return lateCard(title, hint, async (content) => {
    const answer = await read(place, query)
    if (answer !== undefined)
      area.value = kind === 'json' ? prettyJson(answer) : prettyXml(answer.responseXML)
    const fillIn = () => {
      area.value = example(place.bucket)
      area.focus()
    }
    const acts = [
      button('Save', save, { look: 'main' }),
      button('Remove', clear, { look: 'danger' }),
    ]
    const row = el('div', { class: 'row' }, ...acts, button(`Example: ${exampleName}`, fillIn))
    fill(content, field(`${title}, as ${kind.toUpperCase()}`, area), trouble, row)
  })
}

function blockCard(place) {
  const hint = 'These hold whatever policies and ACLs say.'
  return lateCard('Public access', hint, async (content) => {
    const answer = await read(place, 'publicAccessBlock')
    const boxes = blocks.map(([flag, text]) => {
      const box = el('input', { type: 'checkbox' })
      box.checked = answer !== undefined && textOf(answer.responseXML, flag) === 'true'
      return { flag, box, label: el('label', { class: 'check' }, box, text) }
    })
    const trouble = el('div', { role: 'alert' })
    const save = async () => {
      fill(trouble)
      try {
        const flags = boxes.map(({ flag, box }) => [flag, String(box.checked)])
        await write(
          place,
          'publicAccessBlock',
          'xml',
          renderXml(['PublicAccessBlockConfiguration', ...flags]),
        )
        note('Public access: saved.')
        place.changed()
      } catch (error) {
        fill(trouble, notice('bad', error.message))
      }
    }
    const row = el('div', { class: 'row' }, button('Save', save, { look: 'main' }))
    fill(content, ...boxes.map(({ label }) => label), trouble, row)
  })
}

function tagsCard(place) {
  return lateCard(
    'Tags of the bucket',
    'For your own order, and for conditions of policies.',
    async (content) => {
      const answer = await read(place, 'tagging')
      const tags = answer === undefined ? [] : elementsOf(answer.responseXML, 'Tag')
      const text = tags.map((tag) => `${textOf(tag, 'Key')}=${textOf(tag, 'Value')}`).join('\n')
      fill(
        content,
        tagEditor(text, (tree) => write(place, 'tagging', 'xml', renderXml(tree))),
      )
    },
  )
}

function prettyJson({ responseText }) {
  try {
    return JSON.stringify(JSON.parse(responseText), null, 2)
  } catch {
    // As it was kept.
    return responseText
  }
}
