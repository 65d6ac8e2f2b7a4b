// Rounds that go wrong: nothing is left behind, and nothing passes for an answer.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { furnish, treeOf } from './account-tree.test-support.ts'
import { withEmulatedService } from './emulated-service.ts'
import type { Place } from './place.ts'
import { defineQuestion, type Question } from './question.ts'
import { exitCodeOf, reportOf, wordFor } from './report.ts'
import {
  askAll,
  newDeviceName,
  type Outcome,
  type RoundOptions,
  removeLeftDevice,
} from './session.ts'

const test = suite('session')

const questionOf = (ask: Question<'yes' | 'no'>['ask']): Question =>
  defineQuestion({
    number: 9001,
    question: 'Is this a question?',
    about: '1',
    answers: { yes: 'survived', no: 'broken' },
    assumed: 'yes',
    why: 'It is none.',
    ask,
  })

const putThings = async (place: Place): Promise<void> => {
  await place.put('folder/a', place.fresh())
  await place.put('trashed', place.fresh())
  place.must(await place.post('trashed', '?dl=true'))
  place.must(await place.mountpoint('another').post(''))
  place.must(await place.mountpoint('another').post('', '?dl=true'))
}

type Bench = {
  readonly round: (question: Question, changes?: Partial<RoundOptions>) => ReturnType<typeof askAll>
  readonly emulated: Parameters<Parameters<typeof withEmulatedService>[1]>[0]
}

/** Fails when the account is not afterwards as it was before. */
async function withAccount(act: (bench: Bench) => Promise<void>): Promise<void> {
  await withEmulatedService({}, async (emulated) => {
    const session = await furnish(emulated.emulator)
    const before = await treeOf(session)
    const { service, setSwitches } = emulated
    const round: Bench['round'] = async (question, changes) => {
      const { signal } = new AbortController()
      const waitMs = async () => undefined
      const usual = { service, questions: [question], device: newDeviceName(), signal, setSwitches }
      return await askAll({ ...usual, waitMs, ...changes })
    }
    await act({ round, emulated })
    assert.is(await treeOf(session), before)
  })
}

test('a question that throws has failed, and its files are removed', async () => {
  await withAccount(async ({ round, emulated }) => {
    const question = questionOf(async (place) => {
      await putThings(place)
      throw new Error(`secret: ${emulated.emulator.username}`)
    })
    const result = await round(question)
    assert.equal(result.outcomes.map(said), ['failed: secret: <user>'])
    assert.is(exitCodeOf(result), 2)
  })
})

test('a step that is refused on the way is no answer', async () => {
  await withAccount(async ({ round }) => {
    const question = questionOf(async (place) => {
      await place.put('a:b', place.fresh())
      return 'no'
    })
    const [outcome] = (await round(question)).outcomes
    assert.match(outcome === undefined ? '' : said(outcome), /^failed: 400 /)
  })
})

test('a service that is busy is asked again, in a fresh folder, after the time it named', async () => {
  await withAccount(async ({ round, emulated }) => {
    const { faults } = emulated.emulator
    const busy = { status: 429, retryAfterSeconds: 7, match: { operation: 'allocate' } } as const
    faults.failNext(busy)
    const waitsMs: number[] = []
    const seen: number[] = []
    const question = questionOf(async (place) => {
      seen.push((await place.list()).folders.length)
      await place.put('folder/a', place.fresh())
      return 'yes'
    })
    const waitMs = async (delayMs: number) => waitsMs.push(delayMs)
    assert.equal((await round(question, { waitMs })).outcomes.map(said), ['yes'])
    assert.equal([waitsMs, seen], [[7000], [0, 0]])
    faults.failNext({ ...busy, count: 3 })
    const result = await round(question, { waitMs })
    assert.equal(result.outcomes.map(said), ['failed: answered 429'])
  })
})

