// Names that Jottacloud does not hold as they are, or that tempt somebody to change them: the table and
// the vectors of jottacloud-api.md 7.2, each as bytes and as the name that is stored.
export type AwkwardName = {
  readonly name: Buffer
  readonly stored: string
}

const quote = '\u201b'

function controls(): [string, string][] {
  const codes = [...Array.from({ length: 0x1f }, (_, index) => index + 1)]
  return codes.map((code) => [
    `c${String.fromCharCode(code)}${code}`,
    `c${String.fromCharCode(0x2400 + code)}${code}`,
  ])
}

/** Quoted when they are meant as they stand. */
const replacements = ['＜', '＞', '＂', '：', '？', '＊', '｜', '␁', '␊', '␟', '␡']

const unchanged = [
  ...['back\\slash', 'hash#', 'plus+', 'am&p', 'semi;colon', "ap'os", '~tilde', 'a=b', '@ $ , !'],
  ...[
    '[brackets] {braces} (round)',
    ' lead',
    'trail ',
    'trail.',
    '...',
    '.hidden',
    'x．',
    '- -dash',
  ],
  ...[
    '\ufffd',
    '\u2420',
    '\uff3c',
    '\ufeff',
    '😀',
    'e\u0301',
    '\u0080',
    '\u00a0',
    '日本語',
    'Ünïcøde',
  ],
  ...['n'.repeat(255), 'æ'.repeat(127), 'a  b', '&amp;', ']]'],
]

/** Bytes that are no UTF-8. */
const invalid: [number[], string][] = [
  [[0x61, 0xff, 0xfe], 'a‛FF‛FE'],
  [[0x62, 0xe2, 0x82], 'b‛E2‛82'],
  [[0xed, 0xa0, 0x80, 0x73], '‛ED‛A0‛80s'],
  [[0x63, 0xc0, 0xaf, 0x63], 'c‛C0‛AFc'],
]

/** Without a percent sign in any form: on those the versions of rclone differ. */
export const textNames: readonly AwkwardName[] = [
  ...controls(),
  ['d\u007f', 'd␡'],
  ['q"<>:|*?.bin', 'q＂＜＞：｜＊？.bin'],
  ...['<', '>', '"', ':', '?', '*', '|'].map((name, at): [string, string] => [
    `one ${name}`,
    `one ${'＜＞＂：？＊｜'[at]}`,
  ]),
  ...replacements.map((name): [string, string] => [`lit${name}`, `lit${quote}${name}`]),
  ...unchanged.map((name): [string, string] => [name, name]),
].map(([name = '', stored = '']) => ({ name: Buffer.from(name), stored }))

/** Names with `%` and its full-width form, as the encoding stores them since rclone 1.74. */
export const percentNames: readonly AwkwardName[] = [
  ['pct%41', 'pct％41'],
  ['100%', '100％'],
  ['lit％', 'lit‛％'],
].map(([name = '', stored = '']) => ({ name: Buffer.from(name), stored }))

/**
 * With the quote character itself. rclone's local backend cannot open these, and writes them with the
 * quote doubled, which is how rclone shows them everywhere: `shown`.
 */
export const quoteNames: readonly (AwkwardName & { readonly shown: string })[] = [
  [`q${quote}`, 'q‛‛', 'q‛‛'],
  [`q${quote}41`, 'q‛‛41', 'q‛‛41'],
  [`${quote}${quote}`, '‛‛‛‛', '‛‛‛‛'],
  [`q${quote}＊`, 'q‛‛‛＊', 'q‛‛＊'],
].map(([name = '', stored = '', shown = '']) => ({ name: Buffer.from(name), stored, shown }))

/** Of the local disk only: no S3 key is made of them. */
export const invalidNames: readonly AwkwardName[] = invalid.map(([bytes, stored]) => ({
  name: Buffer.from(bytes),
  stored,
}))

/** A tree with each name once as a file, and once as a folder with a file in it. */
export function awkwardTree(names: readonly AwkwardName[]): Map<Buffer, string> {
  return new Map(
    names.flatMap(({ name }, index) => [
      [Buffer.concat([Buffer.from('files/'), name]), `file ${index}`],
      [Buffer.concat([Buffer.from('folders/'), name, Buffer.from('/in it')]), `in folder ${index}`],
    ]),
  )
}
