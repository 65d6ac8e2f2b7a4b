// The real s3cmd: Signature Version 4, Content-MD5, ListObjects V1, an ACL question on every info.
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { declareProofs } from '../coverage/proofs.ts'
import { md5OfFile, writeRandomFile } from '../support/bytes.ts'
import { overBoth } from '../support/over-both.ts'
import { run } from '../support/real-client.ts'
import { ask, follow } from '../support/signed-request.ts'
import {
  accessKeyId,
  type BridgeProcess,
  region,
  type Scheme,
  secretAccessKey,
  withBridge,
  withFolder,
} from '../support/with-bridge.ts'

const test = suite('s3cmd')
const mib = 1024 ** 2

type S3cmd = (...args: string[]) => Promise<string>

async function withS3cmd(
  scheme: Scheme,
  act: (s3cmd: S3cmd, folder: string, bridge: BridgeProcess) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await withBridge(
      async (bridge) => {
        const { host } = new URL(bridge.url)
        const { certificateFile } = bridge
        const settings = {
          access_key: accessKeyId,
          secret_key: secretAccessKey,
          host_base: host,
          host_bucket: host,
          bucket_location: region,
          use_https: certificateFile === undefined ? 'False' : 'True',
          ...(certificateFile === undefined ? {} : { ca_certs_file: certificateFile }),
          // What is broken shall fail, and not be tried again for minutes.
          max_retries: '1',
        }
        const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`)
        const config = join(folder, 's3cfg')
        await writeFile(config, `[default]\n${lines.join('')}`)
        const s3cmd: S3cmd = async (...args) => {
          const always = ['--config', config, '--no-progress']
          return (await run('s3cmd', [...always, ...args])).stdout
        }
        await act(s3cmd, folder, bridge)
      },
      { scheme },
    )
  })
}

overBoth(test, ['s3cmd'], 'puts and gets files of every size, in parts too', async (scheme) => {
  await withS3cmd(scheme, async (s3cmd, folder) => {
    const up = join(folder, 'up')
    const down = join(folder, 'down')
    assert.match(await s3cmd('mb', 's3://sizes'), /Bucket 's3:\/\/sizes\/' created/)
    for (const sizeBytes of [0, 1, 5 * mib, 5 * mib + 1, 23 * mib]) {
      await writeRandomFile(up, sizeBytes, `s3cmd ${sizeBytes}`)
      const key = `s3://sizes/some folder/æ+${sizeBytes}.bin`
      await s3cmd('--multipart-chunk-size-mb=5', 'put', up, key)
      await s3cmd('get', '--force', key, down)
      assert.is((await stat(down)).size, sizeBytes)
      assert.is(await md5OfFile(down), await md5OfFile(up))
      const listed = await s3cmd('ls', '--list-md5', key)
      assert.match(listed, new RegExp(` ${sizeBytes} +[0-9a-f]{32}`), listed)
    }
    const total = 23 * mib + 5 * mib + 1 + 5 * mib + 1
    assert.match(await s3cmd('du', 's3://sizes'), new RegExp(`^ *${total} +5 objects`))
  })
})

overBoth(test, ['s3cmd'], 'continues a multipart upload where it broke off', async (scheme) => {
  await withS3cmd(scheme, async (s3cmd, folder, bridge) => {
    const { log } = bridge
    const up = join(folder, 'up')
    await writeRandomFile(up, 11 * mib, 'continued')
    await s3cmd('mb', 's3://parts')
    const created = await ask(bridge, { method: 'POST', path: '/parts/large?uploads=' })
    const uploadId = /<UploadId>([^<]+)</.exec(created.text)?.[1] ?? ''
    const first = (await readFile(up)).subarray(0, 5 * mib)
    const path = `/parts/large?partNumber=1&uploadId=${uploadId}`
    assert.is((await ask(bridge, { method: 'PUT', path, body: first })).status, 200)
    assert.match(await s3cmd('multipart', 's3://parts'), new RegExp(uploadId))
    assert.match(await s3cmd('listmp', 's3://parts/large', uploadId), /\t1\t.*\t5242880$/m)

    const wishes = ['--multipart-chunk-size-mb=5', `--upload-id=${uploadId}`]
    await s3cmd(...wishes, 'put', up, 's3://parts/large')
    assert.is(log.filter(({ operation }) => operation === 'UploadPart').length, 3)
    await s3cmd('get', 's3://parts/large', join(folder, 'down'))
    assert.is(await md5OfFile(join(folder, 'down')), await md5OfFile(up))

    const abandoned = await ask(bridge, { method: 'POST', path: '/parts/other?uploads=' })
    const otherId = /<UploadId>([^<]+)</.exec(abandoned.text)?.[1] ?? ''
    await s3cmd('abortmp', 's3://parts/other', otherId)
    assert.not.match(await s3cmd('multipart', 's3://parts'), new RegExp(otherId))
  })
})

