import { createParser } from 'eventsource-parser'
import type { ErrorEnvelope } from '../../../src/errors.ts'

/** What a caller of the gateway got. */
export interface Reading {
  readonly status: number
  /** The text of the first choice. */
  readonly text: string
  /** Tool calls of the first choice: name and arguments. */
  readonly calls: readonly { readonly name: string; readonly arguments: string }[]
  readonly finish: string | undefined
  /** The tokens of the answer, as it was told. */
  readonly completionTokens: number | undefined
  /** What ended it: `done`, an `error` in the stream or in place of one, `cut` by the socket, nothing, or our patience. */
  readonly end: 'done' | 'error' | 'cut' | 'silent end' | 'hang'
  readonly error: ErrorEnvelope['error'] | undefined
  /** What no stream may do: a gap in the ids, something after the end. */
  readonly faults: readonly string[]
  /** Milliseconds from the request to the first text, and to the end. */
  readonly firstAt: number | undefined
  readonly ms: number
}

/** What is asked, and how long to wait for the end of it. */
export interface Question {
  readonly model: string
  readonly messages: readonly object[]
  readonly stream: boolean
  /** Further fields of the body. */
  readonly extra?: object | undefined
  readonly patience: number
}

/** Asks the gateway at `url` (with `/v1`) and reads to the end. Never throws: what goes wrong is in the reading. */
export async function ask(url: string, { patience, extra, ...question }: Question): Promise<Reading> {
  const reader = new Reader()
  const signal = AbortSignal.timeout(patience)
  try {
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      // With usage, so that ids have no gaps.
      body: JSON.stringify({
        ...question,
        ...extra,
        ...(question.stream ? { stream_options: { include_usage: true } } : {}),
      }),
      signal,
    })
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    if (isStream) await reader.readStream(response)
    else reader.readJson(response.status, await response.text())
    return reader.reading(response.status)
  } catch {
    return reader.reading(0, signal.aborted ? 'hang' : 'cut')
  }
}

/** The parts of a chunk, or of a whole completion, that are looked at. */
interface Answer {
  readonly choices?: readonly {
    readonly index: number
    readonly delta?: Message
    readonly message?: Message
    readonly finish_reason: string | null
  }[]
  readonly error?: ErrorEnvelope['error']
  readonly usage?: { readonly completion_tokens?: number } | null
}

interface Message {
  readonly content?: string | null
  readonly tool_calls?: readonly {
    readonly function?: { readonly name?: string; readonly arguments?: string }
  }[]
}

class Reader {
  readonly #started = performance.now()
  readonly #faults: string[] = []
  readonly #calls: { name: string; arguments: string }[] = []
  #text = ''
  #finish: string | undefined
  #end: 'done' | 'error' | undefined
  #error: ErrorEnvelope['error'] | undefined
  #completionTokens: number | undefined
  #firstAt: number | undefined
  #next = 0

  async readStream(response: Response): Promise<void> {
    const decoder = new TextDecoder()
    const parser = createParser({ onEvent: ({ id, data }) => this.#event(id, data) })
    for await (const bytes of response.body ?? []) parser.feed(decoder.decode(bytes, { stream: true }))
  }

  readJson(status: number, text: string): void {
    const answer: Answer = JSON.parse(text)
    this.#take(answer)
    this.#end = answer.error === undefined ? 'done' : 'error'
    const isHonest = answer.error === undefined ? status === 200 : status >= 400
    if (!isHonest) this.#faults.push(`status ${status} with ${answer.error === undefined ? 'an answer' : 'an error'}`)
  }

  reading(status: number, broken?: 'hang' | 'cut'): Reading {
    return {
      status,
      text: this.#text,
      calls: this.#calls,
      finish: this.#finish,
      end: broken ?? this.#end ?? 'silent end',
      error: this.#error,
      completionTokens: this.#completionTokens,
      faults: this.#faults,
      firstAt: this.#firstAt,
      ms: performance.now() - this.#started,
    }
  }

  #event(id: string | undefined, data: string): void {
    if (this.#end !== undefined) return void this.#faults.push(`an event after the end: ${data}`)
    if (Number(id?.slice(id.lastIndexOf(':') + 1)) !== this.#next++) this.#faults.push(`an id out of order: ${id}`)
    if (data === '[DONE]') {
      this.#end = 'done'
      return
    }
    const answer: Answer = JSON.parse(data)
    this.#take(answer)
    if (answer.error !== undefined) this.#end = 'error'
  }

  #take({ choices = [], error, usage }: Answer): void {
    this.#error ??= error
    this.#completionTokens = usage?.completion_tokens ?? this.#completionTokens
    for (const { index, delta, message, finish_reason: finish } of choices) {
      if (index !== 0) continue
      const { content, tool_calls: calls } = delta ?? message ?? {}
      if (content != null && content !== '') {
        this.#firstAt ??= performance.now() - this.#started
        this.#text += content
      }
      for (const call of calls ?? []) this.#call(call.function?.name, call.function?.arguments)
      if (finish === null) continue
      if (this.#finish !== undefined) this.#faults.push('a second finish_reason')
      this.#finish = finish
    }
  }

  /** A name begins a call, whatever its index says: so it is with a provider that numbers all of them 0. */
  #call(name = '', args = ''): void {
    const last = this.#calls.at(-1)
    if (last === undefined || name !== '') this.#calls.push({ name, arguments: args })
    else last.arguments += args
  }
}
