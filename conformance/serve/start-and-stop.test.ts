// What a person sees of `serve` and `login`: the first start, the second, the wrong one, the end.
import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { ListBucketsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startEmulator } from '../../jotta/emulator/emulator.ts'
import { randomBuffer } from '../support/bytes.ts'
import { run } from '../support/real-client.ts'
import { ask, send, textOf } from '../support/signed-request.ts'
import {
  type BridgeProcess,
  secretAccessKey,
  startBridge,
  withBridge,
  withFolder,
} from '../support/with-bridge.ts'
import { withEmulatedBridge } from '../support/with-emulated-bridge.ts'

const test = suite('start and stop')
const project = join(import.meta.dirname, '..', '..')

async function cli(...args: string[]) {
  const options = { cwd: project, mayFail: true }
  return await run(process.execPath, ['server/cli.ts', ...args], options)
}

test('the first start prints a key that works, the second does not print it again', async () => {
  await withFolder(async (dataDirectory) => {
    const first = await startBridge({ dataDirectory, givenKey: false })
    const said = first.banner()
    const [, key] = /aws_access_key_id (\S+)/.exec(said) ?? []
    const [, secret] = /aws_secret_access_key (\S+)/.exec(said) ?? []
    assert.ok(key && secret, said)
    assert.ok(said.includes(first.url))
    const s3 = new S3Client({
      endpoint: first.url,
      region: 'eu-north-1',
      forcePathStyle: true,
      credentials: { accessKeyId: key, secretAccessKey: secret },
    })
    await s3.send(new ListBucketsCommand({}))
    s3.destroy()
    assert.is(await first.stop(), 0)
    assert.not.match(JSON.stringify(first.log), new RegExp(secret))

    const second = await startBridge({ dataDirectory, givenKey: false })
    assert.not.match(second.banner(), new RegExp(secret))
    await second.stop()
    const file = join(dataDirectory, 'root-access-key.json')
    assert.is((await stat(file)).mode & 0o777, 0o600)
    assert.is(JSON.parse(await readFile(file, 'utf8')).secretAccessKey, secret)
  })
})

