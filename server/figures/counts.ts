// Numbers that only grow, each named by a few words: requests by operation and status, say. The words must
// come from closed lists, never from strangers, since every combination is kept for good.

export type Words = Readonly<Record<string, string | number>>

export type Count<W extends Words> = W & { readonly count: number }

export type Counts<W extends Words> = {
  add(words: W, amount?: number): void
  all(): readonly Count<W>[]
}

export function createCounts<W extends Words>(): Counts<W> {
  const counts = new Map<string, Count<W>>()
  return {
    add(words, amount = 1) {
      const name = JSON.stringify(Object.entries(words).sort())
      const before = counts.get(name)?.count ?? 0
      counts.set(name, { ...words, count: before + amount })
    },
    all: () => [...counts.values()],
  }
}
