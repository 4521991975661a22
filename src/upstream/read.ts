import { parseEvent, type Parsed } from '../completion/parse.ts'
import { TextChunk } from '../completion/text-chunk.ts'
import { TextPath } from '../completion/text-path.ts'
import type { AnswerItem } from '../dialect/writer.ts'
import { SluiceError } from '../errors.ts'
import { SseDecoder } from '../sse/decode.ts'
import type { SseEvent, SseItem } from '../sse/event.ts'
import { flow } from './byte-queue.ts'
import { Ending, type ReadOptions } from './ending.ts'
import type { Exchange } from './open.ts'
import type { PeekedBody } from './peek.ts'

/** Takes what came together; false: nothing more is wanted. */
export type Emit = (items: readonly AnswerItem[]) => boolean

/**
 * The second and third step of a token's way: bytes -> SSE events -> chunks, given to `emit` in the turn
 * in which they arrived. Resolves when the provider has said the end: finish_reason of every started
 * choice, then `[DONE]` or the end of the bytes; or when `emit` wants no more.
 *
 * Rejects with `upstream_interrupted` for an answer that was cut, `provider_error` for one that the
 * provider gave up, `provider_bad_response` for something that is no answer at all, or what `emit` threw.
 */
export async function readChunks(
  exchange: Exchange,
  body: PeekedBody,
  options: ReadOptions,
  emit: Emit,
): Promise<void> {
  const reading = new Reading(exchange, options, emit)
  try {
    const take = (part: Uint8Array): boolean => reading.take(part)
    if (!body.takeRead().every(take)) return void (await body.rest.return?.())
    await flow(body.source, take)
  } catch (error) {
    exchange.abort(SluiceError.from(error))
    reading.explain(error)
    return
  }
  reading.end()
}

/** One answer being read. */
class Reading {
  readonly #exchange: Exchange
  readonly #options: ReadOptions
  readonly #emit: Emit
  readonly #decoder = new SseDecoder()
  readonly #ending: Ending
  readonly #path = new TextPath()
  #visible = false
  /** Why reading was stopped by us, not by the bytes. */
  #thrown: { readonly error: unknown } | undefined
  #isOver = false

  constructor(exchange: Exchange, options: ReadOptions, emit: Emit) {
    this.#exchange = exchange
    this.#options = options
    this.#emit = emit
    this.#ending = new Ending(options, exchange.origin)
  }

  /** What arrived together is given out together. False: the rest of the bytes is not wanted. */
  take(part: Uint8Array): boolean {
    const decoded = this.#decoder.push(part)
    const token = this.#soleToken(decoded)
    const items: AnswerItem[] = token === undefined ? [] : [token]
    if (token === undefined) {
      for (const item of decoded) {
        if (item.type === 'event') this.#ending.see(this.#parse(item), items, item.name)
      }
    }
    this.#note(items)
    if (items.length > 0 && !this.#give(items)) return false
    if (this.#ending.failure !== undefined) throw this.#ending.failure
    if (this.#ending.done && !this.#options.readsPastDone) {
      this.#exchange.drain()
      this.#isOver = true
      return false
    }
    const isClosing = this.#ending.done || !this.#options.readsPastDone
    if (isClosing && this.#ending.isComplete) this.#exchange.watch.enter('closing')
    return true
  }

  /** The bytes have ended, or were not wanted any more. */
  end(): void {
    if (this.#isOver) return
    const rest: AnswerItem[] = []
    for (const item of this.#decoder.end()) {
      if (item.type === 'event') this.#ending.see(parseEvent(item, this.#options), rest, item.name)
    }
    if (rest.length > 0) this.#give(rest)
    this.#ending.close()
  }

  /** The bytes ended with an error: returns if that took nothing away, else throws what it means. */
  explain(error: unknown): void {
    if (error === this.#thrown?.error || error === this.#ending.failure) throw error
    // The answer was complete; what broke after it took nothing away.
    if (this.#ending.isComplete) return
    throw this.#ending.isStarted ? interrupted(error) : error
  }

  /** What nearly every read is: one event, with a piece of text and nothing that bears on the answer's end. */
  #soleToken(decoded: readonly SseItem[]): TextChunk | undefined {
    const [only] = decoded
    if (decoded.length !== 1 || only?.type !== 'event' || !this.#ending.takesText) return undefined
    return this.#textOf(only)
  }

  /** Most chunks differ from the last one in their text only; these need no JSON parser to be known whole. */
  #textOf(event: SseEvent): TextChunk | undefined {
    if (event.name !== '' || event.error !== undefined || this.#options.identity !== undefined) return undefined
    const text = this.#path.take(event.data)
    if (text === undefined) return undefined
    this.#path.hit()
    return new TextChunk(event.data, text, this.#path.around)
  }

  #parse(event: SseEvent): Parsed {
    const known = this.#textOf(event)
    if (known !== undefined) return known
    const isPlain = event.name === '' && event.error === undefined && this.#options.identity === undefined
    // Where the choice is open, a first piece of text says nothing more, and the proof of its shape is all it needs.
    const isLearned = isPlain && this.#ending.expectsText && this.#path.learn(event.data)
    const first = isLearned ? this.#textOf(event) : undefined
    if (first !== undefined) return first
    const parsed = parseEvent(event, this.#options)
    // The shape of a chunk without text (a role) would serve for nothing.
    if (isPlain && !isLearned && parsed.type === 'chunk' && parsed.visible) this.#path.learn(event.data)
    return parsed
  }

  #note(items: readonly AnswerItem[]): void {
    if (this.#visible) this.#exchange.watch.alive(items.length)
    else if (items.some(isVisible)) {
      this.#visible = true
      this.#exchange.watch.enter('betweenTokens')
    }
  }

  #give(items: readonly AnswerItem[]): boolean {
    try {
      if (this.#emit(items)) return true
      this.#isOver = true
      return false
    } catch (error) {
      this.#thrown = { error }
      throw error
    }
  }
}

const isVisible = (item: AnswerItem): boolean => item.type === 'chunk' && item.visible

/** A connection that broke or a deadline that passed, once an answer had begun, is an interrupted answer. */
function interrupted(error: unknown): SluiceError {
  const failure = SluiceError.from(error, 'upstream_reset')
  if (failure.code !== 'upstream_reset') return failure
  return new SluiceError('upstream_interrupted', failure.message, { ...failure.facts, cause: failure })
}
