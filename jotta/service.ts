// What the methods of the client share: where the service is, who the user is, and how to ask for
// something at a location.
import type { CallOptions, Location } from './client.ts'
import type { Environment, Http, HttpRequest } from './http.ts'
import { locationUrl } from './path.ts'

export type Service = {
  readonly http: Http
  /** Both end in a slash. */
  readonly jfsUrl: string
  readonly apiUrl: string
  readonly environment: Environment
  /** The account's internal name, which every JFS path begins with (API 1.2). Asked for once. */
  readonly username: (options: CallOptions) => Promise<string>
}

export type LocationRequest = Pick<
  HttpRequest,
  'method' | 'repeat' | 'headers' | 'answers' | 'patience'
> &
  NonNullable<Parameters<typeof locationUrl>[3]>

export async function requestAt(
  service: Service,
  location: Location,
  options: CallOptions,
  { query, ...request }: LocationRequest,
): Promise<HttpRequest> {
  const username = await service.username(options)
  const url = locationUrl(service.jfsUrl, username, location, query && { query })
  return { ...request, url, auth: 'bearer' }
}

const defaultJfsUrl = 'https://jfs.jottacloud.com/jfs/'
const defaultApiUrl = 'https://api.jottacloud.com/'

/** Throws TypeError when it is no URL; so does `apiBaseUrl`. */
export function jfsBaseUrl(given: string | undefined): string {
  return baseUrl(given ?? defaultJfsUrl)
}

export function apiBaseUrl(given: string | undefined): string {
  return baseUrl(given ?? defaultApiUrl)
}

function baseUrl(text: string): string {
  const url = new URL(text)
  url.search = ''
  url.hash = ''
  return url.href.endsWith('/') ? url.href : `${url.href}/`
}
