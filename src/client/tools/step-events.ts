import { Accumulator } from '../../completion/accumulate.ts'
import type { ChatCompletionChunk, ChunkChoice, TokenLogprob } from '../../completion/chunk.ts'
import { PartialJson } from '../../completion/partial-json.ts'
import { ToolProgress } from '../../completion/tool-progress.ts'
import type { Stage } from '../completion-events.ts'
import { FencedJson } from './fenced-json.ts'
import type { ParsedChatCompletion } from './parsed.ts'

/** The events of one completion while it is made: what the chunks of its first choice bring. */
export class StepEvents<T> {
  readonly #stage: Stage<T>
  /** Reads the content where it is to be a value. */
  readonly #value: FencedJson | undefined
  readonly #tools = new ToolProgress()
  readonly #inputs: PartialJson[] = []
  readonly #whole = new Accumulator()
  #content = ''
  #refusal = ''
  readonly #logprobs: { content: TokenLogprob[]; refusal: TokenLogprob[] } = { content: [], refusal: [] }

  constructor(stage: Stage<T>, isValue: boolean) {
    this.#stage = stage
    this.#value = isValue ? new FencedJson() : undefined
  }

  /** Tells of a chunk. */
  chunk(chunk: ChatCompletionChunk): void {
    const stage = this.#stage
    if (stage.hears('chunk')) {
      // A copy: it is repaired in place, and the listener may change it.
      this.#whole.add(structuredClone(chunk))
      stage.emit('chunk', chunk, this.#whole.completion())
    }
    for (const choice of chunk.choices) if (choice.index === 0) this.#choice(choice)
    for (const { index, call, fresh } of this.#tools.take(chunk)) {
      if (call.type !== 'function') continue
      const isNew = this.#inputs[index] === undefined
      const input = (this.#inputs[index] ??= new PartialJson())
      input.push(fresh)
      const parsed_arguments = input.value
      if (isNew || fresh !== '')
        stage.emit('tool_calls.function.arguments.delta', {
          ...call.function,
          index,
          parsed_arguments,
          arguments_delta: fresh,
        })
    }
  }

  /** Tells of the end. */
  done(completion: ParsedChatCompletion<T>): void {
    const stage = this.#stage
    const message = completion.choices[0]?.message
    const { content, refusal } = this.#logprobs
    if (this.#content !== '') stage.emit('content.done', { content: this.#content, parsed: message?.parsed ?? null })
    if (this.#refusal !== '') stage.emit('refusal.done', { refusal: this.#refusal })
    if (content.length > 0) stage.emit('logprobs.content.done', { content })
    if (refusal.length > 0) stage.emit('logprobs.refusal.done', { refusal })
    message?.tool_calls?.forEach((call, index) => {
      if (call.type !== 'function') return
      const parsed = 'parsed_arguments' in call.function ? call.function.parsed_arguments : null
      stage.emit('tool_calls.function.arguments.done', { ...call.function, index, parsed_arguments: parsed })
    })
  }

  #choice({ delta, logprobs }: ChunkChoice): void {
    const stage = this.#stage
    if (delta.content) {
      const piece = delta.content
      this.#content += piece
      this.#value?.push(piece)
      stage.emit('content', piece, this.#content)
      const parsed = this.#value?.value
      stage.emit('content.delta', { delta: piece, snapshot: this.#content, parsed })
    }
    if (delta.refusal) {
      this.#refusal += delta.refusal
      stage.emit('refusal.delta', { delta: delta.refusal, snapshot: this.#refusal })
    }
    const { content, refusal } = this.#logprobs
    if (logprobs?.content) {
      content.push(...logprobs.content)
      stage.emit('logprobs.content.delta', { content: logprobs.content, snapshot: content })
    }
    if (logprobs?.refusal) {
      refusal.push(...logprobs.refusal)
      stage.emit('logprobs.refusal.delta', { refusal: logprobs.refusal, snapshot: refusal })
    }
  }
}
