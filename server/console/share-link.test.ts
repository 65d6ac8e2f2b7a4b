// Share links against those of MinIO's client.
import { Client } from 'minio'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseTarget } from '../address.ts'
import { renderShareLink } from './share-link.ts'

const test = suite('share link')

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCY',
}
const now = new Date('2026-11-26T12:00:00.000Z')
const common = { bucket: 'photos', expiresSeconds: 3600, region: 'eu-north-1', ...credentials, now }

for (const s3Url of ['http://127.0.0.1:9000', 'https://s3.example.org']) {
  for (const key of [
    'a.txt',
    'a b/+&?#%/Æ\u{1F600}.md',
    'quo\'te"(1)*!~',
    'a//b/',
    '/x',
    '\n\u202e',
  ]) {
    test(`${JSON.stringify(key)} on ${s3Url} is signed as MinIO's client signs it`, async () => {
      const { hostname, port, protocol } = new URL(s3Url)
      const client = new Client({
        ...{ endPoint: hostname, port: Number(port || 443), useSSL: protocol === 'https:' },
        ...{ accessKey: credentials.accessKeyId, secretKey: credentials.secretAccessKey },
        region: common.region,
      })
      const expected = await client.presignedGetObject(common.bucket, key, 3600, {}, now)
      const query = (url: string) => Object.fromEntries(new URL(url).searchParams)
      const made = renderShareLink({ ...common, s3Url, key })
      assert.equal(query(made), query(expected))
      assert.is(new URL(made).host, new URL(expected).host)
    })
  }
}

test('keys with dots as names survive a browser', () => {
  for (const key of ['..', '.', 'a/../b', 'a/./b', '../../etc']) {
    const url = new URL(renderShareLink({ ...common, s3Url: 'http://127.0.0.1:9000', key }))
    const rawTarget = `${url.pathname}${url.search}`
    const { address } = parseTarget({ rawTarget, host: url.host, domains: [] })
    assert.equal(address, { bucket: 'photos', key })
  }
})

test.run()
