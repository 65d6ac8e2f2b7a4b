import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type AgingObject,
  abortOf,
  expirationOf,
  isAbout,
  type LifecycleFilter,
  type LifecycleRule,
  lifecycleConfiguration,
} from './lifecycle-rules.ts'

const test = suite('lifecycle rules')

function rule(more: Partial<LifecycleRule>, filter: Partial<LifecycleFilter> = {}): LifecycleRule {
  return { id: 'r', status: 'Enabled', filter: { form: 'filter', tags: [], ...filter }, ...more }
}

const object: AgingObject = {
  key: 'logs/a',
  sizeBytes: 100,
  tags: [
    { key: 'kind', value: 'log' },
    { key: 'x', value: '' },
  ],
  ageFrom: new Date('2026-01-15T10:30:00Z'),
}

const ages: [from: string, days: number, due: string][] = [
  ['2026-01-15T10:30:00Z', 3, '2026-01-19T00:00:00Z'],
  ['2026-01-15T00:00:00Z', 1, '2026-01-17T00:00:00Z'],
  ['2026-01-14T23:59:59Z', 1, '2026-01-16T00:00:00Z'],
  ['2026-02-28T12:00:00Z', 1, '2026-03-02T00:00:00Z'],
]
for (const [from, days, due] of ages) {
  test(`${days} days from ${from} are over at ${due}`, () => {
    const aged = { ...object, ageFrom: new Date(from) }
    const found = expirationOf([rule({ expiration: { days } })], aged)
    assert.equal(found?.date, new Date(due))
    const upload = { key: 'k', initiated: new Date(from) }
    assert.equal(abortOf([rule({ abortUploadsAfterDays: days })], upload)?.date, new Date(due))
  })
}

const filters: [filter: Partial<LifecycleFilter>, isAbout: boolean][] = [
  [{}, true],
  [{ prefix: '' }, true],
  [{ prefix: 'logs/' }, true],
  [{ prefix: 'logs/a' }, true],
  [{ prefix: 'logs/ab' }, false],
  [{ prefix: 'LOGS/' }, false],
  [{ tags: [{ key: 'kind', value: 'log' }] }, true],
  [{ tags: [{ key: 'x', value: '' }] }, true],
  [{ tags: [{ key: 'kind', value: 'LOG' }] }, false],
  [{ tags: [{ key: 'Kind', value: 'log' }] }, false],
  [
    {
      tags: [
        { key: 'kind', value: 'log' },
        { key: 'y', value: '' },
      ],
    },
    false,
  ],
  [{ sizeGreaterThanBytes: 99 }, true],
  [{ sizeGreaterThanBytes: 100 }, false],
  [{ sizeLessThanBytes: 101 }, true],
  [{ sizeLessThanBytes: 100 }, false],
  [{ sizeGreaterThanBytes: 0, sizeLessThanBytes: 200, prefix: 'logs/' }, true],
  [{ sizeGreaterThanBytes: 0, sizeLessThanBytes: 200, prefix: 'other' }, false],
]
for (const [filter, expected] of filters) {
  test(`${JSON.stringify(filter)} ${expected ? 'is' : 'is not'} about the object`, () => {
    assert.is(isAbout(rule({}, filter), object), expected)
    const due = expirationOf([rule({ expiration: { days: 1 } }, filter)], object)
    assert.is(due !== undefined, expected)
  })
}

test('the earliest of the enabled rules counts', () => {
  const rules = [
    rule({ id: 'late', expiration: { days: 30 } }),
    rule({ id: 'off', status: 'Disabled', expiration: { days: 1 } }),
    rule({ id: 'other', expiration: { days: 1 } }, { prefix: 'other/' }),
    rule({ id: 'marker', expiration: { expiredObjectDeleteMarker: true } }),
    rule({ id: 'date', expiration: { date: '2026-02-01T00:00:00.000Z' } }),
  ]
  assert.is(expirationOf(rules, object)?.rule.id, 'date')
  assert.is(expirationOf(rules.slice(0, 4), object)?.rule.id, 'late')
  assert.is(expirationOf(rules.slice(1, 4), object), undefined)
})

test('no rule that a tag or a size narrows gives up uploads', () => {
  const upload = { key: 'k', initiated: new Date(0) }
  const abort = { abortUploadsAfterDays: 1 }
  assert.is(abortOf([rule(abort, { tags: [{ key: 'a', value: 'b' }] })], upload), undefined)
  assert.is(abortOf([rule(abort, { sizeGreaterThanBytes: 0 })], upload), undefined)
  assert.is(abortOf([rule(abort, { prefix: 'other' })], upload), undefined)
  assert.is(abortOf([rule({ ...abort, status: 'Disabled' })], upload), undefined)
})

test('what is kept is read strictly', () => {
  const { schema } = lifecycleConfiguration
  const kept = {
    rules: [rule({ expiration: { days: 1 } })],
    minimumSize: 'all_storage_classes_128K',
  }
  assert.ok(schema.safeParse(kept).success)
  for (const broken of [
    { ...kept, rules: [rule({ expiration: { days: 0 } })] },
    { ...kept, rules: [rule({ expiration: { date: 'soon' } })] },
    { ...kept, rules: [{ ...rule({}), filter: {} }] },
    { ...kept, rules: [{ ...rule({}), status: 'enabled' }] },
    { ...kept, rules: [{ ...rule({}), unknown: 1 }] },
    kept.rules,
  ]) {
    assert.not.ok(schema.safeParse(broken).success, JSON.stringify(broken))
  }
})

test.run()
