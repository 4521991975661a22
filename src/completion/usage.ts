import type { ChatCompletionChunk, Usage } from './chunk.ts'
import { isObject } from './json.ts'

/**
 * The usage that a chunk brings: its own, Groq's in `x_groq`, or Moonshot's in the last choice. `null`
 * and `{}` are none. Usage is cumulative: the last one counts, nothing is added up.
 */
export function usageOf(chunk: ChatCompletionChunk): Usage | undefined {
  if (isUsage(chunk.usage)) return chunk.usage
  if (isObject(chunk.x_groq) && isUsage(chunk.x_groq['usage'])) return chunk.x_groq['usage']
  const choice: unknown = chunk.choices[0]
  return isObject(choice) && isUsage(choice['usage']) ? choice['usage'] : undefined
}

function isUsage(value: unknown): value is Usage {
  if (!isObject(value)) return false
  for (const key in value) if (value[key] !== undefined) return true
  return false
}
