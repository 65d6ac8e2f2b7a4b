import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError } from './config.ts'
import { type LoginWay, takeLoginFlags } from './login-flags.ts'

const test = suite('login flags')

const understood: [args: string[], way: LoginWay, rest: string[]][] = [
  [[], { kind: 'token', token: undefined }, []],
  [['--token', 'T', '--data-dir', 'd'], { kind: 'token', token: 'T' }, ['--data-dir', 'd']],
  [['--token=T=='], { kind: 'token', token: 'T==' }, []],
  [
    ['--account', 'work', '--service', 'elko'],
    { kind: 'browser', service: 'elko', browser: 'open' },
    ['--account', 'work'],
  ],
  [['--no-browser', '--service=elko'], { kind: 'browser', service: 'elko', browser: 'print' }, []],
  [
    ['--service-url', 'u', '--token-url', 't'],
    { kind: 'token', token: undefined },
    ['--service-url', 'u', '--token-url', 't'],
  ],
  [['--legacy'], { kind: 'legacy', username: undefined }, []],
  [['--legacy', '--username', 'U'], { kind: 'legacy', username: 'U' }, []],
  [['--password', 'P'], { kind: 'token', token: undefined }, ['--password', 'P']],
]
for (const [args, way, rest] of understood) {
  test(`\`${args.join(' ')}\` is a login by ${way.kind}`, () => {
    assert.equal(takeLoginFlags(args), { way, rest })
  })
}

const wrong: [args: string[], says: RegExp][] = [
  [['--token'], /--token: a value/],
  [['--token', ''], /--token: a value/],
  [['--service='], /--service: a value/],
  [['--no-browser'], /--service is missing/],
  [['--username', 'U'], /--legacy is missing/],
  [['--token', 'T', '--service', 'elko'], /--token and --service are of different ways/],
  [['--legacy', '--no-browser'], /different ways/],
]
for (const [args, says] of wrong) {
  test(`\`${args.join(' ')}\` is refused`, () => {
    assert.throws(
      () => takeLoginFlags(args),
      (error: unknown) => error instanceof ConfigError && says.test(error.message),
    )
  })
}

test.run()
