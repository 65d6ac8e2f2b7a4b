// The suite that every implementation of State is held to, whatever it keeps its rows in.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { S3Error } from '../s3-error.ts'
import type { NewObjectRecord, ObjectRecord, PartRecord, State, UploadRecord } from './state.ts'

/**
 * Runs `act` over fresh storage. Each `open` opens that same storage, as another process would; the
 * bracket closes what is still open and removes the storage.
 */
export type StateBracket = (act: (open: () => Promise<State>) => Promise<void>) => Promise<void>

export function stateContract(name: string, withStorage: StateBracket): void {
  const test = suite(`state contract: ${name}`)
  for (const [sentence, proof] of Object.entries({
    ...configurations,
    ...chores,
    ...folders,
    ...leases,
    ...objects,
    ...uploads,
    ...parts,
    ...usage,
  })) {
    test(sentence, () => withStorage(proof))
  }
  test.run()
}

type Proof = (open: () => Promise<State>) => Promise<void>

/** Keys that storage easily gets wrong, in the order of their UTF-8 bytes. */
const hardKeys = [
  '\0',
  '\0\0',
  ' ',
  '%',
  "'; --",
  'A',
  'a',
  'a\0',
  'a\0b',
  'a ',
  'a/b',
  'aa',
  'e\u0301',
  '\u0080',
  'é',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{1f600}',
  '\u{10ffff}',
  '\u{10ffff}'.repeat(256),
]

const content = { md5: '0'.repeat(32), sizeBytes: 5 }
const otherContent = { md5: '1'.repeat(32), sizeBytes: 5 }

function record(key: string, more: Partial<NewObjectRecord> = {}): NewObjectRecord {
  return {
    bucket: 'bucket',
    key,
    ...content,
    metadata: { user: {} },
    multipartEtag: undefined,
    checksums: undefined,
    ...more,
  }
}

/** Records that tell of which write they are. */
function marked(mark: string, more: Partial<NewObjectRecord> = {}): NewObjectRecord {
  return record('key', { metadata: { user: { mark } }, ...more })
}

async function markOf(state: State, wanted = content): Promise<string | undefined> {
  return (await state.objects.find('bucket', 'key', wanted))?.metadata.user.mark
}

/** How a record is found that was written so. */
function asFound({ parts = [], ...rest }: NewObjectRecord): ObjectRecord {
  return { ...rest, partCount: parts.length === 0 ? undefined : parts.length }
}

async function commit(state: State, written: NewObjectRecord): Promise<void> {
  await state.objects.commit(await state.objects.stage(written))
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

const fullRecord = record('full', {
  sizeBytes: 5 * 2 ** 40,
  metadata: {
    contentType: 'text/plain; charset="utf-8"',
    cacheControl: 'no-cache',
    contentDisposition: 'attachment',
    contentEncoding: 'gzip',
    contentLanguage: 'nb',
    expires: 'soon',
    websiteRedirectLocation: '/elsewhere',
    user: Object.fromEntries([
      ['name', 'value'],
      ['empty', ''],
      ['odd', 'é\0\ud800"\u2028'],
      ['__proto__', 'kept'],
      ['constructor', 'kept'],
    ]),
  },
  multipartEtag: `${'a'.repeat(32)}-4`,
  parts: [
    { sizeBytes: 8 * 2 ** 20, checksums: { CRC32: 'a=', SHA256: 'b=' } },
    { sizeBytes: 8 * 2 ** 20, checksums: {} },
    { sizeBytes: 5 * 2 ** 30, checksums: {} },
    { sizeBytes: 0, checksums: {} },
  ],
  tags: [
    { key: 'b', value: 'é\0\ud800"' },
    { key: '__proto__', value: '' },
  ],
  storageClass: 'GLACIER_IR',
  acl: '["é"]',
  checksums: {
    type: 'COMPOSITE',
    values: { CRC32: 'a=', CRC32C: 'b=', CRC64NVME: 'c=', SHA1: 'd=', SHA256: 'e=' },
  },
})

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 2, 0, minute))

const chores: Record<string, Proof> = {
  async 'a chore is taken by one, and not again once it is done'(open) {
    const [one, other] = [await open(), await open()]
    const turn = { dueSince: at(0), now: at(5), heldUntil: at(20) }
    assert.ok(await one.chores.begin('sweep', { ...turn, holder: 'a' }))
    assert.not.ok(await other.chores.begin('sweep', { ...turn, holder: 'b' }))
    assert.ok(await other.chores.begin('other', { ...turn, holder: 'b' }))
    await other.chores.finish('sweep', { holder: 'b', doneAt: at(6) })
    assert.ok(await one.chores.hold('sweep', { holder: 'a', heldUntil: at(30) }))
    await one.chores.finish('sweep', { holder: 'a', doneAt: at(7) })
    assert.not.ok(await other.chores.begin('sweep', { ...turn, holder: 'b', now: at(8) }))
    const nextDay = { holder: 'b', dueSince: at(1440), now: at(1445), heldUntil: at(1460) }
    assert.ok(await other.chores.begin('sweep', nextDay))
  },

  async 'a chore that was given back, or that a crash left held, is taken again'(open) {
    const { chores } = await open()
    const turn = { dueSince: at(0), now: at(5), heldUntil: at(20) }
    assert.ok(await chores.begin('sweep', { ...turn, holder: 'a' }))
    await chores.finish('sweep', { holder: 'a', doneAt: undefined })
    assert.ok(await chores.begin('sweep', { ...turn, holder: 'b' }))
    const late = { dueSince: at(0), now: at(20), heldUntil: at(35) }
    assert.ok(await chores.begin('sweep', { ...late, holder: 'c' }))
    assert.not.ok(await chores.hold('sweep', { holder: 'b', heldUntil: at(40) }))
    assert.ok(await chores.hold('sweep', { holder: 'c', heldUntil: at(40) }))
  },

  async 'what a clock that was ahead has written keeps nobody from the work'(open) {
    const { chores } = await open()
    const ahead = { holder: 'a', dueSince: at(9000), now: at(9001), heldUntil: at(9016) }
    assert.ok(await chores.begin('sweep', ahead))
    const turn = { holder: 'b', dueSince: at(0), now: at(5), heldUntil: at(20) }
    assert.ok(await chores.begin('sweep', turn))
    await chores.finish('sweep', { holder: 'b', doneAt: at(9002) })
    assert.ok(await chores.begin('sweep', { ...turn, holder: 'c' }))
  },
}

