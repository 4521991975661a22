import type { ChatCompletionChunk, Usage } from '../completion/chunk.ts'
import type { CompletionEvents, Conclusion, FunctionCall, Stage } from './completion-events.ts'
import { APIUserAbortError } from './errors.ts'
import { loaded } from './later.ts'
import { linesOf } from './outlet.ts'
import type { ParsedChatCompletion, ParsedMessage } from './tools/parsed.ts'

type Events<T> = CompletionEvents<T>

interface Listener<T> {
  readonly name: keyof Events<T>
  readonly call: (...args: never[]) => unknown
  readonly once: boolean
}

/**
 * A completion in the making as events, as OpenAI's SDK has it: what `client.chat.completions.stream()` and
 * `runTools()` give. It is read whether anybody listens or not; leaving the loop over its chunks aborts it.
 *
 * @example
 * const stream = client.chat.completions.stream({ model, messages }).on('content', (delta) => show(delta))
 * const completion = await stream.finalChatCompletion()
 */
export class ChatCompletionStream<T = null> implements AsyncIterable<ChatCompletionChunk> {
  /** Ends it. */
  readonly controller: AbortController = new AbortController()
  /** The request's messages, and those that came after them. */
  readonly messages: Stage<T>['messages'] = []
  readonly #completions: ParsedChatCompletion<T>[] = []
  /** How it ended: not yet, well, or badly. */
  #state: 'running' | 'done' | 'failed' = 'running'
  #listeners: readonly Listener<T>[] = []
  readonly #conclusion: Promise<Conclusion<T>>

  /** @param start What makes the events. It begins after whoever has just called has added listeners. */
  constructor(start: (stage: Stage<T>) => Promise<Conclusion<T>>, signal?: AbortSignal | null) {
    const { controller, messages } = this
    const abort = (): void => controller.abort(signal?.reason)
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    const stage: Stage<T> = {
      signal: controller.signal,
      messages,
      completions: this.#completions,
      emit: (name, ...args) => this.#emit(name, ...args),
      hears: (name) => this.#listeners.some((listener) => listener.name === name),
    }
    this.#conclusion = this.#run(() => start(stage)).finally(() => signal?.removeEventListener('abort', abort))
  }

  /** The chunks that `toReadableStream()` made into lines, as events again: what a page does with a server's answer. */
  static fromReadableStream(readable: ReadableStream<Uint8Array>): ChatCompletionStream {
    return new ChatCompletionStream(async (stage) =>
      (await loaded(import('./tools/conversation.ts'))).replay(stage, readable),
    )
  }

  /** Calls `listener` at each event of this name. */
  on<Name extends keyof Events<T>>(name: Name, listener: (...args: Events<T>[Name]) => unknown): this {
    return this.#add(name, listener, false)
  }

  /** Calls `listener` at the next event of this name. */
  once<Name extends keyof Events<T>>(name: Name, listener: (...args: Events<T>[Name]) => unknown): this {
    return this.#add(name, listener, true)
  }

  /** Takes back one `on` or `once`. */
  off<Name extends keyof Events<T>>(name: Name, listener: (...args: Events<T>[Name]) => unknown): this {
    const found = this.#listeners.find((each) => each.name === name && each.call === listener)
    this.#listeners = this.#listeners.filter((each) => each !== found)
    return this
  }

  /** What the next event of this name brings; rejects when it fails before. */
  emitted<Name extends keyof Events<T>>(name: Name): Promise<Events<T>[Name][0]> {
    return new Promise((resolve, reject) => {
      this.once(name, (...[first]) => resolve(first))
      this.#conclusion.catch((error: unknown) => reject(error))
    })
  }

  /** Whether it is over. */
  get ended(): boolean {
    return this.#state !== 'running'
  }

  /** Whether it failed or was aborted. */
  get errored(): boolean {
    return this.#state === 'failed'
  }

  /** Whether it was aborted. */
  get aborted(): boolean {
    return this.controller.signal.aborted
  }

  /** Ends it; who waits gets an `APIUserAbortError`. */
  abort(): void {
    this.controller.abort()
  }

  /** Resolves at a good end; rejects with what went wrong. */
  async done(): Promise<void> {
    await this.#conclusion
  }

