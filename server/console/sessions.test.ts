import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createSessions, idleMaxMs, lifeMaxMs, sessionsMax, sessionsOfKeyMax } from './sessions.ts'

const test = suite('console sessions')

const key = (accessKeyId: string) => ({ accessKeyId, secretAccessKey: 'secret' })

test('a session is found by its id alone, and no more once it was ended', () => {
  const sessions = createSessions(() => 0)
  const { id, session } = sessions.begin(key('A'))
  const other = sessions.begin(key('A'))
  assert.not.equal(other.id, id)
  assert.not.equal(other.session.token, session.token)
  assert.is(sessions.find(id, 'use')?.accessKeyId, 'A')
  assert.is(sessions.find(session.token, 'use'), undefined)
  sessions.end(id)
  assert.is(sessions.find(id, 'use'), undefined)
  assert.ok(sessions.find(other.id, 'use'))
})

test('it ends when nobody uses it, and looks do not count', () => {
  let now = 0
  const sessions = createSessions(() => now)
  const { id } = sessions.begin(key('A'))
  now += idleMaxMs
  assert.ok(sessions.find(id, 'use'))
  now += idleMaxMs
  assert.ok(sessions.find(id, 'look'))
  now += 1
  assert.is(sessions.find(id, 'use'), undefined)
})

test('it ends after half a day, however much it is used', () => {
  let now = 0
  const sessions = createSessions(() => now)
  const { id } = sessions.begin(key('A'))
  for (; now < lifeMaxMs; now += idleMaxMs) assert.ok(sessions.find(id, 'use'), String(now))
  now = lifeMaxMs + 1
  assert.is(sessions.find(id, 'use'), undefined)
})

test('one key cannot end the sessions of others by beginning many', () => {
  const sessions = createSessions(() => 0)
  const calm = sessions.begin(key('calm'))
  const busy = Array.from({ length: sessionsMax * 2 }, () => sessions.begin(key('busy')))
  assert.ok(sessions.find(calm.id, 'use'))
  const alive = busy.filter(({ id }) => sessions.find(id, 'look') !== undefined)
  assert.is(alive.length, sessionsOfKeyMax)
  assert.is(alive.at(-1), busy.at(-1))
})

test('there are never more than the most: the one that was idle longest ends', () => {
  const sessions = createSessions(() => 0)
  const all = Array.from({ length: sessionsMax }, (_, at) => sessions.begin(key(`K${at}`)))
  // Used since, so the second is now the first to go.
  sessions.find(all[0]?.id ?? '', 'use')
  all.push(sessions.begin(key('last')))
  const alive = all.map(({ id }) => sessions.find(id, 'look') !== undefined)
  assert.is(alive.filter(Boolean).length, sessionsMax)
  assert.equal([alive[0], alive[1], alive.at(-1)], [true, false, true])
})

test.run()
