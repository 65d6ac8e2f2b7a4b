import { mkdtemp, readFile, rename, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import aws4 from 'aws4'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { rootHolder } from '../access/holder.test-support.ts'
import { authenticate } from '../authenticate.ts'
import { createLog } from '../log.ts'
import { withServing } from '../serving.test-support.ts'
import {
  type AuditLog,
  type AuditLogOptions,
  openAuditLog,
  renderLine,
  withoutSignatures,
} from './audit-log.ts'
import { retryAfterMs } from './line-file.ts'

const test = suite('audit log')

type Bench = {
  readonly file: string
  readonly warnings: string[]
  readonly lost: number[]
  open(more?: Partial<AuditLogOptions>): Promise<AuditLog>
  /** What is in a file, line by line. */
  read(file?: string): Promise<Record<string, unknown>[]>
}

async function withFile(act: (bench: Bench) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-'))
  const file = join(folder, 'audit.log')
  const warnings: string[] = []
  const lost: number[] = []
  const log = createLog({
    destination: { write: (line) => void warnings.push(JSON.parse(line).msg) },
  })
  try {
    await act({
      ...{ file, warnings, lost },
      open: async (more) =>
        await openAuditLog({
          ...{ file, log, now: () => new Date('2026-03-01T08:00:00Z') },
          onLost: (lines) => lost.push(lines),
          ...more,
        }),
      async read(from = file) {
        const text = await readFile(from, 'utf8')
        assert.ok(text === '' || text.endsWith('\n'))
        return text
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line))
      },
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

const entry = (key: string): Parameters<AuditLog['write']>[0] => ({
  ...{ requestId: '1', operation: 'GetObject', bucket: 'bucket', key, status: 200 },
  ...{ code: undefined, bytesIn: 1, bytesOut: 2, ms: 3, upstreamCalls: 1 },
  ...{ accessKeyId: 'KEY', remoteAddress: '127.0.0.1', owner: 'root', versionId: undefined },
  ...{
    claimedAccessKeyId: undefined,
    uploadId: undefined,
    copySource: undefined,
    userAgent: undefined,
  },
})

const keysIn = (lines: Record<string, unknown>[]) => lines.map(({ key }) => key)

test('each request is a line in a file of its own, and nothing in it is secret', async () => {
  await withFile(async ({ open, read, file }) => {
    const audit = await open()
    await withServing({ audit }, async ({ ask, raw, loggedLines }) => {
      const headers = {
        'User-Agent': 'a client/1 \u009b31m',
        'X-Amz-Security-Token': 'SECRET',
        Cookie: 'SECRET',
      }
      const query = 'X-Amz-Signature=SECRET&X-Amz-Credential=SECRET&X-Amz-Security-Token=SECRET'
      await ask('PUT', `/bucket/a%0Ab?${query}&x-id=PutObject`, { headers, body: 'hello' })
      await ask('DELETE', '/bucket/k?uploadId=the%1b%5bupload')
      await ask('GET', '/bucket/k?versionId=the-version')
      await ask('PUT', '/bucket/copy', { headers: { 'x-amz-copy-source': 'bucket/a%0Ab' } })
      const presigned = {
        'x-amz-copy-source': 'bucket/k?X-Amz-Signature=SECRET&X-Amz-Security-Token=SECRET',
      }
      await ask('PUT', '/bucket/copy', { headers: presigned })
      await raw('GET /bucket/k HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      await loggedLines(6)
    })
    await audit.close()
    const text = await readFile(file, 'utf8')
    assert.not.match(text, /SECRET/)
    assert.is(text.split('\n').length, 7)
    assert.not.match(text.replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f]/)
    const [put, abort, get, copy, presigned, stranger] = await read()
    const { requestId, bytesIn, bytesOut, ms, ...rest } = put ?? {}
    assert.match(String(requestId), /^[0-9A-F]{16}$/)
    assert.ok(Number(bytesIn) > 100 && Number(bytesOut) > 100 && Number(ms) >= 0)
    assert.equal(rest, {
      ...{
        time: '2026-03-01T08:00:00.000Z',
        operation: 'PutObject',
        bucket: 'bucket',
        key: 'a\nb',
      },
      ...{ status: 200, upstreamCalls: 0, accessKeyId: 'KEY', remoteAddress: '127.0.0.1' },
      ...{ owner: 'root', userAgent: 'a client/1 \u009b31m' },
    })
    assert.equal([abort?.operation, abort?.uploadId], ['AbortMultipartUpload', 'the\u001b[upload'])
    assert.equal([get?.versionId, get?.status, get?.code], ['the-version', 404, 'NoSuchVersion'])
    assert.is(copy?.copySource, 'bucket/a%0Ab')
    assert.match(String(presigned?.copySource), /^bucket\/k\?X-Amz-Signature=…&/)
    assert.equal(
      [stranger?.status, stranger?.accessKeyId, stranger?.owner],
      [403, undefined, undefined],
    )
  })
})

test('a key that is claimed and not proven is named as such, and never as the one that signed', async () => {
  const id = 'AKIAIOSFODNN7EXAMPLE'
  const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
  const now = new Date('2029-06-01T12:00:00Z')
  const find = (asked: string) => (asked === id ? { secretAccessKey, ...rootHolder } : undefined)
  const signed = (accessKeyId: string, secret: string, path = '/bucket/key') => {
    const request = { service: 's3', region: 'eu-north-1', host: '127.0.0.1', path }
    const headers = { 'X-Amz-Date': '20290601T120000Z', 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' }
    const { headers: sent = {} } = aws4.sign(
      { ...request, headers },
      { accessKeyId, secretAccessKey: secret },
    )
    return Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, String(value)]))
  }
  const long = `${'L'.repeat(128)}more`
  await withFile(async ({ open, read, file }) => {
    const audit = await open()
    const serving = { audit, authenticate, credentials: find, now: () => now }
    await withServing(serving, async ({ ask, raw, loggedLines }) => {
      await ask('GET', '/bucket/key', { headers: signed(id, secretAccessKey) })
      await ask('GET', '/bucket/key', { headers: signed(id, 'not-the-secret') })
      await ask('GET', '/bucket/key', { headers: signed('NOBODY\u009b', secretAccessKey) })
      await ask('GET', '/bucket/key', { headers: signed(long, secretAccessKey) })
      const expired = 'AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1&Signature=SECRET'
      await raw(`GET /bucket/key?${expired} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      const form = ['policy', 'AWSAccessKeyId', 'signature', 'key', 'file'].map((name) =>
        [`--x`, `Content-Disposition: form-data; name="${name}"`, '', `form-${name}`].join('\r\n'),
      )
      const body = [...form, '--x--', ''].join('\r\n')
      const type = 'Content-Type: multipart/form-data; boundary=x'
      const head = `POST /bucket HTTP/1.1\r\nHost: x\r\n${type}\r\nContent-Length: ${body.length}`
      await raw(`${head}\r\nConnection: close\r\n\r\n${body}`)
      await raw('GET /bucket/key HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      await loggedLines(7)
    })
    await audit.close()
    const told = (await read()).map(({ code, accessKeyId, claimedAccessKeyId }) =>
      [code, accessKeyId, claimedAccessKeyId].map((word) => word ?? '-').join(' '),
    )
    assert.equal(told, [
      `NoSuchKey ${id} -`,
      `SignatureDoesNotMatch - ${id}`,
      'InvalidAccessKeyId - NOBODY\u009b',
      `InvalidAccessKeyId - ${'L'.repeat(128)}…`,
      `AccessDenied - ${id}`,
      'InvalidAccessKeyId - form-AWSAccessKeyId',
      'AccessDenied - -',
    ])
    assert.not.match(await readFile(file, 'utf8'), /SECRET|not-the-secret|\u009b/)
  })
})

test('the file is for its owner alone, and one that is there is gone on with', async () => {
  await withFile(async ({ open, read, file }) => {
    for (const key of ['one', 'two']) {
      const audit = await open()
      audit.write(entry(key))
      await audit.close()
    }
    assert.equal(keysIn(await read()), ['one', 'two'])
    assert.is((await stat(file)).mode & 0o777, 0o600)
  })
})

test('after the file was moved away, lines go into a new one, and none is lost or torn', async () => {
  await withFile(async ({ open, read, file }) => {
    const audit = await open()
    const keys = Array.from({ length: 2000 }, (_, number) => `${number} ${'x'.repeat(500)}`)
    for (const [number, key] of keys.entries()) {
      audit.write(entry(key))
      if (number !== 1000) continue
      await rename(file, `${file}.1`)
      await audit.reopen()
    }
    await audit.close()
    const [old, fresh] = [keysIn(await read(`${file}.1`)), keysIn(await read())]
    assert.ok(old.length > 0 && fresh.length >= 999)
    assert.equal([...old, ...fresh], keys)
  })
})

test('a full disk is told once, keeps lines waiting, and what no longer fits is counted', async () => {
  await withFile(async ({ open, read, file, warnings, lost }) => {
    await symlink('/dev/full', file)
    const waits = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const [started, again] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let count = 0
    const wait = async (ms: number) => {
      assert.is(ms, retryAfterMs)
      const number = count
      count += 1
      if (number === 0) started.resolve()
      else again.resolve()
      await waits[number]?.promise
    }
    const audit = await open({ maxWaitingBytes: 1000, wait })
    audit.write(entry('first'))
    await started.promise
    for (const key of ['second', 'third', 'x'.repeat(900), 'y'.repeat(900)]) audit.write(entry(key))
    waits[0]?.resolve()
    await again.promise
    assert.equal(warnings, ['the audit log cannot be written'])
    assert.equal(lost, [1, 1])
    await unlink(file)
    await writeFile(file, '')
    await audit.reopen()
    audit.write(entry('last'))
    await audit.close()
    const lines = await read()
    assert.equal(keysIn(lines), ['first', 'second', 'third', undefined, 'last'])
    assert.is(lines[3]?.lostLines, 2)
    assert.equal(warnings, [
      'the audit log cannot be written',
      'the audit log can be written again',
    ])
  })
})

test('a disk that stays full ends with its lines counted, and closing does not wait for it', async () => {
  await withFile(async ({ open, file, lost }) => {
    await symlink('/dev/full', file)
    const audit = await open()
    audit.write(entry('first'))
    audit.write(entry('second'))
    await audit.close()
    assert.ok(lost.reduce((sum, lines) => sum + lines, 0) > 0)
  })
})

test('a file that cannot be opened is said at the start, and a reopening that fails keeps the old one', async () => {
  await withFile(async ({ open, read, file, warnings }) => {
    const failure = await open({ file: join(file, 'below-nothing') }).catch((error: Error) => error)
    assert.instance(failure, Error)
    const audit = await open()
    await rename(file, `${file}.1`)
    await symlink(join(file, 'nowhere'), file)
    await audit.reopen()
    audit.write(entry('kept'))
    await audit.close()
    assert.is(warnings[0], 'the audit log cannot be written')
    assert.equal(keysIn(await read(`${file}.1`)).slice(0, 1), ['kept'])
  })
})

test('a presigned URL that was put in place of a name is kept without what signs it', () => {
  for (const [text, kept] of [
    ['bucket/a?versionId=1', 'bucket/a?versionId=1'],
    ['bucket/signature=1', 'bucket/signature=1'],
    ['http://x/b/k?X-Amz-Signature=0f&X-Amz-Date=1', 'http://x/b/k?X-Amz-Signature=…&X-Amz-Date=1'],
    ['b/k?Expires=1&Signature=a%2Bb', 'b/k?Expires=1&Signature=…'],
    ['b/k%3FX-Amz-Signature%3D0f%26a%3D1', 'b/k%3FX-Amz-Signature%3D…%26a%3D1'],
    ['b/k?x-amz-security-token=a/b==', 'b/k?x-amz-security-token=…'],
  ]) {
    assert.is(withoutSignatures(text ?? ''), kept)
  }
})

test('characters that terminals obey or take for an end of line are escaped', () => {
  assert.is(
    renderLine({ key: '\u0000\r\n\u001b\u007f\u009b\u2028\u202e\u2066æ' }),
    '{"key":"\\u0000\\r\\n\\u001b\\u007f\\u009b\\u2028\\u202e\\u2066æ"}',
  )
})

test.run()
