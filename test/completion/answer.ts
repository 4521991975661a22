import { Accumulator } from '../../src/completion/accumulate.ts'
import type { ChatCompletion, ChatCompletionChunk } from '../../src/completion/chunk.ts'
import { parseEvent, type Parsed, type ParsedChunk } from '../../src/completion/parse.ts'
import { decodeAll, eventsOf, utf8 } from '../sse/read.ts'

/** What became of an answer: the whole way from bytes to completion. */
export interface Answer {
  readonly parsed: readonly Parsed[]
  readonly chunks: readonly ParsedChunk[]
  readonly completion: ChatCompletion
  /** Why it is no complete answer; `undefined` when it is one. */
  readonly problem: string | undefined
}

/** Reads an answer as a client must: up to `[DONE]`, an error, or something that is neither. */
export function readAnswer(reads: Iterable<Uint8Array>, n?: number): Answer {
  const accumulator = new Accumulator()
  const parsed: Parsed[] = []
  let problem: string | undefined
  for (const event of eventsOf(decodeAll(reads))) {
    const one = parseEvent(event, { n })
    parsed.push(one)
    if (one.type === 'chunk') accumulator.add(one.chunk)
    else if (one.type === 'error') problem = one.message
    else if (one.type === 'malformed') problem = one.reason
    if (one.type !== 'chunk' && one.type !== 'empty') break
  }
  problem ??= accumulator.flaw?.kind
  const chunks = parsed.filter((one) => one.type === 'chunk')
  return { parsed, chunks, completion: accumulator.completion(), problem }
}

/** Parses data that stands alone in an un-named event. */
export function parseData(data: string, name: string = ''): Parsed {
  return parseEvent({ type: 'event', name, data, id: undefined })
}

/** The same, for data that must be a chunk. */
export function parseChunk(data: string | object): ParsedChunk {
  const parsed = parseData(typeof data === 'string' ? data : JSON.stringify(data))
  if (parsed.type !== 'chunk') throw new Error(`not a chunk: ${JSON.stringify(parsed)}`)
  return parsed
}

/** The completion that some chunks add up to, straight from JSON. */
export function accumulate(datas: readonly (string | object)[]): ChatCompletion {
  const accumulator = new Accumulator()
  for (const data of datas) {
    const json: ChatCompletionChunk = JSON.parse(typeof data === 'string' ? data : JSON.stringify(data))
    accumulator.add(json)
  }
  return accumulator.completion()
}

/** An answer's bytes from what stands after `data: `. */
export function wire(...datas: readonly (string | object)[]): Uint8Array {
  return utf8(datas.map((data) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`).join(''))
}

/** A chunk with one choice. */
export function chunkOf(delta: unknown, choice: object = {}, fields: object = {}): object {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: null, ...choice }],
    ...fields,
  }
}

/** What ends a stream. */
export const DONE = '[DONE]'

/** The beginning of an answer. */
export const hello: object = chunkOf({ role: 'assistant', content: 'Hello' })

/** Its end. */
export const stop: object = chunkOf({}, { finish_reason: 'stop' })

/** The first choice's message that some chunks add up to. */
export function message(datas: readonly object[]): unknown {
  return accumulate(datas).choices[0]?.message
}

/** A reported failure, in short. */
export interface Failure {
  readonly message: string
  readonly type: string | null
  readonly code: string | null
  readonly status: number | undefined
}

/** What is said of data that must be an error. */
export function errorOf(data: string | object): Failure {
  const parsed = parseData(typeof data === 'string' ? data : JSON.stringify(data))
  if (parsed.type !== 'error') throw new Error(`not an error: ${JSON.stringify(parsed)}`)
  const { message: words, providerType: type, providerCode: code, status } = parsed
  return { message: words, type, code, status }
}
