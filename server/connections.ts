// How many connections a server holds: each takes a file descriptor, and who sends nothing on it holds it for a minute
// and more. When there are too many, those on which nothing has been asked for the longest make room, so that they
// cannot keep out anybody who has something to ask.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

type Connection = { readonly socket: Socket; underWay: number }

/** To be called once everything else listens to the server's requests. */
export function boundConnections(server: Server, maxConnections: number): void {
  const all = new Map<string, Connection>()
  /** Those without a request under way, in the order in which they fell idle. */
  const idle = new Map<string, Connection>()
  server.on('connection', (socket: Socket) => {
    const ends = endsOf(socket)
    if (ends === undefined) return
    const connection: Connection = { socket, underWay: 0 }
    all.set(ends, connection)
    idle.set(ends, connection)
    socket.once('close', () => {
      if (all.get(ends) === connection) all.delete(ends)
      if (idle.get(ends) === connection) idle.delete(ends)
    })
    if (all.size <= maxConnections) return
    // The new one itself, if all others are at work.
    const [oldest] = idle
    if (oldest === undefined) return
    const [name, { socket: unused }] = oldest
    all.delete(name)
    idle.delete(name)
    unused.destroy()
  })
  const onRequest = ({ socket }: IncomingMessage, res: ServerResponse): void => {
    const ends = endsOf(socket)
    const connection = ends === undefined ? undefined : all.get(ends)
    if (ends === undefined || connection === undefined) return
    connection.underWay += 1
    idle.delete(ends)
    res.once('close', () => {
      connection.underWay -= 1
      if (connection.underWay === 0 && all.get(ends) === connection) idle.set(ends, connection)
    })
  }
  server.on('request', onRequest)
  // Whoever listens to these has to answer, so nobody is made to.
  for (const event of ['checkContinue', 'checkExpectation']) {
    if (server.listenerCount(event) > 0) server.on(event, onRequest)
  }
}

/** The same for a connection and for the TLS on it. `undefined` when it is gone already. */
function endsOf({
  remoteAddress,
  remotePort,
  localAddress,
  localPort,
}: Socket): string | undefined {
  if (remoteAddress === undefined) return undefined
  return [remoteAddress, remotePort, localAddress, localPort].join(' ')
}
