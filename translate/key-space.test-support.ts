// Keys that try to break the key space: all of Unicode, the characters of every rule, texts that look like
// stored names, and long segments.
import fc from 'fast-check'
import {
  currentEncoding,
  encodeName,
  encodingWithoutPercent,
  parseNameEncoding,
} from './name-encoding.ts'
import { segmentNames } from './segment-name.ts'

export const encodings = [
  currentEncoding,
  encodingWithoutPercent,
  parseNameEncoding('Ctl,Dot,InvalidUtf8'),
  parseNameEncoding(
    'Slash,Ctl,Dot,InvalidUtf8,LeftSpace,RightSpace,LeftPeriod,RightPeriod,BackSlash',
  ),
]

const special = fc.constantFrom(
  ...['.', '\uff0e', '\u201b', '%', ':', '\0', '\u2400', 'A', 'a', 'f', '4', '\uff0f', ' ', '\x7f'],
  ...['\ufffe', '\uffff', '\u201bk', '\u201bp', '\u201bn', '\u201bs0', '\u201by', '\u201bz'],
  ...['\u201bw', '\u201buffff', '\u201bjotta-s3', '0123456789abc', '.doc', 'e\u0301', 'é', 'É'],
  ...['İ', 'i', '\u0307', '\u212a', 'k', 'K', '\u{10400}', '\u{10428}'],
)

const short = fc
  .array(fc.oneof(special, fc.string({ unit: 'binary', minLength: 1, maxLength: 2 })), {
    maxLength: 8,
  })
  .map((parts) => parts.join('').replaceAll('/', ''))

const long = fc
  .tuple(short, short, fc.integer({ min: 20, max: 400 }))
  .map(([unit, end, count]) => cut(unit.repeat(count) + end))

/** What a segment may be stored under is a segment itself. */
const storedLike = fc
  .tuple(fc.oneof(short, long), fc.constantFrom('file', 'folder'), fc.nat(3))
  .map(([text, kind, which]) => {
    const { natural, irregular } = segmentNames(text, kind, currentEncoding)
    const names = [natural?.name ?? '', ...irregular, encodeName(text)]
    return cut(names[which % names.length] ?? '')
  })

/** Up to 1024 bytes, perhaps none. */
export const anyKeySegment = fc.oneof(
  { weight: 4, arbitrary: short },
  { weight: 1, arbitrary: long },
  { weight: 2, arbitrary: storedLike },
  { weight: 1, arbitrary: storedLike.map((text) => cut(`\u201bw${text}`)) },
)

/** Segments that are often equal but for their casing or composition. */
const alike = fc.constantFrom(...['a', 'A', 'é', 'e\u0301', 'É', 'Hello.doc', 'hello.doc', '', 'b'])

/** 1 to 1024 bytes. */
export const anyKey = fc
  .array(fc.oneof({ weight: 3, arbitrary: alike }, { weight: 2, arbitrary: anyKeySegment }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((segments) => cut(segments.join('/')))
  .filter((key) => key !== '')

/** At most 1024 bytes, of whole characters. */
function cut(text: string): string {
  let sizeBytes = 0
  let end = 0
  for (const char of text) {
    sizeBytes += Buffer.byteLength(char)
    if (sizeBytes > 1024) break
    end += char.length
  }
  return text.slice(0, end)
}