test('an abort in the middle ends the round and removes everything', async () => {
  await withAccount(async ({ round }) => {
    const stop = new AbortController()
    const question = questionOf(async (place) => {
      await putThings(place)
      stop.abort(new Error('interrupted'))
      await place.put('b', place.fresh())
      return 'yes'
    })
    const { outcomes, leftovers } = await round(question, { signal: stop.signal })
    assert.equal([outcomes, leftovers], [[], []])
  })
})

test('what cannot be removed is told, and can be removed later', async () => {
  await withAccount(async ({ round, emulated }) => {
    const device = newDeviceName()
    const question = questionOf(async (place) => {
      await putThings(place)
      const match = { pathPrefix: `/jfs/${place.client.username}/${device}`, method: 'POST' }
      emulated.emulator.faults.failNext({ status: 500, count: 3, match })
      return 'yes'
    })
    const result = await round(question, { device })
    assert.ok(result.leftovers.includes(`the device ${device}`), result.leftovers.join())
    assert.is(exitCodeOf(result), 2)
    const { signal } = new AbortController()
    assert.equal(await removeLeftDevice(emulated.service, device, signal), [])
  })
})

test('what is emulator-only is not asked of a real service', async () => {
  await withAccount(async ({ round }) => {
    const question = { ...questionOf(async () => 'no'), notLive: 'It would hurt.' }
    const result = await round(question, { setSwitches: undefined })
    assert.equal(result.outcomes.map(said), ['not asked: It would hurt.'])
    assert.is(exitCodeOf(result), 0)
  })
})

test('no question gets at what is not on its device', async () => {
  await withAccount(async ({ round }) => {
    const question = questionOf(async (place) => {
      const { service, username } = place.client
      const url = `${service.jfsUrl}${username}/Jotta/Archive/mine/a.txt?rm=true`
      await place.ask({ method: 'POST', url, auth: 'bearer' })
      return 'yes'
    })
    const [outcome] = (await round(question)).outcomes
    assert.match(outcome === undefined ? '' : said(outcome), /^failed: .*not for a question to ask/)
  })
})

test('answers are told apart in words and in the exit code', async () => {
  await withAccount(async ({ round }) => {
    const cases = [
      ['yes', 'as assumed', 0],
      ['no', 'BREAKS THE BRIDGE', 1],
      ['something else', 'BREAKS THE BRIDGE', 1],
    ] as const
    for (const [answer, word, code] of cases) {
      const result = await round(questionOf(async () => answer))
      assert.equal([result.outcomes.map(wordFor), exitCodeOf(result)], [[word], code])
    }
    const other = { ...questionOf(async () => 'yes'), assumed: 'no' }
    assert.equal((await round(other)).outcomes.map(wordFor), ['differs, survived'])
  })
})

test('a report holds no name, address, token or upload URL', async () => {
  await withAccount(async ({ round, emulated }) => {
    const { service, emulator } = emulated
    const token = await service.accessToken(new AbortController().signal)
    let uploadUrl = ''
    const question = questionOf(async (place) => {
      const content = place.fresh()
      const allocation = await place.allocate('a', content)
      uploadUrl = String(allocation.json.upload_url)
      await place.send(allocation, content)
      await place.transfer('cp', 'a', 'b')
      place.note(`${place.client.username} owner@example.test ${token} ${uploadUrl}`)
      throw new Error(`${token} ${uploadUrl} eyJhbGciOi.eyJzdWIiOi.c2ln`)
    })
    const facts = { version: '0', askedAt: '', service: { jfs: '', api: '', login: null } }
    const report = JSON.stringify(reportOf(await round(question), facts))
    const path = new URL(uploadUrl).pathname
    for (const secret of [emulator.username, 'owner@', token, path, 'eyJ']) {
      assert.not.ok(report.includes(secret), secret)
    }
    assert.match(report, /<user> <email> <token>/)
  })
})

test.run()

function said(outcome: Outcome): string {
  return outcome.result === 'answered' ? outcome.answer : `${outcome.result}: ${outcome.reason}`
}