const configurations: Record<string, Proof> = {
  async 'a configuration comes back as it was, also after a restart'(open) {
    const state = await open()
    const text = '{"odd":"\u00e9\\u0000"}'
    await state.bucketConfigurations.put({ bucket: 'one', name: 'cors', text: '[]' })
    await state.bucketConfigurations.put({ bucket: 'one', name: 'cors', text })
    await state.bucketConfigurations.put({ bucket: 'one', name: 'tagging', text: '{}' })
    await state.bucketConfigurations.put({ bucket: 'other', name: 'cors', text: '[1]' })
    await state.close()

    const { bucketConfigurations } = await open()
    assert.equal(Object.fromEntries(await bucketConfigurations.find('one')), {
      cors: text,
      tagging: '{}',
    })
    assert.is((await bucketConfigurations.find('none')).size, 0)
    assert.equal(await bucketConfigurations.all(), [
      { bucket: 'one', name: 'cors', text },
      { bucket: 'one', name: 'tagging', text: '{}' },
      { bucket: 'other', name: 'cors', text: '[1]' },
    ])
  },

  async 'configurations are removed one by one, or with their bucket'(open) {
    const { bucketConfigurations } = await open()
    for (const bucket of ['one', 'other']) {
      await bucketConfigurations.put({ bucket, name: 'cors', text: '[]' })
      await bucketConfigurations.put({ bucket, name: 'policy', text: '{}' })
    }
    await bucketConfigurations.remove('one', 'cors')
    await bucketConfigurations.remove('one', 'cors')
    assert.equal([...(await bucketConfigurations.find('one')).keys()], ['policy'])
    assert.is((await bucketConfigurations.find('other')).size, 2)
    await bucketConfigurations.removeBucket('other')
    assert.is((await bucketConfigurations.find('other')).size, 0)
    assert.is((await bucketConfigurations.find('one')).size, 1)
  },
}

const plainName = { isIrregular: false, isShard: false }
const seenFolder = { entries: 2, hasIrregular: false, hasShards: false, learntMs: 5, changes: 0 }

const folders: Record<string, Proof> = {
  async 'what is known of a folder comes back, with what was added since'(open) {
    const state = await open()
    await state.folders.learn('d/m/a', seenFolder)
    assert.equal(await state.folders.find('d/m/a'), seenFolder)
    await state.folders.add('d/m/a', { isIrregular: true, isShard: false })
    await state.folders.add('d/m/a', plainName)
    await state.close()

    const again = await open()
    const expected = { ...seenFolder, entries: 4, hasIrregular: true, changes: 2 }
    assert.equal(await again.folders.find('d/m/a'), expected)
    assert.is(await again.folders.find('d/m'), undefined)
  },

  async 'a look that may have missed what was added is not kept'(open) {
    const { folders } = await open()
    await folders.add('f', { isIrregular: false, isShard: true })
    const known = { entries: 1, hasIrregular: false, hasShards: true, learntMs: 0, changes: 1 }
    assert.equal(await folders.find('f'), known)
    await folders.learn('f', seenFolder)
    assert.equal(await folders.find('f'), known)
    await folders.learn('f', { ...seenFolder, changes: 1 })
    assert.equal(await folders.find('f'), { ...seenFolder, changes: 1 })
  },

  async 'irregular names and shards that a look showed are not lost to an earlier look'(open) {
    const { folders } = await open()
    for (const place of ['new', 'known']) {
      if (place === 'known') await folders.learn(place, seenFolder)
      const shown = { ...seenFolder, hasShards: true }
      await folders.learn(place, shown)
      await folders.learn(place, seenFolder)
      assert.equal(await folders.find(place), { ...shown, changes: 1 })
      await folders.learn(place, { ...seenFolder, changes: 1 })
      assert.equal(await folders.find(place), { ...seenFolder, changes: 1 })
    }
  },

  async 'what listings met is marked once, and nothing else about the folder changes'(open) {
    const { folders } = await open()
    await folders.learn('known', seenFolder)
    const marks = [
      { place: 'known', isIrregular: true, isShard: false },
      { place: 'new', isIrregular: false, isShard: true },
      { place: 'plain', ...plainName },
    ]
    for (let time = 0; time < 2; time += 1) {
      await folders.mark(marks)
      assert.equal(await folders.find('known'), { ...seenFolder, hasIrregular: true, changes: 1 })
      const empty = { ...seenFolder, entries: 0, learntMs: 0 }
      assert.equal(await folders.find('new'), { ...empty, hasShards: true, changes: 1 })
      assert.is(await folders.find('plain'), undefined)
    }
    await folders.mark([{ place: 'known', isIrregular: false, isShard: true }])
    const both = { ...seenFolder, hasIrregular: true, hasShards: true, changes: 2 }
    assert.equal(await folders.find('known'), both)
  },

  async 'a folder that is gone is forgotten with all below it, and nothing beside it'(open) {
    const { folders } = await open()
    const beside = ['d/m', 'd/m/a b', 'd/m/a0', 'd/m/a-', 'd/m/A/x']
    for (const place of ['d/m/a', 'd/m/a/b', 'd/m/a/b/c', ...beside]) {
      await folders.learn(place, seenFolder)
    }
    await folders.forget('d/m/a')
    for (const place of ['d/m/a', 'd/m/a/b', 'd/m/a/b/c']) {
      assert.is(await folders.find(place), undefined)
    }
    for (const place of beside) assert.equal(await folders.find(place), seenFolder)
  },
}

