// Debian's boto3, by the programs of boto3-client.py: what most Python software speaks S3 with.
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { declareProofs } from '../coverage/proofs.ts'
import { awsEnvironment } from '../support/aws-cli.ts'
import { overBoth } from '../support/over-both.ts'
import { python, run } from '../support/real-client.ts'
import { withBridge, withFolder } from '../support/with-bridge.ts'

const test = suite('boto3')

const programs = [
  ['objects', 'objects of every size, with metadata, ranges and checksums'],
  ['multipart', 'multipart uploads, by the transfer manager and by hand'],
  ['listing', 'listings in pages, both versions, and deletes of many'],
  ['markers', 'objects that stand for folders, with metadata, beside what is in them'],
  ['sharded', 'listings that begin and end within full folders and long names, both versions'],
  ['refusals', 'keys that are too long, tokens of other lists, and numbers that are none'],
  ['conditions', 'conditions, copies, and errors by their codes'],
  ['tagging', 'tags and storage classes, by themselves, with writes and with copies'],
  ['presigned', 'presigned URLs of signature versions 4 and 2'],
] as const

for (const [program, name] of programs) {
  overBoth(test, ['python:boto3'], name, async (scheme) => {
    await withFolder(async (folder) => {
      await withBridge(
        async (bridge) => {
          const env = { ENDPOINT: bridge.url, ...awsEnvironment(bridge, folder) }
          const script = join(import.meta.dirname, 'boto3-client.py')
          const { stdout } = await run(python, [script, program, folder], { env })
          assert.is(stdout, 'ok\n')
        },
        // So full that the program's folders have shards; nothing else is told of it.
        { scheme, ...(program === 'sharded' && { env: { JOTTA_S3_FOLDER_MAX_ENTRIES: '3' } }) },
      )
    })
  })
}

declareProofs(test, 'boto3', ['python:boto3'])

test.run()
