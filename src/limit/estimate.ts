/**
 * About how many tokens a text is, without a tokenizer: a quarter per character of Latin letters, digits and
 * spaces, half of one for other alphabets, one for ideographs, kana, Hangul and emoji. A rough count, for
 * limits and displays, never for a bill.
 */
export function estimateTokens(text: string): number {
  let quarters = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x250) quarters += 1
    else if (code < 0x2e80) quarters += 2
    // A pair counts once, by its first half.
    else if (code < 0xdc00 || code > 0xdfff) quarters += 4
  }
  return Math.ceil(quarters / 4)
}

/** What a request may take, as far as an estimate needs it. */
interface Estimable {
  readonly messages?: unknown
  readonly max_completion_tokens?: number | null
  readonly max_tokens?: number | null
  readonly n?: number | null
}

/**
 * How many tokens a request may use at most, for a reservation: its messages, and per choice the limit it
 * sets, or `expected` (1,024 unless told) when it sets none.
 */
export function estimateRequestTokens(request: Estimable, expected = 1_024): number {
  const answer = request.max_completion_tokens ?? request.max_tokens ?? expected
  return estimateTokens(textOf(request.messages)) + answer * (request.n ?? 1)
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
