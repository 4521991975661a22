import { SluiceError } from '../errors.ts'

/** How deep a body may be nested. */
const MAX_DEPTH = 64

/**
 * Bytes as a JSON value. Throws `invalid_utf8`, `invalid_json` (saying where), or `body_too_deep`.
 */
export function parseJsonBody(bytes: Uint8Array): unknown {
  const text = decode(bytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'not valid JSON'
    throw new SluiceError('invalid_json', `The request body is not valid JSON: ${withoutQuote(reason)}`, {
      cause: error,
    })
  }
  if (isDeeper(value, MAX_DEPTH)) {
    throw new SluiceError('body_too_deep', `The request body is nested deeper than ${MAX_DEPTH} levels`)
  }
  return value
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch (error) {
    throw new SluiceError('invalid_utf8', 'The request body is not valid UTF-8', { cause: error })
  }
}

/** V8 quotes the text around the fault; a prompt must not end in an error message. */
function withoutQuote(reason: string): string {
  const position = /at position \d+(?: \(line \d+ column \d+\))?/.exec(reason)?.[0]
  return position === undefined ? 'unexpected end or character' : `unexpected character ${position}`
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  if (Array.isArray(value)) return value.some((inner) => isDeeper(inner, levels - 1))
  // Out of JSON.parse: all its fields are its own. A list of them would be made for every level.
  for (const name in value) if (isDeeper(Reflect.get(value, name), levels - 1)) return true
  return false
}
