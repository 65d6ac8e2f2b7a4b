// What becomes of a connection: bodies that are refused early, 100 Continue, pipelines, clients that are
// slow, silent or gone. No byte of a body is ever taken for a request, and no request overtakes another.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { randomBuffer } from '../support/bytes.ts'
import {
  expectError,
  expectSane,
  oldContent,
  type RawHead,
  withRawBridge,
} from '../support/raw-bridge.ts'
import { withConnection } from '../support/raw-connection.ts'
import { ask } from '../support/signed-request.ts'

const test = suite('raw connections')
const mib = 1024 ** 2
const put = { method: 'PUT', path: '/bucket/key' } as const

test('a body that is refused early is never taken for requests', async () => {
  await withRawBridge(async (raw) => {
    const trap = raw.head({ method: 'DELETE', path: '/bucket/key' })
    const refusals: readonly (readonly [RawHead, number, string])[] = [
      [{ method: 'PUT', path: '/nobucket/key' }, 404, 'NoSuchBucket'],
      [{ method: 'PUT', path: '/bucket/key?retention' }, 501, 'NotImplemented'],
      [{ ...put, headers: { 'if-none-match': '*' } }, 412, 'PreconditionFailed'],
      [{ ...put, headers: { 'content-md5': 'x' } }, 400, 'InvalidDigest'],
      [{ method: 'POST', path: '/bucket/key' }, 405, 'MethodNotAllowed'],
      [{ method: 'GET', path: '/bucket/missing' }, 404, 'NoSuchKey'],
    ]
    for (const count of [1, 100, 40_000]) {
      const body = Buffer.from(trap.repeat(count)).subarray(0, 12 * mib)
      const isLarge = body.length > mib
      // Of a large body only the beginning is read, which takes a second each.
      for (const [request, status, code] of isLarge ? refusals.slice(0, 2) : refusals) {
        for (const split of isLarge ? [10] : [0, 10, body.length]) {
          const what = `${code} and ${body.length} bytes, ${split} of them with the head`
          await withConnection(raw.bridge, async (connection) => {
            const head = raw.head({ ...request, lines: [`Content-Length: ${body.length}`] })
            await connection.write(Buffer.concat([Buffer.from(head), body.subarray(0, split)]))
            const sending = connection.write(body.subarray(split))
            const answer = await connection.answer()
            expectError(answer, { status, code }, what)
            await sending
            await expectSane(raw, connection, answer, what)
          })
        }
      }
      await raw.expectUntouched(`${count} requests as a body`)
    }
  })
})

test('pipelined requests are carried out one after another, and answered in order', async () => {
  await withRawBridge(async (raw) => {
    const path = '/bucket/pipelined'
    const store = (body: string) => {
      const lines = [`Content-Length: ${body.length}`]
      return raw.head({ method: 'PUT', path, signedBody: body, lines }) + body
    }
    const get = raw.head({ method: 'GET', path })
    const remove = raw.head({ method: 'DELETE', path })
    await withConnection(raw.bridge, async (connection) => {
      const sent = [store('one'), get, store('two'), get, remove, get, store('three'), remove]
      await connection.write(sent.join(''))
      const seen: (readonly [number, string])[] = []
      for (const _ of sent) {
        const { status, text } = await connection.answer()
        seen.push([status, status === 404 ? '' : text])
      }
      assert.equal(seen, [
        ...[[200, ''] as const, [200, 'one'] as const, [200, ''] as const, [200, 'two'] as const],
        ...[[204, ''] as const, [404, ''] as const, [200, ''] as const, [204, ''] as const],
      ])
      assert.is(await connection.finish(), '')
    })
    await raw.expectUntouched('a pipeline')
  })
})

