// The page that Prometheus reads. It is there only when a token is set, and only for whoever brings it: the
// address of a caller proves nothing, since behind a proxy everyone comes from the proxy's.
import { finished } from 'node:stream/promises'
import type { Context } from 'koa'
import type { Exposition } from './figures/prometheus.ts'
import { isBodyLeft } from './reply.ts'
import { isSame } from './signer.ts'

export type MetricsPage = Exposition & {
  /** What `Authorization: Bearer` must bring. */
  readonly token: string
}

export const metricsPath = '/-/metrics'

export async function sendMetrics(ctx: Context, page: MetricsPage): Promise<void> {
  const [, token] = /^Bearer +(\S+) *$/i.exec(ctx.get('Authorization')) ?? []
  const isKnown = token !== undefined && isSame(page.token, token)
  const text = isKnown
    ? await page.render()
    : 'This page needs the metricsToken as a bearer token.\n'
  ctx.respond = false
  ctx.status = isKnown ? 200 : 401
  if (!isKnown) ctx.set('WWW-Authenticate', 'Bearer realm="metrics"')
  ctx.set('Content-Type', isKnown ? page.contentType : 'text/plain; charset=utf-8')
  ctx.set('Cache-Control', 'no-store')
  ctx.set('Content-Length', String(Buffer.byteLength(text)))
  if (isBodyLeft(ctx.req)) ctx.set('Connection', 'close')
  ctx.res.end(ctx.method === 'HEAD' ? undefined : text)
  await finished(ctx.res, { readable: false })
}
