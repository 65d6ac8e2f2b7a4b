// What is known of each Jottacloud account: its login, its space, and what the bridge holds for it on this
// machine. Only the space is asked of Jottacloud, seldom and beside whoever looks at the figures.
import type { BridgeUsage } from '../open-bridge.ts'
import type { Health } from '../reply.ts'

export type AccountFigures = BridgeUsage & {
  readonly account: string
  readonly login: Health['status']
  /** As of a while ago; `undefined` until Jottacloud has answered. */
  readonly space: AccountSpace | undefined
}

export type AccountSpace = {
  readonly usedBytes: number | undefined
  /** `undefined` when the plan has no limit. */
  readonly capacityBytes: number | undefined
  readonly askedAt: Date
}

export type WatchedAccount = {
  readonly name: string
  health(): Promise<Health>
  usage(): Promise<BridgeUsage>
  /** Asks Jottacloud. */
  space(signal: AbortSignal): Promise<Omit<AccountSpace, 'askedAt'>>
}

export type AccountOptions = {
  readonly now: () => number
  readonly warn: (message: string, cause: unknown) => void
}

/** Jottacloud is asked this often at the most, answered or not. */
export const spaceAgeMaxMs = 10 * 60_000
const askTimeoutMs = 60_000

/** Waits for nothing but this machine: new numbers of the space are there for the next look. */
export function watchAccount(
  account: WatchedAccount,
  { now, warn }: AccountOptions,
): () => Promise<AccountFigures> {
  let space: AccountSpace | undefined
  let askedMs = Number.NEGATIVE_INFINITY
  const ask = async (): Promise<void> => {
    try {
      const found = await account.space(AbortSignal.timeout(askTimeoutMs))
      space = { ...found, askedAt: new Date(askedMs) }
    } catch (error) {
      warn('Jottacloud did not tell how much space is used', error)
    }
  }
  return async () => {
    const { status: login } = await account.health()
    if (login === 'ok' && now() - askedMs >= spaceAgeMaxMs) {
      askedMs = now()
      void ask()
    }
    return { account: account.name, login, space, ...(await account.usage()) }
  }
}