test('a start takes what an earlier one made of the sources', async () => {
  await cli('help')
  const env = { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' }
  const options = { cwd: project, env }
  const { stderr } = await run(process.execPath, ['server/cli.ts', 'help'], options)
  for (const file of ['server/command-line.ts', 'translate/create-bridge.ts', 'jotta/client.ts']) {
    assert.match(stderr, new RegExp(`StrippedTypeScript file://\\S*/${file}\\.\\.\\.success`))
  }
})

test('and so does the thread that reads listings', async () => {
  const list = async (bridge: BridgeProcess): Promise<void> => {
    await ask(bridge.url, { method: 'PUT', path: '/bucket' })
    assert.is((await ask(bridge.url, { method: 'GET', path: '/bucket?list-type=2' })).status, 200)
  }
  await withBridge(list)
  let said = ''
  await withBridge(
    async (bridge) => {
      await list(bridge)
      said = bridge.banner()
    },
    { env: { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' } },
  )
  assert.match(
    said,
    /StrippedTypeScript file:\S*\/translate\/listings\/snapshot-thread\.ts\.\.\.success/,
  )
})

test('the image fills that as the user it runs as, since Node keeps it for each user apart', async () => {
  const lines = (await readFile(join(project, 'Dockerfile'), 'utf8')).split('\n')
  const filled = lines.findIndex((line) => line.startsWith('RUN node server/cli.ts'))
  const user = lines.findLastIndex((line) => line.startsWith('USER '))
  assert.ok(user !== -1 && user < filled, 'the last USER stands before it')
})

test('objects and their metadata survive a restart', async () => {
  await withFolder(async (dataDirectory) => {
    const first = await startBridge({ dataDirectory })
    await ask(first.url, { method: 'PUT', path: '/bucket' })
    const headers = { 'content-type': 'text/x-kept', 'x-amz-meta-kept': 'yes' }
    await ask(first.url, { method: 'PUT', path: '/bucket/a/b', headers, body: 'content' })
    await first.stop()
    const second = await startBridge({ dataDirectory })
    try {
      const got = await ask(second.url, { method: 'GET', path: '/bucket/a/b' })
      assert.is(got.text, 'content')
      assert.is(got.headers['content-type'], 'text/x-kept')
      assert.is(got.headers['x-amz-meta-kept'], 'yes')
    } finally {
      await second.stop()
    }
  })
})

test('SIGTERM lets a request under way finish', async () => {
  await withEmulatedBridge(async ({ emulator, bridge, startAgain }) => {
    await ask(bridge.url, { method: 'PUT', path: '/bucket' })
    const held = emulator.faults.hold({ operation: 'upload' })
    const put = send(bridge.url, { method: 'PUT', path: '/bucket/key', body: 'in flight' })
    await held.reached()
    const stopped = bridge.stop()
    held.release()
    const answer = await put
    assert.is(answer.statusCode, 200, await textOf(answer))
    assert.is(await stopped, 0)
    const again = await startAgain()
    assert.is((await ask(again.url, { method: 'GET', path: '/bucket/key' })).text, 'in flight')
  })
})

test('the log names every request and no secret', async () => {
  await withBridge(async (bridge) => {
    const put = { method: 'PUT', path: '/logged-bucket' }
    await ask(bridge.url, put)
    const s3 = new S3Client({
      endpoint: bridge.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'TESTACCESSKEY0000001', secretAccessKey },
    })
    await s3.send(new PutObjectCommand({ Bucket: 'logged-bucket', Key: 'k/1', Body: 'abc' }))
    s3.destroy()
    await bridge.stop()
    const lines = bridge.log.filter((line) => line.operation !== undefined)
    assert.equal(
      lines.map((line) => [line.operation, line.bucket, line.key, line.status]),
      [
        ['CreateBucket', 'logged-bucket', undefined, 200],
        ['PutObject', 'logged-bucket', 'k/1', 200],
      ],
    )
    const line = lines[1] ?? {}
    assert.type(line.requestId, 'string')
    assert.ok(Number(line.upstreamCalls) > 0 && Number(line.bytesIn) > 0 && Number(line.ms) >= 0)
    const text = JSON.stringify(bridge.log) + bridge.banner()
    for (const secret of [secretAccessKey, 'Signature', 'Bearer', 'refresh_token']) {
      assert.not.ok(text.includes(secret), secret)
    }
  })
})

const wrongCalls = [
  [['serve', '--port', 'x'], 2, /--port/],
  [['serve', '--no-such-flag'], 2, /no-such-flag/],
  [['dance'], 2, /unknown command dance/],
  [['login', '--token'], 2, /--token/],
  [['login', '--token', 'rubbish', '--data-dir', '/nonexistent/x'], 1, /token/i],
] as const
for (const [args, code, says] of wrongCalls) {
  test(`\`${args.join(' ')}\` ends with ${code} and says what is wrong`, async () => {
    const result = await cli(...args)
    assert.is(result.code, code, result.stderr)
    assert.match(result.stderr, says)
    assert.not.match(result.stderr, /\n\s+at /, 'no stack for a person')
  })
}

test('a port that is taken is said, and the start ends', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  try {
    await withFolder(async (folder) => {
      const result = await cli('serve', '--port', String(port), '--data-dir', folder)
      assert.is(result.code, 1)
      assert.match(result.stderr, /EADDRINUSE|in use/)
      // The key that this start made was never shown, so the next one shows another.
      const next = await startBridge({ dataDirectory: folder, givenKey: false })
      await next.stop()
      assert.match(next.banner(), /aws_secret_access_key/)
    })
  } finally {
    other.close()
  }
})

test('a login token works once; the second time says what to do; logout goes back', async () => {
  await withFolder(async (folder) => {
    const emulator = await startEmulator({ dataDirectory: join(folder, 'jottacloud') })
    try {
      const hosts = ['--jfs-url', emulator.jfsUrl, '--api-url', emulator.apiUrl]
      const data = join(folder, 'data')
      const token = emulator.loginToken()
      const args = ['--data-dir', data, ...hosts]
      const first = await cli('login', '--token', token, ...args)
      assert.is(first.code, 0, first.stderr)
      assert.match(first.stdout, /Logged in as/)
      assert.is((await stat(join(data, 'jottacloud-token.json'))).mode & 0o777, 0o600)
      const again = await cli('login', '--token', token, ...args)
      assert.is(again.code, 1)
      assert.match(again.stderr, /token/)
      assert.not.ok(again.stderr.includes(token))
      assert.match((await cli('logout', ...args)).stdout, /Logged out/)
      assert.match((await cli('logout', ...args)).stdout, /Nobody/)
    } finally {
      await emulator.close()
    }
  })
})

test('metadata goes out as JSON lines and comes back in', async () => {
  await withFolder(async (folder) => {
    const bridge = await startBridge({ dataDirectory: folder })
    await ask(bridge.url, { method: 'PUT', path: '/bucket' })
    const headers = { 'x-amz-meta-a': 'b' }
    const body = randomBuffer(100, 'metadata')
    await ask(bridge.url, { method: 'PUT', path: '/bucket/key', headers, body })
    await bridge.stop()
    const file = join(folder, 'export.jsonl')
    // What is kept of the bucket, and the object.
    assert.match((await cli('metadata', 'export', file, '--data-dir', folder)).stdout, /^3 records/)
    const lines = (await readFile(file, 'utf8')).trim().split('\n')
    const [created, owner, object] = lines.map((line) => JSON.parse(line))
    assert.equal([created.name, owner.name], ['created', 'owner'])
    assert.is(object.metadata.user.a, 'b')
    const imported = await cli('metadata', 'import', file, '--data-dir', join(folder, 'other'))
    assert.match(imported.stdout, /^3 records taken in/)
    const shown = await cli('metadata', 'export', '--data-dir', join(folder, 'other'))
    assert.is(shown.stdout, await readFile(file, 'utf8'))
  })
})

test.run()
