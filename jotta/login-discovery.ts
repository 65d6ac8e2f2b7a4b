// The discovery document of a login service: where its endpoints are. API 2.1, 2.3.
import { z } from 'zod'
import type { CallOptions } from './client.ts'
import type { Http } from './http.ts'
import { readJson } from './json-reply.ts'
import { isPrivateUrl } from './url-rule.ts'

export type Endpoints = {
  readonly tokenUrl: string
  readonly authUrl: string | undefined
}

const document = z.object({
  token_endpoint: z.string().refine(isPrivateUrl),
  authorization_endpoint: z.string().refine(isPrivateUrl).optional(),
})

/** Throws JottaError `protocol` also for endpoints where tokens could be read on the way. */
export async function discover(
  http: Http,
  wellKnownUrl: string,
  options: CallOptions,
): Promise<Endpoints> {
  const request = { method: 'GET', url: wellKnownUrl, auth: 'none', repeat: 'transient' } as const
  const found = await http.call(request, options, (reply) => readJson(reply, document))
  return { tokenUrl: found.token_endpoint, authUrl: found.authorization_endpoint }
}
