import type { ChatCompletionChunk, Delta } from '../../src/completion/chunk.ts'
import type { ChatRequest } from '../../src/completion/request.ts'
import type { AnswerStream, AskOptions, ChatClient, StreamEvent } from '../../src/chat/client.ts'
import { Chat } from '../../src/chat/chat.ts'
import type { ChatOptions } from '../../src/chat/options.ts'
import type { Answer } from '../../src/chat/message.ts'
import { TestClock } from '../support/clock.ts'

/** A stream that says what the test tells it, when the test tells it. */
export class ScriptedStream implements AnswerStream {
  readonly id: string
  readonly request: ChatRequest | undefined
  readonly options: AskOptions | undefined
  isCancelled = false
  metrics: { reconnects: number; rescues: number } = { reconnects: 0, rescues: 0 }
  readonly #items: StreamEvent[] = []
  #end: { readonly error?: unknown } | undefined = undefined
  #wake: (() => void) | undefined = undefined

  constructor(id: string, request?: ChatRequest, options?: AskOptions) {
    this.id = id
    this.request = request
    this.options = options
  }

  say(...texts: readonly string[]): this {
    for (const content of texts) this.delta({ content })
    return this
  }

  delta(delta: Delta, finish: 'stop' | 'length' | null = null): this {
    return this.event({ type: 'chunk', chunk: chunkOf(delta, finish) })
  }

  event(event: StreamEvent): this {
    this.#items.push(event)
    this.#wake?.()
    return this
  }

  finish(reason: 'stop' | 'length' = 'stop'): void {
    this.delta({}, reason)
    this.#end = {}
    this.#wake?.()
  }

  fail(error: unknown): void {
    this.#end = { error }
    this.#wake?.()
  }

  async cancel(): Promise<void> {
    this.isCancelled = true
    this.#end ??= {}
    this.#wake?.()
  }

  async *events(): AsyncGenerator<StreamEvent> {
    for (let at = 0; ;) {
      const item = this.#items[at]
      if (item !== undefined) {
        at++
        yield item
      } else if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error
        return
      } else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

/** A client whose streams are scripted; each call makes one. */
export class ScriptedClient implements ChatClient {
  readonly asked: ScriptedStream[] = []
  readonly resumed: ScriptedStream[] = []
  /** Set to make the next call fail. */
  refusal: unknown
  /** Holds back heads until it resolves. */
  head: Promise<void> = Promise.resolve()

  readonly chat: ChatClient['chat'] = {
    completions: {
      create: async (request, options) => {
        const stream = new ScriptedStream(`st_${this.asked.length + 1}`, request, options)
        this.asked.push(stream)
        await this.head
        if (this.refusal !== undefined) throw this.refusal
        return stream
      },
    },
  }

  readonly streams: ChatClient['streams'] = {
    resume: async (id) => {
      const stream = new ScriptedStream(id)
      this.resumed.push(stream)
      if (this.refusal !== undefined) throw this.refusal
      return stream
    },
  }
}

/** A conversation whose time, ids and frames are the test's. */
export interface Rig {
  readonly chat: Chat
  readonly client: ScriptedClient
  readonly clock: TestClock
  /** Runs the frames that are due; how many there were. */
  readonly frame: () => number
  /** The last message, which must be an answer. */
  readonly answer: () => Answer
}

export function startChat(options: Partial<ChatOptions> = {}): Rig {
  const client = new ScriptedClient()
  const clock = new TestClock()
  let frames: (() => void)[] = []
  let id = 0
  const chat = new Chat({
    client,
    clock,
    newId: () => `id${++id}`,
    frame: (run) => void frames.push(run),
    ...options,
  })
  return {
    chat,
    client: options.client instanceof ScriptedClient ? options.client : client,
    clock,
    frame() {
      const due = frames
      frames = []
      for (const run of due) run()
      return due.length
    },
    answer() {
      const last = chat.getSnapshot().messages.at(-1)
      if (last?.role !== 'assistant') throw new Error('the last message is no answer')
      return last
    },
  }
}

/** Lets everything that is ready happen. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function chunkOf(delta: Delta, finish: 'stop' | 'length' | null): ChatCompletionChunk {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
  }
}
