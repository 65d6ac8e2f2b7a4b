// Everything that is counted and measured for whoever runs the server, in one place and as plain values.
// How they are shown is not known here: prometheus.ts is one way.
import type { UpstreamCall } from '../account.ts'
import {
  type AccountFigures,
  type AccountOptions,
  type WatchedAccount,
  watchAccount,
} from './account-figures.ts'
import { type Count, createCounts } from './counts.ts'
import { type ProcessFigures, watchProcess } from './process-figures.ts'
import {
  type FinishedRequest,
  gatherRequests,
  type RequestFigures,
  type RequestGathering,
} from './request-figures.ts'

export type FiguresSnapshot = RequestFigures &
  ProcessFigures & {
    readonly upstream: readonly Count<Pick<UpstreamCall, 'kind' | 'outcome'>>[]
    readonly upstreamRetries: readonly Count<Pick<UpstreamCall, 'kind'>>[]
    readonly accounts: readonly AccountFigures[]
    readonly auditLinesLost: number
  }

/** Who keeps more of single events than their count: durations, above all. Must not throw. */
export type FiguresListener = {
  onRequest(request: FinishedRequest): void
  onUpstreamCall(call: UpstreamCall): void
}

export type Figures = {
  readonly requests: Pick<RequestGathering, 'begun' | 'finished'>
  onUpstreamCall(call: UpstreamCall): void
  onAuditLinesLost(lines: number): void
  watch(account: WatchedAccount): void
  listen(listener: FiguresListener): void
  /** What there is now. Asks Jottacloud nothing that its reader would have to wait for. */
  snapshot(): Promise<FiguresSnapshot>
}

export function createFigures(options: AccountOptions): Figures & Disposable {
  const listeners: FiguresListener[] = []
  const requests = gatherRequests((request) => {
    for (const listener of listeners) listener.onRequest(request)
  })
  const upstream = createCounts<Pick<UpstreamCall, 'kind' | 'outcome'>>()
  const upstreamRetries = createCounts<Pick<UpstreamCall, 'kind'>>()
  const accounts: (() => Promise<AccountFigures>)[] = []
  let auditLinesLost = 0
  const ownProcess = watchProcess()
  return {
    requests,
    onUpstreamCall(call) {
      const { kind, outcome, isRetry } = call
      upstream.add({ kind, outcome })
      if (isRetry) upstreamRetries.add({ kind })
      for (const listener of listeners) listener.onUpstreamCall(call)
    },
    onAuditLinesLost(lines) {
      auditLinesLost += lines
    },
    watch: (account) => void accounts.push(watchAccount(account, options)),
    listen: (listener) => void listeners.push(listener),
    snapshot: async () => ({
      ...requests.read(),
      ...ownProcess.read(),
      upstream: upstream.all(),
      upstreamRetries: upstreamRetries.all(),
      auditLinesLost,
      accounts: await Promise.all(accounts.map((read) => read())),
    }),
    [Symbol.dispose]: () => ownProcess[Symbol.dispose](),
  }
}