const lease = { names: ['a', 'b'], nowMs: 0, expiresMs: 10 }
const exclusive = { ...lease, mode: 'exclusive' } as const
const shared = { ...lease, mode: 'shared' } as const

const leases: Record<string, Proof> = {
  async 'a name is one holder’s, also for another process, until it is released'(open) {
    const [{ leases: mine }, { leases: theirs }] = [await open(), await open()]
    assert.ok(await mine.acquire({ ...exclusive, holder: 'me' }))
    assert.not(await theirs.acquire({ ...exclusive, holder: 'you', names: ['c', 'b'] }))
    assert.not(await theirs.acquire({ ...shared, holder: 'you', names: ['b'] }))
    // Of what was refused nothing is kept.
    assert.ok(await mine.acquire({ ...exclusive, holder: 'third', names: ['c'] }))
    await mine.release('me')
    await mine.release('me')
    assert.ok(await theirs.acquire({ ...exclusive, holder: 'you', names: ['a', 'b', 'b'] }))
  },

  async 'those who share a name keep out who wants it alone'(open) {
    const { leases } = await open()
    assert.ok(await leases.acquire({ ...shared, holder: 'one' }))
    assert.ok(await leases.acquire({ ...shared, holder: 'other', names: ['b', 'c'] }))
    await leases.release('one')
    assert.not(await leases.acquire({ ...exclusive, holder: 'alone' }))
    await leases.release('other')
    assert.ok(await leases.acquire({ ...exclusive, holder: 'alone' }))
  },

  async 'a lease ends at its time unless it is renewed'(open) {
    const { leases } = await open()
    assert.ok(await leases.acquire({ ...exclusive, holder: 'dead' }))
    assert.ok(await leases.renew('dead', 20))
    assert.not(await leases.acquire({ ...exclusive, holder: 'next', nowMs: 19, expiresMs: 30 }))
    assert.ok(await leases.acquire({ ...exclusive, holder: 'next', nowMs: 20, expiresMs: 30 }))
    assert.not(await leases.renew('dead', 40))
    await leases.release('dead')
    assert.not(await leases.acquire({ ...exclusive, holder: 'late', nowMs: 29, expiresMs: 40 }))
  },
}

