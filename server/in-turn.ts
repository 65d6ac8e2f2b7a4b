// The requests of one connection, one after another. Node hands over a pipelined request as soon as it has
// been read, while the one before it is still at work: a GET would overtake the PUT that it follows.
// https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2
import type { Duplex } from 'node:stream'

/** Nobody who waits for answers gets there; without a limit, one connection could fill the memory. */
const waitingMax = 64

type Start = () => Promise<unknown>

/**
 * Calls `start` as soon as all that was given for this connection before has settled; never when the
 * connection is closed by then, as it is after an answer that says so. `start` must not reject.
 */
export function createTurns(): (connection: Duplex, start: Start) => void {
  const queues = new WeakMap<Duplex, Start[]>()

  async function run(connection: Duplex, first: Start): Promise<void> {
    const queue = [first]
    queues.set(connection, queue)
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (connection.writable) await next()
    }
    queues.delete(connection)
  }

  return (connection, start) => {
    const queue = queues.get(connection)
    if (queue === undefined) void run(connection, start)
    else if (queue.length < waitingMax) queue.push(start)
    else connection.destroy()
  }
}
