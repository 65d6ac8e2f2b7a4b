// Mountpoints of a device: list, create, remove. API 1.4, 1.5, 3.3.
import type { CallOptions } from './client.ts'
import { JottaError } from './jotta-error.ts'
import { isDeleted, parseMountpoint } from './parse-reply.ts'
import { accountUrl } from './path.ts'
import { requestAt, type Service } from './service.ts'
import type { Mountpoint } from './wire.ts'
import { readXml } from './xml-stream.ts'

const MOUNTPOINTS_MAX = 100_000

/** The live ones; `undefined` when there is no such device. */
export async function mountpoints(
  service: Service,
  device: string,
  options: CallOptions,
): Promise<Mountpoint[] | undefined> {
  const url = accountUrl(service.jfsUrl, [await service.username(options), device])
  const request = {
    method: 'GET',
    url,
    auth: 'bearer',
    repeat: 'transient',
    answers: [404],
  } as const
  return await service.http.call(request, options, async (reply) => {
    if (reply.status === 404) return undefined
    const found: Mountpoint[] = []
    for await (const event of readXml(reply.body, ['mountPoints'], reply.subject)) {
      if (event.type === 'open' && event.container === '') {
        if (event.element.name !== 'device') {
          throw new JottaError('protocol', `${reply.subject}: the reply is not that of a device`)
        }
        if (isDeleted(event.element)) return undefined
      }
      if (event.type !== 'element' || event.container !== 'mountPoints') continue
      const mountpoint = parseMountpoint(event.element)
      if (mountpoint !== undefined) found.push(mountpoint)
      if (found.length > MOUNTPOINTS_MAX) {
        throw new JottaError('protocol', `${reply.subject}: the device has too many mountpoints`)
      }
    }
    return found
  })
}

/**
 * Creates or finds, and makes sure that it is live afterwards. Throws JottaError `conflict` on the
 * built-in device, where a mountpoint would be one that the owner cannot see.
 */
export async function createMountpoint(
  service: Service,
  device: string,
  name: string,
  options: CallOptions,
): Promise<void> {
  refuseBuiltIn(device)
  const place = { device, mountpoint: name, path: [] }
  // What the first does where one of that name is in the trash is not known; mkDir revives names.
  for (const query of [{}, { mkDir: 'true' }]) {
    const request = await requestAt(service, place, options, {
      method: 'POST',
      repeat: 'transient',
      ...(query.mkDir !== undefined && { query }),
    })
    await service.http.call(request, options, async () => {})
    const live = (await mountpoints(service, device, options)) ?? []
    if (live.some((each) => each.name.toLowerCase() === name.toLowerCase())) return
  }
  throw new JottaError('protocol', `the new mountpoint ${device}/${name} is not listed`)
}

/** Never on the built-in device: that would be the owner's Archive. Throws JottaError `conflict`. */
export async function removeMountpoint(
  service: Service,
  device: string,
  name: string,
  mode: 'trash' | 'permanent',
  options: CallOptions,
): Promise<'removed' | 'missing'> {
  refuseBuiltIn(device)
  const request = await requestAt(service, { device, mountpoint: name, path: [] }, options, {
    method: 'POST',
    query: mode === 'trash' ? { dl: 'true' } : { rm: 'true' },
    repeat: 'transient',
    answers: [404],
    patience: 'long',
  })
  return await service.http.call(request, options, async (reply) =>
    reply.status === 404 && !reply.isRepeated ? 'missing' : 'removed',
  )
}

function refuseBuiltIn(device: string): void {
  if (device.toLowerCase() !== 'jotta') return
  throw new JottaError('conflict', 'mountpoints of the built-in device Jotta are left alone')
}