const objects: Record<string, Proof> = {
  async 'a record comes back as it was, also after a restart'(open) {
    const state = await open()
    await commit(state, fullRecord)
    await commit(state, record('bare'))
    assert.equal(await state.objects.find('bucket', 'full', fullRecord), asFound(fullRecord))
    await state.close()

    const again = await open()
    const found = await again.objects.find('bucket', 'full', fullRecord)
    assert.equal(found, asFound(fullRecord))
    assert.ok(Object.hasOwn(found?.metadata.user ?? {}, '__proto__'))
    assert.equal(await again.objects.find('bucket', 'bare', content), asFound(record('bare')))
  },

  async 'parts are told from a part number on, each with its place, and go with their record'(
    open,
  ) {
    const state = await open()
    await commit(state, fullRecord)
    const partsOf = (wanted: typeof content, afterPartNumber: number, limit: number) =>
      state.objects.parts('bucket', 'full', wanted, { afterPartNumber, limit })
    const mib = 2 ** 20
    const [first, second, third, last] = [
      { partNumber: 1, start: 0, sizeBytes: 8 * mib, checksums: { CRC32: 'a=', SHA256: 'b=' } },
      { partNumber: 2, start: 8 * mib, sizeBytes: 8 * mib, checksums: {} },
      { partNumber: 3, start: 16 * mib, sizeBytes: 5 * 2 ** 30, checksums: {} },
      { partNumber: 4, start: 16 * mib + 5 * 2 ** 30, sizeBytes: 0, checksums: {} },
    ]
    assert.equal(await partsOf(fullRecord, 0, 10_000), [first, second, third, last])
    assert.equal(await partsOf(fullRecord, 1, 2), [second, third])
    assert.equal(await partsOf(fullRecord, 4, 5), [])
    assert.equal(await partsOf(content, 0, 5), [])

    // Another write of the same content in other parts, still staged: the committed ones count.
    const again = { ...fullRecord, parts: [{ sizeBytes: 1, checksums: {} }] }
    const writeId = await state.objects.stage(again)
    assert.is((await partsOf(fullRecord, 0, 10)).length, 4)
    await state.objects.commit(writeId)
    assert.equal(await partsOf(fullRecord, 0, 10), [
      { partNumber: 1, start: 0, sizeBytes: 1, checksums: {} },
    ])
    await state.objects.remove('bucket', 'full')
    assert.equal(await partsOf(fullRecord, 0, 10), [])
  },

  async 'ten thousand parts of ten thousand sizes are kept, and a record is read without them'(
    open,
  ) {
    const state = await open()
    const parts = Array.from({ length: 10_000 }, (_, index) => ({
      sizeBytes: index + 1,
      checksums: { SHA256: `${index}=`.padStart(44, 'A') },
    }))
    await commit(state, record('many', { parts }))
    assert.is((await state.objects.find('bucket', 'many', content))?.partCount, 10_000)
    const after = { afterPartNumber: 9_999, limit: 5 }
    assert.equal(await state.objects.parts('bucket', 'many', content, after), [
      { ...parts[9_999], partNumber: 10_000, start: (9_999 * 10_000) / 2 },
    ])
  },

  async 'tags are replaced in the record of a content, which stays as it is otherwise'(open) {
    const state = await open()
    const tags = [{ key: 'new', value: 'tag' }]
    const tag = (wanted: typeof content, key = 'full') =>
      state.objects.setLabels('bucket', key, wanted, { tags })
    await commit(state, fullRecord)
    assert.is(await tag(content), false)
    assert.is(await tag(fullRecord, 'other'), false)
    assert.equal(await state.objects.find('bucket', 'full', fullRecord), asFound(fullRecord))
    assert.is(await tag(fullRecord), true)
    const tagged = { ...asFound(fullRecord), tags }
    assert.equal(await state.objects.find('bucket', 'full', fullRecord), tagged)
    const all = { afterPartNumber: 0, limit: 9 }
    assert.is((await state.objects.parts('bucket', 'full', fullRecord, all)).length, 4)

    // What is staged for other content keeps its own.
    const writeId = await state.objects.stage(record('full', otherContent))
    assert.is(await tag(fullRecord), true)
    await state.objects.commit(writeId)
    const found = await state.objects.find('bucket', 'full', otherContent)
    assert.equal(found, asFound(record('full', otherContent)))
  },

  async 'the latest record of a key is found without its content, the committed one first'(open) {
    const state = await open()
    assert.is(await state.objects.latest('bucket', 'full'), undefined)
    const staged = await state.objects.stage(fullRecord)
    assert.equal(await state.objects.latest('bucket', 'full'), asFound(fullRecord))
    await state.objects.commit(staged)
    await state.objects.setLabels('bucket', 'full', fullRecord, { acl: 'another' })
    await state.objects.stage(record('full', otherContent))
    const found = await state.objects.latest('bucket', 'full')
    assert.equal(found, { ...asFound(fullRecord), acl: 'another' })
    assert.is(await state.objects.latest('other', 'full'), undefined)
  },

  async 'a record is found only for the content that it describes'(open) {
    const state = await open()
    for (const act of ['staged', 'committed']) {
      const written = marked(act)
      if (act === 'staged') await state.objects.stage(written)
      else await commit(state, written)
      assert.is(await markOf(state), act)
      assert.is(await markOf(state, { ...content, sizeBytes: 6 }), undefined)
      assert.is(await markOf(state, otherContent), undefined)
      assert.is(await state.objects.find('bucket', 'other', content), undefined)
      assert.is(await state.objects.find('other', 'key', content), undefined)
    }
  },

  async 'a committed record goes before staged ones, and of those the latest'(open) {
    const state = await open()
    await state.objects.stage(marked('staged first'))
    const second = await state.objects.stage(marked('staged second'))
    assert.is(await markOf(state), 'staged second')
    await state.objects.commit(second)
    await state.objects.stage(marked('staged third'))
    assert.is(await markOf(state), 'staged second')
  },

  async 'until the commit, the old content keeps its record and the new has one already'(open) {
    const state = await open()
    await commit(state, marked('old'))
    const writeId = await state.objects.stage(marked('new', otherContent))
    assert.is(await markOf(state), 'old')
    assert.is(await markOf(state, otherContent), 'new')
    await state.objects.commit(writeId)
    assert.is(await markOf(state), undefined)
    assert.is(await markOf(state, otherContent), 'new')
  },

  async 'a process that dies between the halves loses nothing'(open) {
    const dying = await open()
    await commit(dying, marked('old'))
    const writeId = await dying.objects.stage(marked('new', otherContent))
    await dying.close()

    const state = await open()
    assert.is(await markOf(state, otherContent), 'new', 'its content was stored')
    assert.is(await markOf(state), 'old', 'its content was not')
    await state.objects.commit(writeId)
    assert.is(await markOf(state), undefined)
    assert.is(await markOf(state, otherContent), 'new')
  },

  async 'a commit forgets what was staged before, not what was staged after'(open) {
    const state = await open()
    await state.objects.stage(marked('abandoned', { sizeBytes: 1 }))
    const first = await state.objects.stage(marked('first'))
    const second = await state.objects.stage(marked('second', otherContent))
    await state.objects.commit(first)
    assert.is(await markOf(state, { ...content, sizeBytes: 1 }), undefined)
    assert.is(await markOf(state), 'first')
    await state.objects.commit(second)
    assert.is(await markOf(state), undefined)
    assert.is(await markOf(state, otherContent), 'second')
    assert.is((await collect(state.objects.all())).length, 1)
  },

  async 'a discarded record is gone; ids that are unknown, used up or nonsense do nothing'(open) {
    const state = await open()
    await commit(state, marked('committed'))
    const discarded = await state.objects.stage(marked('discarded', otherContent))
    await state.objects.discard(discarded)
    assert.is(await markOf(state, otherContent), undefined)

    const committed = await state.objects.stage(marked('again'))
    await state.objects.commit(committed)
    const later = await state.objects.stage(marked('later', otherContent))
    for (const id of [discarded, committed, '999999', '', 'x', '-1', '1e0', '9'.repeat(30)]) {
      await state.objects.commit(id)
      await state.objects.discard(id)
    }
    assert.is(await markOf(state), 'again')
    assert.is(await markOf(state, otherContent), 'later')
    await state.objects.commit(later)
    assert.is(await markOf(state, otherContent), 'later')
  },

  async 'an id is never given twice, not even after its record is gone'(open) {
    const state = await open()
    const writeId = await state.objects.stage(marked('gone'))
    await state.objects.discard(writeId)
    await state.objects.stage(marked('kept'))
    await state.objects.discard(writeId)
    assert.is(await markOf(state), 'kept')
  },

  async 'removing a key takes all its records, removing a bucket all of the bucket'(open) {
    const state = await open()
    const put = async (bucket: string, key: string) => {
      await commit(state, record(key, { bucket }))
      await state.objects.stage(record(key, { bucket, ...otherContent }))
    }
    const left = async () => {
      const found: string[] = []
      for (const [bucket, key] of [
        ['a', 'x'],
        ['a', 'y'],
        ['b', 'x'],
      ] as const) {
        for (const wanted of [content, otherContent]) {
          const hit = await state.objects.find(bucket, key, wanted)
          if (hit !== undefined) found.push(`${bucket}/${key}`)
        }
      }
      return found
    }
    await put('a', 'x')
    await put('a', 'y')
    await put('b', 'x')
    await state.objects.remove('a', 'x')
    assert.equal(await left(), ['a/y', 'a/y', 'b/x', 'b/x'])
    await state.objects.remove('a', 'x')
    await state.objects.removeBucket('a')
    assert.equal(await left(), ['b/x', 'b/x'])
  },

  async 'keys of any Unicode are kept apart and exported in UTF-8 order'(open) {
    const state = await open()
    for (const key of hardKeys.toReversed()) {
      await commit(state, record(key, { metadata: { user: { key } } }))
    }
    await commit(state, record('first', { bucket: 'a-bucket' }))
    for (const key of hardKeys) {
      const found = await state.objects.find('bucket', key, content)
      assert.is(found?.key, key)
      assert.is(found?.metadata.user.key, key)
    }
    const exported = await collect(state.objects.all())
    assert.equal(
      exported.map(({ key }) => key),
      ['first', ...hardKeys],
    )
  },

  async 'many records are found at once, each by its own content'(open) {
    const state = await open()
    for (const key of hardKeys) await commit(state, record(key))
    const staged = await state.objects.stage(record('a', { ...otherContent, multipartEtag: 'm-1' }))
    const wanted = [
      ...hardKeys.filter((key) => key !== 'a').map((key) => ({ key, ...content })),
      { key: 'a', ...otherContent },
      { key: 'missing', ...content },
      { key: 'A', ...otherContent },
    ]
    const found = await state.objects.findMany('bucket', wanted)
    const expected = hardKeys.filter((key) => key !== 'A')
    assert.equal([...found.keys()].sort(), expected.sort())
    for (const [key, hit] of found) assert.is(hit.key, key)
    assert.is(found.get('a')?.multipartEtag, 'm-1')
    await state.objects.discard(staged)

    assert.is((await state.objects.findMany('bucket', [])).size, 0)
    assert.is((await state.objects.findMany('other', wanted)).size, 0)
  },

  async 'many records are found by the same rule as one'(open) {
    const state = await open()
    const wanted = [{ key: 'key', ...content }]
    const found = async () =>
      (await state.objects.findMany('bucket', wanted)).get('key')?.metadata.user.mark
    await state.objects.stage(marked('staged first'))
    await state.objects.stage(marked('staged second'))
    assert.is(await found(), 'staged second')
    await commit(state, marked('committed'))
    await state.objects.stage(marked('staged third'))
    assert.is(await found(), 'committed')
  },

  async 'a thousand keys of a large bucket are found, and all are exported, without staged ones'(
    open,
  ) {
    const state = await open()
    const keys = Array.from({ length: 1200 }, (_, index) => `key-${String(index).padStart(5, '0')}`)
    for (const key of keys) await commit(state, record(key))
    await state.objects.stage(record('staged'))
    const wanted = keys.slice(100, 1100).map((key) => ({ key, ...content }))
    assert.is((await state.objects.findMany('bucket', wanted)).size, 1000)
    const exported = await collect(state.objects.all())
    assert.equal(
      exported.map(({ key }) => key),
      keys,
    )
    for await (const first of state.objects.all()) {
      assert.is(first.key, keys[0])
      break
    }
  },

  async 'what one process writes, the next call of another sees'(open) {
    const [one, other] = [await open(), await open()]
    const writeId = await one.objects.stage(marked('new'))
    assert.is(await markOf(other), 'new')
    await other.objects.commit(writeId)
    assert.is(await markOf(one), 'new')
    await one.objects.remove('bucket', 'key')
    assert.is(await markOf(other), undefined)
  },
}

