// Browser uploads: forms that boto3 signs (generate_presigned_post, both versions), sent by curl and by
// Node's own FormData, neither of which knows anything of this project.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { md5OfBuffer, randomBuffer } from '../support/bytes.ts'
import { overBoth } from '../support/over-both.ts'
import { python, run } from '../support/real-client.ts'
import { ask, follow, type WholeAnswer } from '../support/signed-request.ts'
import {
  accessKeyId,
  type BridgeProcess,
  region,
  secretAccessKey,
  withBridge,
  withFolder,
} from '../support/with-bridge.ts'

const test = suite('forms')
const tools = ['python:boto3', 'curl']

const signer = `
import json, sys, boto3
from botocore.config import Config
url, version, key, fields, conditions = sys.argv[1:]
config = Config(signature_version=version, s3={'addressing_style': 'path'})
client = boto3.client('s3', endpoint_url=url, config=config)
post = client.generate_presigned_post(
    'bucket', key, Fields=json.loads(fields), Conditions=json.loads(conditions))
print(json.dumps(post))
`

type Form = { readonly url: string; readonly fields: Readonly<Record<string, string>> }

async function sign(
  url: string,
  version: 's3' | 's3v4',
  key: string,
  fields: Record<string, string>,
  conditions: readonly unknown[],
): Promise<Form> {
  const more = Object.entries(fields).map(([name, value]) => ({ [name]: value }))
  const { stdout } = await run(
    python,
    [
      ...['-c', signer, url, version, key, JSON.stringify(fields)],
      JSON.stringify([...more, ...conditions]),
    ],
    {
      env: {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_DEFAULT_REGION: region,
        AWS_EC2_METADATA_DISABLED: 'true',
      },
    },
  )
  return JSON.parse(stdout)
}

async function sendByFetch(
  bridge: BridgeProcess,
  form: Form,
  file: Buffer,
  name: string,
): Promise<WholeAnswer> {
  const data = new FormData()
  for (const [field, value] of Object.entries(form.fields)) data.append(field, value)
  data.append('file', new Blob([file]), name)
  data.append('submit', 'Upload')
  // Encoded by Node as its fetch would, but sent by what trusts the bridge's certificate.
  const encoded = new Response(data)
  const headers = { 'content-type': encoded.headers.get('content-type') ?? '' }
  const body = Buffer.from(await encoded.arrayBuffer())
  return await follow(bridge, form.url, { method: 'POST', headers, body })
}

overBoth(
  test,
  tools,
  'forms of both versions, by a browser-like sender and by curl',
  async (scheme) => {
    await withFolder(async (folder) => {
      await withBridge(
        async (bridge) => {
          const { url, certificateFile } = bridge

          await ask(bridge, { method: 'PUT', path: '/bucket' })
          // In memory, and on the disk.
          for (const sizeBytes of [0, 1000, 12 * 1024 ** 2]) {
            const content = randomBuffer(sizeBytes, 'forms')
            const path = join(folder, 'a "b" æ.bin')
            await writeFile(path, content)
            for (const version of ['s3v4', 's3'] as const) {
              const fields = { 'Content-Type': 'text/x-form', 'x-amz-meta-who': 'boto' }
              const range = [['content-length-range', sizeBytes, sizeBytes]]
              const form = await sign(url, version, 'by/\u0024{filename}', fields, range)
              const sent = await sendByFetch(bridge, form, content, 'fetch "æ".bin')
              assert.is(sent.status, 204, sent.text)
              const given = Object.entries(form.fields).flatMap(([name, value]) => [
                '--form-string',
                `${name}=${value}`,
              ])
              const file = `file=@"${path.replaceAll('"', '\\"')}"`
              const trust = certificateFile === undefined ? [] : ['--cacert', certificateFile]
              const curl = ['-sS', ...trust, '-w', '%{http_code}', ...given, '-F', file, form.url]
              assert.is((await run('curl', curl)).stdout, '204')
              for (const key of ['by/fetch%20%22%C3%A6%22.bin', 'by/a%20%22b%22%20%C3%A6.bin']) {
                const got = await ask(bridge, { method: 'HEAD', path: `/bucket/${key}` })
                assert.equal(
                  [got.status, got.headers.etag, got.headers['content-length']],
                  [200, `"${md5OfBuffer(content)}"`, String(sizeBytes)],
                  key,
                )
                assert.is(got.headers['content-type'], 'text/x-form')
                assert.is(got.headers['x-amz-meta-who'], 'boto')
                await ask(bridge, { method: 'DELETE', path: `/bucket/${key}` })
              }
            }
          }
        },
        { scheme },
      )
    })
  },
)

overBoth(
  test,
  tools,
  'a form that its policy does not allow leaves the old object whole',
  async (scheme) => {
    await withBridge(
      async (bridge) => {
        const { url } = bridge

        await ask(bridge, { method: 'PUT', path: '/bucket' })
        await ask(bridge, { method: 'PUT', path: '/bucket/key', body: 'old' })
        const large = randomBuffer(11 * 1024 ** 2, 'too large')
        const range = [['content-length-range', 1, large.length - 1]]
        const form = await sign(url, 's3v4', 'key', {}, range)
        const cases: readonly [Form, Buffer, code: string][] = [
          [form, large, 'EntityTooLarge'],
          [form, Buffer.alloc(0), 'EntityTooSmall'],
          [
            { ...form, fields: { ...form.fields, acl: 'private' } },
            Buffer.from('x'),
            'AccessDenied',
          ],
          [{ ...form, fields: { key: 'key' } }, Buffer.from('x'), 'AccessDenied'],
        ]
        for (const [sent, content, code] of cases) {
          const answer = await sendByFetch(bridge, sent, content, 'f')
          assert.match(answer.text, `<Code>${code}</Code>`)
        }
        assert.is((await ask(bridge, { method: 'GET', path: '/bucket/key' })).text, 'old')
        assert.is((await sendByFetch(bridge, form, Buffer.from('new'), 'f')).status, 204)
        assert.is((await ask(bridge, { method: 'GET', path: '/bucket/key' })).text, 'new')
      },
      { scheme },
    )
  },
)

test.run()
