// Forms that are broken, forged, slow or cut off: each gets its S3 error, stores nothing, and leaves its
// connection in a sane state.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { randomBuffer } from '../support/bytes.ts'
import { expectError, expectRefusal, expectSane, withRawBridge } from '../support/raw-bridge.ts'
import { withConnection } from '../support/raw-connection.ts'
import { boundary, type Fields, formHead, renderForm, signFields } from '../support/signed-form.ts'
import { ask } from '../support/signed-request.ts'

const test = suite('raw forms')
const content = Buffer.from('the content of the file')

function request(url: string, body: Buffer, lines: readonly string[] = []): Buffer {
  const head = formHead(url, [`Content-Length: ${body.length}`, ...lines])
  return Buffer.concat([Buffer.from(head), body])
}

test('a form that is whole is stored, and its connection goes on', async () => {
  await withRawBridge(async (raw) => {
    const { url } = raw.bridge
    const body = renderForm(signFields([['key', 'formed']]), content)
    await withConnection(raw.bridge, async (connection) => {
      for (const pieceBytes of [1, 100, body.length]) {
        const bytes = request(url, body)
        for (let at = 0; at < bytes.length; at += pieceBytes) {
          await connection.write(bytes.subarray(at, at + pieceBytes))
        }
        const answer = await connection.answer('POST')
        assert.is(answer.status, 204, answer.text)
        assert.is(await expectSane(raw, connection, answer, `${pieceBytes}`), 'kept')
      }
    })
    assert.is(
      (await ask(raw.bridge, { method: 'GET', path: '/bucket/formed' })).text,
      content.toString(),
    )
    await ask(raw.bridge, { method: 'DELETE', path: '/bucket/formed' })
    await raw.expectUntouched('whole forms')
  })
})

test('a form that is broken or forged is refused by its fault', async () => {
  await withRawBridge(async (raw) => {
    const { url } = raw.bridge
    const signed = signFields([['key', 'key']])
    const change = (name: string, value: string): Fields =>
      signed.map(([other, old]) => [other, other === name ? value : old])
    const good = renderForm(signed, content)
    const text = good.toString('latin1')
    const cases: readonly [what: string, body: Buffer, status: number, code: string][] = [
      ['no policy', renderForm([['key', 'key']], content), 403, 'AccessDenied'],
      ['no file', renderForm(signed, undefined), 400, 'IncorrectNumberOfFilesInPostRequest'],
      ['no fields', renderForm([], content), 400, 'InvalidArgument'],
      ['nothing', Buffer.alloc(0), 400, 'MalformedPOSTRequest'],
      ['no form', Buffer.from('key=key&file=x'), 400, 'MalformedPOSTRequest'],
      ['JSON', Buffer.from('{"key":"key"}'), 400, 'MalformedPOSTRequest'],
      ['no end', good.subarray(0, -6), 400, 'MalformedPOSTRequest'],
      ['cut in the file', good.subarray(0, -60), 400, 'MalformedPOSTRequest'],
      ['cut in a field', good.subarray(0, 100), 400, 'MalformedPOSTRequest'],
      [
        'two files',
        Buffer.concat([good.subarray(0, -`--${boundary}--\r\n`.length), renderForm([], content)]),
        400,
        'IncorrectNumberOfFilesInPostRequest',
      ],
      [
        'a forged policy',
        renderForm(change('policy', 'e30='), content),
        403,
        'SignatureDoesNotMatch',
      ],
      ['another key', renderForm(change('key', 'other'), content), 403, 'AccessDenied'],
      [
        'a NUL in a field',
        renderForm([['x-amz-meta-a', '\0'], ...signed], content),
        403,
        'AccessDenied',
      ],
      [
        'a NUL in a name',
        Buffer.from(text.replace('name="key"', 'name="key\0"')),
        400,
        'InvalidArgument',
      ],
      [
        'a policy of 30 KiB',
        renderForm(change('policy', 'A'.repeat(30_000)), content),
        400,
        'MaxPostPreDataLengthExceededError',
      ],
      [
        '10,000 fields',
        renderForm(
          Array.from({ length: 10_000 }, (_, at) => [`f${at}`, '']),
          content,
        ),
        400,
        'MaxPostPreDataLengthExceededError',
      ],
      [
        'a policy nested deep',
        renderForm(change('policy', Buffer.from('['.repeat(10_000)).toString('base64')), content),
        403,
        'SignatureDoesNotMatch',
      ],
      [
        'prototypes',
        renderForm(signFields([['key', 'key']], [{ ['__proto__']: 'x' }]), content),
        403,
        'AccessDenied',
      ],
    ]
    for (const [what, body, status, code] of cases) {
      await expectRefusal(raw, request(url, body), { status, code }, what)
    }
    for (const type of ['multipart/form-data', 'multipart/form-data; boundary=']) {
      const bytes = request(url, good, [`Content-Type: ${type}`])
      await expectRefusal(raw, bytes, { status: 400, code: 'MalformedPOSTRequest' }, type)
    }
    await raw.expectUntouched('broken forms')
  })
})

test('100 Continue is not spent on a form whose head is wrong, and once on the others', async () => {
  await withRawBridge(async (raw) => {
    const { url } = raw.bridge
    const expect = 'Expect: 100-continue'
    const refused: readonly [lines: readonly string[], status: number, code: string][] = [
      [['Content-Type: multipart/form-data'], 400, 'MalformedPOSTRequest'],
      [['Transfer-Encoding: chunked'], 411, 'MissingContentLength'],
      [['Content-Type: text/plain'], 412, 'PreconditionFailed'],
    ]
    for (const [lines, status, code] of refused) {
      await withConnection(raw.bridge, async (connection) => {
        const length = lines.some((line) => line.startsWith('Transfer'))
          ? []
          : ['Content-Length: 9']
        await connection.write(formHead(url, [...lines, ...length, expect]))
        const answer = await connection.answer('POST')
        expectError(answer, { status, code }, code)
        assert.equal(answer.interim, [])
      })
    }
    const body = renderForm(signFields([['key', 'formed']]), content)
    await withConnection(raw.bridge, async (connection) => {
      await connection.write(formHead(url, [`Content-Length: ${body.length}`, expect]))
      assert.is(await connection.interim(), 100)
      await connection.write(body)
      const answer = await connection.answer('POST')
      assert.equal([answer.status, answer.interim], [204, [100]])
    })
    await ask(raw.bridge, { method: 'DELETE', path: '/bucket/formed' })
    await raw.expectUntouched('expectations of forms')
  })
})

test('a sender that stops or goes away within the fields or the file leaves nothing', async () => {
  await withRawBridge(
    async (raw) => {
      const { url } = raw.bridge
      const large = randomBuffer(12 * 1024 ** 2, 'form')
      const bytes = request(url, renderForm(signFields([['key', 'key']]), large))
      for (const sentBytes of [500, 3000, 2_000_000, bytes.length - 5]) {
        await withConnection(raw.bridge, async (connection) => {
          await connection.write(bytes.subarray(0, sentBytes))
          const answer = await connection.answer('POST')
          expectError(answer, { status: 400, code: 'RequestTimeout' }, `${sentBytes}`)
        })
        const seen = raw.bridge.log.length
        await withConnection(raw.bridge, async (connection) => {
          await connection.write(bytes.subarray(0, sentBytes))
          connection.socket.destroy()
          await raw.logged((line) => raw.bridge.log.indexOf(line) >= seen && line.status === 499)
        })
      }
      await raw.expectUntouched('forms that were cut')
    },
    { JOTTA_S3_IDLE_TIMEOUT_SECONDS: '1' },
  )
})

test.run()
