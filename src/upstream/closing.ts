import type { ChatCompletionChunk, FinishReason } from '../completion/chunk.ts'
import type { ParsedChunk } from '../completion/parse.ts'
import type { Sent } from './sent.ts'

/**
 * The end of an answer that needs no provider any more: a finish_reason, and the usage so far, for a
 * stream whose cut text turns out to be all that was asked for.
 */
export function closingChunks(sent: Sent, reason: FinishReason): readonly ParsedChunk[] {
  const { first } = sent
  const frame: ChatCompletionChunk = {
    id: first?.id ?? '',
    object: 'chat.completion.chunk',
    created: first?.created ?? 0,
    model: first?.model ?? '',
    choices: [],
  }
  const end = { ...frame, choices: [{ index: 0, delta: {}, finish_reason: reason }] }
  const usage = sent.total({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 })
  const counted = { ...frame, usage }
  const base = { type: 'chunk', visible: false } as const
  return [
    { ...base, chunk: end, data: JSON.stringify(end), finished: true, usage: undefined, bare: false },
    { ...base, chunk: counted, data: JSON.stringify(counted), finished: false, usage, bare: true },
  ]
}
