// Clients that are told to slow down come again by themselves, and lose nothing.
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { awsEnvironment } from '../support/aws-cli.ts'
import { run, testWith } from '../support/real-client.ts'
import {
  accessKeyId,
  type BridgeProcess,
  region,
  secretAccessKey,
  withBridge,
  withFolder,
} from '../support/with-bridge.ts'

const test = suite('throttled clients')

const refusals = ({ log }: BridgeProcess): number =>
  log.filter(({ code }) => code === 'SlowDown').length

testWith(
  test,
  ['aws'],
  'aws-cli with its usual retries syncs past the limits of its key',
  async () => {
    const args = ['--key-max-requests', '3', '--key-rate-limit', '20', '--rate-burst-seconds', '1']
    await withFolder(async (folder) => {
      await withBridge(
        async (bridge) => {
          const env = { ...awsEnvironment(bridge, folder), AWS_MAX_ATTEMPTS: '5' }
          const aws = async (...command: string[]) =>
            await run('aws', ['--endpoint-url', bridge.url, ...command], { env })
          const names = Array.from({ length: 30 }, (_, number) => `file ${number}`)
          await mkdir(join(folder, 'up'))
          for (const name of names) await writeFile(join(folder, 'up', name), randomBytes(50_000))
          await aws('s3', 'mb', 's3://limits')
          await aws('s3', 'sync', join(folder, 'up'), 's3://limits')
          const refused = refusals(bridge)
          assert.ok(refused > 0)
          await aws('s3', 'sync', 's3://limits', join(folder, 'down'))
          for (const name of names) {
            const [up, down] = [join(folder, 'up', name), join(folder, 'down', name)]
            assert.ok((await readFile(up)).equals(await readFile(down)), name)
          }
        },
        { args },
      )
    })
  },
)

test('the AWS SDK with its usual retries stores and reads past the rate of its key', async () => {
  const args = ['--key-rate-limit', '3', '--rate-burst-seconds', '1']
  await withBridge(
    async (bridge) => {
      const credentials = { accessKeyId, secretAccessKey }
      const s3 = new S3Client({ endpoint: bridge.url, region, forcePathStyle: true, credentials })
      try {
        await s3.send(new CreateBucketCommand({ Bucket: 'limits' }))
        const keys = Array.from({ length: 5 }, (_, number) => `key ${number}`)
        await Promise.all(
          keys.map((Key) => s3.send(new PutObjectCommand({ Bucket: 'limits', Key, Body: Key }))),
        )
        assert.ok(refusals(bridge) > 0)
        const bodies = await Promise.all(
          keys.map(async (Key) => {
            const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'limits', Key }))
            return await Body?.transformToString()
          }),
        )
        assert.equal(bodies, keys)
      } finally {
        s3.destroy()
      }
    },
    { args },
  )
})

test.run()
