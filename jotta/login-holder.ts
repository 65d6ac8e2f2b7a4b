// Whose login it is. Paths at Jottacloud name the account, but uploads do not: a token of somebody else must
// not even be tried.
import { customer } from './account.ts'
import type { CallOptions } from './client.ts'
import { apiBaseUrl } from './service.ts'
import { createStaticTokenSource } from './token.ts'
import { createTokenHttp, type TokenHttpOptions } from './token-grant.ts'

/** The account that a login has to be of. */
export type LoginHolder = {
  /** Defaults to that of the real service. */
  readonly apiUrl?: string | undefined
  /** By the user name that Jottacloud gives the account, which never changes. */
  isExpected(username: string): Promise<boolean>
}

/** Asks the service. Throws JottaError `unauthorized` when it refuses the token. */
export async function isOfHolder(
  accessToken: string,
  holder: LoginHolder,
  options: CallOptions & { readonly http?: TokenHttpOptions | undefined },
): Promise<boolean> {
  const http = createTokenHttp({ ...options.http, tokens: createStaticTokenSource(accessToken) })
  try {
    const { username } = await customer({ http, apiUrl: apiBaseUrl(holder.apiUrl) }, options)
    return await holder.isExpected(username)
  } finally {
    await http.close()
  }
}
