// Two people and a stranger with boto3, by the programs of people-client.py; and keys that come and go while
// the server runs.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { declareProofs } from '../coverage/proofs.ts'
import { awsEnvironment } from '../support/aws-cli.ts'
import { overBoth } from '../support/over-both.ts'
import { python, run, testWith } from '../support/real-client.ts'
import {
  accessKeyId,
  type BridgeProcess,
  secretAccessKey,
  withBridge,
  withFolder,
} from '../support/with-bridge.ts'

const test = suite('people')

const programs = [
  ['owners', 'owners see what is theirs'],
  ['acls', 'canned ACLs of buckets and objects, for a person and for a stranger'],
  ['grants', 'grants to people and groups, by every way there is'],
  ['policies', 'policies let in and shut out'],
  ['blocks', 'public access blocks and ownership'],
] as const

for (const [program, name] of programs) {
  overBoth(test, ['python:boto3'], name, async (scheme) => {
    await withFolder(async (folder) => {
      await withBridge(
        async (bridge) => {
          const alice = JSON.parse(await keys(bridge, 'add', 'alice', '--owner', 'alice', '--json'))
          const root = /owner root ([0-9a-f]{64})/.exec(await keys(bridge, 'ls'))?.[1] ?? ''
          const env = {
            ...awsEnvironment(bridge, folder),
            ENDPOINT: bridge.url,
            ROOT_ID: root,
            ROOT_KEY: accessKeyId,
            ROOT_SECRET: secretAccessKey,
            ALICE_ID: alice.canonicalId,
            ALICE_KEY: alice.accessKeyId,
            ALICE_SECRET: alice.secretAccessKey,
          }
          const script = join(import.meta.dirname, 'people-client.py')
          const { stdout } = await run(python, [script, program], { env })
          assert.is(stdout, 'ok\n')
          assert.not.match(JSON.stringify(bridge.log), new RegExp(alice.secretAccessKey))
          const strangers = bridge.log.filter(
            ({ accessKeyId: key, status, upstreamCalls }) =>
              key === undefined && status === 403 && Number(upstreamCalls) > 0,
          )
          // Where a bucket lets strangers list it, Jottacloud is asked whether a key is there.
          if (program !== 'acls') assert.equal(strangers, [])
        },
        { scheme },
      )
    })
  })
}

testWith(test, ['python:boto3'], 'keys come and go while the server runs', async () => {
  await withBridge(async (bridge) => {
    const key = JSON.parse(await keys(bridge, 'add', 'guest', '--read-only', '--json'))
    const list = `
import boto3, sys
s3 = boto3.client('s3', endpoint_url='${bridge.url}', region_name='us-east-1', aws_access_key_id=sys.argv[1], aws_secret_access_key=sys.argv[2])
try:
    s3.list_buckets()
    try:
        s3.create_bucket(Bucket='made-by-guest')
    except s3.exceptions.ClientError as error:
        print(error.response['Error']['Code'])
except s3.exceptions.ClientError as error:
    print(error.response['Error']['Code'])
`
    const ask = async () =>
      (await run(python, ['-c', list, key.accessKeyId, key.secretAccessKey])).stdout.trim()
    assert.is(await ask(), 'AccessDenied')
    await keys(bridge, 'rm', 'guest')
    assert.is(await ask(), 'InvalidAccessKeyId')
    const file = join(bridge.dataDirectory, 'access-keys.sqlite')
    assert.is((await stat(file)).mode & 0o777, 0o600)
    assert.ok((await readFile(file)).length > 0)
  })
})

declareProofs(test, 'boto3 (people)', ['python:boto3'])

test.run()

async function keys(bridge: BridgeProcess, ...args: string[]): Promise<string> {
  const command = ['server/cli.ts', 'keys', ...args, '--data-dir', bridge.dataDirectory]
  const cwd = join(import.meta.dirname, '..', '..')
  return (await run(process.execPath, command, { cwd })).stdout
}