const result = { etag: `${'b'.repeat(32)}-2`, checksums: undefined }
const noon = new Date('2024-05-06T12:00:00.123Z')

function later(milliseconds: number): Date {
  return new Date(noon.getTime() + milliseconds)
}

function upload(uploadId: string, more: Partial<UploadRecord> = {}) {
  const { status: _status, result: _result, ...rest } = more
  return {
    uploadId,
    bucket: 'bucket',
    key: 'key',
    initiated: noon,
    metadata: { user: {} },
    checksumAlgorithm: undefined,
    checksumType: undefined,
    ...rest,
  }
}

function part(uploadId: string, partNumber: number, more: Partial<PartRecord> = {}): PartRecord {
  return {
    uploadId,
    partNumber,
    sizeBytes: 5 * 2 ** 30,
    md5: 'c'.repeat(32),
    modified: noon,
    checksums: {},
    fileName: `${uploadId}-${partNumber}`,
    ...more,
  }
}

const wholeList = { prefix: '', keyMarker: '', uploadIdMarker: '', limit: 1000 }

async function listed(state: State, options: Partial<typeof wholeList> = {}): Promise<string[]> {
  const found = await state.uploads.list('bucket', { ...wholeList, ...options })
  return found.map(({ uploadId }) => uploadId)
}

