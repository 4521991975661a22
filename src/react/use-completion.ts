import type { Answer } from '../chat/message.ts'
import { useChat, type UseChatOptions } from './use-chat.ts'

/** One answer to one prompt. */
export interface UsedCompletion {
  /** The text so far. */
  readonly completion: string
  /** Everything about it; `undefined` before the first prompt. */
  readonly answer: Answer | undefined
  readonly isLoading: boolean
  readonly error: Answer['error']
  /** Asks; what was asked before is no part of it. Resolves when the answer has ended. */
  readonly complete: (prompt: string) => Promise<void>
  readonly stop: () => void
}

/**
 * Single answers as React state.
 *
 * @example
 * const { completion, complete, isLoading } = useCompletion({ baseURL: '/v1' })
 */
export function useCompletion(options: UseChatOptions): UsedCompletion {
  const { chat, messages, status } = useChat(options)
  const last = messages.at(-1)
  const answer = last?.role === 'assistant' ? last : undefined
  return {
    completion: answer?.text ?? '',
    answer,
    isLoading: status === 'busy',
    error: answer?.error,
    async complete(prompt) {
      chat.stop()
      await chat.send(prompt, { fresh: true })
    },
    stop: () => chat.stop(),
  }
}
