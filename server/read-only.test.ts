// Every operation that there is, asked of a server that is told to write nothing.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { withPeople } from './access/people.test-support.ts'
import { readConfig } from './config.ts'
import { operations } from './operations/index.ts'
import { mayWrite, type Row } from './operations/row.ts'
import { element, withServing } from './serving.test-support.ts'

const test = suite('read-only')

const refusal = /This server is read-only/
const paths = { service: '/', bucket: '/bucket', object: '/bucket/key' } as const

function requestOf({ resource, query = [], header }: Row) {
  const search = query.map((name) => (name.includes('=') ? name : `${name}=1`)).join('&')
  const headers: Record<string, string> = header === undefined ? {} : { [header]: 'bucket/source' }
  return { path: `${paths[resource]}${search === '' ? '' : `?${search}`}`, headers }
}

test('every operation of the table that may write is refused by name of the reason, and the others are not', async () => {
  const seen = { refused: 0, answered: 0 }
  await withServing({ access: 'read-only' }, async ({ ask, bridge, logged }) => {
    await withServing({}, async (open) => {
      for (const [name, row] of Object.entries(operations)) {
        const { path, headers } = requestOf(row)
        const answer = await ask(row.method, path, { headers })
        const line = await logged(
          ({ requestId }) => requestId === answer.headers['x-amz-request-id'],
        )
        assert.is(line.operation, name, `${row.method} ${path}`)
        if (row.handler === 'not-offered') {
          assert.is(line.code, 'NotImplemented', name)
        } else if (mayWrite(row)) {
          assert.equal([answer.status, element(answer.text, 'Code')], [403, 'AccessDenied'], name)
          assert.match(element(answer.text, 'Message') ?? '', refusal, name)
          seen.refused += 1
        } else {
          const other = await open.ask(row.method, path, { headers })
          assert.is(answer.status, other.status, name)
          assert.not.match(answer.text, refusal, name)
          seen.answered += 1
        }
      }
    })
    const writes = bridge.calls.filter(({ method }) => !/^(get|head|list)/.test(method))
    assert.equal(writes, [])
  })
  assert.ok(seen.refused > 30 && seen.answered > 30, JSON.stringify(seen))
})

test('a form upload is refused too, and whoever has no key is told no more than before', async () => {
  await withPeople({ access: 'read-only' }, async (as, { raw, bridge }) => {
    const form =
      '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n'
    const answer = await raw(
      `POST /bucket HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${form.length}\r\nConnection: close\r\n\r\n${form}`,
    )
    assert.match(answer, refusal)
    assert.equal(bridge.calls, [])
    assert.is((await as('bob', 'GET', '/bucket/key')).status, 403)
    assert.is((await as('root', 'GET', '/bucket?list-type=2')).status, 200)
  })
})

test('it is off unless it is turned on', () => {
  assert.is(readConfig([], {}).readOnly, 'off')
  assert.is(readConfig(['--read-only', 'on'], {}).readOnly, 'on')
})

test.run()