async function statusOf(state: State, uploadId: string): Promise<string | undefined> {
  return (await state.uploads.find(uploadId))?.status
}

/** All parts of an upload, by number. */
async function numbers(state: State, uploadId: string): Promise<number[]> {
  const found = await state.parts.list(uploadId, { afterPartNumber: 0, limit: 10_000 })
  return found.map(({ partNumber }) => partNumber)
}

const uploads: Record<string, Proof> = {
  async 'an upload comes back as it was, also after a restart'(open) {
    const state = await open()
    const full = upload('full', {
      key: 'a\0é\u{1f600}',
      metadata: fullRecord.metadata,
      checksumAlgorithm: 'CRC64NVME',
      checksumType: 'FULL_OBJECT',
    })
    await state.uploads.create(full)
    await state.uploads.create(upload('bare'))
    await state.close()
    const again = await open()
    const fresh = { status: 'open' as const, result: undefined }
    assert.equal(await again.uploads.find('full'), { ...full, ...fresh })
    assert.equal(await again.uploads.find('bare'), { ...upload('bare'), ...fresh })
    assert.is(await again.uploads.find('unknown'), undefined)
  },

  async 'an upload moves from open to completing, back, and to completed for good'(open) {
    const state = await open()
    await state.uploads.create(upload('u'))
    assert.is(await state.uploads.markCompleting('u'), true)
    assert.is(await statusOf(state, 'u'), 'completing')
    assert.is(await state.uploads.markCompleting('u'), true, 'as after a crash')
    await state.uploads.markOpen('u')
    assert.is(await statusOf(state, 'u'), 'open')
    await state.uploads.markCompleting('u')
    await state.uploads.markCompleted('u', result, noon)
    assert.is(await state.uploads.markCompleting('u'), false)
    await state.uploads.markOpen('u')
    assert.is(await statusOf(state, 'u'), 'completed')
    assert.equal((await state.uploads.find('u'))?.result, result)
    assert.is(await state.uploads.markCompleting('unknown'), false)
    await state.uploads.markOpen('unknown')
    assert.is(await statusOf(state, 'unknown'), undefined)
  },

  async 'a completion keeps its result, forgets the parts and names their files, once'(open) {
    const state = await open()
    await state.uploads.create(upload('u'))
    await state.uploads.create(upload('other'))
    await state.parts.put(part('u', 2))
    await state.parts.put(part('u', 1))
    await state.parts.put(part('other', 1))
    await state.uploads.markCompleting('u')
    const checked = { etag: 'e-2', checksums: fullRecord.checksums }
    assert.equal([...(await state.uploads.markCompleted('u', checked, noon))].sort(), [
      'u-1',
      'u-2',
    ])
    assert.equal(await numbers(state, 'u'), [])
    assert.equal(await numbers(state, 'other'), [1])
    assert.is(await state.parts.isRecorded('u-1'), false)
    assert.equal(await state.uploads.markCompleted('u', result, later(1)), [])
    assert.equal(await state.uploads.markCompleted('unknown', result, noon), [])
    await state.close()
    const again = await open()
    assert.equal((await again.uploads.find('u'))?.result, checked)
  },

  async 'removing an upload, or all of a bucket, names their files'(open) {
    const state = await open()
    for (const uploadId of ['u', 'v']) {
      await state.uploads.create(upload(uploadId))
      await state.parts.put(part(uploadId, 1))
    }
    await state.uploads.create(upload('w', { bucket: 'other' }))
    await state.parts.put(part('w', 1))
    await state.uploads.markCompleting('v')

    assert.equal(await state.uploads.remove('u'), ['u-1'])
    assert.equal(await state.uploads.remove('u'), [])
    assert.is(await state.uploads.find('u'), undefined)
    assert.equal(await numbers(state, 'u'), [])
    assert.equal(await state.uploads.removeBucket('bucket'), ['v-1'])
    assert.equal(await state.uploads.removeBucket('bucket'), [])
    assert.is(await statusOf(state, 'w'), 'open')
    assert.equal(await numbers(state, 'w'), [1])
  },

  async 'uploads are listed by key in UTF-8 order, then by time, then by id'(open) {
    const state = await open()
    for (const [index, key] of hardKeys.entries()) {
      await state.uploads.create(upload(`late-${index}`, { key, initiated: later(1) }))
      await state.uploads.create(upload(`early-b-${index}`, { key }))
      await state.uploads.create(upload(`early-a-${index}`, { key }))
    }
    await state.uploads.create(upload('elsewhere', { bucket: 'other' }))
    assert.equal(
      await listed(state),
      hardKeys.flatMap((_, index) => [`early-a-${index}`, `early-b-${index}`, `late-${index}`]),
    )
  },

  async 'open and completing uploads are listed, completed ones are not'(open) {
    const state = await open()
    for (const uploadId of ['a', 'b', 'c']) await state.uploads.create(upload(uploadId))
    await state.uploads.markCompleting('b')
    await state.uploads.markCompleted('c', result, noon)
    assert.equal(await listed(state), ['a', 'b'])
  },

  async 'a prefix takes exactly the keys that begin with it'(open) {
    const state = await open()
    const keys = [...hardKeys, 'a%', 'a_b', 'ab', 'B', 'a\u{10ffff}', 'a\uffff']
    for (const [index, key] of keys.entries()) {
      await state.uploads.create(upload(`u${index}`, { key }))
    }
    for (const prefix of ['', 'a', 'a\0', 'a%', 'a_', 'A', 'a\u{10ffff}', '\u{10ffff}', 'zz']) {
      const found = await state.uploads.list('bucket', { ...wholeList, prefix })
      assert.equal(
        found.map(({ key }) => key).sort(),
        keys.filter((key) => key.startsWith(prefix)).sort(),
        JSON.stringify(prefix),
      )
    }
  },

  async 'pages of uploads leave nothing out and repeat nothing'(open) {
    const state = await open()
    const ids: string[] = []
    for (const key of ['a', 'b', 'b\0', 'c']) {
      for (const [index, time] of [0, 0, 5].entries()) {
        // The ids fall while the times rise: only both together give the order.
        const uploadId = `${9 - index}${ids.length}`
        await state.uploads.create(upload(uploadId, { key, initiated: later(time) }))
        ids.push(uploadId)
      }
    }
    const whole = await listed(state)
    for (const limit of [1, 2, 5, 12]) {
      const found: UploadRecord[] = []
      for (let last: UploadRecord | undefined; ; ) {
        const page: readonly UploadRecord[] = await state.uploads.list('bucket', {
          prefix: '',
          keyMarker: last?.key ?? '',
          uploadIdMarker: last?.uploadId ?? '',
          limit,
        })
        found.push(...page)
        last = page.at(-1)
        if (last === undefined) break
        assert.ok(page.length <= limit)
      }
      assert.equal(
        found.map(({ uploadId }) => uploadId),
        whole,
      )
    }
  },

  async 'a key marker alone passes the whole key; one with an unknown id passes none of it'(open) {
    const state = await open()
    await state.uploads.create(upload('a1', { key: 'a' }))
    await state.uploads.create(upload('b1', { key: 'b' }))
    await state.uploads.create(upload('b2', { key: 'b', initiated: later(1) }))
    await state.uploads.create(upload('c1', { key: 'c', initiated: later(5) }))
    assert.equal(await listed(state, { keyMarker: 'b' }), ['c1'])
    assert.equal(await listed(state, { keyMarker: 'aa' }), ['b1', 'b2', 'c1'])
    assert.equal(await listed(state, { keyMarker: 'b', uploadIdMarker: 'b1' }), ['b2', 'c1'])
    for (const uploadIdMarker of ['gone', 'c1']) {
      assert.equal(await listed(state, { keyMarker: 'b', uploadIdMarker }), ['b1', 'b2', 'c1'])
    }
    assert.equal(await listed(state, { prefix: 'b', keyMarker: 'a' }), ['b1', 'b2'])
    assert.equal(await listed(state, { prefix: 'a', keyMarker: 'b' }), [])
    await state.uploads.markCompleted('b1', result, noon)
    assert.equal(await listed(state, { keyMarker: 'b', uploadIdMarker: 'b1' }), ['b2', 'c1'])
  },

  async 'uploads expire by their beginning, finished ones by their end'(open) {
    const state = await open()
    await state.uploads.create(upload('old', { initiated: later(-1) }))
    await state.uploads.create(upload('old-completing', { initiated: later(-1) }))
    await state.uploads.markCompleting('old-completing')
    await state.uploads.create(upload('new'))
    for (const [uploadId, completedAt] of [
      ['done-long-ago', later(-11)],
      ['done-lately', later(-10)],
    ] as const) {
      await state.uploads.create(upload(uploadId, { initiated: later(-100) }))
      await state.uploads.markCompleted(uploadId, result, completedAt)
    }
    const expired = await state.uploads.expired(noon, later(-10))
    assert.equal([...expired].sort(), ['done-long-ago', 'old', 'old-completing'])
    assert.is(await state.uploads.countUnfinished(), 3)
  },
}

