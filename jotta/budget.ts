// An amount that is handed out and given back.

export type Budget = {
  /** Whether there was so much left, which is taken then. */
  tryTake(amount: number): boolean
  give(amount: number): void
}

export function createBudget(total: number): Budget {
  let taken = 0
  return {
    tryTake(amount) {
      if (taken + amount > total) return false
      taken += amount
      return true
    },
    give(amount) {
      taken -= amount
    },
  }
}
