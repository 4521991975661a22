/** What a key may do: call models, or see and change everything. An admin key cannot call models. */
export type KeyScope = 'caller' | 'admin'

/** Money that may be spent in a period. */
export interface KeyBudget {
  /** Whole billionths of a US dollar. */
  readonly nanoDollars: number
  /** Calendar day or month in UTC; `total` never begins anew. */
  readonly period: 'day' | 'month' | 'total'
}

/** What a key may use. What is left out is not limited. */
export interface KeyLimits {
  readonly requestsPerMinute?: number | undefined
  readonly tokensPerMinute?: number | undefined
  /** Streams at the same time. */
  readonly maxConcurrent?: number | undefined
  readonly budget?: KeyBudget | undefined
}

/** A key as the ledger knows it. The key itself is kept nowhere, only its HMAC. */
export interface KeyRecord {
  /** Public: it names the key in logs, metrics and lists, and owns the key's streams. */
  readonly id: string
  readonly name: string
  readonly scope: KeyScope
  /** Names of models, or beginnings that end in `*`; undefined: all. */
  readonly models?: readonly string[] | undefined
  readonly limits: KeyLimits
  /** As `X-Stream-On-Disconnect` says it; the server's own unless told. */
  readonly onDisconnect?: string | undefined
  /** Keys that name the same pool share cached answers; undefined: this key's alone. */
  readonly cachePool?: string | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** Milliseconds since 1970. */
  readonly expiresAt?: number | undefined
  /** Milliseconds since 1970. */
  readonly revokedAt?: number | undefined
}
