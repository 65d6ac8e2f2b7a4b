// The one place that escapes text into XML. Names are checked on the way in (names.ts), so that
// nothing XML 1.0 cannot carry ever gets here.

export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8"?>\n'

const special = /[&<>"'\t\n\r]/g
const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

/** For attribute values and element text alike. */
function escapeXml(text: string): string {
  return text.replace(special, (character) => escapes[character] ?? character)
}

/** `<name>text</name>`. */
export function element(name: string, text: string | number | boolean): string {
  return `<${name}>${escapeXml(String(text))}</${name}>`
}

/** An element whose blanks count: names and paths. */
export function spacedElement(name: string, text: string): string {
  return `<${name} xml:space="preserve">${escapeXml(text)}</${name}>`
}

/** ` name="value"` for each value that is there. */
export function attributes(values: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(values)
    .map(([name, value]) => (value === undefined ? '' : ` ${name}="${escapeXml(value)}"`))
    .join('')
}
