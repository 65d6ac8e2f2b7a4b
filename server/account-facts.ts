// What Jottacloud says of an account as a whole, for people: who it is, its plan, its space, its locks.
import type { OpenAccount } from './account.ts'

export type AccountFacts = {
  readonly username: string
  readonly name: string | undefined
  readonly email: string | undefined
  readonly accountType: string | undefined
  readonly subscriptionType: string | undefined
  readonly usedBytes: number
  /** `undefined` when unlimited. */
  readonly quotaBytes: number | undefined
  readonly writeLocked: boolean
  readonly readLocked: boolean
}

export async function accountFacts(
  jotta: OpenAccount['jotta'],
  signal: AbortSignal,
): Promise<AccountFacts> {
  const [customer, drive] = await Promise.all([jotta.customer({ signal }), jotta.drive({ signal })])
  const { username, name, email, subscriptionType } = customer
  return {
    ...{ username, name, email },
    accountType: customer.accountType ?? drive.accountType,
    subscriptionType,
    usedBytes: drive.usageBytes,
    quotaBytes: drive.capacityBytes ?? customer.quotaBytes,
    writeLocked: customer.writeLocked || drive.writeLocked,
    readLocked: customer.readLocked || drive.readLocked,
  }
}

/** What is known of each account, or why nothing is. */
export type WatchedAccount = { readonly account: string } & (
  | { readonly facts: AccountFacts }
  | { readonly trouble: string }
)

/** However often somebody looks, Jottacloud is asked once in that time. */
const freshMs = 30_000
const patienceMs = 10_000

/** Asks all accounts at once; what is fresh is not asked for again. Never throws. */
export function createAccountWatch(
  accounts: ReadonlyMap<string, Pick<OpenAccount, 'jotta'>>,
  now: () => number = Date.now,
): () => Promise<readonly WatchedAccount[]> {
  let last:
    | { readonly askedMs: number; readonly all: Promise<readonly WatchedAccount[]> }
    | undefined
  return async () => {
    if (last === undefined || now() - last.askedMs > freshMs) {
      const all = Promise.all(
        [...accounts].map(async ([account, { jotta }]) => {
          try {
            return { account, facts: await accountFacts(jotta, AbortSignal.timeout(patienceMs)) }
          } catch (error) {
            return { account, trouble: error instanceof Error ? error.message : String(error) }
          }
        }),
      )
      last = { askedMs: now(), all }
    }
    return await last.all
  }
}
