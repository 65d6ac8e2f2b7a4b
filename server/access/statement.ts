// What a policy is once it is parsed, whoever wrote it: the policy of a bucket, the limits of an access key
// or an ACL. Types only.

export type Effect = 'Allow' | 'Deny'

/** Whom a statement names. */
export type PrincipalPattern =
  | { readonly kind: 'everyone' }
  /** Everyone who signed with some key. */
  | { readonly kind: 'authenticated' }
  /** All keys of an owner. */
  | { readonly kind: 'owner'; readonly id: string }
  /** One key by its name; of whatever owner when none is given. */
  | { readonly kind: 'key'; readonly name: string; readonly ownerId: string | undefined }

/** `not`: everything but these. */
export type Matcher<T> = { readonly not: boolean; readonly patterns: readonly T[] }

export type SetOperator = 'ForAnyValue' | 'ForAllValues'

export type Condition = {
  readonly operator: string
  readonly set: SetOperator | undefined
  readonly ifExists: boolean
  /** In lower case, but for what follows a slash. */
  readonly key: string
  readonly values: readonly string[]
}

export type Statement = {
  readonly effect: Effect
  /** `undefined`: about whoever the statement is attached to. */
  readonly principals: Matcher<PrincipalPattern> | undefined
  /** In lower case, with wildcards. */
  readonly actions: Matcher<string>
  /** ARNs with wildcards and, when `variables` are on, `${…}`. */
  readonly resources: Matcher<string>
  readonly conditions: readonly Condition[]
  /** Whether `${…}` is a variable: of policies of version 2012-10-17. */
  readonly variables: 'on' | 'off'
}

/** Who asks. `undefined` stands for a request that nobody signed. */
export type Principal = {
  readonly name: string
  readonly ownerId: string
}

export type PolicyRequest = {
  readonly principal: Principal | undefined
  /** `s3:GetObject` */
  readonly action: string
  /** `arn:aws:s3:::bucket/key` */
  readonly resource: string
  /** The values of a condition key (spelt as in `Condition`); `undefined` when the request has none. */
  readonly context: (key: string) => readonly string[] | undefined
}

export type Decision = 'allow' | 'deny' | 'none'