test('what is pipelined behind an answer that closes the connection is not carried out', async () => {
  await withRawBridge(async (raw) => {
    const remove = raw.head({ method: 'DELETE', path: '/bucket/key' })
    const closing: readonly RawHead[] = [
      { method: 'GET', path: '/bucket/key', lines: ['Connection: close'] },
      { ...put, path: '/bucket/key?acl', lines: ['Content-Length: 0', 'Connection: close'] },
      { method: 'GET', path: '/bucket/key', version: '1.0' },
    ]
    for (const request of closing) {
      await withConnection(raw.bridge, async (connection) => {
        await connection.write(raw.head(request) + remove.repeat(3))
        await connection.answer()
        assert.is(await connection.finish(), '', 'one answer')
      })
      await raw.expectUntouched('requests after the end')
    }
  })
})

test('a flood of pipelined requests is bounded, and others are served meanwhile', async () => {
  await withRawBridge(async (raw) => {
    await withConnection(raw.bridge, async (connection) => {
      const flood = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5000)
      let isTaken = true
      for (let round = 0; isTaken && round < 100; round += 1) {
        isTaken = await connection.write(flood)
      }
      assert.is(isTaken, false, 'closed before 500,000 requests were taken in')
      assert.match(await connection.rest(), /^(?:HTTP\/1\.1 403 |$)/)
    })
    await raw.expectUntouched('a flood')
  })
})

test('garbage behind a request ends the connection, and never stands within an answer', async () => {
  await withRawBridge(async (raw) => {
    const large = randomBuffer(3 * mib, 'large')
    await ask(raw.bridge, { method: 'PUT', path: '/bucket/large', body: large })
    for (const count of [1, 2, 3]) {
      await withConnection(raw.bridge, async (connection) => {
        const get = raw.head({ method: 'GET', path: '/bucket/large' })
        await connection.write(`${get.repeat(count)}garbage\r\n\r\n`)
        // An answer, cut or whole, or the refusal alone: what has begun goes on with its own bytes.
        const seen = Buffer.from(await connection.finish(), 'latin1')
        const headEnd = seen.indexOf('\r\n\r\n') + 4
        const isRefusal = /^HTTP\/1\.1 400 /.test(seen.toString('latin1', 0, 20))
        const body = seen.subarray(headEnd, headEnd + large.length)
        assert.ok(isRefusal || seen.length === 0 || large.subarray(0, body.length).equals(body))
      })
    }
    await ask(raw.bridge, { method: 'DELETE', path: '/bucket/large' })
    await raw.expectUntouched('garbage')
  })
})

test('100 Continue comes after everything that can be refused without the body', async () => {
  await withRawBridge(async (raw) => {
    const expecting = ['Content-Length: 5', 'Expect: 100-continue']
    const refusals: readonly (readonly [RawHead, number, string])[] = [
      [{ ...put, target: '/bucket/other' }, 403, 'SignatureDoesNotMatch'],
      [{ ...put, headers: { 'x-amz-date': '20200101T000000Z' } }, 403, 'RequestTimeTooSkewed'],
      [{ method: 'PUT', path: '/nobucket/key' }, 404, 'NoSuchBucket'],
      [{ ...put, headers: { 'if-none-match': '*' } }, 412, 'PreconditionFailed'],
      [{ ...put, headers: { 'if-match': '"other"' } }, 412, 'PreconditionFailed'],
      [{ ...put, headers: { 'content-md5': 'x' } }, 400, 'InvalidDigest'],
      [{ ...put, headers: { 'x-amz-checksum-crc32': 'x' } }, 400, 'InvalidRequest'],
      [{ ...put, headers: { 'x-amz-tagging': 'a=1&a=2' } }, 400, 'InvalidArgument'],
      [{ method: 'PUT', path: '/bucket/key?retention' }, 501, 'NotImplemented'],
      [{ method: 'PUT', path: `/bucket/${'k'.repeat(1025)}` }, 400, 'KeyTooLongError'],
      [{ method: 'PUT', path: '/bucket/k?partNumber=1&uploadId=x' }, 404, 'NoSuchUpload'],
      [{ method: 'DELETE', path: '/nobucket' }, 404, 'NoSuchBucket'],
      [{ method: 'POST', path: '/bucket?delete=' }, 400, 'InvalidRequest'],
    ]
    for (const [request, status, code] of refusals) {
      await withConnection(raw.bridge, async (connection) => {
        await connection.write(raw.head({ ...request, lines: expecting }))
        const answer = await connection.answer()
        expectError(answer, { status, code }, code)
        assert.equal(answer.interim, [], code)
        assert.is(await expectSane(raw, connection, answer, code), 'closed')
      })
    }
    const tooLarge = ['Content-Length: 99999999999', 'Expect: 100-continue']
    await withConnection(raw.bridge, async (connection) => {
      await connection.write(raw.head({ ...put, lines: tooLarge }))
      const answer = await connection.answer()
      expectError(answer, { status: 400, code: 'EntityTooLarge' }, 'too large')
      assert.equal(answer.interim, [])
    })
    await raw.expectUntouched('expectations that were refused')
  })
})

