// Random forms, broken at random places: stored as they were meant, or refused with a well-formed S3 error
// and not stored at all; never an internal error, and the server goes on.
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { damage, expectNoneInternal, expectSound, harm } from '../support/damage.ts'
import { type RawBridge, withRawBridge } from '../support/raw-bridge.ts'
import { openConnection, withConnection } from '../support/raw-connection.ts'
import { boundary, formHead, renderForm, signFields } from '../support/signed-form.ts'
import { ask } from '../support/signed-request.ts'

const test = suite('raw fuzz of forms')
const parameters = { seed: 20261126, numRuns: 200 }
process.stdout.write(`fuzz of forms: seed ${parameters.seed}, ${parameters.numRuns} runs\n`)

const field = fc.tuple(
  fc.constantFrom(
    ...[
      'acl',
      'Content-Type',
      'Cache-Control',
      'Content-MD5',
      'x-amz-meta-a',
      'x-amz-meta-',
      'KEY',
    ],
    ...['success_action_status', 'success_action_redirect', 'redirect', 'tagging', 'x-ignore-me'],
    ...['x-amz-checksum-crc32', 'x-amz-storage-class', 'x-amz-server-side-encryption', 'bucket'],
    ...[
      'Expires',
      'x-amz-security-token',
      'AWSAccessKeyId',
      'x-amz-copy-source',
      '__proto__',
      'odd',
    ],
  ),
  fc.oneof(
    fc.constantFrom(
      '',
      'private',
      '201',
      'http://a.test/?b',
      '\0',
      '\r\n',
      'æ',
      '</a>',
      'STANDARD',
    ),
    fc.string({ maxLength: 20 }),
  ),
)
const content = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  fc
    .array(fc.constantFrom('\r\n', '--', boundary.slice(0, 4), `\r\n--${boundary.slice(0, -1)}`))
    .map((pieces) => Buffer.from(pieces.join(''))),
)
const condition = fc.constantFrom<unknown>(
  ['content-length-range', 0, 100],
  ['starts-with', '$key', 'forms/'],
  ['starts-with', '$x-amz-meta-b', ''],
  ['eq', '$acl', 'private'],
  { 'x-amz-meta-a': 'æ' },
  ['content-length-range', 'a', {}],
  {},
  null,
)
const form = fc.record({
  fields: fc.array(field, { maxLength: 2 }),
  conditions: fc.array(condition, { maxLength: 1 }),
  content,
  damage,
  /** How many bytes each write has. */
  writeBytes: fc.constantFrom(13, 1000, 100_000),
})

test('random forms are stored as they were meant, or not at all', async () => {
  await withRawBridge(async (raw) => {
    const { url } = raw.bridge
    const path = '/bucket/forms/a'
    let stored: Buffer = Buffer.from('nothing yet')
    const statuses = new Map<number, number>()
    await ask(raw.bridge, { method: 'PUT', path, body: stored })
    await fc.assert(
      fc.asyncProperty(form, async ({ fields, conditions, content, damage, writeBytes }) => {
        const signed = signFields([['key', 'forms/a'], ...fields], conditions)
        const body = harm(renderForm(signed, content), damage)
        const head = formHead(url, [`Content-Length: ${body.length}`])
        const bytes = Buffer.concat([Buffer.from(head), body])
        await withConnection(raw.bridge, async (connection) => {
          for (let at = 0; at < bytes.length; at += writeBytes) {
            await connection.write(bytes.subarray(at, at + writeBytes))
          }
          const answer = await connection.answer('POST')
          expectSound(answer)
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
          if (answer.status >= 400) return
          // Harm that got through was to the file, which nothing signs, or to what nobody reads.
          stored = damage.kind === 'none' ? content : fileWithin(body)
        })
        assert.is(await fileOf(raw, path), stored.toString('latin1'))
      }),
      parameters,
    )
    for (const status of [204, 400, 403]) assert.ok(statuses.has(status), `${status}`)
    expectNoneInternal(raw)
    const listed = await ask(raw.bridge, { method: 'GET', path: '/bucket?list-type=2' })
    const keys = [...listed.text.matchAll(/<Key>([^<]*)<\/Key>/g)].map((hit) => hit[1])
    assert.equal(keys, ['forms/a', 'key'])
    await ask(raw.bridge, { method: 'DELETE', path })
    await raw.expectUntouched('random forms')
  })
})

test.run()

/** What stands between the head of the file's part and the next boundary. */
function fileWithin(body: Buffer): Buffer {
  const file =
    /; name="file"[^\r]*\r\n(?:[^\r\n]+\r\n)*\r\n(.*?)\r\n--a-boundary(?:--|\r\n)/is.exec(
      body.toString('latin1'),
    )
  assert.ok(file, 'what was stored was a form')
  return Buffer.from(file[1] ?? '', 'latin1')
}

/** As latin1, a character for each byte. */
async function fileOf({ bridge, head }: RawBridge, path: string): Promise<string> {
  const connection = await openConnection(bridge)
  try {
    await connection.write(head({ method: 'GET', path }))
    return (await connection.answer()).body.toString('latin1')
  } finally {
    connection.destroy()
  }
}
