import type {
  ChatCompletionMessage,
  ChunkChoice,
  CompletionChoice,
  Delta,
  FinishReason,
  TokenLogprob,
} from './chunk.ts'
import { isObject, said, type JsonObject } from './json.ts'
import { keep } from './keep.ts'
import { ToolCalls } from './tool-calls.ts'

/** Why a choice is no answer. */
export type FlawKind = 'missing_role' | 'wrong_role' | 'incomplete_tool_call' | 'missing_finish_reason'

const KNOWN_IN_CHOICE: ReadonlySet<string> = new Set([
  'index',
  'delta',
  'finish_reason',
  'logprobs',
  // Together repeats the content here, MiniMax the whole message at the end; Moonshot has usage here.
  'text',
  'message',
  'usage',
])
const KNOWN_IN_DELTA: ReadonlySet<string> = new Set([
  'role',
  'content',
  'refusal',
  'reasoning_content',
  'reasoning',
  'tool_calls',
  'function_call',
  'audio',
])

/** One choice so far. Strings grow by `+=`: V8 joins the pieces when they are read. */
export class GatheredChoice {
  readonly #index: number
  content: string | null = null
  reasoning: string | null = null
  #refusal: string | null = null
  #role = ''
  #finishReason: FinishReason | null = null
  readonly #toolCalls = new ToolCalls()
  #functionCall: { name: string; arguments: string } | undefined = undefined
  #audio: { id: string; data: string; transcript: string; expires_at: number } | undefined = undefined
  /** OpenAI ends an audio answer with a chunk that has only `expires_at`, and no finish_reason. */
  #audioEnded = false
  #logprobs: { content: TokenLogprob[] | null; refusal: TokenLogprob[] | null } | undefined = undefined
  readonly #others: JsonObject = {}
  readonly #messageOthers: JsonObject = {}

  constructor(index: number) {
    this.#index = index
  }

  /** The reason given, `stop` for an audio answer that ended without one, null while there is none. */
  get finishReason(): FinishReason | null {
    return this.#finishReason ?? (this.#audioEnded ? 'stop' : null)
  }

  /** The first thing that makes it no answer, if there is one. */
  get flaw(): FlawKind | undefined {
    if (this.finishReason === null) return 'missing_finish_reason'
    // Some servers name no role and yet answer; nothing said by nobody is no answer.
    if (this.#role === '' && this.#isEmpty) return 'missing_role'
    if (this.#role !== '' && this.#role !== 'assistant') return 'wrong_role'
    return this.#toolCalls.hasNameless ? 'incomplete_tool_call' : undefined
  }

  get #isEmpty(): boolean {
    return (
      this.content === null &&
      this.reasoning === null &&
      this.#refusal === null &&
      this.#toolCalls.size === 0 &&
      this.#functionCall === undefined &&
      this.#audio === undefined
    )
  }

  add(choice: ChunkChoice): void {
    this.#addDelta(choice.delta)
    if (choice.finish_reason !== null) this.#finishReason = choice.finish_reason
    if (choice.logprobs) this.#addLogprobs(choice.logprobs)
    for (const key in choice) {
      if (!KNOWN_IN_CHOICE.has(key)) keep(this.#others, key, Reflect.get(choice, key))
    }
  }

  /** The choice as it is now. `callId` gives ids to tool calls that have none. */
  toChoice(callId: (position: number) => string): CompletionChoice {
    const message: ChatCompletionMessage = {
      role: 'assistant',
      content: this.content,
      refusal: this.#refusal,
      ...(this.reasoning === null ? {} : { reasoning_content: this.reasoning }),
      ...(this.#toolCalls.size === 0 ? {} : { tool_calls: this.#toolCalls.list(callId) }),
      ...(this.#functionCall === undefined ? {} : { function_call: { ...this.#functionCall } }),
      ...(this.#audio === undefined ? {} : { audio: { ...this.#audio } }),
      ...copyLists(this.#messageOthers),
    }
    const logprobs = this.#logprobs ?? null
    return {
      index: this.#index,
      message,
      finish_reason: this.finishReason,
      logprobs: logprobs && { content: logprobs.content?.slice() ?? null, refusal: logprobs.refusal?.slice() ?? null },
      ...this.#others,
    }
  }

  #addDelta(delta: Delta): void {
    for (const key in delta) {
      if (!KNOWN_IN_DELTA.has(key)) keep(this.#messageOthers, key, Reflect.get(delta, key), true)
    }
    if (typeof delta.content === 'string') this.content = (this.content ?? '') + delta.content
    if (typeof delta.refusal === 'string') this.#refusal = (this.#refusal ?? '') + delta.refusal
    // A server that changes the name sends both for a while, with the same text.
    const reasoning = said(delta.reasoning_content) ?? said(delta.reasoning)
    if (reasoning !== undefined) this.reasoning = (this.reasoning ?? '') + reasoning
    this.#role = said(delta.role) ?? this.#role
    if (delta.tool_calls) for (const call of delta.tool_calls) this.#toolCalls.add(call)
    if (isObject(delta.function_call)) this.#addFunctionCall(delta.function_call)
    if (isObject(delta.audio)) this.#addAudio(delta.audio)
  }

  #addFunctionCall(delta: NonNullable<Delta['function_call']>): void {
    const call = (this.#functionCall ??= { name: '', arguments: '' })
    call.name = said(delta.name) ?? call.name
    call.arguments += said(delta.arguments) ?? ''
  }

  #addAudio(delta: NonNullable<Delta['audio']>): void {
    const audio = (this.#audio ??= { id: '', data: '', transcript: '', expires_at: 0 })
    audio.id = said(delta.id) ?? audio.id
    audio.data += said(delta.data) ?? ''
    audio.transcript += said(delta.transcript) ?? ''
    this.#audioEnded = typeof delta.expires_at === 'number' && delta.data === undefined
    if (typeof delta.expires_at === 'number') audio.expires_at = delta.expires_at
  }

  #addLogprobs(delta: NonNullable<ChunkChoice['logprobs']>): void {
    const logprobs = (this.#logprobs ??= { content: null, refusal: null })
    if (Array.isArray(delta.content)) logprobs.content = append(logprobs.content, delta.content)
    if (Array.isArray(delta.refusal)) logprobs.refusal = append(logprobs.refusal, delta.refusal)
  }
}

/** In place: a copy for each token would cost the square of their number. */
function append<T>(list: T[] | null, items: readonly T[]): T[] {
  const target = list ?? []
  for (const item of items) target.push(item)
  return target
}

/** The fields, with lists of their own: those of a message go on growing. */
function copyLists(fields: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]),
  )
}
