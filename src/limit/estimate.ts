/**
 * About how many tokens a text is, without a tokenizer: a quarter per character of Latin letters, digits and
 * spaces, half of one for other alphabets, one for ideographs, kana, Hangul and emoji. A rough count, for
 * limits and displays, never for a bill.
 */
export function estimateTokens(text: string): number {
  return Math.ceil(quarterTokens(text) / 4)
}

/** Most tokens are no longer, in characters. */
const SHORT = 8

/** What is more than a quarter. */
const WIDE = /[\u0250-\uffff]/

/** The same in quarters of a token, so that the pieces of a text add up to the whole. */
export function quarterTokens(text: string): number {
  // V8 knows of a string that has only Latin-1 in it, and looks at none of its characters then: 20 ns, where the
  // loop takes 37 us for a prompt of 10,000 characters. Of a few characters the loop is faster.
  if (text.length > SHORT && !WIDE.test(text)) return text.length
  let quarters = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x250) quarters += 1
    else if (code < 0x2e80) quarters += 2
    // A pair counts once, by its first half.
    else if (code < 0xdc00 || code > 0xdfff) quarters += 4
  }
  return quarters
}

/** What a request may take, as far as an estimate needs it. */
interface Estimable {
  readonly messages?: unknown
  /** Of an embedding. */
  readonly input?: unknown
  readonly tools?: unknown
  readonly functions?: unknown
  readonly response_format?: unknown
  readonly max_completion_tokens?: unknown
  readonly max_tokens?: unknown
  readonly n?: unknown
}

/**
 * How many tokens a request may use at most, for a reservation: its messages, and per choice the limit it
 * sets, or `expected` (1,024 unless told) when it sets none.
 */
export function estimateRequestTokens(request: Estimable, expected = 1_024): number {
  return estimatePromptTokens(request) + estimateAnswerTokens(request, expected)
}

/** What is sent: texts, tools and schemas; an image counts nothing. */
export function estimatePromptTokens(request: Estimable): number {
  const { messages, input, tools, functions, response_format: format } = request
  let quarters = quarterTokens(textOf(messages)) + quarterTokens(inputOf(input))
  for (const extra of [tools, functions, format]) if (extra != null) quarters += quarterTokens(JSON.stringify(extra))
  return Math.ceil(quarters / 4)
}

/**
 * What may come back, over all choices; nothing for an embedding. Of two limits the larger one: not every
 * provider knows both. A limit of 0 is none.
 */
export function estimateAnswerTokens(request: Estimable, expected: number): number {
  if (request.messages === undefined && request.input !== undefined) return 0
  const { max_completion_tokens: newer, max_tokens: older, n } = request
  const said = Math.max(countOf(newer), countOf(older))
  return (said > 0 ? said : expected) * Math.max(1, countOf(n))
}

function countOf(value: unknown): number {
  return typeof value === 'number' && value > 0 ? Math.ceil(value) : 0
}

/** An embedding's input: a text, texts, tokens or lists of tokens; a token stands for its four quarters. */
function inputOf(input: unknown): string {
  if (typeof input === 'string') return input
  if (typeof input === 'number') return '0000'
  return Array.isArray(input) ? input.map(inputOf).join('') : ''
}

/** Only texts: an image's data URL is not read as text. */
function textOf(messages: unknown): string {
  if (!Array.isArray(messages)) return ''
  let all = ''
  for (const message of messages) {
    if (typeof message !== 'object' || message === null || !('content' in message)) continue
    const content: unknown = message.content
    if (typeof content === 'string') all += content
    else if (Array.isArray(content)) {
      for (const part of content) {
        if (typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string')
          all += part.text
      }
    }
  }
  return all
}
