/** A chat request, checked. */
export interface ChatRequest {
  readonly model: string
  readonly stream: boolean
  readonly turns: readonly Turn[]
  readonly n: number
  readonly stop: readonly string[]
  /** New tokens at most. */
  readonly maxTokens: number | undefined
  readonly seed: number | undefined
  readonly tools: readonly Tool[]
  readonly toolChoice: 'auto' | 'none' | 'required' | { readonly name: string }
  readonly parallelTools: boolean
  readonly format: Format
  readonly effort: Effort | undefined
  /** How many alternatives per token; undefined when no logprobs are wanted. */
  readonly topLogprobs: number | undefined
  readonly includeUsage: boolean
  readonly obfuscation: boolean
}

/** One message, reduced to what an answer can depend on. */
export interface Turn {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly text: string
  /** Tools an assistant message calls, by id. */
  readonly calls: readonly { readonly id: string; readonly name: string }[]
  /** The call a tool message answers. */
  readonly callId: string | undefined
}

/** A function the model may call. */
export interface Tool {
  readonly name: string
  readonly description: string
  /** JSON Schema of its arguments. */
  readonly parameters: Readonly<Record<string, unknown>>
}

/** What the answer must be. */
export type Format =
  | { readonly kind: 'text' }
  | { readonly kind: 'json' }
  | { readonly kind: 'schema'; readonly schema: Readonly<Record<string, unknown>> }

/** OpenAI's reasoning efforts. */
export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'
