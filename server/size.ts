// Sizes in settings: `512MiB`, `10 GB`, or a number of bytes.
import { z } from 'zod'

export const sizeInBytes = z.union([z.number(), z.string()]).transform((value, context) => {
  const size = parseSize(value)
  if (size !== undefined) return size
  context.addIssue({ code: 'custom', message: 'must be a size such as 512MiB' })
  return z.NEVER
})

function parseSize(value: string | number): number | undefined {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  const match = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])(i?)B?|B)?$/i.exec(value.trim())
  if (match === null) return undefined
  const power = match[2] === undefined ? 0 : 'KMGT'.indexOf(match[2].toUpperCase()) + 1
  const size = Math.round(Number(match[1]) * (match[3] === '' ? 1000 : 1024) ** power)
  return Number.isSafeInteger(size) ? size : undefined
}
