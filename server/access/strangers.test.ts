// That nothing is read of what strangers send along with what they may not do, whatever it is.
import { text } from 'node:stream/consumers'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { operations } from '../operations/index.ts'
import { mayWrite } from '../operations/row.ts'
import { element, statusOf } from '../serving.test-support.ts'
import { withPeople } from './people.test-support.ts'

const test = suite('strangers')

test('no operation asks a stranger for a body that he has no right to send', async () => {
  await withPeople({}, async (as, { connect, bridge }) => {
    await as('root', 'PUT', '/bucket/k', { body: 'x' })
    const before = bridge.calls.length
    let asked = 0
    for (const [name, row] of Object.entries(operations)) {
      if (!mayWrite(row) || row.handler === 'not-offered') continue
      asked += 1
      const socket = await connect()
      const path = { service: '/', bucket: '/bucket', object: '/bucket/k' }[row.resource]
      const lines = [
        `${row.method} ${path}?${row.query?.join('&') ?? ''} HTTP/1.1`,
        ...['Host: x', 'Expect: 100-continue', 'Content-Length: 1000000'],
        'Content-MD5: AAAAAAAAAAAAAAAAAAAAAA==',
        ...(row.header === undefined ? [] : [`${row.header}: bucket/k`]),
      ]
      socket.write(`${lines.join('\r\n')}\r\n\r\n`)
      // The first answer, and then the end: the body is never asked for.
      const answer = await text(socket)
      // Without a form there is nothing that could be refused to anybody.
      const wanted = name === 'PostObject' ? [412, 'PreconditionFailed'] : [403, 'AccessDenied']
      assert.equal([statusOf(answer), element(answer, 'Code')], wanted, name)
    }
    assert.ok(asked > 25, String(asked))
    const methods = new Set(bridge.calls.slice(before).map(({ method }) => method))
    assert.equal([...methods], ['bucketMayExist'])
  })
})

test.run()
