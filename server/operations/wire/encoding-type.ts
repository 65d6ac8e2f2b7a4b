// The encoding-type parameter of lists: names as they are, or percent-encoded.
import type { Query } from '../../operation.ts'
import { invalidArgument } from './parameters.ts'

export type NameEncoding = {
  /** For the EncodingType element. */
  readonly type: 'url' | undefined
  readonly encode: (name: string) => string
}

/**
 * With `url`, everything but letters, digits and `-._~/` is written `%XX`: a blank is `%20` and never
 * `+`, since of the clients some decode the plus and some do not. Throws InvalidArgument.
 */
export function readNameEncoding(query: Query): NameEncoding {
  const type = query.get('encoding-type')
  if (type === undefined || type === '') return { type: undefined, encode: (name) => name }
  if (type !== 'url') {
    throw invalidArgument('encoding-type', type, 'The only encoding-type is url.')
  }
  return { type, encode: encodeName }
}

export function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed())
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}
