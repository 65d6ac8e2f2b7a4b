// The real aws-cli against the bridge as `npm start` runs it.
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { declareProofs } from '../coverage/proofs.ts'
import { withAws } from '../support/aws-cli.ts'
import { md5OfFile, writeRandomFile } from '../support/bytes.ts'
import { overBoth } from '../support/over-both.ts'
import { run } from '../support/real-client.ts'
import { follow } from '../support/signed-request.ts'

const test = suite('aws-cli')

const sizes = [
  ['nothing', 0],
  ['1 KiB', 1024],
  ['5 MiB', 5 * 1024 ** 2],
  ['200 MiB, which is a multipart upload', 200 * 1024 ** 2],
] as const

overBoth(test, ['aws'], 'copies files of every size up and down', async (scheme) => {
  await withAws(scheme, async (aws, folder) => {
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

overBoth(test, ['aws'], 'syncs a tree, and the second sync moves nothing', async (scheme) => {
  await withAws(scheme, async (aws, folder) => {
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

overBoth(test, ['aws'], 'moves, presigns, removes and leaves nothing behind', async (scheme) => {
  await withAws(scheme, async (aws, folder, bridge) => {
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
    assert.is((await follow(bridge, url)).text, 'hello')
    const forged = url.replace(/Signature=./, 'Signature=!')
    assert.is((await follow(bridge, forged)).status, 403)

    for (const name of ['1', '2', '3']) await aws('s3', 'cp', file, `s3://moving/more/${name}`)
    await aws('s3', 'rm', '--recursive', 's3://moving')
    assert.is(await aws('s3', 'ls', 's3://moving'), '', 'no folder is left as a prefix')
    await aws('s3', 'rb', 's3://moving')
    assert.is(await aws('s3', 'ls'), '')
  })
})

overBoth(test, ['aws', 'curl'], 'curl downloads what aws-cli presigned', async (scheme) => {
  await withAws(scheme, async (aws, folder, { certificateFile }) => {
    const file = join(folder, 'file')
    await writeFile(file, 'by curl')
    await aws('s3', 'mb', 's3://curled')
    await aws('s3', 'cp', file, 's3://curled/a b+c.txt')
    const url = (await aws('s3', 'presign', 's3://curled/a b+c.txt')).trim()
    const trust = certificateFile === undefined ? [] : ['--cacert', certificateFile]
    assert.is((await run('curl', ['-sSf', ...trust, url])).stdout, 'by curl')
  })
})

overBoth(test, ['aws'], 'moves what is copied in parts', async (scheme) => {
  await withAws(scheme, async (aws, folder) => {
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

overBoth(test, ['aws'], 'a bucket with objects is not removed', async (scheme) => {
  await withAws(scheme, async (aws, folder, bridge) => {
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

declareProofs(test, 'aws s3', ['aws'])

test.run()
