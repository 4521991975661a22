import type { FinishReason } from '../completion/chunk.ts'
import { parseJson } from '../completion/json.ts'
import { inputOf, ToolProgress, type ToolStep } from '../completion/tool-progress.ts'
import { encodeEvent } from '../sse/encode.ts'
import { EVENT_STREAM, textIn, type AnswerItem, type DialectWriter } from './writer.ts'

const REASONS: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  content_filter: 'content-filter',
  function_call: 'tool-calls',
}

/**
 * The AI SDK's UI message stream (`ai` version 7, `uiMessageChunkSchema`), so that its `useChat` reads our
 * answers: text and reasoning as parts that start, grow and end, tool calls with their input as it comes.
 *
 * @param messageId The message's id; without one the reader makes one up.
 */
export function uiMessageWriter(messageId?: string): DialectWriter {
  return new UiMessageWriter(messageId)
}

class UiMessageWriter implements DialectWriter {
  readonly headers: DialectWriter['headers'] = { ...EVENT_STREAM, 'x-vercel-ai-ui-message-stream': 'v1' }
  readonly #messageId: string | undefined
  readonly #tools = new ToolProgress()
  #part: 'text' | 'reasoning' | undefined = undefined
  #parts = 0
  #reason = 'other'

  constructor(messageId: string | undefined) {
    this.#messageId = messageId
  }

  open(): string {
    return part({ type: 'start', messageId: this.#messageId }) + part({ type: 'start-step' })
  }

  write(item: AnswerItem): string {
    if (item.type !== 'chunk') return ''
    const choice = item.chunk.choices.find(({ index }) => index === 0)
    if (choice === undefined) return ''
    const { delta, finish_reason: reason } = choice
    let out = this.#grow('reasoning', delta.reasoning_content || delta.reasoning || '')
    out += this.#grow('text', textIn(item) || (delta.refusal ?? ''))
    for (const step of this.#tools.take(item.chunk)) out += this.#endPart() + tool(step)
    if (reason !== null) this.#reason = REASONS[reason] ?? 'other'
    return out
  }

  close(): string {
    const finish = part({ type: 'finish-step' }) + part({ type: 'finish', finishReason: this.#reason })
    return this.#endPart() + finish + encodeEvent({ data: '[DONE]' })
  }

  fail({ message }: { readonly message: string }): string {
    return this.#endPart() + part({ type: 'error', errorText: message }) + encodeEvent({ data: '[DONE]' })
  }

  #grow(kind: 'text' | 'reasoning', delta: string): string {
    if (delta === '') return ''
    let out = ''
    if (this.#part !== kind) {
      out = this.#endPart()
      this.#part = kind
      out += part({ type: `${kind}-start`, id: this.#id })
    }
    return out + part({ type: `${kind}-delta`, id: this.#id, delta })
  }

  #endPart(): string {
    if (this.#part === undefined) return ''
    const out = part({ type: `${this.#part}-end`, id: this.#id })
    this.#part = undefined
    this.#parts++
    return out
  }

  get #id(): string {
    return String(this.#parts)
  }
}

function tool({ call, fresh, first, done }: ToolStep): string {
  const toolCallId = call.id
  const toolName = call.type === 'custom' ? call.custom.name : call.function.name
  let out = first ? part({ type: 'tool-input-start', toolCallId, toolName }) : ''
  if (fresh !== '') out += part({ type: 'tool-input-delta', toolCallId, inputTextDelta: fresh })
  if (!done) return out
  const text = inputOf(call)
  const input = call.type === 'custom' ? text : parseJson(text === '' ? '{}' : text)
  if (input !== undefined) return out + part({ type: 'tool-input-available', toolCallId, toolName, input })
  const errorText = 'The arguments are not valid JSON'
  return out + part({ type: 'tool-input-error', toolCallId, toolName, input: text, errorText })
}

function part(fields: Readonly<Record<string, unknown>>): string {
  return encodeEvent({ data: JSON.stringify(fields) })
}
