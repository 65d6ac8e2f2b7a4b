// What every implementation of AccessKeys must do; one suite for all of them.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type AccessKeyRecord, type AccessKeys, AccessKeyTaken } from './access-keys.ts'

/** `open` gives two users of one and the same store, as two processes are. */
export function accessKeysContract(
  name: string,
  open: (act: (one: AccessKeys, other: AccessKeys) => Promise<void>) => Promise<void>,
): void {
  const test = suite(name)

  test('a key that was added is found by both, whole', async () => {
    await open(async (one, other) => {
      await one.add(keyNamed('laptop'))
      assert.equal(await other.find('ID-laptop'), keyNamed('laptop'))
      assert.is(await other.find('ID-other'), undefined)
      assert.is(await other.find(''), undefined)
    })
  })

  test('a list is in order of names and tells no secret', async () => {
    await open(async (one, other) => {
      await one.add(keyNamed('b'))
      await other.add(keyNamed('a'))
      const keys = await one.list()
      assert.equal(
        keys.map(({ name: key }) => key),
        ['a', 'b'],
      )
      assert.not.match(JSON.stringify(keys), /SECRET/)
    })
  })

  test('an id or a name that is taken is refused, and its key stays as it is', async () => {
    await open(async (one, other) => {
      await one.add(keyNamed('a'))
      const other1 = { ...keyNamed('b'), accessKeyId: 'ID-a' }
      const other2 = { ...keyNamed('a'), accessKeyId: 'ID-b' }
      for (const record of [other1, other2]) {
        const error = await other.add(record).catch((thrown: unknown) => thrown)
        assert.instance(error, AccessKeyTaken)
      }
      assert.equal(await one.find('ID-a'), keyNamed('a'))
      assert.is((await one.list()).length, 1)
    })
  })

  test('a key that one removes is gone for the other at once', async () => {
    await open(async (one, other) => {
      await one.add(keyNamed('a'))
      assert.ok(await other.find('ID-a'))
      assert.is(await one.remove('a'), true)
      assert.is(await other.find('ID-a'), undefined)
      assert.is(await other.remove('a'), false)
    })
  })

  test.run()
}

export function keyNamed(name: string): AccessKeyRecord {
  return {
    accessKeyId: `ID-${name}`,
    secretAccessKey: `SECRET-${name}`,
    name,
    owner: 'alice',
    limits: { buckets: ['one', 'two'], access: 'read-only' },
    created: new Date('2026-11-26T01:02:03.004Z'),
  }
}
