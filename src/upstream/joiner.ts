import type { ChatCompletionChunk, ChunkChoice } from '../completion/chunk.ts'
import type { ParsedChunk } from '../completion/parse.ts'
import type { AnswerItem } from '../dialect/writer.ts'
import { Seam, type SeamMode } from '../completion/seam.ts'
import { StopAt } from '../completion/stop-at.ts'
import { SluiceError } from '../errors.ts'
import type { ChatBody } from './outgoing.ts'
import type { Sent } from './sent.ts'

/**
 * Makes a continuation's chunks go on where the stream broke off: the text joined at the seam, stop
 * sequences found across it, the stream's own id, usage summed. One per continuation.
 */
export class Joiner {
  readonly #sent: Sent
  readonly #seam: Seam
  readonly #stop: StopAt
  #isEnded = false

  constructor(sent: Sent, mode: SeamMode, body: ChatBody) {
    this.#sent = sent
    this.#seam = new Seam({ sent: sent.text, mode })
    this.#stop = new StopAt(stopSequences(body), { after: sent.text })
  }

  /** Characters of repetition that were dropped. */
  get overlap(): number {
    return this.#seam.overlap
  }

  /** A stop sequence was completed across the seam: the engine does not know, and nothing more is wanted of it. */
  get isStopped(): boolean {
    return this.#stop.sequence !== undefined
  }

  /** What to show for these. Throws `upstream_interrupted` when the texts cannot be joined. */
  join(items: readonly AnswerItem[]): readonly AnswerItem[] {
    const joined: AnswerItem[] = []
    for (const parsed of items) {
      if (parsed.type !== 'chunk') {
        joined.push(parsed)
        continue
      }
      if (this.#isEnded && !parsed.bare) continue
      const choices = parsed.chunk.choices.flatMap((choice) => this.#joinChoice(choice))
      const usage = parsed.usage === undefined ? undefined : this.#sent.total(parsed.usage)
      if (choices.length > 0 || usage !== undefined) joined.push(this.#rewrite(parsed, choices, usage))
    }
    return joined
  }

  #joinChoice(choice: ChunkChoice): readonly ChunkChoice[] {
    if (choice.index !== 0) return []
    if (choice.delta.tool_calls !== undefined && choice.delta.tool_calls.length > 0)
      throw new SluiceError('upstream_interrupted', 'the continuation called a tool in the middle of a text')
    let text = this.#stop.push(this.#seam.push(textOf(choice)))
    const finished = choice.finish_reason != null
    if (finished) text += this.#stop.push(this.#seam.end())
    if (this.#seam.isBroken)
      throw new SluiceError('upstream_interrupted', 'the continuation does not agree with what was sent')
    const finish = this.#stop.sequence === undefined ? choice.finish_reason : 'stop'
    if (finished && this.#stop.sequence === undefined) text += this.#stop.end()
    if (finish != null) this.#isEnded = true
    if (text === '' && finish == null) return []
    const rest: ChunkChoice = { ...choice, delta: text === '' ? {} : { content: text }, finish_reason: finish }
    return [rest]
  }

  #rewrite(parsed: ParsedChunk, choices: readonly ChunkChoice[], usage: ParsedChunk['usage']): ParsedChunk {
    const { first } = this.#sent
    const chunk: ChatCompletionChunk = {
      ...parsed.chunk,
      ...(first === undefined ? {} : { id: first.id, created: first.created }),
      choices: [...choices],
      ...(usage === undefined ? {} : { usage }),
    }
    return {
      type: 'chunk',
      chunk,
      data: JSON.stringify(chunk),
      visible: choices.some(({ delta }) => delta.content != null && delta.content !== ''),
      finished: choices.some((choice) => choice.finish_reason != null),
      usage,
      bare: choices.length === 0,
    }
  }
}

function textOf({ delta }: ChunkChoice): string {
  return typeof delta.content === 'string' ? delta.content : ''
}

function stopSequences(body: ChatBody): readonly string[] {
  const { stop } = body
  if (typeof stop === 'string') return [stop]
  return Array.isArray(stop) ? stop.filter((one) => typeof one === 'string') : []
}