test('a body that was asked for with 100 Continue is taken, and the connection goes on', async () => {
  await withRawBridge(async (raw) => {
    const path = '/bucket/expected'
    const lines = ['Content-Length: 5', 'Expect: 100-continue']
    const request = { method: 'PUT', path, signedBody: 'hello', lines }
    await withConnection(raw.bridge, async (connection) => {
      for (const round of [1, 2]) {
        await connection.write(raw.head(request))
        assert.is(await connection.interim(), 100, `round ${round}`)
        await connection.write('hello')
        assert.is((await connection.answer()).status, 200)
      }
      // Not waited for.
      await connection.write(`${raw.head(request)}hello`)
      assert.is((await connection.answer()).status, 200)
      // Asked for, but wrong.
      await connection.write(raw.head(request))
      assert.is(await connection.interim(), 100)
      await connection.write('jello')
      const answer = await connection.answer()
      expectError(answer, { status: 400, code: 'XAmzContentSHA256Mismatch' }, 'wrong')
      await expectSane(raw, connection, answer, 'wrong')
    })
    assert.is((await ask(raw.bridge, { method: 'GET', path })).text, 'hello')
    await ask(raw.bridge, { method: 'DELETE', path })
    await raw.expectUntouched('expectations')
  })
})

test('Expect without a body, in HTTP/1.0, or for something else', async () => {
  await withRawBridge(async (raw) => {
    await withConnection(raw.bridge, async (connection) => {
      const lines = ['Expect: 100-continue']
      await connection.write(raw.head({ method: 'GET', path: '/bucket/key', lines }))
      const answer = await connection.answer()
      assert.equal([answer.text, answer.interim], [oldContent, []])
      await expectSane(raw, connection, answer, 'GET')
    })
    await withConnection(raw.bridge, async (connection) => {
      const lines = ['Content-Length: 3', 'Expect: 100-continue']
      await connection.write(
        `${raw.head({ ...put, path: '/bucket/old', version: '1.0', lines })}old`,
      )
      const answer = await connection.answer()
      assert.equal([answer.status, answer.interim], [200, []])
    })
    for (const expectation of ['miracles', '200-ok', '100', '']) {
      await withConnection(raw.bridge, async (connection) => {
        const lines = ['Content-Length: 3', `Expect: ${expectation}`]
        await connection.write(`${raw.head({ ...put, path: '/bucket/old', lines })}old`)
        const answer = await connection.answer()
        assert.equal([answer.status, answer.interim], [200, []], expectation)
        await expectSane(raw, connection, answer, expectation)
      })
    }
    await ask(raw.bridge, { method: 'DELETE', path: '/bucket/old' })
    await raw.expectUntouched('other expectations')
  })
})

