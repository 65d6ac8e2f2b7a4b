// What an XML document may be made of, told by one look along its text before a parser sees it: a parser takes a
// microsecond and more for each attribute and each reference, and a body has room for hundreds of thousands.
import { S3Error } from '../translate/s3-error.ts'

export type XmlBounds = {
  /** Opening and closing tags together. */
  readonly maxTags: number
  /** Namespace declarations, which nearly all of them are, among them. */
  readonly maxAttributes: number
  readonly maxReferences: number
}

/** From `<` to `>`: a name and some namespaces. */
const tagMaxCharacters = 1024

/**
 * Throws MalformedXML for more of anything, and for what would let a parser see tags where none are seen here:
 * declarations, a `>` within an attribute's value, comments that XML forbids. Whatever else is wrong with a text is the
 * parser's to find.
 */
export function checkXmlBounds(
  text: string,
  { maxTags, maxAttributes, maxReferences }: XmlBounds,
): void {
  let references = 0
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) {
    references += 1
    if (references > maxReferences) throw malformedXml('too many references')
  }
  let tags = 0
  let attributes = 0
  for (let at = text.indexOf('<'); at !== -1; ) {
    tags += 1
    if (tags > maxTags) throw malformedXml('too many elements')
    const endOfOpaque = text.startsWith('<!', at) ? endOfCommentOrCdata(text, at) : undefined
    const end = endOfOpaque ?? text.indexOf('>', at) + 1
    if (endOfOpaque === undefined) attributes += attributesIn(text, at, end)
    if (attributes > maxAttributes) throw malformedXml('too many attributes')
    at = text.indexOf('<', end)
  }
}

export function malformedXml(why: string, cause?: unknown): S3Error {
  return new S3Error('MalformedXML', {
    message: `The XML is not well-formed or does not match the published schema: ${why}.`,
    cause,
  })
}

function endOfCommentOrCdata(text: string, from: number): number {
  if (text.startsWith('<![CDATA[', from)) {
    const end = text.indexOf(']]>', from + 9)
    if (end !== -1) return end + 3
    throw malformedXml('CDATA does not end')
  }
  if (!text.startsWith('<!--', from)) throw malformedXml('DOCTYPE is not allowed')
  const end = text.indexOf('--', from + 4)
  // To some readers `<!-->` is a whole comment.
  const isEmptyToSome = text.startsWith('>', from + 4) || text.startsWith('->', from + 4)
  if (end !== -1 && text[end + 2] === '>' && !isEmptyToSome) return end + 3
  throw malformedXml('a comment does not end, or is not one')
}

/** Of the tag or processing instruction from `<` up to and with the next `>`. */
function attributesIn(text: string, from: number, end: number): number {
  if (end === 0) throw malformedXml('a tag does not end')
  if (end - from > tagMaxCharacters) throw malformedXml('a tag is too long')
  let attributes = 0
  let quote = ''
  for (let at = from; at < end; at += 1) {
    const character = text[at] ?? ''
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '=') attributes += 1
    else if (character === '"' || character === "'") quote = character
  }
  if (quote !== '') throw malformedXml('the value of an attribute has a >, or does not end')
  if (text[from + 1] === '?' && text[end - 2] !== '?') {
    throw malformedXml('a processing instruction does not end')
  }
  return attributes
}
