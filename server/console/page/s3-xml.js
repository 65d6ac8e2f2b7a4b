// S3's XML, read and written. Documents are parsed by the browser and never shown; texts go in as text nodes.

/** The texts of an element's children by name; of `from`, the first descendant of that name. */
export function textOf(from, tag) {
  return from.getElementsByTagNameNS('*', tag)[0]?.textContent ?? undefined
}

export function elementsOf(from, tag) {
  return [...from.getElementsByTagNameNS('*', tag)]
}

/** Listings are asked for with encoding-type=url, since XML cannot carry every character of a key. */
export function decodeName(text) {
  return decodeURIComponent((text ?? '').replaceAll('+', ' '))
}

/** A page of ListObjectsV2. */
export function readListing(document) {
  const root = document.documentElement
  return {
    prefixes: elementsOf(root, 'CommonPrefixes').map((one) => decodeName(textOf(one, 'Prefix'))),
    objects: elementsOf(root, 'Contents').map((one) => ({
      key: decodeName(textOf(one, 'Key')),
      sizeBytes: Number(textOf(one, 'Size')),
      modified: textOf(one, 'LastModified'),
    })),
    next: textOf(root, 'NextContinuationToken'),
  }
}

/**
 * `tree` is [tag, ...children], children being trees and texts.
 * @param {any[]} tree
 */
export function toDocument(tree) {
  const made = document.implementation.createDocument(null, null)
  made.append(toElement(made, tree))
  return made
}

export function renderXml(tree) {
  return new XMLSerializer().serializeToString(toDocument(tree))
}

/** @param {any[]} tree */
function toElement(made, tree) {
  const [tag, ...children] = tree
  const element = made.createElement(tag)
  for (const child of children) {
    element.append(Array.isArray(child) ? toElement(made, child) : String(child))
  }
  return element
}

/** The same document with line breaks and indents, for people who edit it. */
export function prettyXml(document) {
  const lines = []
  const walk = (element, indent) => {
    const children = [...element.children]
    const tag = element.localName
    if (children.length === 0) {
      const holder = element.ownerDocument.createElement(tag)
      holder.textContent = element.textContent
      lines.push(`${indent}${new XMLSerializer().serializeToString(holder)}`)
      return
    }
    lines.push(`${indent}<${tag}>`)
    for (const child of children) walk(child, `${indent}  `)
    lines.push(`${indent}</${tag}>`)
  }
  walk(document.documentElement, '')
  return lines.join('\n')
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** Some operations want their body's checksum; browsers have no MD5, and SHA only over HTTPS. */
export function checksumHeader(text) {
  let crc = 0xffffffff
  for (const byte of new TextEncoder().encode(text)) {
    crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 0xff]
  }
  const value = (crc ^ 0xffffffff) >>> 0
  const bytes = [24, 16, 8, 0].map((shift) => String.fromCharCode((value >>> shift) & 0xff))
  return { 'x-amz-checksum-crc32': btoa(bytes.join('')) }
}