const parts: Record<string, Proof> = {
  async 'a part comes back as it was, also after a restart'(open) {
    const state = await open()
    await state.uploads.create(upload('u'))
    const full = part('u', 3, { checksums: fullRecord.checksums?.values ?? {} })
    assert.is(await state.parts.put(full), undefined)
    await state.parts.put(part('u', 10_000, { sizeBytes: 0 }))
    await state.close()
    const again = await open()
    const all = { afterPartNumber: 0, limit: 1000 }
    assert.equal(await again.parts.list('u', all), [full, part('u', 10_000, { sizeBytes: 0 })])
    assert.equal(await again.parts.list('unknown', all), [])
  },

  async 'a part uploaded again replaces the first, and the file to remove is told'(open) {
    const state = await open()
    await state.uploads.create(upload('u'))
    await state.parts.put(part('u', 1, { fileName: 'first' }))
    const second = part('u', 1, { fileName: 'second', md5: 'd'.repeat(32), sizeBytes: 1 })
    assert.is(await state.parts.put(second), 'first')
    assert.equal(await state.parts.list('u', { afterPartNumber: 0, limit: 2 }), [second])
    assert.is(await state.parts.put(second), undefined, 'the same file replaces nothing')
    assert.is(await state.parts.isRecorded('first'), false)
    assert.is(await state.parts.isRecorded('second'), true)
    assert.is(await state.parts.isRecorded('unknown'), false)
  },

  async 'only an open upload takes parts'(open) {
    const state = await open()
    await state.uploads.create(upload('u'))
    const refused = async (uploadId: string) => {
      try {
        await state.parts.put(part(uploadId, 1))
      } catch (error) {
        assert.instance(error, S3Error)
        assert.is(error instanceof S3Error && error.code, 'NoSuchUpload')
        assert.is(await state.parts.isRecorded(`${uploadId}-1`), false)
        return
      }
      assert.unreachable(uploadId)
    }
    await refused('unknown')
    await state.uploads.markCompleting('u')
    await refused('u')
    await state.uploads.markOpen('u')
    await state.parts.put(part('u', 1))
    await state.uploads.markCompleted('u', result, noon)
    await refused('u')
    await state.uploads.remove('u')
    await refused('u')
  },

  async 'ten thousand parts are listed in order, in pages and at once'(open) {
    const state = await open()
    await state.uploads.create(upload('u'))
    const count = 10_000
    // Backwards, since nobody says in which order parts come.
    for (let number = count; number > 0; number -= 1) await state.parts.put(part('u', number))
    const expected = Array.from({ length: count }, (_, index) => index + 1)
    assert.equal(await numbers(state, 'u'), expected)
    const page = await state.parts.list('u', { afterPartNumber: 4_000, limit: 1000 })
    assert.equal(
      page.map(({ partNumber }) => partNumber),
      expected.slice(4_000, 5_000),
    )
    assert.equal(await state.parts.list('u', { afterPartNumber: count, limit: 1000 }), [])
    const fileNames = await state.uploads.markCompleted('u', result, noon)
    assert.is(new Set(fileNames).size, count)
  },
}

