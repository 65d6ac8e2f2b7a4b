// What a write has stored under another key's name, since another device changed the letter case of a name on its
// way after the look: to Jottacloud both are one name. It is taken back, so that the write can go where it belongs.
import type { JottaClient } from '../jotta/client.ts'
import type { HeldContext } from './commit-write.ts'
import type { Target } from './key-places.ts'
import { untilAnswered } from './leases.ts'
import { S3Error } from './s3-error.ts'
import type { ContentIdentity } from './state/records.ts'
import { isExactly, readableObject, readableRevision } from './stored-object.ts'

/** Nothing of the write is under the other key any more, and that is as it was. */
export class MisplacedWrite extends S3Error {
  constructor() {
    super('KeyCaseConflict')
  }
}

/**
 * Puts the other key back to what it had before `content` came, or into the trash, with the locks of the target held.
 * Always throws: MisplacedWrite, KeyCaseConflict when what it had is not known any more, or ServiceUnavailable when it
 * cannot be seen where the content is.
 */
export async function takeBack(
  jotta: JottaClient,
  { location, object, isNew }: Target,
  content: ContentIdentity,
  context: HeldContext,
): Promise<never> {
  // Whether or not the client stays.
  const call = { ...context, signal: untilAnswered(context), answerSignal: undefined }
  const entry = await jotta.stat(location, call)
  const now = entry?.kind === 'file' ? readableObject(entry) : undefined
  if (entry?.deleted === true) throw new MisplacedWrite()
  // Whoever changes a name's casing gives it yet another one on the way: the content is there, and will be back.
  if (entry?.kind !== 'file' || now === undefined) throw whereabouts()
  // Somebody has written over it, or the name has its old casing again.
  if (!isSameContent(now, content) || isExactly(entry, location)) throw new MisplacedWrite()
  // It is what was there all the time.
  if (object !== undefined && isSameContent(object, content)) throw new MisplacedWrite()
  const [older] = entry.revisions.flatMap((revision) => readableRevision(revision) ?? [])
  // What was in the trash has revisions as well.
  const before = object === undefined && !isNew ? undefined : (older ?? object)
  await context.check()
  if (before === undefined) {
    await jotta.removeFile(location, 'trash', call)
    throw new MisplacedWrite()
  }
  const times = { created: before.modified, modified: before.modified }
  if ((await jotta.createByHash(location, { ...before, ...times }, call)) !== undefined) {
    throw new MisplacedWrite()
  }
  throw new S3Error('KeyCaseConflict', {
    message:
      "Another program changed the letter case of a name on this key's way while it was written, so that the content is now that of the key in the other casing. What that had before is among its versions on Jottacloud's web page.",
  })
}

function whereabouts(): S3Error {
  return new S3Error('ServiceUnavailable', {
    message:
      "Another program is changing a name on this key's way, and took what was just written along. Try again when it is done; a key with that other name may have the content too.",
    retryAfterSeconds: 5,
  })
}

export function isSameContent(a: ContentIdentity, b: ContentIdentity): boolean {
  return a.md5 === b.md5 && a.sizeBytes === b.sizeBytes
}
