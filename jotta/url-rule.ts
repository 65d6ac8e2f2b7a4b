// Where a token may be sent. Pure.

/** https anywhere, or http on this machine: nobody on the way can read it. */
export function isPrivateUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/**
 * Whether the bearer token may go to an upload URL that the service named (API 5.1): a private one, or
 * plain http to a host that the operator configured with plain http.
 */
export function isUploadUrl(text: string, configuredUrls: readonly string[]): boolean {
  if (isPrivateUrl(text)) return true
  const url = URL.parse(text)
  if (url === null || url.protocol !== 'http:' || url.username !== '') return false
  return configuredUrls.some((configured) => {
    const { protocol, hostname } = new URL(configured)
    return protocol === 'http:' && hostname === url.hostname
  })
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
