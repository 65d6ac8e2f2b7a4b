// Form uploads made by hand: policy, signature and multipart body, so that tests can break any part of them.
// Written from the specification alone, and with nothing of the server in it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
import { createHmac } from 'node:crypto'
import { accessKeyId, region, secretAccessKey } from './with-bridge.ts'

export type Fields = readonly (readonly [name: string, value: string])[]

export const boundary = 'a-boundary'

/** The fields with their claim; the policy takes exactly these, and `conditions` besides. */
export function signFields(fields: Fields, conditions: readonly unknown[] = []): Fields {
  const timestamp = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '')
  const scope = [timestamp.slice(0, 8), region, 's3', 'aws4_request']
  const all: Fields = [
    ...fields,
    ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
    ['x-amz-credential', `${accessKeyId}/${scope.join('/')}`],
    ['x-amz-date', timestamp],
  ]
  const document = {
    expiration: new Date(Date.now() + 600_000).toISOString(),
    conditions: [
      { bucket: 'bucket' },
      ...all.map(([name, value]) => ({ [name]: value })),
      ...conditions,
    ],
  }
  const policy = Buffer.from(JSON.stringify(document)).toString('base64')
  let key: string | Buffer = `AWS4${secretAccessKey}`
  for (const piece of scope) key = createHmac('sha256', key).update(piece).digest()
  const signature = createHmac('sha256', key).update(policy).digest('hex')
  return [...all, ['policy', policy], ['x-amz-signature', signature]]
}

/** `file` of `undefined` leaves the file out. */
export function renderForm(fields: Fields, file: Buffer | undefined): Buffer {
  const part = (name: string, more: string, value: string | Buffer) =>
    Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`),
      Buffer.from(value),
      Buffer.from('\r\n'),
    ])
  return Buffer.concat([
    ...fields.map(([name, value]) => part(name, '', value)),
    ...(file === undefined ? [] : [part('file', '; filename="a file"', file)]),
    Buffer.from(`--${boundary}--\r\n`),
  ])
}

/** The head of such a request, with its empty line. */
export function formHead(url: string, lines: readonly string[], path = '/bucket'): string {
  const { host } = new URL(url)
  const type = `Content-Type: multipart/form-data; boundary=${boundary}`
  const own = lines.some((line) => /^content-type:/i.test(line)) ? [] : [type]
  return `${[`POST ${path} HTTP/1.1`, `Host: ${host}`, ...own, ...lines].join('\r\n')}\r\n\r\n`
}
