// What answers say of the lifecycle: when an object expires, and when an upload is given up.
import { readKept } from '../../../translate/bucket-configuration.ts'
import {
  type AgingObject,
  abortOf,
  expirationOf,
  type LifecycleRule,
  lifecycleConfiguration,
} from '../../../translate/lifecycle-rules.ts'
import type { Services } from '../../operation.ts'
import { encodePercent } from '../../percent.ts'
import { renderHttpDate } from './times.ts'

/** `x-amz-expiration`, where a rule is about the object. */
export async function expirationHeader(
  { bridge }: Pick<Services, 'bridge'>,
  bucket: string,
  object: AgingObject,
): Promise<Record<string, string>> {
  const due = expirationOf(await rulesOf(bridge, bucket), object)
  if (due === undefined) return {}
  const date = renderHttpDate(due.date)
  const id = encodePercent(due.rule.id)
  return { 'x-amz-expiration': `expiry-date="${date}", rule-id="${id}"` }
}

/** `x-amz-abort-date` and its rule, where one is about the upload. */
export async function abortHeaders(
  { bridge }: Pick<Services, 'bridge'>,
  bucket: string,
  upload: { readonly key: string; readonly initiated: Date },
): Promise<Record<string, string>> {
  const due = abortOf(await rulesOf(bridge, bucket), upload)
  if (due === undefined) return {}
  return {
    'x-amz-abort-date': renderHttpDate(due.date),
    'x-amz-abort-rule-id': encodePercent(due.rule.id),
  }
}

async function rulesOf(
  bridge: Services['bridge'],
  bucket: string,
): Promise<readonly LifecycleRule[]> {
  const configurations = await bridge.bucketConfigurations(bucket)
  try {
    return readKept(configurations, lifecycleConfiguration)?.rules ?? []
  } catch {
    // Rules that cannot be read are not carried out, so nothing expires; the job tells the operator.
    return []
  }
}
