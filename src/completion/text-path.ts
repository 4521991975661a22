import { isObject, parseJson } from './json.ts'

/** Stands where the text was, to see where a shape puts it. */
const PROBE = 'sluice'
/** After so many shapes that served for nothing, only some of the chunks are looked at. */
const MAX_MISSES = 16
const LOOK_AT_EVERY = 64

/** Which string of a chunk is its text: the first choice's content, or the arguments of its one tool call. */
export type TextPlace = 'content' | 'arguments'

/** What a chunk begins and ends with, up to its text and from there on. */
export interface Around {
  readonly before: string
  readonly after: string
}

/** JSON before the text, between text and padding, and after the padding; `between` is empty where there is none. */
interface Shape extends Around {
  readonly between: string
}

/**
 * The text of a chunk without parsing it: chunks of a stream differ in their text only, so JSON that
 * equals the last chunk's around the string of the first choice's `delta.content` (or, on request, of the
 * arguments of its one tool call) can hold nothing new.
 * OpenAI's padding (`obfuscation`) is a second such string. What differs in any other way is not ours, and
 * is parsed.
 */
export class TextPath {
  readonly #place: TextPlace
  #shape: Shape | undefined = undefined
  #misses = 0
  #skipped = 0

  constructor(place: TextPlace = 'content') {
    this.#place = place
  }

  /** The chunk's text; `undefined` when that cannot be told without parsing. Never wrong. */
  take(data: string): string | undefined {
    const shape = this.#shape
    // Cut out and compared: V8 runs `===` over words of memory, `startsWith` over single characters.
    if (shape === undefined || data.slice(0, shape.before.length) !== shape.before) return undefined
    const end = endOfString(data, shape.before.length)
    if (end === -1) return undefined
    if (shape.between === '') {
      if (data.slice(end) !== shape.after) return undefined
    } else {
      const rest = end + shape.between.length
      if (data.slice(end, rest) !== shape.between || !isPadding(data, rest, shape.after)) return undefined
    }
    return textOf(data.slice(shape.before.length, end))
  }

  /** What stands around the text of the chunks that it knows; the same object as long as it knows the same ones. */
  get around(): Around | undefined {
    return this.#shape
  }

  /** Learns the shape of a chunk. False: it has none, or it is not worth a look. */
  learn(data: string): boolean {
    if (this.#misses > MAX_MISSES && ++this.#skipped % LOOK_AT_EVERY !== 0) return false
    this.#misses++
    const shape = shapeOf(data, this.#place)
    if (shape !== undefined) this.#shape = shape
    return shape !== undefined
  }

  /** The shape has served. */
  hit(): void {
    this.#misses = 0
  }
}

/** Where the JSON string that is open at `start` ends; -1 when it does not. */
function endOfString(data: string, start: number): number {
  let end = data.indexOf('"', start)
  while (end !== -1 && isEscaped(data, end, start)) end = data.indexOf('"', end + 1)
  return end
}

function isEscaped(data: string, at: number, start: number): boolean {
  let slashes = 0
  while (at - slashes > start && data.charCodeAt(at - slashes - 1) === 92) slashes++
  return slashes % 2 === 1
}

/** What a JSON string says; `undefined` when it is none, so that the parser can say so. */
function textOf(raw: string): string | undefined {
  if (!NEEDS_PARSING.test(raw)) return raw
  const text = parseJson(`"${raw}"`)
  return typeof text === 'string' ? text : undefined
}

// A control character is no JSON either.
const NEEDS_PARSING = /[\\\u0000-\u001f]/

function isPadding(data: string, start: number, after: string): boolean {
  const end = data.length - after.length
  if (end < start || data.slice(end) !== after) return false
  for (let i = start; i < end; i++) {
    const code = data.charCodeAt(i)
    if (code === 34 || code === 92 || code < 32) return false
  }
  return true
}

/** Where the text stands in a chunk, proved by parsing the chunk with another text in its place. */
function shapeOf(data: string, place: TextPlace): Shape | undefined {
  const marker = (place === 'content' ? /"content": ?"/ : /"arguments": ?"/).exec(data)
  if (marker === null) return undefined
  const start = marker.index + marker[0].length
  const end = endOfString(data, start)
  if (end === -1) return undefined
  const before = data.slice(0, start)
  const rest = data.slice(end)
  if (!isTextOnly(parseJson(before + PROBE + rest), place)) return undefined
  const padding = /"obfuscation": ?"/.exec(rest)
  if (padding !== null) {
    const from = padding.index + padding[0].length
    const to = endOfString(rest, from)
    const shape = { before, between: rest.slice(0, from), after: rest.slice(to) }
    const probed = parseJson(before + PROBE + shape.between + PROBE + shape.after)
    if (to !== -1 && isTextOnly(probed, place) && isObject(probed) && probed['obfuscation'] === PROBE) return shape
  }
  return { before, between: '', after: rest }
}

/** Fields that may stand beside the text, if they say nothing. */
const SILENT: ReadonlySet<string> = new Set(['role', 'content', 'refusal', 'function_call', 'tool_calls'])

/** A chunk of one choice that brings the probe as its text, and nothing else that anyone waits for. */
function isTextOnly(json: unknown, place: TextPlace): boolean {
  if (!isObject(json) || json['error'] || json['base_resp'] || json['usage'] || json['x_groq']) return false
  const choice = onlyOf(json['choices'])
  if (!isObject(choice) || choice['index'] !== 0 || (choice['finish_reason'] ?? null) !== null) return false
  const delta = choice['delta']
  if (!isObject(delta) || choice['usage'] || choice['logprobs']) return false
  const name = place === 'content' ? 'content' : 'tool_calls'
  const isProbe = place === 'content' ? delta['content'] === PROBE : isArgumentsOnly(onlyOf(delta['tool_calls']))
  return (
    isProbe && Object.keys(delta).every((key) => SILENT.has(key) && (key === name || key === 'role' || !delta[key]))
  )
}

/** A piece of a tool call that has an index, and brings the probe as more of its arguments. */
function isArgumentsOnly(call: unknown): boolean {
  if (!isObject(call) || typeof call['index'] !== 'number') return false
  const part = call['function']
  if (!isObject(part) || part['arguments'] !== PROBE || Object.keys(part).length !== 1) return false
  return Object.keys(call).every((key) => key === 'index' || key === 'function')
}

function onlyOf(list: unknown): unknown {
  return Array.isArray(list) && list.length === 1 ? list[0] : undefined
}
