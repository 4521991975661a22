/** Whose wire format a stream imitates. */
export type ShapeName =
  | 'openai'
  | 'azure'
  | 'mistral'
  | 'ollama'
  | 'groq'
  | 'deepseek'
  | 'together'
  | 'gemini'
  | 'minimax'
  | 'xai'
  | 'vllm'
  | 'llamacpp'
  | 'openrouter'
  | 'perplexity'
  | 'spring'

/** All of them. */
export const SHAPE_NAMES: readonly ShapeName[] = [
  'openai',
  'azure',
  'mistral',
  'ollama',
  'groq',
  'deepseek',
  'together',
  'gemini',
  'minimax',
  'xai',
  'vllm',
  'llamacpp',
  'openrouter',
  'perplexity',
  'spring',
]
