// The services that run on Jottacloud: the official one and its white-label sisters (API 2.3). They
// share the file and JSON hosts; what differs is where a person logs in, and as which client.

export type Service = {
  /** What `--service` takes. */
  readonly key: string
  readonly displayName: string
  readonly domain: string
  readonly realm: string
  readonly clientId: string
  readonly scope: string
}

const desktop = { clientId: 'desktop', scope: 'openid jotta-default offline_access' } as const
const desktopWindows = { clientId: 'desktop-win', scope: 'openid offline_access' } as const

const rows = [
  ['jottacloud', 'Jottacloud', 'id.jottacloud.com', 'jottacloud', desktop],
  ['elgiganten_dk', 'Elgiganten Cloud (Denmark)', 'cloud.elgiganten.dk', 'elgiganten', desktop],
  ['elgiganten_se', 'Elgiganten Cloud (Sweden)', 'cloud.elgiganten.se', 'elgiganten', desktop],
  ['elkjop', 'Elkjøp Cloud (Norway)', 'cloud.elkjop.no', 'elkjop', desktop],
  ['elko', 'ELKO Cloud (Iceland)', 'cloud.elko.is', 'elko', desktop],
  ['gigantti', 'Gigantti Cloud (Finland)', 'cloud.gigantti.fi', 'gigantti', desktop],
  ['letsgo', "Let's Go Cloud (Germany)", 'letsgo.jotta.cloud', 'letsgo', desktopWindows],
  [
    'mediamarkt',
    'MediaMarkt Cloud (Multiregional)',
    'mediamarkt.jottacloud.com',
    'mediamarkt',
    desktop,
  ],
  ['onlime', 'Onlime (Denmark)', 'cloud-auth.onlime.dk', 'onlime_wl', desktop],
  ['phonero', 'Phonero Sky', 'sky.phonero.no', 'phonero', desktopWindows],
  ['tele2', 'Tele2 Cloud (Sweden)', 'mittcloud-auth.tele2.se', 'comhem', desktop],
  ['telia_no', 'Telia Sky (Norway)', 'sky-auth.telia.no', 'get', desktop],
  ['telia_se', 'Telia Cloud (Sweden)', 'cloud-auth.telia.se', 'telia_se', desktop],
] as const

export const services: readonly Service[] = rows.map(
  ([key, displayName, domain, realm, client]) => ({ key, displayName, domain, realm, ...client }),
)

export function findService(key: string): Service | undefined {
  return services.find((service) => service.key === key)
}

/** The discovery document, on the service's own domain or below another origin that plays it. */
export function wellKnownUrlOf({ domain, realm }: Service, serviceUrl?: string): string {
  const origin = serviceUrl?.replace(/\/+$/, '') ?? `https://${domain}`
  return `${origin}/auth/realms/${realm}/.well-known/openid-configuration`
}
