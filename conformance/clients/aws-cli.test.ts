// The real aws-cli against the bridge as `npm start` runs it.
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { declareProofs } from '../coverage/proofs.ts'
import { md5OfFile, writeRandomFile } from '../support/bytes.ts'
import { run, testWith } from '../support/real-client.ts'
import {
  accessKeyId,
  type BridgeProcess,
  region,
  secretAccessKey,
  withBridge,
  withFolder,
} from '../support/with-bridge.ts'

const test = suite('aws-cli')

type Aws = (...args: string[]) => Promise<string>

async function withAws(act: (aws: Aws, folder: string, bridge: BridgeProcess) => Promise<void>) {
  await withFolder(async (folder) => {
    await withBridge(async (bridge) => {
      const env = {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_DEFAULT_REGION: region,
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_CONFIG_FILE: join(folder, 'no-config'),
      }
      const aws: Aws = async (...args) => {
        return (await run('aws', ['--endpoint-url', bridge.url, ...args], { env })).stdout
      }
      await act(aws, folder, bridge)
    })
  })
}

const sizes = [
  ['nothing', 0],
  ['1 KiB', 1024],
  ['5 MiB', 5 * 1024 ** 2],
  ['200 MiB, which is a multipart upload', 200 * 1024 ** 2],
] as const

testWith(test, ['aws'], 'copies files of every size up and down', async () => {
  await withAws(async (aws, folder) => {
    await aws('s3', 'mb', 's3://sizes')
    for (const [what, sizeBytes] of sizes) {
      const up = join(folder, 'up')
      const down = join(folder, 'down')
      await writeRandomFile(up, sizeBytes, what)
      await aws('s3', 'cp', up, 's3://sizes/some folder/file.bin')
      await aws('s3', 'cp', 's3://sizes/some folder/file.bin', down)
      assert.is(await md5OfFile(down), await md5OfFile(up), what)
      assert.is((await stat(down)).size, sizeBytes, what)
    }
  })
})

testWith(test, ['aws'], 'syncs a tree, and the second sync moves nothing', async () => {
  await withAws(async (aws, folder) => {
    const tree = join(folder, 'tree')
    const names = [
      'a.txt',
      'b c.txt',
      'æøå/Ærlig.txt',
      'deep/er/and/deeper.bin',
      'plus+and%and#.txt',
    ]
    for (const name of names) {
      await mkdir(join(tree, name, '..'), { recursive: true })
      await writeFile(join(tree, name), `content of ${name}`)
    }
    await aws('s3', 'mb', 's3://tree')
    const first = await aws('s3', 'sync', tree, 's3://tree/x')
    assert.is(first.match(/^upload:|\rupload:|upload: /gm)?.length, names.length, first)
    assert.is(await aws('s3', 'sync', tree, 's3://tree/x'), '')

    const back = join(folder, 'back')
    await aws('s3', 'sync', 's3://tree/x', back)
    for (const name of names) {
      assert.is(await readFile(join(back, name), 'utf8'), `content of ${name}`)
    }
    assert.is(await aws('s3', 'sync', 's3://tree/x', back), '')

    const listed = await aws('s3', 'ls', '--recursive', 's3://tree')
    assert.equal(
      listed
        .trim()
        .split('\n')
        .map((line) => line.slice(31)),
      names.map((name) => `x/${name}`).sort(),
    )
    assert.match(await aws('s3', 'ls', 's3://tree/x/'), /PRE deep\/\n/)
  })
})

testWith(test, ['aws'], 'moves, presigns, removes and leaves nothing behind', async () => {
  await withAws(async (aws, folder) => {
    const file = join(folder, 'file')
    await writeFile(file, 'hello')
    await aws('s3', 'mb', 's3://moving')
    assert.match(await aws('s3', 'ls'), / moving\n/)
    await aws(
      's3',
      'cp',
      '--content-type',
      'text/x-mine',
      '--metadata',
      'a=b',
      file,
      's3://moving/one/f',
    )
    await aws('s3', 'mv', 's3://moving/one/f', 's3://moving/two/f')
    assert.is((await aws('s3', 'ls', '--recursive', 's3://moving')).trim().slice(31), 'two/f')
    const head = JSON.parse(
      await aws('s3api', 'head-object', '--bucket', 'moving', '--key', 'two/f'),
    )
    assert.is(head.ContentType, 'text/x-mine')
    assert.equal(head.Metadata, { a: 'b' })
    assert.is(head.ETag, '"5d41402abc4b2a76b9719d911017c592"')

    const url = (await aws('s3', 'presign', 's3://moving/two/f', '--expires-in', '60')).trim()
    const answer = await fetch(url)
    assert.is(await answer.text(), 'hello')
    assert.is((await fetch(url.replace(/Signature=./, 'Signature=!'))).status, 403)

    for (const name of ['1', '2', '3']) await aws('s3', 'cp', file, `s3://moving/more/${name}`)
    await aws('s3', 'rm', '--recursive', 's3://moving')
    assert.is(await aws('s3', 'ls', 's3://moving'), '', 'no folder is left as a prefix')
    await aws('s3', 'rb', 's3://moving')
    assert.is(await aws('s3', 'ls'), '')
  })
})

testWith(test, ['aws', 'curl'], 'curl downloads what aws-cli presigned', async () => {
  await withAws(async (aws, folder) => {
    const file = join(folder, 'file')
    await writeFile(file, 'by curl')
    await aws('s3', 'mb', 's3://curled')
    await aws('s3', 'cp', file, 's3://curled/a b+c.txt')
    const url = (await aws('s3', 'presign', 's3://curled/a b+c.txt')).trim()
    assert.is((await run('curl', ['-sSf', url])).stdout, 'by curl')
  })
})

testWith(test, ['aws'], 'moves what is copied in parts', async () => {
  await withAws(async (aws, folder) => {
    const file = join(folder, 'up')
    await writeRandomFile(file, 20 * 1024 ** 2, 'parts')
    await aws('s3', 'mb', 's3://large')
    await aws('s3', 'cp', file, 's3://large/one')
    await aws('s3', 'mv', 's3://large/one', 's3://large/two')
    assert.is((await aws('s3', 'ls', 's3://large')).trim().slice(31), 'two')
    await aws('s3', 'cp', 's3://large/two', join(folder, 'down'))
    assert.is(await md5OfFile(join(folder, 'down')), await md5OfFile(file))
  })
})

testWith(test, ['aws'], 'a bucket with objects is not removed', async () => {
  await withAws(async (aws, folder, bridge) => {
    const file = join(folder, 'file')
    await writeFile(file, 'x')
    await aws('s3', 'mb', 's3://full')
    await aws('s3', 'cp', file, 's3://full/a/b/c')
    const error = await aws('s3', 'rb', 's3://full').catch((reason: Error) => reason.message)
    assert.match(error, /BucketNotEmpty/)
    await aws('s3', 'rb', '--force', 's3://full')
    assert.ok((await readdir(bridge.dataDirectory)).length > 0)
  })
})

declareProofs(test, 'aws-cli', ['aws'])

test.run()