const usage: Record<string, Proof> = {
  async 'nothing is reserved in a bucket that was never counted, and counts add up after'(open) {
    const [one, other] = [await open(), await open()]
    const write = { id: 'a', bucket: 'b', sizeBytes: 10, limitBytes: 100, nowMs: 5 }
    assert.is(await one.usage.find('b'), undefined)
    assert.not.ok(await one.usage.reserve(write))
    const counted = { countedBytes: 70, startedMs: 1, before: undefined, abandonedBeforeMs: 0 }
    assert.ok(await one.usage.setCounted('b', counted))
    assert.ok(await one.usage.reserve(write))
    assert.ok(await other.usage.reserve({ ...write, id: 'c', sizeBytes: 20 }))
    assert.not.ok(await one.usage.reserve({ ...write, id: 'd', sizeBytes: 1 }))
    await one.usage.settle('a', 'dropped')
    await other.usage.settle('c', 'stored')
    await other.usage.settle('c', 'stored')
    await one.usage.settle('unknown', 'stored')
    const all = { countedBytes: 70, countedMs: 1, addedBytes: 20, pendingBytes: 0 }
    assert.equal(await one.usage.find('b'), all)
    assert.ok(await one.usage.reserve(write))
    assert.equal(await other.usage.find('b'), { ...all, pendingBytes: 10 })
    assert.is(await other.usage.find('other'), undefined)
  },

  async 'a count forgets what was written before it began, and nothing else'(open) {
    const state = await open()
    const counted = { countedBytes: 0, startedMs: 1, before: undefined, abandonedBeforeMs: 0 }
    await state.usage.setCounted('b', counted)
    const write = { bucket: 'b', limitBytes: 1000, nowMs: 10 }
    const store = async (id: string, sizeBytes: number): Promise<void> => {
      assert.ok(await state.usage.reserve({ ...write, id, sizeBytes }))
      await state.usage.settle(id, 'stored')
    }
    await store('before', 1)
    assert.ok(await state.usage.reserve({ ...write, id: 'during', sizeBytes: 2, nowMs: 20 }))
    assert.ok(await state.usage.reserve({ ...write, id: 'abandoned', sizeBytes: 4, nowMs: 9 }))
    const before = await state.usage.find('b')
    await state.usage.settle('during', 'stored')
    await store('after', 8)
    const second = { countedBytes: 1, startedMs: 15, before, abandonedBeforeMs: 10 }
    assert.ok(await state.usage.setCounted('b', second))
    const found = { countedBytes: 1, countedMs: 15, addedBytes: 10, pendingBytes: 0 }
    assert.equal(await state.usage.find('b'), found)
    // One that began before another was kept comes too late.
    assert.not.ok(await state.usage.setCounted('b', { ...second, countedBytes: 999 }))
    assert.equal(await state.usage.find('b'), found)
  },

  async 'buckets are forgotten one by one, or all but some'(open) {
    const state = await open()
    const counted = { countedBytes: 0, startedMs: 1, before: undefined, abandonedBeforeMs: 0 }
    for (const bucket of ['a', 'b', 'c']) {
      await state.usage.setCounted(bucket, counted)
      const write = { id: bucket, bucket, sizeBytes: 1, limitBytes: 10, nowMs: 1 }
      assert.ok(await state.usage.reserve(write))
    }
    await state.usage.removeBucket('a')
    await state.usage.keepOnly(new Set(['c', 'd']))
    const known = async (bucket: string) => (await state.usage.find(bucket))?.pendingBytes
    assert.equal([await known('a'), await known('b'), await known('c')], [undefined, undefined, 1])
    await state.usage.settle('b', 'stored')
    assert.is(await state.usage.find('b'), undefined)
  },
}
