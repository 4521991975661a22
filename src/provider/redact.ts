/** What stands in place of a secret. */
const REDACTED = '[redacted]'

/**
 * Configured values shorter than this are not looked for: nobody's key is that short, and taking a
 * word like `test` out of every message would hide what happened.
 */
const SHORTEST_SECRET = 6

/** Only where a word starts, also after an escaped line break in JSON text: `task-…` holds no `sk-` key. */
const START = String.raw`(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))`

/**
 * Linear on every input: each pattern starts with fixed text at the start of a word, and no
 * repetition is followed by something that could fail over the same characters again, or the
 * characters of two tries are disjoint (the segments of a JWT).
 */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // A JWT, with or without "Bearer".
  [new RegExp(String.raw`${START}eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?`, 'g'), REDACTED],
  [new RegExp(String.raw`${START}(Bearer|Basic)[ \t]{1,8}[A-Za-z0-9._~+/*=-]{6,}`, 'gi'), `$1 ${REDACTED}`],
  // OpenAI and its followers; providers mask keys with asterisks, and what is left is nobody's business either.
  [new RegExp(String.raw`${START}(?:sk-|fastgpt-)[A-Za-z0-9_*-]{8,}`, 'g'), REDACTED],
  [new RegExp(String.raw`${START}(?:cr_|gsk_|hf_|xai-|pplx-|csk-|AIza)[A-Za-z0-9_*-]{16,}`, 'g'), REDACTED],
  // "secret": "…", also in JSON that stands inside a JSON string (\"secret\":\"…\").
  [
    /(["'](?:secret|password|api[_-]?key|(?:access|refresh|id)[_-]?token|client[_-]?secret|authorization)\\?["'][ \t]{0,8}:[ \t]{0,8}\\?["'])(?:[^"'\\]|\\[^"'])+/gi,
    `$1${REDACTED}`,
  ],
  // Header fields and query parameters in a text.
  [/((?<![A-Za-z0-9])(?:x-)?api[_-]key[ \t]{0,8}[:=][ \t]{0,8})[A-Za-z0-9._~+/*-]{6,}/gi, `$1${REDACTED}`],
  [/([?&](?:key|token|access_token|sig|signature)=)[^&\s"'\\]+/gi, `$1${REDACTED}`],
]

/** Header fields and query parameters with such a name carry a secret. */
export const SECRET_NAME: RegExp = /auth|key|token|secret|cookie|password|signature|^sig$/i

/**
 * Takes what looks like a secret out of a text: API keys by their prefixes, bearer tokens, JWTs,
 * JSON fields named like secrets. For provider messages shown to callers and for log lines.
 *
 * @example
 * redact('Incorrect API key provided: sk-abcdefgh12345678') // 'Incorrect API key provided: [redacted]'
 */
export function redact(text: string): string {
  let result = text
  for (const [pattern, replacement] of PATTERNS) result = result.replace(pattern, replacement)
  return result
}

/**
 * `redact` that also knows the configured secrets themselves, as they are and as they stand in a
 * URL or in JSON. Values shorter than six characters are left alone.
 *
 * @example
 * const redact = createRedactor(config.secrets)
 */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const spellings = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .flatMap((secret) => [secret, encodeURIComponent(secret.toWellFormed()), JSON.stringify(secret).slice(1, -1)])
  if (spellings.length === 0) return redact
  // Longest first: a key that begins with another one is taken out whole.
  const ordered = [...new Set(spellings)].sort((a, b) => b.length - a.length)
  const exact = new RegExp(ordered.map((secret) => RegExp.escape(secret)).join('|'), 'g')
  return (text) => redact(text.replace(exact, REDACTED))
}
