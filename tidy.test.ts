// The rules of the house that a linter cannot hold: direction of imports, file sizes, honest tests.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('tidy')

const files = globSync('**/*.ts', { exclude: (name) => name === 'node_modules' }).map((path) => ({
  path: normalize(path),
  text: readFileSync(path, 'utf8'),
}))
const isTest = (path: string): boolean => path.endsWith('.test.ts')
const isTestSupport = (path: string): boolean =>
  path.includes('test-support') || path.includes('/testing/') || path.endsWith('/contract.ts')
const production = files.filter(({ path }) => !isTest(path) && !isTestSupport(path))

/** The composition root: these build the parts, so they alone see every layer. */
const roots = ['server/main.ts', 'server/account.ts', 'server/embedded.ts']

/** What a folder's production code must not import. */
const walls = [
  { from: 'jotta/emulator/', never: (to: string) => !to.startsWith('jotta/emulator/') },
  {
    from: 'jotta/',
    never: (to: string) => !to.startsWith('jotta/') || to.startsWith('jotta/emulator/'),
  },
  {
    from: 'translate/',
    never: (to: string) => to.startsWith('server/') || to.startsWith('jotta/emulator/'),
  },
  { from: 'server/', never: (to: string) => to.startsWith('jotta/') },
] as const

test('there are files to look at', () => {
  assert.ok(production.length > 20)
})

test('imports point down: server -> translate -> jotta, and the emulator stands alone', () => {
  const broken = production
    .filter(({ path }) => !roots.includes(path))
    .flatMap(({ path, text }) => {
      const wall = walls.find(({ from }) => path.startsWith(from))
      if (wall === undefined) return []
      return localImports(path, text)
        .filter((to) => wall.never(to) || to.startsWith('conformance/'))
        .map((to) => `${path} imports ${to}`)
    })
  assert.equal(broken, [])
})

/** The web console's page: plain files that no compiler reads. */
const pageFiles = globSync('server/console/page/*.{js,css,html}').map((path) => ({
  path: normalize(path),
  text: readFileSync(path, 'utf8'),
}))

test('the page of the console holds to the rules of its house too', () => {
  assert.ok(pageFiles.length > 10)
  const long = pageFiles.filter(({ text }) => text.split('\n').length > 401)
  assert.equal(paths(long), [])
  const bare = pageFiles.filter(({ path, text }) => path.endsWith('.js') && !text.startsWith('//'))
  assert.equal(paths(bare), [])
})

test('nothing on the page is ever read as HTML or as a script, and nothing comes from elsewhere', () => {
  const asCode =
    /innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|setHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc|javascript:/
  assert.equal(paths(pageFiles.filter(({ text }) => asCode.test(text))), [])
  const elsewhere = /(?:src|href|url|import)\s*[=(:]?\s*["'`(]https?:/
  assert.equal(paths(pageFiles.filter(({ text }) => elsewhere.test(text))), [])
})

test('a test runs what it declares', () => {
  const silent = files.filter(
    ({ path, text }) => isTest(path) && !/\.run\(\)|Contract\(/.test(text),
  )
  assert.equal(paths(silent), [])
})

test('no test uses before and after hooks, which uvu can leave green when they fail', () => {
  const hooked = files.filter(
    ({ path, text }) => isTest(path) && /^\w+\.(before|after)(\.each)?\(/m.test(text),
  )
  assert.equal(paths(hooked), [])
})

test('production files stay below 400 lines', () => {
  const long = production.filter(({ text }) => text.split('\n').length > 401)
  assert.equal(paths(long), [])
})

test('every file opens with a comment that says what it is', () => {
  const bare = production.filter(({ text }) => !/^(#!.*\n)?\/\//.test(text))
  assert.equal(paths(bare), [])
})

const onlyPlaces = [
  { what: /from 'aws4'/, where: ['server/signer.ts'] },
  { what: /from 'fast-xml-parser'/, where: ['server/xml.ts'] },
  { what: /\bprocess\.env\b/, where: ['server/config.ts'] },
  { what: /from 'undici'/, where: ['jotta/http.ts'] },
  { what: /from 'pino'/, where: ['server/log.ts'] },
]
for (const { what, where } of onlyPlaces) {
  test(`${what.source} stands only in ${where.join(' or ')}`, () => {
    const strays = production.filter(
      ({ path, text }) =>
        !path.startsWith('conformance/') && what.test(text) && !where.includes(path),
    )
    assert.equal(paths(strays), [])
  })
}

test('nothing is piped without its errors, and no test sleeps', () => {
  const piped = production.filter(
    ({ path, text }) => !path.startsWith('conformance/') && /\.pipe\((?!z\.)/.test(text),
  )
  assert.equal(paths(piped), [])
  const sleeping = files.filter(
    ({ path, text }) =>
      isTest(path) && path !== 'tidy.test.ts' && /\bsleep\(|setTimeout\(r\b/.test(text),
  )
  assert.equal(paths(sleeping), [])
})

test('no file has a name that says nothing', () => {
  const vague = files.filter(({ path }) => /\/(utils|helpers|common|misc)\.ts$/.test(path))
  assert.equal(paths(vague), [])
})

test.run()

function localImports(path: string, text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) =>
    normalize(join(dirname(path), match[1] ?? '')),
  )
}

function paths(list: readonly { path: string }[]): string[] {
  return list.map(({ path }) => path)
}
