// For tests: whose key it is when that does not matter.
import { limitsToStatements } from './limits.ts'
import { rootOwner } from './owner.ts'

export const rootHolder = {
  displayName: 'root',
  owner: rootOwner,
  limits: limitsToStatements({ buckets: [], access: 'full' }),
} as const
