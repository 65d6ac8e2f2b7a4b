// How rclone logs in to the emulator: its wizard without a terminal, and what becomes of its tokens.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  editConfig,
  logIn,
  publicLoginToken,
  readConfig,
  testWithRclone,
  withRclone,
} from './with-rclone.ts'

const test = suite('rclone logs in')

testWithRclone(test, 'the wizard turns a personal login token into a remote', async (program) => {
  await withRclone(program, async ({ rclone }) => {
    const config = await readConfig(rclone)
    assert.is(config.get('configVersion'), '1')
    assert.is(config.get('client_id'), 'jottacli')
    assert.match(config.get('tokenURL') ?? '', /^https:\/\/id\.jottacloud\.com\/.*\/token$/)
    assert.is(config.get('device') ?? '', '')
    assert.is(await rclone('lsf', 'jotta:'), '')
  })
})

testWithRclone(test, 'a login token works once', async (program) => {
  await withRclone(program, async ({ rclone, emulator }) => {
    const answers = [
      `config_login_token=${publicLoginToken(emulator)}`,
      'config_non_standard=false',
    ]
    const create = async (name: string) =>
      await rclone.attempt(
        ...['config', 'create', name, 'jottacloud', 'config_type=standard', ...answers],
      )
    assert.is((await create('first')).code, 0)
    const second = await create('second')
    assert.is.not(second.code, 0)
    assert.match(second.stderr, /401|Unauthorized|invalid user credentials/i)
  })
})

testWithRclone(
  test,
  'the wizard makes a new device and a new mountpoint on it',
  async (program) => {
    await withRclone(program, async ({ rclone, emulator }) => {
      const answers = {
        config_non_standard: 'true',
        config_device: 'Cellar',
        config_mountpoint: 'Jars & pots',
      }
      await logIn(rclone, emulator, 'cellar', answers)
      const made = emulator.faults.requests
        .filter(({ operation }) => operation.startsWith('create'))
        .map(({ operation, path, query, status }) => [operation, path.split('/')[3], query, status])
      assert.equal(made, [
        ['createDevice', 'Cellar', 'type=WORKSTATION', 201],
        ['createMountpoint', 'Cellar', '', 201],
      ])
      await rclone.withInput('plums', 'rcat', 'cellar:shelf/plums.txt')
      assert.is(await rclone('cat', 'cellar:shelf/plums.txt'), 'plums')
      assert.is(await rclone('lsf', '-R', 'cellar:'), 'shelf/\nshelf/plums.txt\n')
      assert.is(await rclone('lsf', '-R', '--fast-list', 'cellar:'), 'shelf/\nshelf/plums.txt\n')
      assert.is(await rclone('lsf', 'jotta:'), '', 'the standard remote sees none of it')
      // A second remote finds them there.
      await logIn(rclone, emulator, 'again', answers)
      assert.is(await rclone('cat', 'again:shelf/plums.txt'), 'plums')
    })
  },
)

testWithRclone(
  test,
  'the wizard offers the mountpoints of the built-in device',
  async (program) => {
    await withRclone(program, async ({ rclone, emulator }) => {
      await logIn(rclone, emulator, 'sync', {
        config_non_standard: 'true',
        config_device: 'Jotta',
        config_mountpoint: 'Sync',
      })
      await rclone.withInput('x', 'rcat', 'sync:here')
      assert.is(await rclone('lsf', 'sync:'), 'here\n')
      assert.is(await rclone('lsf', 'jotta:'), '', 'Archive is another place')
    })
  },
)

const clientAuthentications = [
  ['accept', 'by HTTP Basic'],
  ['refuse', 'by client_id where HTTP Basic is refused'],
] as const
for (const [basicClientAuthentication, how] of clientAuthentications) {
  const name = `an expired token is refreshed ${how}, and the new one written down`
  testWithRclone(test, name, async (program) => {
    await withRclone(
      program,
      async ({ rclone, emulator }) => {
        await rclone.withInput('kept', 'rcat', 'jotta:file')
        const before = (await readConfig(rclone)).get('token')
        // Twice: the rotated refresh token was written down, and is the one that works.
        for (const round of ['first', 'second']) {
          await expire(rclone)
          emulator.faults.expireAccessTokens()
          assert.is(await rclone('cat', 'jotta:file'), 'kept', `${round} refresh`)
        }
        const after = (await readConfig(rclone)).get('token')
        assert.is.not(after, before)
        const refused = emulator.faults.requests.filter(({ status }) => status === 401)
        assert.is(refused.length > 0, basicClientAuthentication === 'refuse')
      },
      { basicClientAuthentication },
    )
  })
}

testWithRclone(test, 'a stale refresh token ends it', async (program) => {
  await withRclone(program, async ({ rclone, emulator }) => {
    await expire(rclone)
    emulator.faults.expireAccessTokens()
    emulator.faults.staleRefreshTokens()
    const { code, stderr } = await rclone.attempt('lsf', 'jotta:')
    assert.is.not(code, 0)
    assert.match(stderr, /invalid_grant|Stale token/)
  })
})

async function expire(rclone: Parameters<typeof editConfig>[0]): Promise<void> {
  await editConfig(rclone, (text) =>
    text.replaceAll(/"expiry":"[^"]*"/g, '"expiry":"2020-01-01T00:00:00Z"'),
  )
}

test.run()