overBoth(test, ['s3cmd'], 'shows, copies, moves and changes what it stored', async (scheme) => {
  await withS3cmd(scheme, async (s3cmd, folder, bridge) => {
    const file = join(folder, 'file.txt')
    await writeFile(file, 'hello')
    await s3cmd('mb', 's3://things')
    const wishes = ['--mime-type=text/x-mine', '--add-header=x-amz-meta-color:blue']
    await s3cmd('put', ...wishes, '--acl-public', file, 's3://things/one')
    const info = await s3cmd('info', 's3://things/one')
    assert.match(info, /File size: +5\n/)
    assert.match(info, /MIME type: +text\/x-mine\n/)
    assert.match(info, /MD5 sum: +5d41402abc4b2a76b9719d911017c592\n/)
    assert.match(info, /x-amz-meta-color: blue\n/)
    assert.match(await s3cmd('info', 's3://things'), /Location: +us-east-1\n/)

    await s3cmd('cp', 's3://things/one', 's3://things/copies/two')
    await s3cmd('mv', 's3://things/one', 's3://things/copies/three')
    await s3cmd('modify', '--add-header=Cache-Control:no-store', 's3://things/copies/three')
    const moved = await s3cmd('info', 's3://things/copies/three')
    assert.match(moved, /x-amz-meta-color: blue\n/)
    assert.match(await s3cmd('ls', 's3://things'), /^ +DIR +s3:\/\/things\/copies\/\n$/)
    const names = (await s3cmd('ls', '--recursive', 's3://things')).match(/s3:\S+/g)
    assert.equal(names, ['s3://things/copies/three', 's3://things/copies/two'])

    // Signed with version 2, which is all that signurl can.
    const url = (await s3cmd('signurl', 's3://things/copies/three', '+60')).trim()
    const answer = await follow(bridge, url.replace(/^http:/, `${scheme}:`))
    assert.is(answer.text, 'hello')
    assert.is(answer.headers['cache-control'], 'no-store')
  })
})

overBoth(
  test,
  ['s3cmd'],
  'syncs a tree both ways; the second sync moves nothing',
  async (scheme) => {
    await withS3cmd(scheme, async (s3cmd, folder) => {
      const tree = join(folder, 'tree')
      const back = join(folder, 'back')
      const names = [
        'a.txt',
        'b c.txt',
        'æøå/Ærlig.txt',
        'deep/er/and/deeper',
        'plus+per%cent#.txt',
      ]
      for (const name of names) {
        await mkdir(join(tree, name, '..'), { recursive: true })
        await writeFile(join(tree, name), `content of ${name}`)
      }
      await mkdir(back)
      await s3cmd('mb', 's3://tree')
      const first = await s3cmd('sync', `${tree}/`, 's3://tree/x/')
      assert.is(first.match(/^upload: /gm)?.length, names.length, first)
      assert.is((await s3cmd('sync', `${tree}/`, 's3://tree/x/')).match(/^upload: /gm), null)
      await s3cmd('sync', 's3://tree/x/', `${back}/`)
      for (const name of names) {
        assert.is(await readFile(join(back, name), 'utf8'), `content of ${name}`)
      }
      assert.is((await s3cmd('sync', 's3://tree/x/', `${back}/`)).match(/^download: /gm), null)

      await rm(join(tree, 'a.txt'))
      const third = await s3cmd('sync', '--delete-removed', `${tree}/`, 's3://tree/x/')
      assert.match(third, /delete: 's3:\/\/tree\/x\/a\.txt'/)
      const left = (await s3cmd('ls', '--recursive', 's3://tree')).trim().split('\n')
      assert.is(left.length, names.length - 1)

      const refused = await s3cmd('rb', 's3://tree').catch((error: Error) => error.message)
      assert.match(refused, /BucketNotEmpty/)
      await s3cmd('del', '--recursive', '--force', 's3://tree')
      assert.is(await s3cmd('ls', '--recursive', 's3://tree'), '')
      await s3cmd('rb', 's3://tree')
      assert.is(await s3cmd('ls'), '')
    })
  },
)

overBoth(test, ['s3cmd'], 'sets who may read, and the rules of a bucket', async (scheme) => {
  await withS3cmd(scheme, async (s3cmd, folder, bridge) => {
    const file = join(folder, 'file.txt')
    await writeFile(file, 'hello')
    await s3cmd('mb', 's3://rules')
    await s3cmd('put', file, 's3://rules/one')
    const read = async () => (await follow(bridge, `${bridge.url}/rules/one`)).status
    assert.is(await read(), 403)
    assert.match(await s3cmd('setacl', '--acl-public', 's3://rules/one'), /ACL set to Public/)
    assert.is(await read(), 200)
    assert.match(await s3cmd('info', 's3://rules/one'), /ACL: +\*anon\*: READ\n/)
    await s3cmd('setacl', '--acl-private', 's3://rules/one')
    assert.is(await read(), 403)

    const policy = join(folder, 'policy.json')
    const Resource = 'arn:aws:s3:::rules/*'
    const Statement = [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource }]
    await writeFile(policy, JSON.stringify({ Version: '2012-10-17', Statement }))
    await s3cmd('setpolicy', policy, 's3://rules')
    assert.is(await read(), 200)
    assert.match(await s3cmd('info', 's3://rules'), /Policy: +\{"Version"/)
    await s3cmd('delpolicy', 's3://rules')
    assert.is(await read(), 403)

    const cors = join(folder, 'cors.xml')
    const rule = '<AllowedOrigin>https://a.test</AllowedOrigin><AllowedMethod>GET</AllowedMethod>'
    await writeFile(cors, `<CORSConfiguration><CORSRule>${rule}</CORSRule></CORSConfiguration>`)
    await s3cmd('setcors', cors, 's3://rules')
    assert.match(await s3cmd('info', 's3://rules'), /CORS: +<[\s\S]*https:\/\/a\.test/)
    await s3cmd('delcors', 's3://rules')

    await s3cmd('expire', '--expiry-days=7', '--expiry-prefix=logs/', 's3://rules')
    assert.match(await s3cmd('getlifecycle', 's3://rules'), /<Days>7<\/Days>/)
    assert.match(await s3cmd('info', 's3://rules'), /will expire in '7' day/)
    await s3cmd('dellifecycle', 's3://rules')
    await s3cmd('settagging', 's3://rules', 'team=blue').catch((error: unknown) => {
      // Came with 2.4, which Debian 12 has not.
      assert.match(String(error), /Invalid command/)
    })
  })
})

declareProofs(test, 's3cmd', ['s3cmd'])

test.run()
