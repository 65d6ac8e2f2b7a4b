// A form upload. What the form says has become headers and payload before (post-form.ts); what is left is
// to store the file as PutObject does, and to answer as the form asks.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
import { S3Error } from '../../translate/s3-error.ts'
import type { Handler, Reply } from '../operation.ts'
import { encodePercent } from '../percent.ts'
import { storeObject } from './put-object.ts'
import { locationOf } from './wire/location.ts'
import { objectOf } from './wire/target.ts'

/** Throws PreconditionFailed for a POST to a bucket that is no form. */
export const postObject: Handler = async (request, services) => {
  const { form } = request
  if (form === undefined) throw notAForm(request.headers['content-type'])
  const { bucket, key } = objectOf(request)
  const { etag, headers } = await storeObject(request, services)
  const redirect = redirectOf(form)
  if (redirect !== undefined) {
    const result = Object.entries({ bucket, key, etag })
    const query = result.map(([name, value]) => `${name}=${encodePercent(value)}`).join('&')
    redirect.search = redirect.search === '' ? query : `${redirect.search}&${query}`
    return { status: 303, headers: { ...headers, Location: redirect.href } }
  }
  const location = locationOf(request, { bucket, key })
  const reply = { ...headers, Location: location }
  const content = { Location: location, Bucket: bucket, Key: key, ETag: etag }
  return answer(form.get('success_action_status'), reply, content)
}

function answer(
  wanted: string | undefined,
  headers: Record<string, string>,
  content: Record<string, string>,
): Reply {
  if (wanted === '200') return { status: 200, headers }
  if (wanted !== '201') return { status: 204, headers }
  // Without a namespace, as AWS answers: readers of this one look for plain names.
  const body = { kind: 'xml', root: 'PostResponse', content, namespace: 'none' } as const
  return { status: 201, headers, body }
}

/** What is no URL of the web is taken as if it were not there, as AWS does. `redirect` is the old name. */
function redirectOf(form: ReadonlyMap<string, string>): URL | undefined {
  const text = form.get('success_action_redirect') ?? form.get('redirect')
  const url = text === undefined ? null : URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined
}

function notAForm(contentType: string | undefined): S3Error {
  if (/^multipart\/form-data\b/i.test(contentType ?? '')) {
    return new S3Error('InvalidArgument', {
      message: 'A form is signed by its own fields: neither Authorization nor a query may sign it.',
      elements: { ArgumentName: 'Authorization' },
    })
  }
  return new S3Error('PreconditionFailed', {
    elements: { Condition: 'Bucket POST must be of the enclosure-type multipart/form-data' },
  })
}
