// Patterns of policies: `*` is any text, `?` any character, `${name}` a variable, which stands for itself
// alone: what a variable brings is never a wildcard. Pure.

type Token = { readonly kind: 'any' | 'one' } | { readonly kind: 'text'; readonly text: string }

/** The value of a variable; `undefined` when the request has none. */
export type Lookup = (name: string) => string | undefined

const variable = /^\$\{\s*([*?$]|[^{},]+?)\s*(?:,\s*'([^']*)'\s*)?\}/

/** Whether `text` is what the pattern describes; a pattern with a variable that has no value is nothing's. */
export function matchesPattern(pattern: string, text: string, lookup?: Lookup): boolean {
  const tokens = tokensOf(pattern, lookup)
  return tokens !== undefined && matches(tokens, [...text])
}

/** The text with its variables replaced and nothing a wildcard; `undefined` when one has no value. */
export function expandVariables(text: string, lookup: Lookup | undefined): string | undefined {
  if (lookup === undefined) return text
  let expanded = ''
  for (let at = 0; at < text.length; ) {
    const found = text[at] === '$' ? variable.exec(text.slice(at)) : null
    if (found === null) {
      expanded += text[at]
      at += 1
      continue
    }
    const value = valueIn(found, lookup)
    if (value === undefined) return undefined
    expanded += value
    at += found[0].length
  }
  return expanded
}

function tokensOf(pattern: string, lookup: Lookup | undefined): Token[] | undefined {
  const tokens: Token[] = []
  for (let at = 0; at < pattern.length; ) {
    const found =
      lookup !== undefined && pattern[at] === '$' ? variable.exec(pattern.slice(at)) : null
    if (found !== null && lookup !== undefined) {
      const value = valueIn(found, lookup)
      if (value === undefined) return undefined
      for (const text of value) tokens.push({ kind: 'text', text })
      at += found[0].length
      continue
    }
    const text = String.fromCodePoint(pattern.codePointAt(at) ?? 0)
    tokens.push(
      text === '*' ? { kind: 'any' } : text === '?' ? { kind: 'one' } : { kind: 'text', text },
    )
    at += text.length
  }
  return tokens
}

function valueIn(found: RegExpExecArray, lookup: Lookup): string | undefined {
  const [, name = '', ifAbsent] = found
  return /^[*?$]$/.test(name) ? name : (lookup(name) ?? ifAbsent)
}

/** Goes back to the last `*` only, so the time is that of both lengths multiplied at the worst. */
function matches(tokens: readonly Token[], text: readonly string[]): boolean {
  let at = 0
  let inText = 0
  let lastAny = -1
  let inTextAtAny = 0
  while (inText < text.length) {
    const token = tokens[at]
    if (token?.kind === 'any') {
      lastAny = at
      inTextAtAny = inText
      at += 1
    } else if (token !== undefined && (token.kind !== 'text' || token.text === text[inText])) {
      at += 1
      inText += 1
    } else if (lastAny !== -1) {
      inTextAtAny += 1
      inText = inTextAtAny
      at = lastAny + 1
    } else {
      return false
    }
  }
  return tokens.slice(at).every(({ kind }) => kind === 'any')
}
