import { systemClock, type Clock } from '../clock.ts'
import { Chain, type Link } from '../limit/chain.ts'
import type { CacheStore } from './cache.ts'

/** What a memory store may hold. */
export interface MemoryStoreOptions {
  /** Bytes of keys and values together, two per UTF-16 unit; 16 MiB unless told. */
  readonly maxBytes?: number | undefined
  /** Milliseconds for which a value is kept when `set` does not say; an hour unless told. */
  readonly ttl?: number | undefined
  readonly clock?: Clock | undefined
}

interface Kept {
  readonly key: string
  readonly value: string
  readonly expiresAt: number
}

/** Keeps values in memory; gives up those that were not asked for longest. */
export class MemoryStore implements CacheStore {
  readonly #maxBytes: number
  readonly #ttl: number
  readonly #clock: Clock
  readonly #byKey = new Map<string, Link<Kept>>()
  /** By when they were asked for, oldest first. */
  readonly #byUse = new Chain<Kept>()
  #bytes = 0

  constructor(options: MemoryStoreOptions = {}) {
    this.#maxBytes = options.maxBytes ?? 16 * 1024 * 1024
    this.#ttl = options.ttl ?? 3_600_000
    this.#clock = options.clock ?? systemClock
  }

  /** What it holds. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#byUse.size
  }

  async get(key: string): Promise<string | undefined> {
    const link = this.#byKey.get(key)
    if (link === undefined) return undefined
    this.#drop(link)
    if (link.value.expiresAt <= this.#clock.now()) return undefined
    this.#keep(link.value)
    return link.value.value
  }

  async set(key: string, value: string, options: { readonly ttl?: number | undefined } = {}): Promise<void> {
    await this.delete(key)
    const kept = { key, value, expiresAt: this.#clock.now() + (options.ttl ?? this.#ttl) }
    if (bytesOf(kept) > this.#maxBytes) return
    this.#keep(kept)
    for (
      let oldest = this.#byUse.first;
      this.#bytes > this.#maxBytes && oldest !== undefined;
      oldest = this.#byUse.first
    ) {
      this.#drop(oldest)
    }
  }

  async delete(key: string): Promise<void> {
    const link = this.#byKey.get(key)
    if (link !== undefined) this.#drop(link)
  }

  #keep(kept: Kept): void {
    this.#byKey.set(kept.key, this.#byUse.push(kept))
    this.#bytes += bytesOf(kept)
  }

  #drop(link: Link<Kept>): void {
    this.#byUse.remove(link)
    this.#byKey.delete(link.value.key)
    this.#bytes -= bytesOf(link.value)
  }
}

function bytesOf({ key, value }: Kept): number {
  return 2 * (key.length + value.length)
}
