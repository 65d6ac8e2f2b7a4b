// A lock that another program holds, as SQLite itself has it: by a second connection, which is a stranger to the first.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openSqliteState } from './sqlite.ts'
import { Turns } from './sqlite-turns.ts'
import type { State } from './state.ts'

const test = suite('turns at a database that is locked')

type Parts = {
  readonly state: State
  readonly file: string
  /** Another program takes the lock, and gives it back. */
  readonly lock: () => void
  readonly unlock: () => void
}

async function withState(
  act: (parts: Parts) => Promise<void>,
  options: { readonly lockWaitMs?: number } = {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sqlite-turns-'))
  const file = join(folder, 'state.db')
  const state = openSqliteState({ file, ...options })
  const other = new DatabaseSync(file)
  const lock = () => other.exec('BEGIN EXCLUSIVE')
  const unlock = () => other.exec('ROLLBACK')
  try {
    await act({ state, file, lock, unlock })
  } finally {
    other.close()
    await state.close()
    await rm(folder, { recursive: true })
  }
}

/** Whether it is done is asked without waiting for it. */
function watched<T>(work: Promise<T>): { readonly work: Promise<T>; isDone: boolean } {
  const watch = { work, isDone: false }
  const done = (): void => {
    watch.isDone = true
  }
  work.then(done, done)
  return watch
}

const record = {
  bucket: 'b',
  key: 'k',
  md5: '0'.repeat(32),
  sizeBytes: 1,
  metadata: { user: {} },
  multipartEtag: undefined,
  checksums: undefined,
}

test('who writes waits for the lock, and others are served meanwhile', () =>
  withState(async ({ state, lock, unlock }) => {
    await state.objects.stage({ ...record, key: 'before' })
    lock()
    const transaction = watched(state.objects.stage(record))
    const statement = watched(state.bucketRemovals.begin())
    for (let turn = 0; turn < 20; turn += 1) {
      await setImmediate()
      assert.ok(await state.objects.latest('b', 'before'))
    }
    assert.equal([transaction.isDone, statement.isDone], [false, false])
    unlock()
    await transaction.work
    await statement.work
    assert.ok(await state.objects.latest('b', 'k'))
    assert.equal(await state.bucketRemovals.counts(), { begun: 1, open: 1 }, 'it is done once')
  }))

test('those who wait are served in the order in which they came, and nobody overtakes them', () =>
  withState(async ({ state, lock, unlock }) => {
    lock()
    const answers: string[] = []
    const claim = async (name: string): Promise<void> => {
      assert.is(await state.account.claim(name), 'first')
      answers.push(name)
    }
    const waiting = ['first', 'second', 'third'].map(claim)
    await setImmediate()
    unlock()
    await Promise.all([...waiting, claim('fourth')])
    assert.equal(answers, ['first', 'second', 'third', 'fourth'])
  }))

test('waiting has a limit, after which nothing was done, and it is not done later', () =>
  withState(
    async ({ state, lock, unlock }) => {
      lock()
      const done = await Promise.allSettled([
        state.bucketRemovals.begin(),
        state.objects.stage(record),
        state.chores.setDone('chore', new Date(1)),
      ])
      for (const result of done) {
        const reason: unknown = result.status === 'rejected' ? result.reason : undefined
        assert.match(String(reason), /database is locked/)
      }
      unlock()
      await state.bucketRemovals.begin()
      assert.equal(await state.bucketRemovals.counts(), { begun: 1, open: 1 })
      assert.is(await state.objects.latest('b', 'k'), undefined)
      assert.is(await state.chores.doneAt('chore'), undefined)
    },
    { lockWaitMs: 20 },
  ))

test('records that were left are gone through also while a page of them waits', () =>
  withState(async ({ state, lock, unlock }) => {
    await state.objects.stage(record, 1)
    lock()
    const all: string[] = []
    const going = watched(
      (async () => {
        for await (const { key } of state.objects.leftStaged(5, () => 9)) all.push(key)
      })(),
    )
    for (let turn = 0; turn < 5; turn += 1) await setImmediate()
    assert.not(going.isDone)
    unlock()
    await going.work
    assert.equal(all, ['k'])
  }))

test('it is closed after those who wait', () =>
  withState(async ({ state, file, lock, unlock }) => {
    lock()
    const begun = state.bucketRemovals.begin()
    await setImmediate()
    const closed = watched(state.close())
    await setImmediate()
    assert.not(closed.isDone)
    unlock()
    await Promise.all([begun, closed.work])
    const again = openSqliteState({ file })
    assert.equal(await again.bucketRemovals.counts(), { begun: 1, open: 1 })
    await again.close()
  }))

test('every kind of lock is waited for, and no other failure', async () => {
  const database = new DatabaseSync(':memory:')
  const turns = new Turns(database)
  let tries = 0
  const failing = (errcode: number, times: number) => () => {
    tries += 1
    if (tries <= times) throw Object.assign(new Error('failed'), { errcode })
    return tries
  }
  // SQLITE_BUSY, SQLITE_BUSY_RECOVERY, SQLITE_BUSY_SNAPSHOT
  for (const code of [5, 261, 517]) {
    for (const mode of ['read', 'write'] as const) {
      tries = 0
      assert.is(await turns.take(mode, failing(code, 3)), 4, `${code}`)
    }
  }
  // SQLITE_LOCKED, SQLITE_IOERR
  for (const code of [6, 10]) {
    tries = 0
    await turns.take('write', failing(code, 3)).then(
      () => assert.unreachable(),
      (error: unknown) => assert.match(String(error), /failed/),
    )
    assert.is(tries, 1, `${code}`)
  }
  await turns.close()
  await turns.close()
})

test.run()
