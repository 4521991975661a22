import type { ChatCompletionChunk, ChunkChoice } from '../completion/chunk.ts'
import type { ParsedChunk } from '../completion/parse.ts'
import type { AnswerItem } from '../dialect/writer.ts'
import { Seam, type SeamMode } from '../completion/seam.ts'
import { StopAt } from '../completion/stop-at.ts'
import { SluiceError } from '../errors.ts'
import type { ChatBody } from './outgoing.ts'
import type { Sent } from './sent.ts'
import { TokenLimit, tokensLeft } from './token-limit.ts'

/**
 * Makes a continuation's chunks go on where the stream broke off: the text joined at the seam, stop
 * sequences found across it, the caller's token limit kept, the stream's own id, usage summed. One per continuation.
 */
export class Joiner {
  readonly #sent: Sent
  readonly #seam: Seam
  readonly #stop: StopAt
  readonly #limit: TokenLimit
  #isEnded = false

  constructor(sent: Sent, mode: SeamMode, body: ChatBody) {
    this.#sent = sent
    this.#seam = new Seam({ sent: sent.text, mode })
    this.#stop = new StopAt(stopSequences(body), { after: sent.text })
    // A regenerated answer and a prefilled one are counted by their provider.
    const left = mode === 'instruct' ? Object.values(tokensLeft(body, sent.tokens)) : []
    this.#limit = new TokenLimit(Math.min(Infinity, ...left))
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
      // Ended here before its provider ended it: all that is still wanted of it is what it used.
      const isRest = this.#isEnded && !parsed.bare
      if (isRest && (!parsed.finished || parsed.usage === undefined)) continue
      const choices = isRest ? [] : parsed.chunk.choices.flatMap((choice) => this.#joinChoice(choice))
      const usage = parsed.usage === undefined ? undefined : this.#sent.total(parsed.usage)
      if (choices.length > 0 || usage !== undefined) joined.push(this.#rewrite(parsed, choices, usage))
    }
    return joined
  }

  #joinChoice(choice: ChunkChoice): readonly ChunkChoice[] {
    if (choice.index !== 0) return []
    if (choice.delta.tool_calls !== undefined && choice.delta.tool_calls.length > 0)
      throw new SluiceError('upstream_interrupted', 'the continuation called a tool in the middle of a text')
    const piece = textOf(choice)
    let joined = this.#seam.push(piece)
    const finished = choice.finish_reason != null
    if (finished) joined += this.#seam.end()
    let text = this.#stop.push(this.#limit.take(piece, joined))
    if (this.#seam.isBroken)
      throw new SluiceError('upstream_interrupted', 'the continuation does not agree with what was sent')
    const finish = this.#finishOf(choice)
    if (finish != null && this.#stop.sequence === undefined) text += this.#stop.end()
    if (finish != null) this.#isEnded = true
    if (text === '' && finish == null) return []
    const rest: ChunkChoice = { ...choice, delta: text === '' ? {} : { content: text }, finish_reason: finish }
    return [rest]
  }

  #finishOf({ finish_reason: finish }: ChunkChoice): ChunkChoice['finish_reason'] {
    if (this.#stop.sequence !== undefined) return 'stop'
    return this.#limit.isPassed ? 'length' : finish
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
