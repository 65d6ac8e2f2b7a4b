// A client that changes nothing: what would is refused before anything is sent. For a server that is told
// to write nothing, whatever its upper floors believe.
import type { JottaClient } from './client.ts'
import { JottaError } from './jotta-error.ts'

/** What each method does to the account; complete by its type, so that a new one cannot be left out. */
export const effects = {
  customer: 'reads',
  drive: 'reads',
  device: 'reads',
  createDevice: 'writes',
  mountpoints: 'reads',
  createMountpoint: 'writes',
  removeMountpoint: 'writes',
  stat: 'reads',
  list: 'reads',
  listTree: 'reads',
  openListing: 'reads',
  open: 'reads',
  upload: 'writes',
  createByHash: 'writes',
  createFolder: 'writes',
  removeFile: 'writes',
  removeFolder: 'writes',
  copyFile: 'writes',
  moveFile: 'writes',
  listTrash: 'reads',
  listTrashedFolder: 'reads',
  restoreFile: 'writes',
  restoreFolder: 'writes',
  purgeTrash: 'writes',
  purgeTrashedFile: 'writes',
  purgeTrashedFolder: 'writes',
  serviceNow: 'reads',
  close: 'reads',
} as const satisfies Record<keyof JottaClient, 'reads' | 'writes'>

/** Its methods that write throw JottaError `read-only`. */
export function createReadOnlyClient(client: JottaClient): JottaClient {
  const refusals = Object.entries(effects)
    .filter(([, effect]) => effect === 'writes')
    .map(([method]) => [method, () => refuse(method)])
  return { ...client, ...Object.fromEntries(refusals) }
}

function refuse(method: string): never {
  throw new JottaError('read-only', `${method} was not sent: this server writes nothing`)
}