  /** The completion; the last one of several steps. */
  async finalChatCompletion(): Promise<ParsedChatCompletion<T>> {
    return (await this.#conclusion).completion
  }

  /** The model's last message. */
  async finalMessage(): Promise<ParsedMessage<T>> {
    return (await this.#conclusion).message
  }

  /** Its text; null when it has none. */
  async finalContent(): Promise<string | null> {
    return (await this.#conclusion).message.content
  }

  /** The last function that the model called. */
  async finalFunctionToolCall(): Promise<FunctionCall | undefined> {
    return (await this.#conclusion).call
  }

  /** What the last function gave. */
  async finalFunctionToolCallResult(): Promise<string | undefined> {
    return (await this.#conclusion).callResult
  }

  /** The tokens of all steps; zeros when no service told them. */
  async totalUsage(): Promise<Usage> {
    return (await this.#conclusion).usage ?? { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
  }

  /** The completions of all steps so far. */
  allChatCompletions(): readonly ParsedChatCompletion<T>[] {
    return [...this.#completions]
  }

  /** The chunks of all steps, as they arrive. */
  [Symbol.asyncIterator](): AsyncIterator<ChatCompletionChunk, void, undefined> {
    const chunks: ChatCompletionChunk[] = []
    let wake = (): void => undefined
    const take = (chunk: ChatCompletionChunk): void => {
      chunks.push(chunk)
      wake()
    }
    this.on('chunk', take)
    const conclusion = this.#conclusion
    conclusion.then(
      () => wake(),
      () => wake(),
    )
    const leave = (): void => {
      this.off('chunk', take)
      if (!this.ended) this.abort()
    }
    return this.#read(chunks, (resolve) => (wake = resolve), leave)
  }

  /** The chunks as lines of JSON, for `fromReadableStream` somewhere else. */
  toReadableStream(): ReadableStream<Uint8Array> {
    return linesOf(this[Symbol.asyncIterator]())
  }

  async *#read(
    chunks: ChatCompletionChunk[],
    onWake: (wake: () => void) => void,
    leave: () => void,
  ): AsyncGenerator<ChatCompletionChunk, void, undefined> {
    try {
      for (;;) {
        for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) yield chunk
        if (this.ended) return await this.done()
        await new Promise<void>((resolve) => onWake(resolve))
      }
    } finally {
      leave()
    }
  }

  async #run(start: () => Promise<Conclusion<T>>): Promise<Conclusion<T>> {
    try {
      await Promise.resolve()
      const conclusion = await start()
      this.#emitFinals(conclusion)
      this.#state = 'done'
      return conclusion
    } catch (thrown) {
      this.#state = 'failed'
      const isAbort = this.aborted && !(thrown instanceof APIUserAbortError)
      const error = isAbort ? Object.assign(new APIUserAbortError(), { cause: thrown }) : thrown
      if (error instanceof APIUserAbortError) this.#emit('abort', error)
      else if (error instanceof Error) this.#emit('error', error)
      throw error
    } finally {
      this.#emit('end')
    }
  }

  #emitFinals({ completion, message, call, callResult, usage }: Conclusion<T>): void {
    this.#emit('finalChatCompletion', completion)
    this.#emit('finalMessage', message)
    if (message.content) this.#emit('finalContent', message.content)
    if (call !== undefined) this.#emit('finalFunctionToolCall', call)
    if (callResult !== undefined) this.#emit('finalFunctionToolCallResult', callResult)
    if (usage !== undefined) this.#emit('totalUsage', usage)
  }

  #add(name: keyof Events<T>, call: Listener<T>['call'], once: boolean): this {
    this.#listeners = [...this.#listeners, { name, call, once }]
    // Who listens for the failure has dealt with it.
    if (name === 'error' || name === 'abort') this.#conclusion?.catch(() => undefined)
    return this
  }

  #emit<Name extends keyof Events<T>>(name: Name, ...args: Events<T>[Name]): void {
    const called = this.#listeners.filter((listener) => listener.name === name)
    this.#listeners = this.#listeners.filter((each) => !each.once || each.name !== name)
    for (const { call } of called) Reflect.apply(call, undefined, args)
  }
}
