import type { ChatCompletionChunk, Delta } from '../completion/chunk.ts'
import { isObject, parseJson, said } from '../completion/json.ts'
import type { ParsedChunk } from '../completion/parse.ts'

/** OpenAI's largest `n`, and the most tool calls of an answer. */
const INDEXES = 128

/**
 * The chunk that data is, if it is one as OpenAI sends it: then it is what `parseEvent` would give.
 * `undefined` for all that needs a second look: errors, the deviations of providers, and what is no chunk.
 * Nearly every stream is read with this alone, so that the second look is loaded by those who need it.
 */
export function officialChunk(data: string): ParsedChunk | undefined {
  const chunk = parseJson(data)
  if (!isOfficial(chunk)) return undefined
  const { choices, usage } = chunk
  let finished = false
  let visible = false
  for (const { delta, finish_reason } of choices) {
    finished ||= finish_reason !== null
    visible ||= isVisible(delta)
  }
  return { type: 'chunk', chunk, data, visible, finished, usage: usage ?? undefined, bare: choices.length === 0 }
}

/** Whether a reader would see something of it. */
function isVisible({
  content,
  reasoning_content,
  reasoning,
  refusal,
  tool_calls,
  audio,
  function_call,
}: Delta): boolean {
  return (
    [content, reasoning_content, reasoning, refusal].some((text) => said(text) !== undefined) ||
    (tool_calls !== undefined && tool_calls.length > 0) ||
    isObject(audio) ||
    isObject(function_call)
  )
}

function isOfficial(json: unknown): json is ChatCompletionChunk {
  if (!isObject(json) || json['object'] !== 'chat.completion.chunk') return false
  const { id, model, created, choices, usage } = json
  return (
    typeof id === 'string' &&
    typeof model === 'string' &&
    typeof created === 'number' &&
    (usage == null || (isObject(usage) && 'prompt_tokens' in usage)) &&
    // Failures that stand beside choices; Groq has usage in its own field, too.
    !json['error'] &&
    !json['base_resp'] &&
    !json['x_groq'] &&
    Array.isArray(choices) &&
    choices.every(isChoice)
  )
}

function isChoice(choice: unknown): boolean {
  if (!isObject(choice) || !isIndex(choice['index']) || choice['usage']) return false
  const { delta, finish_reason: finish } = choice
  if (!isObject(delta) || (finish !== null && (said(finish) ?? 'error') === 'error')) return false
  const { role, content, tool_calls: calls } = delta
  return (
    (role === undefined || said(role) !== undefined) &&
    (content == null || typeof content === 'string') &&
    (calls === undefined || (Array.isArray(calls) && calls.every((call) => isObject(call) && isIndex(call['index']))))
  )
}

function isIndex(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < INDEXES
}
