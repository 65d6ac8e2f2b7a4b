import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { element, withServing } from '../serving.test-support.ts'

const test = suite('not configured')

const missing: [target: string, status: number, code: string][] = [
  ['GET ?replication', 404, 'ReplicationConfigurationNotFoundError'],
  ['GET ?website', 404, 'NoSuchWebsiteConfiguration'],
  ['GET ?object-lock', 404, 'ObjectLockConfigurationNotFoundError'],
  ['GET ?analytics&id=a', 404, 'NoSuchConfiguration'],
  ['GET ?inventory&id=a', 404, 'NoSuchConfiguration'],
  ['GET ?metrics&id=a', 404, 'NoSuchConfiguration'],
  ['GET ?intelligent-tiering&id=a', 404, 'NoSuchConfiguration'],
  ['DELETE ?metrics&id=a', 404, 'NoSuchConfiguration'],
  ['DELETE ?inventory&id=a', 404, 'NoSuchConfiguration'],
  ['GET /key?retention', 400, 'InvalidRequest'],
  ['GET /key?legal-hold&versionId=null', 400, 'InvalidRequest'],
  ['GET /key?legal-hold&versionId=1', 404, 'NoSuchVersion'],
  ['DELETE ?metrics', 405, 'MethodNotAllowed'],
  ['PUT ?website', 501, 'NotImplemented'],
  ['PUT ?replication', 501, 'NotImplemented'],
  ['PUT ?object-lock', 501, 'NotImplemented'],
  ['PUT ?accelerate', 501, 'NotImplemented'],
  ['PUT ?metrics&id=a', 501, 'NotImplemented'],
  ['PUT /key?retention', 501, 'NotImplemented'],
]
for (const [target, status, code] of missing) {
  test(`${target} is ${code}`, async () => {
    await withServing({}, async ({ ask, bridge }) => {
      const [method = '', path = ''] = target.split(' ')
      const answer = await ask(method, `/bucket${path}`)
      assert.equal([answer.status, element(answer.text, 'Code')], [status, code])
      const changes = bridge.calls.filter((call) => call.method !== 'headBucket')
      assert.equal(changes, [])
    })
  })
}

const shown: [query: string, root: string, content: string][] = [
  ['accelerate', 'AccelerateConfiguration', ''],
  ['logging', 'BucketLoggingStatus', ''],
  ['notification', 'NotificationConfiguration', ''],
  ['requestPayment', 'RequestPaymentConfiguration', '<Payer>BucketOwner</Payer>'],
  ['analytics', 'ListBucketAnalyticsConfigurationResult', '<IsTruncated>false</IsTruncated>'],
  ['inventory', 'ListInventoryConfigurationsResult', '<IsTruncated>false</IsTruncated>'],
  ['metrics', 'ListMetricsConfigurationsResult', '<IsTruncated>false</IsTruncated>'],
]
for (const [query, root, content] of shown) {
  test(`GET ?${query} shows what was never set`, async () => {
    await withServing({}, async ({ ask }) => {
      const { status, text } = await ask('GET', `/bucket?${query}`)
      assert.is(status, 200)
      assert.match(text, new RegExp(`<${root} xmlns="[^"]*">${content}</${root}>$`))
    })
  })
}

test('a bucket that is not there comes before everything else', async () => {
  await withServing({}, async ({ ask }) => {
    const targets = [
      ...missing.filter(([, status]) => status < 405).map(([target]) => target),
      ...shown.map(([query]) => `GET ?${query}`),
      'DELETE ?website',
      'DELETE ?replication',
    ]
    for (const target of targets) {
      if (target.includes('versionId=1')) continue
      const [method = '', path = ''] = target.split(' ')
      const { text } = await ask(method, `/nobucket${path}`)
      assert.is(element(text, 'Code'), 'NoSuchBucket', target)
    }
  })
})

test('what was never set is removed without a word', async () => {
  await withServing({}, async ({ ask }) => {
    for (const query of ['website', 'replication']) {
      assert.is((await ask('DELETE', `/bucket?${query}`)).status, 204, query)
    }
  })
})

const target = '<LoggingEnabled><TargetBucket>b</TargetBucket></LoggingEnabled>'
const queue = '<QueueConfiguration><Queue>arn</Queue></QueueConfiguration>'
const puts: [query: string, body: string, outcome: number | string][] = [
  ['logging', '<BucketLoggingStatus/>', 200],
  ['logging', `<BucketLoggingStatus>${target}</BucketLoggingStatus>`, 'NotImplemented'],
  ['logging', '<NotificationConfiguration/>', 'MalformedXML'],
  ['logging', '', 'MalformedXML'],
  ['notification', '<NotificationConfiguration xmlns="x"> \n </NotificationConfiguration>', 200],
  [
    'notification',
    `<NotificationConfiguration>${queue}</NotificationConfiguration>`,
    'NotImplemented',
  ],
  [
    'requestPayment',
    '<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>',
    200,
  ],
  [
    'requestPayment',
    '<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>',
    'NotImplemented',
  ],
  [
    'requestPayment',
    '<RequestPaymentConfiguration><Payer>Me</Payer></RequestPaymentConfiguration>',
    'MalformedXML',
  ],
  ['versioning', versioning('<Status>Enabled</Status>'), 'NotImplemented'],
  ['versioning', versioning('<Status>Suspended</Status>'), 'NotImplemented'],
  ['versioning', versioning('<MfaDelete>Enabled</MfaDelete>'), 'NotImplemented'],
  ['versioning', versioning(''), 'IllegalVersioningConfigurationException'],
  ['versioning', versioning('<Status>On</Status>'), 'MalformedXML'],
]
for (const [query, body, outcome] of puts) {
  test(`PUT ?${query} ${body.slice(0, 70)} is ${outcome}`, async () => {
    await withServing({}, async ({ ask }) => {
      const { status, text } = await ask('PUT', `/bucket?${query}`, { body })
      assert.is(status === 200 ? status : element(text, 'Code'), outcome)
    })
  })
}

function versioning(content: string): string {
  return `<VersioningConfiguration>${content}</VersioningConfiguration>`
}

test.run()
