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
    assert.is(await put(serving, document('ROT13')), 'InvalidEncryptionAlgorithmError')
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
      ['aes256', 'InvalidEncryptionAlgorithmError'],
    ] as const) {
      const refused = await ask('PUT', '/bucket/k', { body: 'y', headers: { [header]: value } })
      assert.is(element(refused.text, 'Code'), code)
    }
    const customer = { [`${header}-customer-algorithm`]: 'AES256' }
    const refused = await ask('PUT', '/bucket/k', { body: 'y', headers: customer })
    assert.is(element(refused.text, 'Code'), 'NotImplemented')
    const keyId = { [header]: 'AES256', [`${header}-aws-kms-key-id`]: 'k' }
    assert.is((await ask('PUT', '/bucket/k', { body: 'y', headers: keyId })).status, 501)
    assert.is((await ask('GET', '/bucket/k')).text, 'x')
  })
})

test.run()
