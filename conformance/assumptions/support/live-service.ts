// The real service, with the login that `jotta-s3 login` has made.
import { createTokenSource } from '../../../jotta/token.ts'
import { readTokenFile } from '../../../jotta/token-file.ts'
import { tokenFileOf } from '../../../server/account.ts'
import type { Config } from '../../../server/config.ts'
import type { Service } from './client.ts'

/** Throws, with what to do, when nobody is logged in. */
export async function liveService(config: Config): Promise<Service> {
  const tokenFile = tokenFileOf(config)
  const account = config.account === 'default' ? undefined : config.account
  const login = await readTokenFile(tokenFile, { account })
  const tokens = createTokenSource({ tokenFile, account, tokenUrl: config.tokenUrl })
  return {
    jfsUrl: withSlash(config.jfsUrl),
    apiUrl: withSlash(config.apiUrl),
    wellKnownUrl: wellKnownUrlOf(config.tokenUrl ?? login.tokenUrl),
    // Personal login tokens are for another client than people's browsers are (API 2.3).
    browserClient: login.clientId === 'jottacli' ? 'desktop' : login.clientId,
    accessToken: async (signal) => await tokens.accessToken({ signal }),
  }
}

/** Undefined for a login that is none of OpenID Connect's. */
function wellKnownUrlOf(tokenUrl: string): string | undefined {
  const [, realm] =
    /^(.+\/auth\/realms\/[^/]+)\/protocol\/openid-connect\/token$/.exec(tokenUrl) ?? []
  return realm === undefined ? undefined : `${realm}/.well-known/openid-configuration`
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`
}
