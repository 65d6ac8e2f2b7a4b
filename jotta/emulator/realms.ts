// The realms of the services that run on Jottacloud, and which clients each lets in (API 2.3). One
// emulator plays them all, for its one account; two services share the realm `elgiganten`.

export type Client = {
  /** `token`: personal login tokens; `code`: a person in a browser. */
  readonly login: 'token' | 'code'
  readonly scopes: readonly string[]
}

/** Of the official service. */
export const officialRealm = 'jottacloud'

/** Where the browser goes back to: the one address that the service knows. */
export const registeredRedirect = { hostname: 'localhost', port: '53682' } as const

const common = ['openid', 'offline_access']
const desktop = { desktop: { login: 'code', scopes: [...common, 'jotta-default'] } } as const
const desktopWindows = { 'desktop-win': { login: 'code', scopes: common } } as const

const realms: Readonly<Record<string, Readonly<Record<string, Client>>>> = {
  [officialRealm]: { jottacli: { login: 'token', scopes: common }, ...desktop },
  elgiganten: desktop,
  elkjop: desktop,
  elko: desktop,
  gigantti: desktop,
  letsgo: desktopWindows,
  mediamarkt: desktop,
  onlime_wl: desktop,
  phonero: desktopWindows,
  comhem: desktop,
  get: desktop,
  telia_se: desktop,
}

export function isRealm(name: string): boolean {
  return Object.hasOwn(realms, name)
}

export function findClient(realm: string, clientId: string): Client | undefined {
  const clients = Object.hasOwn(realms, realm) ? realms[realm] : undefined
  return clients !== undefined && Object.hasOwn(clients, clientId) ? clients[clientId] : undefined
}
