// Requests for listings, as they arrive: one folder, or everything below one. API 4.2, 4.7.
import type { Readable } from 'node:stream'
import type { CallOptions, Location } from './client.ts'
import { type OpenListing, readFolderListing, readTreeListing } from './read-listing.ts'
import { requestAt, type Service } from './service.ts'
import type { Entry, TreeEntry } from './wire.ts'

/** See JottaClient.list. */
export async function* list(
  service: Service,
  location: Location,
  options: CallOptions,
): AsyncGenerator<Entry, void, undefined> {
  const listing = await openListing(service, location, 'folder', options)
  try {
    for await (const entries of readFolderListing(listing)) yield* entries
  } finally {
    listing.bytes.destroy()
  }
}

/** See JottaClient.listTree. */
export async function* listTree(
  service: Service,
  location: Location,
  options: CallOptions,
): AsyncGenerator<TreeEntry, void, undefined> {
  const listing = await openListing(service, location, 'tree', options)
  try {
    for await (const entries of readTreeListing(listing)) yield* entries
  } finally {
    listing.bytes.destroy()
  }
}

/** See JottaClient.openListing. */
export async function openListing(
  service: Service,
  location: Location,
  kind: 'folder' | 'tree',
  options: CallOptions,
): Promise<OpenListing<Readable>> {
  const request = await requestAt(service, location, options, {
    method: 'GET',
    repeat: 'transient',
    ...(kind === 'tree' && { query: { mode: 'liststream' }, patience: 'long' as const }),
  })
  const { body, subject } = await service.http.open(request, options)
  return { bytes: body, subject, rootSegments: 1 + location.path.length }
}
