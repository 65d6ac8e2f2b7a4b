// `/emulator/faults`: faults from outside the process. Only when the emulator was started with it: it
// asks nobody who they are.
import { type Call, type Context, jsonReply, type Reply } from '../context.ts'
import { invalidArgument } from '../emulator-error.ts'
import type { Hold, Match, Rule } from '../faults.ts'
import { checkSwitches } from '../options.ts'
import { readText } from './body.ts'
import { wellKnownPath } from './openid-paths.ts'

export type Admin = (context: Context, call: Call) => Promise<Reply>

const actions = ['clear', 'dropPartials', 'expireAccessTokens', 'staleRefreshTokens'] as const

/** Numbers that a rule of each kind must have, and words it may have. */
const ruleNumbers: Readonly<Record<Rule['kind'], readonly string[]>> = {
  fail: ['status'],
  cut: [],
  cutUpload: ['afterBytes'],
  cutDownload: ['afterBytes'],
  stallUpload: ['afterBytes'],
  stallDownload: ['afterBytes'],
  corruptDownload: ['atByte'],
  shortListing: ['entries'],
  spoilListing: [],
  delayVisibility: ['gets'],
  showState: [],
}
const ruleWords: Readonly<Record<string, readonly string[]>> = {
  when: ['before', 'after'],
  state: ['ADDED', 'PROCESSING', 'INCOMPLETE', 'CORRUPT'],
  how: ['cut', '420', 'no-stats', 'wrong-stats', 'truncated'],
}

/**
 * GET answers the log of requests. POST takes `{"add": [rules], "set": {switches}, "do": [actions],
 * "hold": {"id", "match"}, "release": "id", "loginToken": true}`, all optional, as faults.ts has them.
 */
export function createAdmin(): Admin {
  const holds = new Map<string, Hold>()
  return async (context, call) => {
    if (call.method !== 'POST') return jsonReply({ requests: context.faults.requests })
    const order = parse(await readText(call))
    const rules = Array.isArray(order.add) ? order.add.map(parseRule) : []
    if (order.set !== undefined) setSwitches(context, objectOf(order.set))
    for (const rule of rules) context.faults.add(rule)
    const wanted: readonly unknown[] = Array.isArray(order.do) ? order.do : []
    for (const action of actions) if (wanted.includes(action)) context.faults[action]()
    if (order.hold !== undefined) {
      const { id, match } = objectOf(order.hold)
      holds.set(String(id), context.faults.hold(parseMatch(match)))
    }
    if (order.release !== undefined) holds.get(String(order.release))?.release()
    const wellKnown = `${call.baseUrl}${wellKnownPath}`
    return jsonReply(
      order.loginToken === true ? { loginToken: context.identity.mintLoginToken(wellKnown) } : {},
    )
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(text))
  } catch (cause) {
    throw invalidArgument(`The body is not a JSON object: ${String(cause)}`)
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgument('An object is expected')
  }
  return { ...value }
}

function setSwitches(context: Context, values: Readonly<Record<string, unknown>>): void {
  try {
    context.faults.set(checkSwitches(values))
  } catch (error) {
    if (error instanceof RangeError) throw invalidArgument(error.message)
    throw error
  }
}

function parseRule(value: unknown): Rule {
  const rule = objectOf(value)
  const kind = Object.keys(ruleNumbers).find((name) => name === rule.kind)
  if (kind === undefined) throw invalidArgument(`The kind of fault ${String(rule.kind)} is unknown`)
  const needed = Object.entries(ruleNumbers).find(([name]) => name === kind)?.[1] ?? []
  const numbers = [
    'count',
    'retryAfterSeconds',
    'status',
    'afterBytes',
    'atByte',
    'gets',
    'entries',
    'dripEveryMs',
  ]
  for (const name of numbers) {
    if (rule[name] === undefined && !needed.includes(name)) continue
    if (!Number.isSafeInteger(rule[name])) throw invalidArgument(`${name} takes a whole number`)
  }
  for (const [name, words] of Object.entries(ruleWords)) {
    if (rule[name] === undefined || words.includes(String(rule[name]))) continue
    throw invalidArgument(`${name} takes one of ${words.join(', ')}`)
  }
  if (kind === 'showState' && rule.state === undefined) throw invalidArgument('state is missing')
  if (kind === 'spoilListing' && rule.how === undefined) throw invalidArgument('how is missing')
  // Every field that a rule of this kind has was checked above.
  return { ...rule, match: parseMatch(rule.match) } as Rule
}

function parseMatch(value: unknown): Match {
  const match = value === undefined ? {} : objectOf(value)
  for (const [name, wanted] of Object.entries(match)) {
    if (!['method', 'operation', 'pathPrefix'].includes(name) || typeof wanted !== 'string') {
      throw invalidArgument(`${name} is not something to match`)
    }
  }
  return match
}
