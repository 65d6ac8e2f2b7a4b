import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { element, type Serving, withServing } from './serving.test-support.ts'

const test = suite('store encryption')

const document = (algorithm: string, more = '') =>
  `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm>${more}</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`
const header = 'x-amz-server-side-encryption'

async function put({ ask }: Serving, body: string) {
  const { status, text } = await ask('PUT', '/bucket?encryption', { body })
  return status === 200 ? 200 : element(text, 'Code')
}

test('without the word of the operator nothing is said to be encrypted', async () => {
  await withServing({}, async (serving) => {
    const { ask, bridge } = serving
    const shown = await ask('GET', '/bucket?encryption')
    assert.is(shown.status, 404)
    assert.is(element(shown.text, 'Code'), 'ServerSideEncryptionConfigurationNotFoundError')
    assert.is(await put(serving, document('AES256')), 'NotImplemented')
    assert.is(await put(serving, document('aws:kms')), 'NotImplemented')
    const refused = await ask('PUT', '/bucket/k', { body: 'x', headers: { [header]: 'AES256' } })
    assert.is(element(refused.text, 'Code'), 'NotImplemented')
    assert.is(bridge.objects.size, 0)
    await ask('PUT', '/bucket/k', { body: 'x' })
    assert.is((await ask('GET', '/bucket/k')).headers[header], undefined)
    assert.is((await ask('DELETE', '/bucket?encryption')).status, 204)
  })
})

test('with it, AES256 is what buckets and objects have, and all they can have', async () => {
  await withServing({ storeEncrypted: 'AES256' }, async (serving) => {
    const { ask } = serving
    const shown = await ask('GET', '/bucket?encryption')
    assert.is(element(shown.text, 'SSEAlgorithm'), 'AES256')
    assert.is(await put(serving, document('AES256')), 200)
    const key = '<KMSMasterKeyID>k</KMSMasterKeyID>'
    assert.is(await put(serving, document('AES256', key)), 'InvalidArgument')
    assert.is(await put(serving, document('aws:kms', key)), 'NotImplemented')
    assert.is(await put(serving, document('ROT13')), 'MalformedXML')
    assert.is(await put(serving, document('AES256').replaceAll('Rule', 'Role')), 'MalformedXML')
    const stored = await ask('PUT', '/bucket/k', { body: 'x', headers: { [header]: 'AES256' } })
    assert.equal([stored.status, stored.headers[header]], [200, 'AES256'])
    for (const [method, target] of [
      ['GET', '/bucket/k'],
      ['HEAD', '/bucket/k'],
      ['POST', '/bucket/k?uploads'],
    ] as const) {
      assert.is((await ask(method, target)).headers[header], 'AES256', `${method} ${target}`)
    }
    assert.is((await ask('GET', '/bucket')).headers[header], undefined)
    for (const [value, code] of [
      ['aws:kms', 'NotImplemented'],
      ['aes256', 'InvalidArgument'],
    ] as const) {
      const refused = await ask('PUT', '/bucket/k', { body: 'y', headers: { [header]: value } })
      assert.is(element(refused.text, 'Code'), code)
    }
    assert.is((await ask('GET', '/bucket/k')).text, 'x')
  })
})

const key = Buffer.alloc(32, 'k')
const customer = (algorithm?: string, secret?: string, md5?: string) => ({
  ...(algorithm !== undefined && { [`${header}-customer-algorithm`]: algorithm }),
  ...(secret !== undefined && { [`${header}-customer-key`]: secret }),
  ...(md5 !== undefined && { [`${header}-customer-key-md5`]: md5 }),
})
const whole = customer('AES256', key.toString('base64'), md5Of(key))
const kms = `${header}-aws-kms-key-id`
const asked: readonly [headers: Record<string, string>, ofWrite: string, ofRead: string][] = [
  [whole, 'NotImplemented', 'InvalidRequest'],
  [{ ...whole, [header]: 'AES256' }, 'InvalidArgument', 'InvalidArgument'],
  [{ ...whole, ...customer('ROT13') }, ...twice('InvalidEncryptionAlgorithmError')],
  [{ ...whole, ...customer('AES256', 'c2hvcnQ=') }, ...twice('InvalidArgument')],
  [{ ...whole, ...customer('AES256', undefined, md5Of('other')) }, ...twice('InvalidArgument')],
  [customer('AES256'), ...twice('InvalidArgument')],
  [customer('AES256', key.toString('base64')), ...twice('InvalidArgument')],
  [customer(undefined, key.toString('base64'), md5Of(key)), ...twice('InvalidArgument')],
  [{ [header]: 'aws:kms', [kms]: 'k' }, 'NotImplemented', 'InvalidArgument'],
  [{ [header]: 'AES256', [kms]: 'k' }, ...twice('InvalidArgument')],
  [{ [kms]: 'k' }, ...twice('InvalidArgument')],
  [{ [header]: 'aes:kms' }, ...twice('InvalidArgument')],
]

test('headers of encryption that contradict each other, or a reading, are invalid', async () => {
  await withServing({ storeEncrypted: 'AES256' }, async ({ ask, bridge }) => {
    for (const [headers, ofWrite, ofRead] of asked) {
      const written = await ask('PUT', '/bucket/k', { body: 'y', headers })
      const read = await ask('GET', '/bucket/k', { headers })
      const codes = [written, read].map(({ text }) => element(text, 'Code'))
      assert.equal(codes, [ofWrite, ofRead], JSON.stringify(headers))
      assert.not.ok(`${written.text}${read.text}`.includes(key.toString('base64')))
    }
    assert.is((await ask('HEAD', '/bucket/k', { headers: { [header]: 'AES256' } })).status, 400)
    assert.is(bridge.objects.size, 0)
  })
})

function twice(code: string): [string, string] {
  return [code, code]
}

function md5Of(bytes: Buffer | string): string {
  return createHash('md5').update(bytes).digest('base64')
}

test.run()
