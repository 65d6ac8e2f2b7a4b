// One configuration of a bucket as a typed value: what is kept is a JSON text, checked when it is read.
import type { z } from 'zod'
import type { BucketConfigurationName, BucketConfigurations } from './bridge.ts'

/** A configuration that is kept, and the shape of its JSON. */
export type KeptConfiguration<T> = {
  readonly name: BucketConfigurationName
  readonly schema: z.ZodType<T>
}

/** `undefined` when it is not set. Throws an Error for a text that is not what was written. */
export function readKept<T>(
  configurations: BucketConfigurations,
  { name, schema }: KeptConfiguration<T>,
): T | undefined {
  const text = configurations.get(name)
  if (text === undefined) return undefined
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new Error(`the ${name} configuration that is kept of a bucket cannot be read`, { cause })
  }
}
