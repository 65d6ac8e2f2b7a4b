// For tests: the app with several people in front of it. Who asks is named by the Authorization header.
import type { AppOptions } from '../app.ts'
import type { Authenticated } from '../authenticate.ts'
import { type Answer, type Serving, withServing } from '../serving.test-support.ts'
import type { AccessKeyRecord } from './access-keys.ts'
import { createDirectory } from './directory.ts'
import { type KeyLimits, limitsToStatements } from './limits.ts'
import { ownerNamed } from './owner.ts'

const noLimits: KeyLimits = { buckets: [], access: 'full' }

/** Names of keys; `root` is the owner of the bucket `bucket`, which is there from the start. */
export const people: Readonly<
  Record<string, { readonly owner: string; readonly limits: KeyLimits }>
> = {
  root: { owner: 'root', limits: noLimits },
  clerk: { owner: 'root', limits: noLimits },
  reader: { owner: 'root', limits: { buckets: [], access: 'read-only' } },
  boxed: { owner: 'root', limits: { buckets: ['bucket'], access: 'full' } },
  alice: { owner: 'alice', limits: noLimits },
  bob: { owner: 'bob', limits: noLimits },
}

export const canonicalId = (owner: string): string => ownerNamed(owner).id

type As = (
  name: string | undefined,
  method: string,
  path: string,
  options?: { readonly headers?: Record<string, string>; readonly body?: string },
) => Promise<Answer>

/** `as(undefined, …)` asks without a signature. */
export async function withPeople(
  options: Partial<AppOptions>,
  act: (as: As, serving: Serving) => Promise<void>,
): Promise<void> {
  const keys = Object.entries(people).map(([name, { owner, limits }]) => ({
    ...{ accessKeyId: name, secretAccessKey: '', name, owner, limits, created: new Date(0) },
  })) satisfies AccessKeyRecord[]
  const directory = createDirectory({ list: async () => keys })
  const authenticate = ({
    headers,
  }: Parameters<NonNullable<AppOptions['authenticate']>>[0]): Authenticated => {
    const chunkSigning = { seedSignature: '', scope: '', timestamp: '', sign: () => '' }
    const mode = { kind: 'unsigned' } as const
    const name = headers.authorization ?? 'nobody'
    const person = people[name]
    return {
      identity: person && {
        ...{ accessKeyId: name, displayName: name, owner: ownerNamed(person.owner) },
        limits: limitsToStatements(person.limits),
      },
      payloadDeclaration: { contentSha256: 'UNSIGNED-PAYLOAD', mode, chunkSigning },
      queryHeaders: {},
    }
  }
  await withServing({ directory, authenticate, ...options }, async (serving) => {
    const as: As = async (name, method, path, { headers = {}, body } = {}) =>
      await serving.ask(method, path, {
        headers: { ...headers, Authorization: name ?? 'nobody' },
        ...(body !== undefined && { body }),
      })
    await act(as, serving)
  })
}

/** The code of an error, else the status. */
export function outcome(answer: Answer): string | number {
  return /<Code>([^<]*)<\/Code>/.exec(answer.text)?.[1] ?? answer.status
}
