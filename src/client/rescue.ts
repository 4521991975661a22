import { continuationOf, whyNotContinuable } from '../completion/continuation.ts'
import type { ChatCompletion, ChatCompletionChunk } from '../completion/chunk.ts'
import { parseEvent } from '../completion/parse.ts'
import type { ChatRequest } from '../completion/request.ts'
import { Seam } from '../completion/seam.ts'
import { StopAt } from '../completion/stop-at.ts'
import type { SseEvent } from '../sse/event.ts'

/**
 * What a client does about an answer that broke off and cannot be resumed:
 * - `error`: says so, with what had arrived;
 * - `continue`: asks the model for the rest, and joins it to what was shown;
 * - `restart`: asks for the answer again, and shows it from where the first one ended; an answer that turns
 *   out differently is an error.
 */
export type OnInterrupted = 'continue' | 'restart' | 'error'

/** A request for the rest of an answer, and what makes the rest of its answer. */
export interface Rescue {
  readonly request: ChatRequest
  /** The events of the new answer as those of the old one; `undefined` when the two cannot be joined. */
  join(events: readonly SseEvent[]): readonly SseEvent[] | undefined
}

/**
 * Plans the rescue of an answer; `undefined` when there can be none. Only the plain text of one choice can
 * be rescued once it was shown; before anything was, the request is simply made again.
 */
export function planRescue(how: OnInterrupted, request: ChatRequest, received: ChatCompletion): Rescue | undefined {
  if (how === 'error') return undefined
  const { choices } = received
  const message = choices[0]?.message
  const sent = message?.content ?? ''
  if (sent === '' && !message?.tool_calls && !message?.refusal) {
    return { request, join: (events) => (message?.reasoning_content ? map(events, withoutReasoning) : events) }
  }
  if (choices.length > 1 || message?.tool_calls || message?.refusal || message?.audio) return undefined
  if (whyNotContinuable(request) !== undefined) return undefined
  const spent = Math.ceil(sent.length / 4)
  const joiner = new Joiner(sent, how === 'continue' ? 'instruct' : 'regenerate', stopsOf(request))
  return {
    request: how === 'continue' ? continuationOf(request, sent, spent) : request,
    join: (events) => joiner.join(events),
  }
}

/** Rewrites the chunks of a continuation: their text through the seam, their reasoning away. */
class Joiner {
  readonly #seam: Seam
  readonly #stop: StopAt
  #last: ChatCompletionChunk | undefined = undefined
  #flushed = false

  constructor(sent: string, mode: 'instruct' | 'regenerate', stops: readonly string[]) {
    this.#seam = new Seam({ sent, mode })
    this.#stop = new StopAt(stops, { after: sent })
  }

  join(events: readonly SseEvent[]): readonly SseEvent[] | undefined {
    const joined = events.flatMap((event) => this.#event(event))
    return this.#seam.isBroken ? undefined : joined
  }

  #event(event: SseEvent): readonly SseEvent[] {
    const parsed = parseEvent(event)
    // The answer ended at a stop sequence of ours; what the model said after it is dropped.
    if (this.#stop.sequence !== undefined && parsed.type !== 'done' && !(parsed.type === 'chunk' && parsed.bare))
      return []
    if (parsed.type === 'done') return [...this.#flush(), event]
    if (parsed.type !== 'chunk' || parsed.bare) return [event]
    this.#last = parsed.chunk
    const choice = parsed.chunk.choices[0]
    let text = this.#stop.push(this.#seam.push(choice?.delta.content ?? ''))
    if (parsed.finished) text += this.#rest()
    return [withText(event, parsed.chunk, text, this.#stop.sequence === undefined ? undefined : 'stop')]
  }

  /** What the seam still held when the answer ended without saying so. */
  #flush(): readonly SseEvent[] {
    const text = this.#rest()
    if (text === '' || this.#last === undefined) return []
    return [withText({ type: 'event', name: '', data: '', id: undefined }, this.#last, text, undefined)]
  }

  #rest(): string {
    if (this.#flushed) return ''
    this.#flushed = true
    return this.#stop.push(this.#seam.end()) + this.#stop.end()
  }
}

function withText(event: SseEvent, chunk: ChatCompletionChunk, text: string, finish: 'stop' | undefined): SseEvent {
  const choices = chunk.choices.map((choice) => ({
    ...choice,
    delta: { content: text },
    ...(finish === undefined ? {} : { finish_reason: finish }),
  }))
  return { ...event, data: JSON.stringify({ ...chunk, choices }) }
}

function map(
  events: readonly SseEvent[],
  change: (chunk: ChatCompletionChunk) => ChatCompletionChunk,
): readonly SseEvent[] {
  return events.map((event) => {
    const parsed = parseEvent(event)
    return parsed.type === 'chunk' ? { ...event, data: JSON.stringify(change(parsed.chunk)) } : event
  })
}

/** The reasoning of the first attempt was shown; that of the second one is another. */
function withoutReasoning(chunk: ChatCompletionChunk): ChatCompletionChunk {
  const choices = chunk.choices.map((choice) => {
    const { reasoning: _a, reasoning_content: _b, reasoning_details: _c, ...delta } = choice.delta
    return { ...choice, delta }
  })
  return { ...chunk, choices }
}

function stopsOf({ stop }: ChatRequest): readonly string[] {
  if (stop === null || stop === undefined) return []
  return typeof stop === 'string' ? [stop] : stop
}
