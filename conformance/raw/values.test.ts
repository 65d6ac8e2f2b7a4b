// Values that are out of range, of another kind or made of control characters: refused by their names, and
// what S3 ignores is ignored.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { element, expectRefusal, withRawBridge } from '../support/raw-bridge.ts'
import { ask } from '../support/signed-request.ts'

const test = suite('raw values')

test('numbers in a query are whole, within their range, and of digits', async () => {
  await withRawBridge(async (raw) => {
    const bad = ['-1', '1e3', '0x10', '1.5', '%2B1', '99999999999', '9'.repeat(400), 'many', '%20']
    const parameters = [
      '/bucket?max-keys=',
      '/bucket?list-type=2&max-keys=',
      '/bucket?uploads=&max-uploads=',
    ]
    for (const parameter of parameters) {
      for (const value of bad) {
        const head = raw.head({ method: 'GET', path: `${parameter}${value}` })
        const wanted = { status: 400, code: 'InvalidArgument' }
        await expectRefusal(raw, head, wanted, `${parameter}${value}`)
      }
      for (const value of ['', '0', '1', '1000', '2147483647']) {
        const got = await ask(raw.bridge, { method: 'GET', path: `${parameter}${value}` })
        assert.is(got.status, 200, `${parameter}${value} ${got.text}`)
      }
    }
    await raw.expectUntouched('numbers')
  })
})

test('words of closed lists are refused when they are none of them', async () => {
  await withRawBridge(async (raw) => {
    for (const path of [
      '/bucket?encoding-type=base64',
      '/bucket?list-type=2&encoding-type=URL',
      '/bucket?list-type=2&continuation-token=forged',
      '/bucket/key?response-content-type=%0D%0ASet-Cookie:a',
      '/bucket/key?response-expires=%E2%82%AC',
    ]) {
      const head = raw.head({ method: 'GET', path })
      await expectRefusal(raw, head, { status: 400, code: 'InvalidArgument' }, path)
    }
    await raw.expectUntouched('words')
  })
})

test('a header value with control characters is refused, whatever the header', async () => {
  await withRawBridge(async (raw) => {
    const good = raw.head({ method: 'PUT', path: '/bucket/key', lines: ['Content-Length: 0'] })
    for (const name of ['x-amz-meta-a', 'Content-Type', 'x-amz-acl', 'Range', 'User-Agent']) {
      for (const value of ['\x04mymeta', 'h\x04w', 'h\x04', '\x7f', '\x1b[2J', '\0']) {
        const bytes = Buffer.from(good.replace('\r\n', `\r\n${name}: ${value}\r\n`), 'latin1')
        const what = JSON.stringify(`${name}: ${value}`)
        assert.is(
          await expectRefusal(raw, bytes, { status: 400, code: 'BadRequest' }, what),
          'closed',
        )
      }
    }
    await raw.expectUntouched('control characters')
  })
})

test('dates and ranges that are none are ignored, as HTTP has it', async () => {
  await withRawBridge(async (raw) => {
    for (const headers of [
      { 'if-modified-since': 'yesterday' },
      { 'if-unmodified-since': '99 Foo 2020' },
      { range: 'bytes=9-1' },
      { range: 'lines=1-2' },
      { range: 'bytes=a-b' },
    ]) {
      const got = await ask(raw.bridge, { method: 'GET', path: '/bucket/key', headers })
      assert.is(got.status, 200, JSON.stringify(headers))
    }
    const past = await ask(raw.bridge, {
      method: 'GET',
      path: '/bucket/key',
      headers: { range: 'bytes=100000-' },
    })
    assert.equal([past.status, element(past.text, 'Code')], [416, 'InvalidRange'])
  })
})

test.run()
