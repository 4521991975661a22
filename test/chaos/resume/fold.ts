import type { ChatCompletionChunk } from '../../../src/completion/chunk.ts'

/**
 * A second, plainer fold of chunks than the accumulator's: all text by choice and field. Two folds that
 * agree on compact and full replay are unlikely to be wrong in the same way.
 */
export function folded(chunks: Iterable<ChatCompletionChunk>): string {
  const texts = new Map<string, string>()
  for (const chunk of chunks) {
    for (const [place, text] of textsOf(chunk)) texts.set(place, (texts.get(place) ?? '') + text)
  }
  return JSON.stringify([...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Characters of all text fields of a chunk. */
export function weight(chunk: ChatCompletionChunk): number {
  let sum = 0
  for (const [, text] of textsOf(chunk)) sum += text.length
  return sum
}

function* textsOf(chunk: ChatCompletionChunk): Generator<readonly [place: string, text: string]> {
  for (const { index, delta, finish_reason: finish } of chunk.choices) {
    if (typeof delta.content === 'string' && delta.content !== '') yield [`${index} content`, delta.content]
    if (typeof delta.reasoning_content === 'string') yield [`${index} reasoning`, delta.reasoning_content]
    for (const call of delta.tool_calls ?? []) {
      yield [`${index} call ${call.index}`, `${call.function?.name ?? ''}${call.function?.arguments ?? ''}`]
    }
    if (finish != null) yield [`${index} finish`, finish]
  }
}
