// Requests whose Host names the bucket, when a domain is configured.
import { request } from 'node:http'
import aws4 from 'aws4'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ask, textOf } from '../support/signed-request.ts'
import { accessKeyId, region, secretAccessKey, withBridge } from '../support/with-bridge.ts'

const test = suite('host style')

async function askHost(url: string, host: string, method: string, path: string, body?: string) {
  const { port } = new URL(url)
  const options = aws4.sign(
    { service: 's3', region, host, method, path, ...(body === undefined ? {} : { body }) },
    { accessKeyId, secretAccessKey },
  )
  const answer = Promise.withResolvers<{ status: number; text: string }>()
  const outgoing = request({ hostname: '127.0.0.1', port, method, path, headers: options.headers })
  outgoing.once('error', answer.reject)
  outgoing.once('response', (incoming) => {
    textOf(incoming).then(
      (text) => answer.resolve({ status: incoming.statusCode ?? 0, text }),
      answer.reject,
    )
  })
  outgoing.end(body)
  return await answer.promise
}

test('the bucket comes from the Host, with and without a port, and path style goes on', async () => {
  await withBridge(
    async ({ url }) => {
      const { port } = new URL(url)
      for (const bucket of ['plain', 'with.dots']) {
        const host = `${bucket}.s3.example.test`
        assert.is((await askHost(url, host, 'PUT', '/')).status, 200)
        const put = await askHost(url, `${host}:${port}`, 'PUT', '/a/key', bucket)
        assert.is(put.status, 200, put.text)
        assert.is((await askHost(url, host, 'GET', '/a/key')).text, bucket)
        assert.match((await askHost(url, host, 'GET', '/?list-type=2')).text, /<Key>a\/key<\/Key>/)
        assert.is((await ask(url, { method: 'GET', path: `/${bucket}/a/key` })).text, bucket)
      }
      const service = await askHost(url, 's3.example.test', 'GET', '/')
      assert.match(service.text, /<ListAllMyBucketsResult/)
      assert.is((await askHost(url, 'none.s3.example.test', 'GET', '/x')).status, 404)
    },
    { args: ['--domains', 's3.example.test'] },
  )
})

test('without a domain the Host means nothing', async () => {
  await withBridge(async ({ url }) => {
    const got = await askHost(url, 'plain.s3.example.test', 'GET', '/')
    assert.match(got.text, /<ListAllMyBucketsResult/)
  })
})

test.run()
