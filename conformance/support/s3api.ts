// `aws s3api` as functions: what it prints as an object, or the S3 error code that it ends with.
import type { Aws } from './aws-cli.ts'
import type { Scheme } from './with-bridge.ts'

export type Printed = Readonly<Record<string, unknown>>
const unknown = 'unknown to this client'

export type S3api = {
  (...args: string[]): Promise<Printed>
  /** `none` when it succeeds. */
  code(...args: string[]): Promise<string>
  /** For what not every aws-cli can ask; what it does not know is no proof of anything. */
  maybe(...args: string[]): Promise<Printed | typeof unknown>
  maybeCode(...args: string[]): Promise<string>
  /** A list of objects in what was printed; an absent one is empty. */
  list(value: unknown): Printed[]
}

/** Acts on a bridge of its own, which has the bucket `api`. */
export type WithS3api = (
  scheme: Scheme,
  act: (s3api: S3api, folder: string) => Promise<void>,
) => Promise<void>

export function createS3api(aws: Aws): S3api {
  const call = async (...args: string[]): Promise<Printed> => {
    const text = await aws('s3api', '--output', 'json', ...args)
    const printed: unknown = text.trim() === '' ? {} : JSON.parse(text)
    if (typeof printed === 'object' && printed !== null) return { ...printed }
    throw new Error(`${args.join(' ')} printed ${text}`)
  }
  const code = async (...args: string[]): Promise<string> => {
    try {
      await call(...args)
      return 'none'
    } catch (error) {
      const found = /An error occurred \((\w+)\)/.exec(String(error))?.[1]
      if (found === undefined) throw error
      return found
    }
  }
  return Object.assign(call, {
    code,
    maybe: (...args: string[]) => call(...args).catch(unlessUnknown),
    maybeCode: (...args: string[]) => code(...args).catch(unlessUnknown),
    list: (value: unknown) => (Array.isArray(value) ? value : []),
  })
}

/** An option, a value or a library that came with a later version. */
function unlessUnknown(error: unknown): typeof unknown {
  const said =
    /Unknown options|Invalid choice|invalid choice|awscrt|Missing Dependency|Unsupported checksum/
  if (said.test(String(error))) return unknown
  throw error
}
