// COVERAGE.md is what the tables say, and the tables speak of the operations that there are.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { operations } from '../../server/operations/index.ts'
import type { Row } from '../../server/operations/row.ts'
import { clients, readProofs } from './proofs.ts'
import { isOperation, offeredNames, renderCoverage } from './render.ts'

const test = suite('coverage')

test('COVERAGE.md is the page that the tables make', () => {
  const page = readFileSync(join(import.meta.dirname, '..', 'COVERAGE.md'), 'utf8')
  assert.is(page, renderCoverage(readProofs()), '`npm run coverage` makes it anew')
})

test('exactly what has a handler has a remark', () => {
  const handled = Object.entries<Row>(operations)
    .filter(([, row]) => row.handler !== 'not-offered')
    .map(([name]) => name)
  assert.equal([...offeredNames()].sort(), handled.sort())
})

test('every operation of the table is on the page', () => {
  const page = renderCoverage(readProofs())
  for (const name of Object.keys(operations)) {
    assert.match(page, new RegExp(`\\b${name}\\b`), name)
  }
})

test('clients are said to use operations that are offered', () => {
  for (const client of clients) {
    for (const name of readProofs()[client] ?? []) {
      assert.ok(
        isOperation(name) && operations[name].handler !== 'not-offered',
        `${client}: ${name}`,
      )
    }
  }
})

test.run()
