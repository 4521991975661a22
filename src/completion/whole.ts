import type { ChatCompletion, ChatCompletionChunk } from './chunk.ts'
import { isObject, type JsonObject } from './json.ts'

/**
 * A whole completion as the chunks it could have been streamed as: for each choice its message, then
 * its finish_reason; then usage. Unknown fields stay, those of the completion in its first chunk.
 * Accumulating the chunks gives the completion again.
 */
export function completionToChunks(completion: ChatCompletion): ChatCompletionChunk[] {
  const { choices, usage, id, created, model, object: _object, ...others } = completion
  const head = { id, object: 'chat.completion.chunk', created, model } as const
  const chunks: ChatCompletionChunk[] = []
  for (const { index, message, finish_reason, logprobs, ...choiceOthers } of choices) {
    const { tool_calls: calls, function_call, audio, content, ...fields } = message
    const delta = {
      ...fields,
      content,
      ...(calls ? { tool_calls: calls.map((call, position) => ({ ...call, index: position })) } : {}),
      ...(function_call ? { function_call } : {}),
      ...(audio ? { audio } : {}),
    }
    const first = chunks.length === 0 ? others : {}
    chunks.push({
      ...head,
      ...first,
      choices: [{ ...choiceOthers, index, delta, ...(logprobs ? { logprobs } : {}), finish_reason: null }],
    })
    chunks.push({ ...head, choices: [{ index, delta: {}, finish_reason }] })
  }
  if (chunks.length === 0) chunks.push({ ...head, ...others, choices: [] })
  if (usage) chunks.push({ ...head, choices: [], usage })
  return chunks
}

/** Whether every choice has a message. The fields inside are looked at when the chunks are repaired. */
export function isCompletion(json: JsonObject): json is JsonObject & ChatCompletion {
  const choices = json['choices']
  return Array.isArray(choices) && choices.every((choice) => isObject(choice) && isObject(choice['message']))
}
