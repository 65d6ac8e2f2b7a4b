// Leases of a process that has the state to itself.
import type { Lease, Leases } from './leases.ts'

const free: Lease = {
  async check() {},
  lost: new AbortController().signal,
  async [Symbol.asyncDispose]() {},
}

export const aloneLeases: Leases = {
  take: async () => free,
  tryTake: async () => free,
  waitMaxMs: 60_000,
}
