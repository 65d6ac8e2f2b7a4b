// The account: its customer record, its drive and its devices. API 3.1, 3.2, 1.5.
import { z } from 'zod'
import type { CallOptions } from './client.ts'
import type { HttpReply } from './http.ts'
import { JottaError } from './jotta-error.ts'
import { readJson } from './json-reply.ts'
import { parseCount, parseDevice } from './parse-reply.ts'
import { accountUrl } from './path.ts'
import type { Service } from './service.ts'
import type { Customer, Device, Drive } from './wire.ts'
import { readXml, textOf, type XmlElement } from './xml-stream.ts'

/** Only the user name is needed; what else is odd or missing must not keep anyone out. */
const customerFields = z.object({
  username: z
    .string()
    .regex(/^[^/\0]+$/)
    .refine((name) => name !== '.' && name !== '..'),
  email: z.string().optional().catch(undefined),
  name: z.string().optional().catch(undefined),
  account_type: z.string().optional().catch(undefined),
  subscription_type: z.string().optional().catch(undefined),
  usage: z.number().nonnegative().optional().catch(undefined),
  quota: z.number().positive().optional().catch(undefined),
  write_locked: z.boolean().catch(false),
  read_locked: z.boolean().catch(false),
})

/** Far more than any account has. */
const DEVICES_MAX = 10_000

export async function customer(
  service: Pick<Service, 'http' | 'apiUrl'>,
  options: CallOptions,
): Promise<Customer> {
  const request = {
    method: 'GET',
    url: `${service.apiUrl}account/v1/customer`,
    headers: { accept: 'application/json' },
    auth: 'bearer',
    repeat: 'transient',
  } as const
  const fields = await service.http.call(request, options, (reply) =>
    readJson(reply, customerFields),
  )
  return {
    username: fields.username,
    email: fields.email,
    name: fields.name,
    accountType: fields.account_type,
    subscriptionType: fields.subscription_type,
    usageBytes: fields.usage,
    quotaBytes: fields.quota,
    writeLocked: fields.write_locked,
    readLocked: fields.read_locked,
  }
}

export async function drive(service: Service, options: CallOptions): Promise<Drive> {
  const username = await service.username(options)
  const url = accountUrl(service.jfsUrl, [username])
  const request = { method: 'GET', url, auth: 'bearer', repeat: 'transient' } as const
  return await service.http.call(request, options, readDrive)
}

/** `undefined` when there is no such device; the name's case does not matter. */
export async function device(
  service: Service,
  name: string,
  options: CallOptions,
): Promise<Device | undefined> {
  const { devices } = await drive(service, options)
  const wanted = name.toLowerCase()
  return (
    devices.find((each) => each.name === name) ??
    devices.find((each) => each.name.toLowerCase() === wanted)
  )
}

/** Finds it when it exists. Its type is one that clients use for computers (API 1.4). */
export async function createDevice(
  service: Service,
  name: string,
  options: CallOptions,
): Promise<void> {
  const username = await service.username(options)
  const url = accountUrl(service.jfsUrl, [username, name], { type: 'WORKSTATION' })
  const request = { method: 'POST', url, auth: 'bearer', repeat: 'transient' } as const
  await service.http.call(request, options, async () => {})
}

async function readDrive(reply: HttpReply): Promise<Drive> {
  const devices: Device[] = []
  const children: XmlElement[] = []
  for await (const event of readXml(reply.body, ['devices'], reply.subject)) {
    if (event.type !== 'element') continue
    if (event.container === '') children.push(event.element)
    else devices.push(...[parseDevice(event.element) ?? []].flat())
    if (children.length + devices.length > DEVICES_MAX) {
      throw new JottaError('protocol', `${reply.subject}: the drive has too many devices`)
    }
  }
  const root: XmlElement = { name: 'user', attributes: {}, children, text: '' }
  const field = (name: string) => textOf(root, name)?.trim()
  const username = field('username')
  if (username === undefined) {
    throw new JottaError('protocol', `${reply.subject}: the reply is not that of a drive`)
  }
  const capacityBytes = parseCount(field('capacity'))
  const locks = [field('locked'), field('write-locked'), field('quota-write-locked')]
  return {
    username,
    accountType: field('account-type'),
    usageBytes: parseCount(field('usage')) ?? 0,
    capacityBytes: capacityBytes === 0 ? undefined : capacityBytes,
    writeLocked: locks.includes('true'),
    readLocked: field('read-locked') === 'true',
    devices,
  }
}
