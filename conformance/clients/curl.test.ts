// curl --aws-sigv4, as scripts without any SDK use it: curl signs, and sends what it is told.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { declareProofs } from '../coverage/proofs.ts'
import { md5OfFile, writeRandomFile } from '../support/bytes.ts'
import { overBoth } from '../support/over-both.ts'
import { run } from '../support/real-client.ts'
import {
  accessKeyId,
  region,
  type Scheme,
  secretAccessKey,
  withBridge,
  withFolder,
} from '../support/with-bridge.ts'

const test = suite('curl')

/** Prints the body, and behind it the status. */
type Curl = (path: string, ...args: string[]) => Promise<string>

async function withCurl(
  scheme: Scheme,
  act: (curl: Curl, folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await withBridge(
      async ({ url, certificateFile }) => {
        const always = [
          ...['-sS', '--aws-sigv4', `aws:amz:${region}:s3`, '-w', ' %{http_code}'],
          ...['--user', `${accessKeyId}:${secretAccessKey}`],
          ...(certificateFile === undefined ? [] : ['--cacert', certificateFile]),
        ]
        // Debian 12's curl signs with this header but does not send it by itself.
        const unsigned = ['-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD']
        await act(
          async (path, ...args) =>
            (await run('curl', [...always, ...unsigned, ...args, `${url}${path}`])).stdout,
          folder,
        )
      },
      { scheme },
    )
  })
}

overBoth(test, ['curl'], 'puts, gets, lists and deletes, signed by itself', async (scheme) => {
  await withCurl(scheme, async (curl, folder) => {
    const up = join(folder, 'up')
    const down = join(folder, 'down')
    await writeRandomFile(up, 3 * 1024 ** 2, 'curl')
    await writeFile(join(folder, 'empty'), '')
    assert.is(await curl('/bucket', '-X', 'PUT'), ' 200')
    assert.is(await curl('/bucket/some/file.bin', '-T', up), ' 200')
    assert.is(await curl('/bucket/empty', '-T', join(folder, 'empty')), ' 200')
    assert.is(await curl('/bucket/some/file.bin', '-o', down), ' 200')
    assert.is(await md5OfFile(down), await md5OfFile(up))
    assert.is(await curl('/bucket/some/file.bin', '-r', '0-9', '-o', down), ' 206')
    assert.match(await curl('/bucket/some/file.bin', '-I'), /content-length: 3145728\r\n/i)
    const listed = await curl('/bucket?list-type=2')
    assert.equal(listed.match(/<Key>[^<]+/g), ['<Key>empty', '<Key>some/file.bin'])
    assert.match(await curl('/'), /<Name>bucket<\/Name>/)
    assert.match(await curl('/bucket/none'), /<Code>NoSuchKey<\/Code>.* 404$/s)
    const wrong = await curl('/', '--user', `${accessKeyId}:wrong`)
    assert.match(wrong, /<Code>SignatureDoesNotMatch<\/Code>.* 403$/s)
    for (const key of ['empty', 'some/file.bin']) {
      assert.is(await curl(`/bucket/${key}`, '-X', 'DELETE'), ' 204')
    }
    assert.is(await curl('/bucket', '-X', 'DELETE'), ' 204')
  })
})

declareProofs(test, 'curl', ['curl'])

test.run()
