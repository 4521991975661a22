import { isObject, parseJson, type JsonObject } from './json.ts'

/** A chunk's JSON text in its place in a log. */
export interface PlacedChunk {
  readonly data: string
  readonly offset: number
}

/** A merged chunk holds at most so many characters of text, so that replay stays a stream. */
const MAX_TEXT = 64 * 1024

/** How deep unknown fields are compared; deeper ones are taken as different. */
const MAX_DEPTH = 16

/**
 * Merges adjacent deltas into ordinary chunks, each with the offset of its last member: the compact
 * replay (PROTOCOL 5). Merged are deltas of one choice, one field and one tool call in chunks that are
 * equal in everything else, unknown fields included, but for `obfuscation`, which is dropped. Never
 * merged is what carries a finish_reason, usage, an error or logprobs. What is not merged stays
 * verbatim. Accumulating the result gives the same completion.
 *
 * @example
 * compact([
 *   { offset: 1, data: '{"choices":[{"index":0,"delta":{"content":"He"}}]}' },
 *   { offset: 2, data: '{"choices":[{"index":0,"delta":{"content":"llo"}}]}' },
 * ]) // [{ offset: 2, data: '{"choices":[{"index":0,"delta":{"content":"Hello"}}]}' }]
 */
export function compact(chunks: readonly PlacedChunk[]): PlacedChunk[] {
  const merged: PlacedChunk[] = []
  let run: Run | undefined
  for (const chunk of chunks) {
    const piece = toPiece(chunk.data)
    if (run !== undefined && piece !== undefined && run.takes(piece)) {
      run.add(piece, chunk)
      continue
    }
    if (run !== undefined) merged.push(run.close())
    run = piece === undefined ? undefined : new Run(piece, chunk)
    if (piece === undefined) merged.push({ data: chunk.data, offset: chunk.offset })
  }
  if (run !== undefined) merged.push(run.close())
  return merged
}

/** Where a delta's text stands. */
interface TextPlace {
  readonly holder: JsonObject
  readonly field: string
}

/** A chunk that brings text and nothing else of its own: the text, and the chunk without it. */
interface Piece extends TextPlace {
  readonly chunk: JsonObject
  readonly text: string
}

/** Pieces that will be one chunk. */
class Run {
  readonly #first: Piece
  #text: string
  #last: PlacedChunk
  #isMerged = false

  constructor(first: Piece, placed: PlacedChunk) {
    this.#first = first
    this.#text = first.text
    this.#last = placed
  }

  takes({ chunk, field, text }: Piece): boolean {
    const first = this.#first
    if (field !== first.field || this.#text.length + text.length > MAX_TEXT) return false
    // Some engines tell the time of each chunk instead of the completion's; the first one counts anyway.
    if (typeof chunk['created'] === 'number' && first.chunk['created']) chunk['created'] = first.chunk['created']
    return isEqual(chunk, first.chunk, MAX_DEPTH)
  }

  add(piece: Piece, placed: PlacedChunk): void {
    this.#text += piece.text
    this.#last = placed
    this.#isMerged = true
  }

  close(): PlacedChunk {
    const { data, offset } = this.#last
    if (!this.#isMerged) return { data, offset }
    const { holder, field, chunk } = this.#first
    holder[field] = this.#text
    return { data: JSON.stringify(chunk), offset }
  }
}

/** What of a chunk can be merged; `undefined` when it must stay as it is. */
function toPiece(data: string): Piece | undefined {
  const chunk = parseJson(data)
  if (!isObject(chunk) || isSaid(chunk['usage']) || isSaid(chunk['error'])) return undefined
  const choices = chunk['choices']
  const choice: unknown = Array.isArray(choices) && choices.length === 1 ? choices[0] : undefined
  if (!isObject(choice) || isSaid(choice['finish_reason']) || isSaid(choice['logprobs']) || isSaid(choice['usage']))
    return undefined
  const delta = choice['delta']
  const place = isObject(delta) ? findText(delta) : undefined
  if (place === undefined) return undefined
  const { holder, field } = place
  const text = String(holder[field])
  holder[field] = ''
  delete chunk['obfuscation']
  return { chunk, holder, field, text }
}

/** The one text of a delta that is not empty, or the first empty one; `undefined` for two, or for other pieces. */
function findText(delta: JsonObject): TextPlace | undefined {
  let found: TextPlace | undefined
  let hasText = false
  for (const key in delta) {
    const place = placeOf(delta, key)
    if (place === 'not mergeable') return undefined
    if (place === undefined) continue
    const isFilled = place.holder[place.field] !== ''
    if (isFilled && hasText) return undefined
    if (isFilled || found === undefined) found = place
    hasText ||= isFilled
  }
  return found
}

function placeOf(delta: JsonObject, key: string): TextPlace | 'not mergeable' | undefined {
  const value = delta[key]
  if (value === null || (Array.isArray(value) && value.length === 0)) return undefined
  switch (key) {
    case 'content':
    case 'reasoning_content':
    case 'reasoning':
    case 'refusal':
      return typeof value === 'string' ? { holder: delta, field: key } : 'not mergeable'
    case 'tool_calls':
      return (Array.isArray(value) && value.length === 1 ? argumentsOf(value[0]) : undefined) ?? 'not mergeable'
    case 'function_call':
    case 'audio':
      return 'not mergeable'
    default:
      // A list in a delta is a piece of one and is appended, even when it looks the same.
      return Array.isArray(value) ? 'not mergeable' : undefined
  }
}

function argumentsOf(call: unknown): TextPlace | undefined {
  if (!isObject(call)) return undefined
  const isCustom = isObject(call['custom'])
  const holder = isCustom ? call['custom'] : call['function']
  const field = isCustom ? 'input' : 'arguments'
  if (!isObject(holder) || typeof holder[field] !== 'string') return undefined
  // With neither index nor id, each name begins a call of its own.
  const isPlaced = call['index'] !== undefined || isSaid(call['id']) || !isSaid(holder['name'])
  return isPlaced ? { holder, field } : undefined
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

function isEqual(a: unknown, b: unknown, depth: number): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || depth === 0) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, i) => isEqual(item, b[i], depth - 1))
  }
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && isEqual(Reflect.get(a, key), Reflect.get(b, key), depth - 1))
}