test('a sender of single bytes is served, a silent one gets RequestTimeout', async () => {
  const env = { JOTTA_S3_IDLE_TIMEOUT_SECONDS: '3' }
  await withRawBridge(async (raw) => {
    await withConnection(raw.bridge, async (connection) => {
      const body = 'one byte at a time'
      const lines = [`Content-Length: ${body.length}`]
      const request = { method: 'PUT', path: '/bucket/slow', signedBody: body, lines }
      for (const byte of raw.head(request) + body) {
        await new Promise((resolve) => connection.socket.write(byte, resolve))
      }
      assert.is((await connection.answer()).status, 200)
      await connection.write(raw.head({ method: 'GET', path: '/bucket/slow' }))
      assert.is((await connection.answer()).text, body)
      await connection.write(raw.head({ method: 'DELETE', path: '/bucket/slow' }))
      await connection.answer()
    })
    const silences: readonly RawHead[] = [
      put,
      { method: 'PUT', path: '/bucket/new', headers: { 'if-none-match': '*' } },
      { method: 'PUT', path: '/other' },
      { method: 'POST', path: '/bucket?delete=', headers: { 'content-md5': md5OfNothing } },
    ]
    await Promise.all(
      silences.map(async (request) => {
        await withConnection(raw.bridge, async (connection) => {
          const lines = ['Content-Length: 1000']
          await connection.write(`${raw.head({ ...request, lines })}some bytes`)
          const answer = await connection.answer()
          expectError(answer, { status: 400, code: 'RequestTimeout' }, request.path)
          assert.is(await connection.rest(), '', 'closed by the server')
        })
      }),
    )
    await raw.expectUntouched('silent senders')
  }, env)
})

test('a client that goes away within its body leaves nothing behind', async () => {
  await withRawBridge(async (raw) => {
    const created = await ask(raw.bridge, { method: 'POST', path: '/bucket/multi?uploads=' })
    const uploadId = /<UploadId>([^<]+)</.exec(created.text)?.[1]
    const part = `/bucket/multi?partNumber=1&uploadId=${uploadId}`
    for (const [path, operation] of [
      ['/bucket/key', 'PutObject'],
      [part, 'UploadPart'],
    ] as const) {
      // Larger than what is held in memory.
      for (const sizeBytes of [1000, 14 * mib]) {
        const gone = raw.bridge.log.length
        await withConnection(raw.bridge, async (connection) => {
          const lines = [`Content-Length: ${sizeBytes}`, 'Expect: 100-continue']
          await connection.write(raw.head({ method: 'PUT', path, lines }))
          assert.is(await connection.interim(), 100)
          await connection.write(Buffer.alloc(sizeBytes - 10))
          connection.reset()
        })
        await raw.logged(
          (line) =>
            raw.bridge.log.indexOf(line) >= gone &&
            line.operation === operation &&
            line.status === 499,
        )
      }
    }
    const parts = await ask(raw.bridge, {
      method: 'GET',
      path: `/bucket/multi?uploadId=${uploadId}`,
    })
    assert.not.match(parts.text, /<Part>/)
    await raw.expectUntouched('clients that went away')
  })
})

test('a client that goes away, or stops to read, within a download harms nobody', async () => {
  const env = { JOTTA_S3_IDLE_TIMEOUT_SECONDS: '3' }
  await withRawBridge(async (raw) => {
    const large = randomBuffer(24 * mib, 'download')
    await ask(raw.bridge, { method: 'PUT', path: '/bucket/large', body: large })
    const get = raw.head({ method: 'GET', path: '/bucket/large' })
    for (const leave of ['reset', 'end', 'stop'] as const) {
      const before = raw.bridge.log.length
      await withConnection(raw.bridge, async (connection) => {
        connection.socket.pause()
        await connection.write(get)
        if (leave === 'reset') connection.reset()
        if (leave === 'end') connection.socket.destroy()
        const line = await raw.logged(
          (entry) => raw.bridge.log.indexOf(entry) >= before && entry.operation === 'GetObject',
        )
        assert.is(line.status, 499, leave)
      })
    }
    const got = await ask(raw.bridge, { method: 'GET', path: '/bucket/large' })
    assert.is(got.status, 200)
    await ask(raw.bridge, { method: 'DELETE', path: '/bucket/large' })
    await raw.expectUntouched('downloads')
  }, env)
})

test.run()

const md5OfNothing = '1B2M2Y8AsgTpgAmY7PhCfg=='
