import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { kindOfCall } from './call-kind.ts'
import type { HttpRequest } from './http.ts'

const test = suite('call-kind')

const jfs = 'https://jfs.test/jfs/user/Jotta/Archive/rm/a'
const cases: [more: Partial<HttpRequest>, kind: string][] = [
  [{ url: jfs }, 'look'],
  [{ url: `${jfs}?mode=bin` }, 'download'],
  [{ url: `${jfs}?mode=liststream` }, 'list-tree'],
  [{ url: `${jfs}?mkDir=true`, method: 'POST' }, 'create-folder'],
  [{ url: `${jfs}?cphash=true`, method: 'POST' }, 'create-by-hash'],
  [{ url: `${jfs}?cp=%2Fuser%2Fmv`, method: 'POST' }, 'copy'],
  [{ url: `${jfs}?mv=%2Fuser%2Fb`, method: 'POST' }, 'move'],
  [{ url: `${jfs}?dl=true`, method: 'POST' }, 'remove'],
  [{ url: `${jfs}?rmDir=true`, method: 'POST' }, 'remove'],
  [{ url: 'https://jfs.test/jfs/user/S3?type=WORKSTATION', method: 'POST' }, 'create-place'],
  [{ url: 'https://api.test/files/v1/allocate', method: 'POST', body: '{}' }, 'allocate'],
  [{ url: 'https://api.test/files/v1/purge_trash', method: 'POST' }, 'purge-trash'],
  [{ url: 'https://api.test/account/v1/customer' }, 'account'],
  [{ url: 'https://id.test/token', method: 'POST', auth: 'none', body: 'a=b' }, 'token'],
  [
    {
      url: 'https://up.test/x?mkDir=true',
      method: 'POST',
      body: { content: Readable.from([]), sizeBytes: 0, isTaken: () => true },
    },
    'upload',
  ],
]
for (const [more, kind] of cases) {
  test(`${more.method ?? 'GET'} ${more.url} is ${kind}`, () => {
    const base = { method: 'GET', url: '', auth: 'bearer', repeat: 'never' } as const
    assert.is(kindOfCall({ ...base, ...more }), kind)
  })
}

test.run()
