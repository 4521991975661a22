import { SluiceError } from '../errors.ts'
import type { KeyRecord } from './key.ts'
import type { FoundKey, KeyTable } from './keys.ts'

/** What keys are turned into before anything keeps them. */
export interface KeyDigest {
  /** A cryptographic hash: what a key is remembered by in memory. */
  fingerprint(key: string): string
  /**
   * HMAC with the server's secret: what a key is stored by. Throws `SluiceError` `log_unavailable` when there
   * is no secret, unless `mayMake` lets one be made.
   */
  mac(text: string, mayMake: boolean): string
}

/** What a new key is to be. */
export type KeySpec = Omit<KeyRecord, 'id' | 'createdAt' | 'revokedAt'>

/** A key in the moment in which it is made: the only one in which it can be seen. */
export interface IssuedKey {
  /** `sk-sluice-` or `sk-sluice-admin-`, and 256 random bits in base64url. */
  readonly key: string
  readonly record: KeyRecord
}

const FORM = /^sk-sluice-(?:admin-)?[A-Za-z0-9_-]{43}$/

/** What the secret's mark is made from; no key looks like this. */
const MARKED = 'sluice'

/** What every key of ours starts with. */
export const KEY_PREFIX = 'sk-sluice-'

/**
 * The keys as one deals with them: issued, looked up by what a caller shows, revoked. What is stored is an
 * HMAC, so neither the ledger nor a copy of it lets anybody in. Each method throws `SluiceError`
 * `log_unavailable` when the ledger cannot be used.
 */
export class KeyBook {
  readonly #table: KeyTable
  readonly #digest: KeyDigest
  readonly #now: () => number
  #isSecretRight = false

  /** `now`: milliseconds since 1970. */
  constructor(table: KeyTable, digest: KeyDigest, now: () => number) {
    this.#table = table
    this.#digest = digest
    this.#now = now
  }

  /** Whether another process can change it. */
  get isShared(): boolean {
    return this.#table.isShared
  }

  /** Whether there was ever a key. */
  get isEmpty(): boolean {
    return guarded(() => this.#table.isEmpty)
  }

  /** Whether anything may have changed since the last call. */
  hasChanged(): boolean {
    return guarded(() => this.#table.hasChanged())
  }

  /** What this text would be remembered by, or undefined when it cannot be a key: of that nothing is hashed. */
  fingerprint(key: string): string | undefined {
    return FORM.test(key) ? this.#digest.fingerprint(key) : undefined
  }

  /** The key that this text is; revoked and expired ones too. */
  lookUp(key: string): FoundKey | undefined {
    if (!FORM.test(key)) return undefined
    return guarded(() => {
      this.checkSecret()
      return this.#table.findByHash(this.#digest.mac(key, false))
    })
  }

  /** What a key is stored by: it stands for the key where the key itself must not. */
  storedAs(key: string): string | undefined {
    return FORM.test(key) ? this.#digest.mac(key, false) : undefined
  }

  /** The key that is stored by this; revoked and expired ones too. */
  findStored(hash: string): FoundKey | undefined {
    return guarded(() => this.#table.findByHash(hash))
  }

  find(id: string): KeyRecord | undefined {
    return guarded(() => this.#table.find(id))
  }

  /** All keys, oldest first, revoked ones too. */
  list(): readonly KeyRecord[] {
    return guarded(() => this.#table.list())
  }

  /** Ids of revoked keys. */
  revoked(): ReadonlySet<string> {
    return guarded(() => this.#table.revoked())
  }

  /** Makes a key. */
  create(spec: KeySpec): IssuedKey {
    const record: KeyRecord = { ...spec, id: `key_${randomText(12, 'hex')}`, createdAt: this.#now() }
    const key = newKey(record)
    guarded(() => {
      this.checkSecret()
      this.#table.create(record, this.#digest.mac(key, true), this.#digest.mac(MARKED, true))
    })
    return { key, record }
  }

  /** Ends a key, for good. Undefined: there is none with this id. */
  revoke(id: string): KeyRecord | undefined {
    return guarded(() => {
      if (this.#table.find(id) !== undefined) this.#table.revoke(id, this.#now())
      return this.#table.find(id)
    })
  }

  /**
   * Gives a key another secret; id, limits and streams stay. The old one is good for `overlapMs` more.
   * Undefined: there is none with this id. Throws `conflict` for one that is revoked.
   */
  rotate(id: string, overlapMs: number): IssuedKey | undefined {
    const record = this.find(id)
    if (record === undefined) return undefined
    if (record.revokedAt !== undefined) throw new SluiceError('conflict', 'This key is revoked; create another')
    const key = newKey(record)
    guarded(() => {
      this.checkSecret()
      this.#table.rotate(id, this.#digest.mac(key, false), this.#now() + overlapMs)
    })
    return { key, record }
  }

  /** Throws when the keys were made with another secret than the one there is: not one of them would be known. */
  checkSecret(): void {
    if (this.#isSecretRight) return
    const mark = guarded(() => this.#table.secretMark)
    if (mark === undefined) return
    if (this.#digest.mac(MARKED, false) !== mark) {
      throw new SluiceError(
        'log_unavailable',
        'The keys were made with another secret: bring back the file "secret" beside ledger.db, or SLUICE_SECRET',
      )
    }
    this.#isSecretRight = true
  }
}

function newKey({ scope }: KeyRecord): string {
  return `${KEY_PREFIX}${scope === 'admin' ? 'admin-' : ''}${randomText(32, 'base64url')}`
}

function randomText(bytes: number, spelling: 'hex' | 'base64url'): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString(spelling)
}

/** What SQLite says is for the operator's log, not for whoever asked. */
function guarded<T>(use: () => T): T {
  try {
    return use()
  } catch (thrown) {
    if (thrown instanceof SluiceError) throw thrown
    throw new SluiceError('log_unavailable', 'The keys cannot be read now', { cause: thrown, retryAfterMs: 1_000 })
  }
}
