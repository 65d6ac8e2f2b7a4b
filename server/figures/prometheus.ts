// The figures in the text format of Prometheus, through prom-client. Every label comes from a closed list or
// from the settings: no name that a stranger could make up.
// https://prometheus.io/docs/instrumenting/exposition_formats/
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Figures, FiguresSnapshot } from './figures.ts'

export type Exposition = {
  readonly contentType: string
  render(): Promise<string>
}

type Value = number | undefined
type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: Value }
/** Name, what it means, and its values. */
type Metric = readonly [name: string, help: string, read: (figures: FiguresSnapshot) => Sample[]]

/** From a look at a small object to an upload of an hour. */
const buckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]

const counters: readonly Metric[] = [
  [
    'jotta_s3_requests_total',
    'S3 requests by operation, status sent (499: the client went away) and S3 error code.',
    ({ requests }) =>
      requests.map(({ operation, status, code, count }) => ({
        labels: { operation, status: String(status), code },
        value: count,
      })),
  ],
  [
    'jotta_s3_received_bytes_total',
    'Bytes of S3 requests on the wire, heads included.',
    (all) => one(all.receivedBytes),
  ],
  [
    'jotta_s3_sent_bytes_total',
    'Bytes of S3 answers on the wire, heads included.',
    (all) => one(all.sentBytes),
  ],
  [
    'jotta_s3_upstream_requests_total',
    'Requests to Jottacloud by kind and by status, or failed, or aborted.',
    ({ upstream }) =>
      upstream.map(({ kind, outcome, count }) => ({
        labels: { kind, status: String(outcome) },
        value: count,
      })),
  ],
  [
    'jotta_s3_upstream_retries_total',
    'Requests to Jottacloud that repeat one which failed in a way that passes.',
    ({ upstreamRetries }) =>
      upstreamRetries.map(({ kind, count }) => ({ labels: { kind }, value: count })),
  ],
  [
    'jotta_s3_audit_lines_lost_total',
    'Lines that the audit log could not take.',
    (all) => one(all.auditLinesLost),
  ],
  [
    'process_cpu_seconds_total',
    'Total user and system CPU time spent in seconds.',
    (all) => one(all.cpuSeconds),
  ],
]

const gauges: readonly Metric[] = [
  [
    'jotta_s3_build_info',
    'Version of the server and of its runtime; always 1.',
    ({ version, nodeVersion }) => [{ labels: { version, node: nodeVersion }, value: 1 }],
  ],
  ['jotta_s3_requests_in_flight', 'S3 requests under way.', (all) => one(all.inFlight)],
  [
    'jotta_s3_login_ok',
    'Whether the login to Jottacloud works; 0: it takes a new one.',
    perAccount(({ login }) => (login === 'ok' ? 1 : 0)),
  ],
  [
    'jotta_s3_account_used_bytes',
    'Space used in the Jottacloud account, up to some minutes old.',
    perAccount(({ space }) => space?.usedBytes),
  ],
  [
    'jotta_s3_account_capacity_bytes',
    'Space of the Jottacloud account; absent when it has no limit.',
    perAccount(({ space }) => space?.capacityBytes),
  ],
  [
    'jotta_s3_spool_used_bytes',
    'Disk space of bodies and parts that wait for Jottacloud.',
    perAccount(({ spool }) => spool.usedBytes),
  ],
  [
    'jotta_s3_spool_limit_bytes',
    'The most that they may take; past it, uploads are refused.',
    perAccount(({ spool }) => spool.limitBytes),
  ],
  [
    'jotta_s3_multipart_uploads',
    'Multipart uploads that are not finished.',
    perAccount(({ unfinishedUploads }) => unfinishedUploads),
  ],
  [
    'jotta_s3_listings_running',
    'Listings that are being read from Jottacloud to the disk.',
    perAccount(({ listings }) => listings.running),
  ],
  [
    'jotta_s3_listings_used_bytes',
    'Disk space of listings that go on page by page.',
    perAccount(({ listings }) => listings.sizeBytes),
  ],
  [
    'jotta_s3_listings_limit_bytes',
    'The most that they may take.',
    perAccount(({ listings }) => listings.limitBytes),
  ],
  [
    'jotta_s3_event_loop_lag_p99_seconds',
    'How late the event loop is, 99th percentile of the last one to two minutes.',
    (all) => one(all.eventLoopLag.p99Seconds),
  ],
  [
    'jotta_s3_event_loop_lag_max_seconds',
    'How late the event loop was at worst in the last one to two minutes.',
    (all) => one(all.eventLoopLag.maxSeconds),
  ],
  [
    'process_resident_memory_bytes',
    'Resident memory size in bytes.',
    (all) => one(all.residentBytes),
  ],
  [
    'process_start_time_seconds',
    'Start time of the process since unix epoch in seconds.',
    (all) => one(all.startedAt.getTime() / 1000),
  ],
]

/** Listens to the figures for durations, which are kept here; to be called once. */
export function createExposition(figures: Pick<Figures, 'listen' | 'snapshot'>): Exposition {
  const durations = new Registry()
  const requests = new Histogram({
    name: 'jotta_s3_request_duration_seconds',
    help: 'Time from the head of an S3 request to the end of its answer.',
    labelNames: ['operation'],
    buckets,
    registers: [durations],
  })
  const upstream = new Histogram({
    name: 'jotta_s3_upstream_request_duration_seconds',
    help: 'Time until the head of the reply of Jottacloud; of uploads, until the content is sent.',
    labelNames: ['kind'],
    buckets,
    registers: [durations],
  })
  figures.listen({
    onRequest: ({ operation = 'none', ms }) => requests.observe({ operation }, ms / 1000),
    onUpstreamCall: ({ kind, durationMs }) => upstream.observe({ kind }, durationMs / 1000),
  })
  return {
    contentType: durations.contentType,
    async render() {
      const numbers = renderNumbers(await figures.snapshot())
      return `${await numbers.metrics()}\n${await durations.metrics()}`
    },
  }
}

/** What has no value yet, or never has one, is left out: prom-client would show it as 0, which is a value. */
function renderNumbers(figures: FiguresSnapshot): Registry {
  const registry = new Registry()
  for (const [name, help, read] of counters) {
    const samples = samplesOf(read(figures))
    if (samples.length === 0) continue
    const labelNames = Object.keys(samples[0]?.labels ?? {})
    const counter = new Counter({ name, help, labelNames, registers: [registry] })
    for (const { labels, value } of samples) counter.inc(labels, value)
  }
  for (const [name, help, read] of gauges) {
    const samples = samplesOf(read(figures))
    if (samples.length === 0) continue
    const labelNames = Object.keys(samples[0]?.labels ?? {})
    const gauge = new Gauge({ name, help, labelNames, registers: [registry] })
    for (const { labels, value } of samples) gauge.set(labels, value)
  }
  return registry
}

function samplesOf(all: readonly Sample[]) {
  return all.flatMap(({ labels, value }) => (value === undefined ? [] : { labels, value }))
}

function one(value: number): Sample[] {
  return [{ labels: {}, value }]
}

function perAccount(
  read: (account: FiguresSnapshot['accounts'][number]) => Value,
): (figures: FiguresSnapshot) => Sample[] {
  return ({ accounts }) =>
    accounts.map((account) => ({ labels: { account: account.account }, value: read(account) }))
}
