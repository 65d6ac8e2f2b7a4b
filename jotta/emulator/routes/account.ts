// What the account says of itself: customer, drive and devices (API 3).
import { type Context, jsonReply, type Reply, xmlReply } from '../context.ts'
import { childMountpointXml, deviceXml, rootAttributes } from '../render.ts'
import { type Use, useOfMountpoint } from '../revisions.ts'
import { accountNode } from '../schema.ts'
import { type Node, nodeColumns, toNode } from '../tree.ts'
import { attributes, element, xmlDeclaration } from '../xml.ts'

const noUse: Use = { bytes: 0, modified: null }

export function customerReply(context: Context): Reply {
  const { username, revisions, switches } = context
  return jsonReply({
    username,
    email: 'owner@example.test',
    name: 'Owner',
    country_code: 'NO',
    language_code: 'en',
    customer_group_code: 'CG1',
    brand_code: 'jotta',
    account_type: 'paid',
    subscription_type: switches.capacityBytes < 0 ? 'UNLIMITED' : 'LIMITED',
    usage: revisions.usageBytes(),
    quota: switches.capacityBytes < 0 ? -1 : switches.capacityBytes,
    business_usage: 0,
    business_quota: 0,
    write_locked: switches.writeLock === 'on',
    read_locked: false,
    locked_cause: null,
    web_hash: '',
    android_hash: '',
    ios_hash: '',
  })
}

export function userinfoReply({ username }: Context): Reply {
  return jsonReply({
    sub: `f:jottacloud:${username}`,
    preferred_username: username,
    username,
    email: 'owner@example.test',
    email_verified: true,
    realm: 'jottacloud',
    name: 'Owner',
    given_name: 'Owner',
    family_name: '',
  })
}

export function driveReply(context: Context): Reply {
  const { tree, revisions, switches, username } = context
  const devices = childrenOf(context, accountNode).map(
    (device) => `<device>${deviceXml(device, useOfDevice(context, device))}</device>`,
  )
  const limited = switches.capacityBytes >= 0
  return xmlReply(
    `${xmlDeclaration}<user${attributes(rootAttributes(tree.nowMs()))}>${element('username', username)}` +
      `${element('account-type', limited ? 'paid' : 'unlimited')}${element('locked', false)}` +
      `${element('capacity', limited ? switches.capacityBytes : -1)}` +
      `${element('max-devices', -1)}${element('max-mobile-devices', -1)}` +
      `${element('usage', revisions.usageBytes())}${element('read-locked', false)}` +
      `${element('write-locked', switches.writeLock === 'on')}` +
      `${element('quota-write-locked', revisions.isOverQuota())}` +
      `${element('enable-sync', true)}${element('enable-foldershare', true)}` +
      `<devices>${devices.join('')}</devices></user>`,
  )
}

/** A fresh device has no list of mountpoints (API 3.3). Throws 404. */
export function deviceReply(context: Context, names: readonly string[], status = 200): Reply {
  const device = context.tree.mustFind(names, 'any')
  const path = `/${context.username}/${device.name}`
  const mountpoints = childrenOf(context, device.id).map((mountpoint) =>
    childMountpointXml(mountpoint, useOfMountpoint(context.store, mountpoint.id), path),
  )
  if (device.deviceType === 'JOTTA' && context.switches.trashMountpoint === 'listed') {
    mountpoints.push(childMountpointXml({ name: 'Trash', deleted: null }, noUse, path))
  }
  const count = String(mountpoints.length)
  const listing =
    mountpoints.length === 0 || status === 201
      ? ''
      : `<mountPoints>${mountpoints.join('')}</mountPoints>`
  const counts = attributes({ first: '', max: '', total: count, num_mountpoints: count })
  return xmlReply(
    `${xmlDeclaration}<device${attributes(rootAttributes(context.tree.nowMs()))}>` +
      `${deviceXml(device, useOfDevice(context, device))}${element('user', context.username)}` +
      `${listing}<metadata${counts}/></device>`,
    status,
  )
}

function childrenOf({ store }: Context, parent: number): Node[] {
  return store
    .all(
      `SELECT ${nodeColumns} FROM nodes n WHERE parent = ? AND kind IN ('device', 'mountpoint') ORDER BY id`,
      parent,
    )
    .map(toNode)
}

function useOfDevice(context: Context, device: Node): Use {
  const uses = childrenOf(context, device.id).map(({ id }) => useOfMountpoint(context.store, id))
  const times = uses.map(({ modified }) => modified ?? Number.NEGATIVE_INFINITY)
  const modified = Math.max(...times, Number.NEGATIVE_INFINITY)
  return {
    bytes: uses.reduce((sum, { bytes }) => sum + bytes, 0),
    modified: Number.isFinite(modified) ? modified : null,
  }
}
