import { parseEvent, type Parsed, type ParsedChunk } from '../completion/parse.ts'
import { SluiceError } from '../errors.ts'
import { SseDecoder } from '../sse/decode.ts'
import type { Exchange } from './open.ts'
import type { Origin } from './origin.ts'
import { providerError } from './refusal.ts'

/** What reading noticed on the way and nobody needs to be told at once. */
export interface ReadNotes {
  /** Events that were no JSON and were left out. */
  malformed: number
}

/** How an answer is to be read. */
export interface ReadOptions {
  readonly provider: string
  /** Choices that were asked for; an index beyond it is an error. */
  readonly n: number
  /** The provider sends more after `[DONE]`: read to the end of the bytes. */
  readonly readsPastDone: boolean
  readonly notes: ReadNotes
}

/**
 * The second and third step of a token's way: bytes -> SSE events -> chunks. Ends when the provider
 * has said the end: finish_reason of every started choice, then `[DONE]` or the end of the bytes.
 *
 * Throws `upstream_interrupted` for an answer that was cut, `provider_error` for one that the
 * provider gave up, `provider_bad_response` for something that is no answer at all.
 */
export async function* readChunks(
  exchange: Exchange,
  bytes: AsyncIterable<readonly Uint8Array[]>,
  options: ReadOptions,
): AsyncGenerator<readonly ParsedChunk[], void> {
  const decoder = new SseDecoder()
  const ending = new Ending(options, exchange.origin)
  let visible = false
  try {
    for await (const reads of bytes) {
      const chunks: ParsedChunk[] = []
      for (const read of reads) {
        for (const item of decoder.push(read)) {
          if (item.type === 'event') ending.see(parseEvent(item, options), chunks)
        }
      }
      if (visible) exchange.watch.alive(chunks.length)
      else if (chunks.some(isVisible)) {
        visible = true
        exchange.watch.enter('betweenTokens')
      }
      if (chunks.length > 0) yield chunks
      if (ending.failure !== undefined) throw ending.failure
      if (ending.done && !options.readsPastDone) return exchange.drain()
      if (ending.isComplete) exchange.watch.enter('closing')
    }
  } catch (error) {
    // The answer was complete; what broke after it took nothing away.
    if (ending.isComplete && error !== ending.failure) return
    throw ending.isStarted ? interrupted(error) : error
  }
  const rest: ParsedChunk[] = []
  for (const item of decoder.end()) {
    if (item.type === 'event') ending.see(parseEvent(item, options), rest)
  }
  if (rest.length > 0) yield rest
  ending.close()
}

const isVisible = (chunk: ParsedChunk): boolean => chunk.visible

/** A connection that broke or a deadline that passed, once an answer had begun, is an interrupted answer. */
function interrupted(error: unknown): SluiceError {
  const failure = SluiceError.from(error, 'upstream_reset')
  if (failure.code !== 'upstream_reset') return failure
  return new SluiceError('upstream_interrupted', failure.message, { ...failure.facts, cause: failure })
}

/** Keeps account of whether the end was said, and of what was said instead. */
class Ending {
  readonly #options: ReadOptions
  readonly #origin: Origin
  readonly #open = new Set<number>()
  readonly #finished = new Set<number>()
  done = false
  failure: SluiceError | undefined

  constructor(options: ReadOptions, origin: Origin) {
    this.#options = options
    this.#origin = origin
  }

  /** Every choice that was started has its finish_reason. */
  get isComplete(): boolean {
    return this.#finished.size > 0 && this.#open.size === 0
  }

  get isStarted(): boolean {
    return this.#finished.size > 0 || this.#open.size > 0
  }

  see(parsed: Parsed, chunks: ParsedChunk[]): void {
    if (this.failure !== undefined || (this.done && !this.#options.readsPastDone)) return
    switch (parsed.type) {
      case 'chunk':
        this.#follow(parsed)
        chunks.push(parsed)
        return
      case 'done':
        this.done = true
        if (!this.isComplete) this.failure = this.#cut('[DONE] came without a finish_reason')
        return
      case 'error':
        this.failure = providerError(parsed, this.#origin)
        return
      case 'malformed':
        this.#options.notes.malformed++
        return
      case 'event':
      case 'empty':
        return
      default:
        parsed satisfies never
    }
  }

  /** The bytes have ended. */
  close(): void {
    if (this.failure !== undefined) throw this.failure
    if (!this.isComplete) throw this.#cut('the answer broke off')
  }

  #follow(parsed: ParsedChunk): void {
    for (const { index, finish_reason } of parsed.chunk.choices) {
      if (finish_reason) {
        this.#open.delete(index)
        this.#finished.add(index)
      } else if (!this.#finished.has(index)) this.#open.add(index)
    }
  }

  #cut(what: string): SluiceError {
    const { provider, notes } = this.#options
    if (this.isStarted) return new SluiceError('upstream_interrupted', `${provider}: ${what}`, { provider })
    const malformed = notes.malformed > 0 ? ` (${notes.malformed} malformed events)` : ''
    return new SluiceError('provider_bad_response', `${provider}: the response held no answer${malformed}`, {
      provider,
    })
  }
}
