import { Accumulator } from '../completion/accumulate.ts'
import type { ChatCompletion, ChatCompletionChunk, ChunkChoice, Delta, ToolCallDelta } from '../completion/chunk.ts'

/**
 * What has arrived of an answer, for when it is asked for: a partial answer, what is to be continued. It
 * costs every stream, so chunks that bring nothing but more of the same text, or of the same tool call's
 * arguments, are only joined to a string until then, and no chunk is kept.
 *
 * Readers of one stream (`tee`) tell it the same things; each event counts once, by its place.
 */
export class Received {
  readonly #accumulator = new Accumulator()
  #text = ''
  /** The tool call whose arguments `#text` is; `undefined` when it is the answer's text. */
  #call: number | undefined = undefined
  #count = 0
  #last: ChatCompletionChunk | undefined = undefined

  /** Whether nothing has arrived. */
  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** The event at this place is a chunk. */
  chunk(place: number, chunk: ChatCompletionChunk): void {
    if (place !== this.#count) return
    this.#count++
    const choice = this.#last === undefined ? undefined : onlyChoice(chunk)
    const text = choice === undefined ? undefined : moreText(choice.delta)
    if (text !== undefined) return this.#grow(undefined, text)
    const call = choice === undefined ? undefined : moreOfCall(choice.delta)
    if (call !== undefined) return this.#grow(call.index, call.function?.arguments ?? '')
    this.#flush()
    this.#last = chunk
    this.#accumulator.add(chunk)
  }

  /** The event at this place is a chunk that brings more text, or more arguments of this tool call. */
  more(place: number, call: number | undefined, text: string): void {
    if (place !== this.#count) return
    this.#count++
    this.#grow(call, text)
  }

  /** The event at this place is no chunk. */
  other(place: number): void {
    if (place === this.#count) this.#count++
  }

  /** Everything so far, folded. */
  get folded(): Accumulator {
    this.#flush()
    return this.#accumulator
  }

  /** The completion so far. */
  get completion(): ChatCompletion {
    return this.folded.completion()
  }

  #grow(call: number | undefined, text: string): void {
    if (call !== this.#call) this.#flush()
    this.#call = call
    this.#text += text
  }

  #flush(): void {
    const text = this.#text
    const call = this.#call
    this.#text = ''
    this.#call = undefined
    if ((text === '' && call === undefined) || this.#last === undefined) return
    const { id, created, model } = this.#last
    const delta =
      call === undefined ? { content: text } : { tool_calls: [{ index: call, function: { arguments: text } }] }
    const choices = [{ index: 0, delta, finish_reason: null }]
    this.#accumulator.add({ id, object: 'chat.completion.chunk', created, model, choices })
  }
}

/**
 * Whether objects have no other fields than these. Those of one stream have the same ones in the same order,
 * nearly always, so that each is compared with the last that was good; a look into a set costs more.
 */
class Fields {
  readonly #allowed: ReadonlySet<string>
  #last: readonly string[] = []

  constructor(...allowed: readonly string[]) {
    this.#allowed = new Set(allowed)
  }

  has(object: object): boolean {
    const last = this.#last
    let at = 0
    for (const name in object) if (name !== last[at++]) return this.#look(object)
    return at === last.length || this.#look(object)
  }

  #look(object: object): boolean {
    const names = Object.keys(object)
    if (!names.every((name) => this.#allowed.has(name))) return false
    this.#last = names
    return true
  }
}

/** Fields that say the same in each chunk of a stream, or nothing that is kept. */
const IN_CHUNK = new Fields(
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'obfuscation',
  'service_tier',
  'system_fingerprint',
)
const IN_CHOICE = new Fields('index', 'delta', 'finish_reason', 'logprobs')
const IN_TEXT = new Fields('content', 'role')
const IN_CALLS = new Fields('tool_calls')
const IN_CALL = new Fields('index', 'function')
const IN_FUNCTION = new Fields('arguments')

/** The choice of a chunk that has no other, and nothing beside it that must be kept. */
function onlyChoice(chunk: ChatCompletionChunk): ChunkChoice | undefined {
  const { choices } = chunk
  const choice = choices[0]
  if (choice === undefined || choices.length > 1 || chunk.usage) return undefined
  if (choice.index !== 0 || choice.finish_reason !== null || choice.logprobs) return undefined
  return IN_CHUNK.has(chunk) && IN_CHOICE.has(choice) ? choice : undefined
}

/** The text of a delta that brings nothing else. An empty one may be the first, and is not the same as none. */
function moreText(delta: Delta): string | undefined {
  return delta.content && IN_TEXT.has(delta) ? delta.content : undefined
}

/** The piece of a tool call, in a delta that brings nothing but more of its arguments. */
function moreOfCall(delta: Delta): ToolCallDelta | undefined {
  const calls = delta.tool_calls
  const call = calls?.[0]
  if (call === undefined || calls?.length !== 1 || !IN_CALLS.has(delta) || !IN_CALL.has(call)) return undefined
  // Gemini leaves the index away, and some engines send the arguments as an object.
  const { index, function: part }: { index?: number; function?: { arguments?: unknown } } = call
  if (index === undefined || part === undefined || typeof part.arguments !== 'string') return undefined
  return IN_FUNCTION.has(part) ? call : undefined
}
