import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError } from './config.ts'
import {
  findStoreCommand,
  parsePlace,
  parseStoreArguments,
  renderPlace,
  type StoreShape,
} from './store-arguments.ts'

const test = suite('store arguments')

const table: StoreShape[] = [
  { words: 'about', flags: ['--json'] },
  { words: 'trash ls', flags: ['--json'] },
  { words: 'trash purge', operand: '[PATH]', flags: ['--yes'] },
  { words: 'mkdevice', operand: 'NAME', flags: [] },
]

function parse(...args: string[]) {
  const found = findStoreCommand(table, args)
  if (found === undefined) return undefined
  const { operand, flags, settings } = parseStoreArguments(found.command, found.rest)
  return [found.command.words, operand, [...flags], settings]
}

test('words, operand, flags and settings are told apart in any order', () => {
  const cases: [string[], unknown][] = [
    [['about'], ['about', undefined, [], []]],
    [['serve'], undefined],
    [[], undefined],
    [
      ['trash', 'ls', '--json'],
      ['trash ls', undefined, ['--json'], []],
    ],
    [
      ['trash', 'purge', '--data-dir', 'd', 'S3/a', '--yes', '--port=1'],
      ['trash purge', 'S3/a', ['--yes'], ['--data-dir', 'd', '--port=1']],
    ],
    [
      ['mkdevice', '--data-dir', 'd', '--', '--yes'],
      ['mkdevice', '--yes', [], ['--data-dir', 'd']],
    ],
    [
      ['trash', 'ls', '--unknown'],
      ['trash ls', undefined, [], ['--unknown']],
    ],
  ]
  for (const [args, parsed] of cases) assert.equal(parse(...args), parsed, args.join(' '))
})

test('what is wrong is named', () => {
  const cases: [string[], RegExp][] = [
    [['trash'], /trash: one of ls, purge must follow/],
    [['trash', 'empty'], /trash: one of ls, purge/],
    [['about', 'me'], /about: nothing must follow, not me/],
    [['mkdevice'], /mkdevice: NAME must follow/],
    [['mkdevice', 'a', 'b'], /mkdevice: only one NAME/],
    [['trash', 'purge', '', '--yes'], /trash purge: PATH must follow/],
  ]
  for (const [args, message] of cases) {
    assert.throws(
      () => parse(...args),
      (error: unknown) => error instanceof ConfigError && message.test(error.message),
    )
  }
})

test('a place is a device, a mountpoint and names, with or without a slash behind', () => {
  const place = { device: 'S3', mountpoint: 'b', path: ['x', 'y z'] }
  assert.equal(parsePlace('trash', 'S3/b/x/y z'), place)
  assert.equal(parsePlace('trash', 'S3/b/x/y z/'), place)
  assert.is(renderPlace(place), 'S3/b/x/y z')
  assert.equal(parsePlace('trash', 'S3/b'), { device: 'S3', mountpoint: 'b', path: [] })
})

test('what climbs, or is no place, is refused', () => {
  for (const text of ['', '/', 'S3', 'S3/', '/S3/b', 'S3//x', 'S3/b/../x', 'S3/b/.', 'S3/b//']) {
    assert.throws(
      () => parsePlace('trash restore', text),
      (error: unknown) => error instanceof ConfigError,
      text,
    )
  }
})

test.run()
