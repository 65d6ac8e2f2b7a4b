// A thread with next to no memory, which reads the recursive listing of `workerData` folders with one file each.
import { parentPort, workerData } from 'node:worker_threads'
import { readTreeListing } from './read-listing.ts'

const folders = Number(workerData)

function* treeOf(): Generator<Uint8Array> {
  yield Buffer.from('<filedirlist>')
  for (let n = 0; n < folders; n += 1) {
    yield Buffer.from(
      `<folder><path>/m/${n}</path></folder><file><path>/m/${n}</path><filename>f</filename>` +
        `<md5>${'0'.repeat(32)}</md5><size>1</size></file>`,
    )
  }
  const stats = `<folders>${folders}</folders><files>${folders}</files>`
  yield Buffer.from(`<stats>${stats}</stats></filedirlist>`)
}

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield* treeOf()
}

let files = 0
for await (const entries of readTreeListing({
  ...{ bytes: bytes(), subject: 'GET /m', rootSegments: 1 },
})) {
  files += entries.filter(({ kind }) => kind === 'file').length
}
parentPort?.postMessage(files)
