/** `sluice/react`: conversations and completions as React state. */
export { useChat, type UseChatOptions, type UsedChat } from './use-chat.ts'
export { useCompletion, type UsedCompletion } from './use-completion.ts'
