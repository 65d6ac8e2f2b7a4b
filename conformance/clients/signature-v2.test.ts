// Clients that sign every request by Version 2: boto3 with its `s3` signer and s3cmd with signature_v2; and a
// server that is set to take no such header. Debian's botocore signs
// no sub-resource as the specification has it (`/bucket?delete?delete`), so s3cmd shows those.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { awsEnvironment } from '../support/aws-cli.ts'
import { randomBuffer } from '../support/bytes.ts'
import { overBoth } from '../support/over-both.ts'
import { python, run } from '../support/real-client.ts'
import {
  accessKeyId,
  type BridgeProcess,
  secretAccessKey,
  withBridge,
  withFolder,
} from '../support/with-bridge.ts'

const test = suite('signature version 2, header')

const program = `
import sys, boto3
from botocore.config import Config
from botocore.exceptions import ClientError
config = Config(signature_version='s3', s3={'addressing_style': 'path'}, retries={'max_attempts': 1})
s3 = boto3.client('s3', endpoint_url=sys.argv[1], config=config)
if sys.argv[2] == 'refused':
    try:
        s3.list_buckets()
    except ClientError as error:
        print(error.response['Error']['Code'])
    sys.exit()
s3.create_bucket(Bucket='bucket')
keys = ['a b+c/\\u00e6', "(!'*)~", 'x=1&y?']
for key in keys:
    s3.put_object(Bucket='bucket', Key=key, Body=key.encode(), ContentType='text/x-two',
                  Metadata={'colour': 'red'})
    got = s3.get_object(Bucket='bucket', Key=key, ResponseContentType='text/plain')
    assert got['Body'].read() == key.encode() and got['ContentType'] == 'text/plain'
    assert got['Metadata'] == {'colour': 'red'}
listed = s3.list_objects(Bucket='bucket', Prefix='a', MaxKeys=2)
assert [entry['Key'] for entry in listed['Contents']] == [keys[0]]
s3.copy_object(Bucket='bucket', Key='copy', CopySource={'Bucket': 'bucket', 'Key': keys[0]})
for key in keys + ['copy']:
    s3.delete_object(Bucket='bucket', Key=key)
s3.delete_bucket(Bucket='bucket')
print('ok')
`

async function boto3(bridge: BridgeProcess, act: 'all' | 'refused'): Promise<string> {
  const env = awsEnvironment(bridge, bridge.dataDirectory)
  return (await run(python, ['-c', program, bridge.url, act], { env })).stdout
}

const presignedOnly = { env: { JOTTA_S3_SIGNATURE_V2: 'presigned' } }

overBoth(
  test,
  ['python:boto3'],
  'boto3 puts, gets, lists, copies and deletes with it',
  async (scheme) => {
    await withBridge(async (bridge) => assert.is(await boto3(bridge, 'all'), 'ok\n'), {
      scheme,
    })
  },
)

overBoth(
  test,
  ['python:boto3'],
  'where it is for presigned URLs alone, the header is refused',
  async (scheme) => {
    await withBridge(
      async (bridge) => assert.is(await boto3(bridge, 'refused'), 'InvalidRequest\n'),
      { ...presignedOnly, scheme },
    )
  },
)

overBoth(test, ['s3cmd'], 's3cmd puts, lists, gets and removes with it', async (scheme) => {
  await withFolder(async (folder) => {
    await withBridge(
      async ({ url, certificateFile }) => {
        const { host } = new URL(url)
        const settings = join(folder, 's3cfg')
        const tls =
          certificateFile === undefined
            ? ['use_https = False']
            : ['use_https = True', `ca_certs_file = ${certificateFile}`]
        const lines = [
          ...[
            `access_key = ${accessKeyId}`,
            `secret_key = ${secretAccessKey}`,
            `host_base = ${host}`,
          ],
          ...[`host_bucket = ${host}`, ...tls, 'signature_v2 = True', 'max_retries = 1'],
        ]
        await writeFile(settings, `[default]\n${lines.join('\n')}\n`)
        const s3cmd = (...args: string[]) =>
          run('s3cmd', ['-c', settings, '--no-progress', ...args])
        const [up, down] = [join(folder, 'up'), join(folder, 'down')]
        const content = randomBuffer(16 * 1024 ** 2, 's3cmd v2')
        await writeFile(up, content)
        await s3cmd('mb', 's3://bucket')
        await s3cmd('put', '--multipart-chunk-size-mb=5', up, 's3://bucket/a b+æ')
        assert.match((await s3cmd('ls', 's3://bucket')).stdout, 's3://bucket/a b+æ')
        await s3cmd('get', 's3://bucket/a b+æ', down)
        assert.ok(content.equals(await readFile(down)))
        await s3cmd('rm', 's3://bucket/a b+æ')
        await s3cmd('rb', 's3://bucket')
      },
      { scheme },
    )
  })
})

test.run()
