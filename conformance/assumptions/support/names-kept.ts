// Whether names come back as they were given: in the listing of their folder and in a look at each.
import { liveNames } from './look.ts'
import type { Place } from './place.ts'
import { isOk } from './reply.ts'

export async function namesKept(
  place: Place,
  names: readonly string[],
): Promise<'kept' | 'changed' | 'refused'> {
  const content = place.fresh()
  for (const name of names) {
    const reply = await place.tryPut(name, content)
    if (isOk(reply)) continue
    place.note(`  refused: ${escaped(name)}`)
    return 'refused'
  }
  const listed = liveNames((await place.list()).files)
  const lost = names.filter((name) => !listed.includes(name))
  const strange = listed.filter((name) => !names.includes(name))
  for (const name of lost) place.note(`  not listed: ${escaped(name)}`)
  for (const name of strange) place.note(`  listed instead: ${escaped(name)}`)
  if (lost.length > 0 || strange.length > 0) return 'changed'
  for (const name of names) {
    const found = await place.look(name)
    if (found.isLive && found.name === name) continue
    place.note(`  not found as listed: ${escaped(name)}`)
    return 'changed'
  }
  return 'kept'
}

/** In ASCII, so that what is printed is what was meant. */
export function escaped(text: string): string {
  return text.replace(/[^\x21-\x7e]/gu, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16)}}`
  })
}
