import type { Clock } from '../clock.ts'
import { SluiceError } from '../errors.ts'
import { KEY_PREFIX, type KeyBook } from '../ledger/key-book.ts'
import type { KeyRecord } from '../ledger/key.ts'
import type { FoundKey } from '../ledger/keys.ts'

/** How often another process's changes are looked for, in milliseconds. */
const LOOK_MS = 500
/** What is known is believed for so long while the ledger cannot be read, in milliseconds; then nobody gets in. */
const BELIEVED_MS = 5_000
/** Keys that are remembered; beyond, the one looked up first is forgotten. */
const MOST_REMEMBERED = 10_000

/**
 * The keys of a running gateway: what a caller shows is looked up once and then known until something
 * changes, here or in another process. Fails closed: a ledger that cannot be read lets nobody in.
 */
export class Keys {
  readonly book: KeyBook
  readonly #clock: Clock
  #onChange: () => void = () => {}
  /** By the fingerprint of the whole key, never by a part of it. */
  readonly #known = new Map<string, FoundKey>()
  #revoked: ReadonlySet<string> = new Set()
  #isRequired = false
  /** Something changed that was not taken note of yet. */
  #isOutdated = false
  #lookedAt = Number.NEGATIVE_INFINITY
  #stop: (() => void) | undefined

  /** Looks at the ledger at once; throws `log_unavailable` when it cannot be read, or not with our secret. */
  constructor(book: KeyBook, clock: Clock) {
    this.book = book
    this.#clock = clock
    this.look()
    // Better not to start than to refuse everybody.
    if (this.#isRequired) book.checkSecret()
  }

  /** Whether every request needs a key: there is one, or there was. Throws `log_unavailable`. */
  get isRequired(): boolean {
    this.#refresh()
    return this.#isRequired
  }

  /** Looks for changes of other processes from now on, until `stop`; `onChange` is called after each change, also of ours. */
  watch(onChange: () => void): void {
    this.#onChange = onChange
    if (this.book.isShared) this.#later()
  }

  stop(): void {
    this.#stop?.()
  }

  /** Takes note of what changed. Throws `log_unavailable`. */
  look(): void {
    if (this.book.hasChanged()) this.#isOutdated = true
    if (this.#isOutdated) {
      // Never back: with its last key revoked a gateway is closed, not open.
      if (!this.#isRequired) this.#isRequired = !this.book.isEmpty
      this.#revoked = this.book.revoked()
      this.#known.clear()
      this.#isOutdated = false
      this.#onChange()
    }
    this.#lookedAt = this.#clock.now()
  }

  /** Makes, revokes or rotates keys; what comes of it holds at once. Throws what `change` throws. */
  change<T>(change: (book: KeyBook) => T): T {
    try {
      return change(this.book)
    } finally {
      this.look()
    }
  }

  /** The key that a caller shows. Throws `invalid_api_key`, `key_revoked`, `log_unavailable`. */
  admit(shown: string): KeyRecord {
    this.#refresh()
    return this.#allowed(this.#find(shown))
  }

  /** The key that is stored by this; a session has it in place of the key. Throws as `admit` does. */
  admitStored(hash: string): KeyRecord {
    this.#refresh()
    return this.#allowed(this.book.findStored(hash))
  }

  #allowed(found: FoundKey | undefined): KeyRecord {
    const now = this.#clock.date()
    if (found === undefined || (found.until !== undefined && found.until <= now)) {
      throw new SluiceError('invalid_api_key', 'This API key is not known here')
    }
    const { record } = found
    if (record.revokedAt !== undefined) throw revoked()
    if (record.expiresAt !== undefined && record.expiresAt <= now) {
      throw new SluiceError('invalid_api_key', 'This API key has expired')
    }
    return record
  }

  /** Whether an owner of streams may still have them: everybody but a revoked key. */
  isAlive(owner: string): boolean {
    return !this.#revoked.has(owner)
  }

  #later(): void {
    this.#stop = this.#clock.after(LOOK_MS, () => {
      try {
        this.look()
      } catch {
        // The next request says so.
      }
      this.#later()
    })
  }

  #find(shown: string): FoundKey | undefined {
    const fingerprint = this.book.fingerprint(shown)
    if (fingerprint === undefined) return undefined
    const known = this.#known.get(fingerprint)
    if (known !== undefined) return known
    // What is not found is not remembered: anybody could fill the memory with it.
    const found = this.book.lookUp(shown)
    if (found === undefined) return undefined
    if (this.#known.size >= MOST_REMEMBERED) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest)
        break
      }
    }
    this.#known.set(fingerprint, found)
    return found
  }

  /** The timer looks; this is for the time in which it did not, because looking failed. */
  #refresh(): void {
    const age = this.#clock.now() - this.#lookedAt
    if (age <= 2 * LOOK_MS || !this.book.isShared) return
    try {
      this.look()
    } catch (thrown) {
      if (age > BELIEVED_MS) throw thrown
    }
  }
}

/** What a request, or an open stream, is told whose key was revoked. */
export function revoked(): SluiceError {
  return new SluiceError('key_revoked', 'This API key was revoked')
}

/** Whether a credential is a key of ours by its looks; it may still be wrong. */
export function looksLikeKey(shown: string): boolean {
  return shown.startsWith(KEY_PREFIX)
}
