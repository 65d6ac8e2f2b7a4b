// Requests whose Host names the bucket, when a domain is configured.
import { request } from 'node:http'
import { request as secureRequest } from 'node:https'
import aws4 from 'aws4'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ask, certificateOf, textOf } from '../support/signed-request.ts'
import {
  accessKeyId,
  type BridgeProcess,
  region,
  schemes,
  secretAccessKey,
  withBridge,
} from '../support/with-bridge.ts'

const test = suite('host style')

async function askHost(
  bridge: Pick<BridgeProcess, 'url' | 'certificateFile'>,
  host: string,
  method: string,
  path: string,
  body?: string,
) {
  const { port, protocol } = new URL(bridge.url)
  const options = aws4.sign(
    { service: 's3', region, host, method, path, ...(body === undefined ? {} : { body }) },
    { accessKeyId, secretAccessKey },
  )
  const answer = Promise.withResolvers<{ status: number; text: string }>()
  const wanted = { hostname: '127.0.0.1', port, method, path, headers: options.headers }
  // No wildcard covers the dots of a bucket's name, so the certificate is checked for the machine.
  const outgoing =
    protocol === 'https:'
      ? secureRequest({ ...wanted, servername: 'localhost', ca: certificateOf(bridge) })
      : request(wanted)
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

for (const scheme of schemes) {
  test(`the bucket comes from the Host, with and without a port, and path style goes on (${scheme})`, async () => {
    await withBridge(
      async (bridge) => {
        const { port } = new URL(bridge.url)
        for (const bucket of ['plain', 'with.dots']) {
          const host = `${bucket}.s3.example.test`
          assert.is((await askHost(bridge, host, 'PUT', '/')).status, 200)
          const put = await askHost(bridge, `${host}:${port}`, 'PUT', '/a/key', bucket)
          assert.is(put.status, 200, put.text)
          assert.is((await askHost(bridge, host, 'GET', '/a/key')).text, bucket)
          assert.match(
            (await askHost(bridge, host, 'GET', '/?list-type=2')).text,
            /<Key>a\/key<\/Key>/,
          )
          assert.is((await ask(bridge, { method: 'GET', path: `/${bucket}/a/key` })).text, bucket)
        }
        const service = await askHost(bridge, 's3.example.test', 'GET', '/')
        assert.match(service.text, /<ListAllMyBucketsResult/)
        assert.is((await askHost(bridge, 'none.s3.example.test', 'GET', '/x')).status, 404)
      },
      { args: ['--domains', 's3.example.test'], scheme },
    )
  })
}

test('without a domain the Host means nothing', async () => {
  await withBridge(async (bridge) => {
    const got = await askHost(bridge, 'plain.s3.example.test', 'GET', '/')
    assert.match(got.text, /<ListAllMyBucketsResult/)
  })
})

test.run()
