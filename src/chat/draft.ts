import type { Clock } from '../clock.ts'
import type { ChatCompletionChunk } from '../completion/chunk.ts'
import { Accumulator } from '../completion/accumulate.ts'
import type { Seam } from '../completion/seam.ts'
import type { StreamEvent } from './client.ts'
import type { Answer, AnswerError, AnswerStatus, TypedEvent } from './message.ts'

const MOST_ARRIVALS = 5_000

/** An answer while its stream is read. It is read from the stream's start, also after a reload. */
export class Draft {
  readonly #known: Answer
  readonly #clock: Clock
  readonly #seam: Seam | undefined
  readonly #before: { readonly text: string; readonly reasoning: string }
  readonly #accumulator = new Accumulator()
  readonly #events: TypedEvent[] = []
  readonly #arrivals: number[]
  #joined = ''
  #firstTokenMs: number | undefined
  #streamId: string | undefined
  #status: AnswerStatus
  #resumed: number
  #error: AnswerError | undefined
  #totalMs: number | undefined

  /**
   * @param known The answer so far: new, or as it was before a reload.
   * @param seam Joins the text of a further part to what stands before it.
   */
  constructor(known: Answer, clock: Clock, seam: Seam | undefined) {
    const { text, reasoning } = known.partAt
    this.#known = known
    this.#clock = clock
    this.#seam = seam
    this.#before = { text: known.text.slice(0, text), reasoning: known.reasoning.slice(0, reasoning) }
    this.#arrivals = [...known.timings.arrivals]
    this.#firstTokenMs = known.timings.firstTokenMs
    this.#streamId = known.streamId
    this.#status = known.status
    this.#resumed = known.resumed
  }

  /** The answer's head is there. */
  opened(streamId: string | undefined): void {
    this.#streamId = streamId
  }

  /** It is being taken up. */
  takenUp(): void {
    this.#resumed++
  }

  take(event: StreamEvent): void {
    this.#status = 'streaming'
    if (event.type === 'event') return void this.#events.push({ name: event.name, data: event.data })
    this.#accumulator.add(event.chunk)
    if (this.#seam !== undefined) this.#joined += this.#seam.push(contentOf(event.chunk))
    if (!this.#isBehind) this.#arrived()
  }

  /** There will be no more. */
  end(status: AnswerStatus, error?: AnswerError): void {
    this.#status = status
    this.#error = error
    this.#joined += this.#seam?.end() ?? ''
    this.#totalMs = this.#since
  }

  /** The answer as it is now, never with less text than was known: what comes again fills up behind it. */
  answer(repairs: number): Answer {
    const completion = this.#accumulator.completion()
    const [choice] = completion.choices
    const usage = completion.usage ?? this.#known.usage
    const isBehind = this.#isBehind && this.#status !== 'done'
    return {
      ...this.#known,
      status: this.#status,
      text: isBehind ? this.#known.text : this.#text,
      reasoning: isBehind ? this.#known.reasoning : this.#reasoning,
      toolCalls: choice?.message.tool_calls ?? (this.#status === 'done' ? [] : this.#known.toolCalls),
      events: this.#events.length >= this.#known.events.length ? [...this.#events] : this.#known.events,
      finishReason: choice?.finish_reason ?? undefined,
      usage,
      cost: usage?.cost ?? this.#known.cost,
      timings: { firstTokenMs: this.#firstTokenMs, totalMs: this.#totalMs, arrivals: [...this.#arrivals] },
      error: this.#error,
      streamId: this.#streamId,
      resumed: this.#resumed + repairs,
    }
  }

  get #text(): string {
    return this.#before.text + (this.#seam === undefined ? this.#accumulator.text : this.#joined)
  }

  get #reasoning(): string {
    return this.#before.reasoning + this.#accumulator.reasoning
  }

  /** What arrives was known before. */
  get #isBehind(): boolean {
    const { text, reasoning } = this.#known
    return this.#text.length + this.#reasoning.length < text.length + reasoning.length
  }

  get #since(): number {
    return Math.max(0, this.#clock.date() - this.#known.askedAt)
  }

  #arrived(): void {
    const now = this.#since
    this.#firstTokenMs ??= now
    if (this.#arrivals.length < MOST_ARRIVALS) this.#arrivals.push(now)
  }
}

function contentOf(chunk: ChatCompletionChunk): string {
  return chunk.choices.find(({ index }) => index === 0)?.delta.content ?? ''
}
