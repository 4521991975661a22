import { chunksOfBody, type ParsedChunk } from '../completion/parse.ts'
import type { Clock } from '../clock.ts'
import { SluiceError } from '../errors.ts'
import type { Exchange } from './open.ts'
import type { Origin } from './origin.ts'
import { readChunks, type ReadOptions } from './read.ts'
import { providerError } from './refusal.ts'
import { readRefusal, readText } from './body.ts'

/** Bytes that a JSON answer may have. */
const MAX_JSON = 32 * 1024 * 1024

const LF = 10
const CR = 13
const SPACE = 32
const BRACE = 123
const BRACKET = 91
const ANGLE = 60

/**
 * What came back, as chunks, whatever shape it has: an event stream, or a JSON answer to a request for
 * one. The first byte decides, not the content type: providers send either under any name.
 *
 * Throws what the provider refused (`provider_*`), and all that `readChunks` throws.
 */
export async function accept(
  exchange: Exchange,
  options: ReadOptions,
  clock: Clock,
): Promise<AsyncIterable<readonly ParsedChunk[]>> {
  const { provider } = options
  try {
    if (exchange.status < 200 || exchange.status > 299) throw await readRefusal(exchange, clock.date())
    const { first, bytes } = await peek(exchange.bytes)
    if (first === undefined)
      throw new SluiceError('provider_bad_response', `${provider}: HTTP ${exchange.status} with an empty body`, {
        provider,
      })
    if (first === ANGLE)
      throw new SluiceError('provider_bad_response', `${provider}: the response is HTML, not a completion`, {
        provider,
      })
    if (first !== BRACE && first !== BRACKET) return readChunks(exchange, bytes, options)
    return once(jsonAnswer(await readText(bytes, MAX_JSON, provider), exchange.origin))
  } catch (error) {
    exchange.abort(SluiceError.from(error))
    throw error
  }
}

async function* once<T>(value: T): AsyncGenerator<T, void> {
  yield value
}

function jsonAnswer(body: string, origin: Origin): readonly ParsedChunk[] {
  const parsed = chunksOfBody(body)
  const error = parsed.find((one) => one.type === 'error')
  if (error !== undefined) throw providerError(error, origin)
  const chunks = parsed.filter((one) => one.type === 'chunk')
  if (!chunks.some((chunk) => chunk.finished))
    throw new SluiceError('provider_bad_response', `${origin.provider}: the response is JSON, but no completion`, {
      provider: origin.provider,
    })
  return chunks
}

/** The first byte that is not white space, and the bytes with nothing taken away. */
async function peek(
  bytes: AsyncIterable<readonly Uint8Array[]>,
): Promise<{ first: number | undefined; bytes: AsyncIterable<readonly Uint8Array[]> }> {
  const iterator = bytes[Symbol.asyncIterator]()
  const read: Uint8Array[] = []
  for (;;) {
    const next = await iterator.next()
    if (next.done === true) return { first: undefined, bytes: replay(read, iterator) }
    read.push(...next.value)
    const first = firstByte(next.value)
    if (first !== undefined) return { first, bytes: replay(read, iterator) }
  }
}

function firstByte(parts: readonly Uint8Array[]): number | undefined {
  for (const part of parts) {
    const byte = part.find((one) => one !== SPACE && one !== LF && one !== CR && one !== 9)
    if (byte !== undefined) return byte
  }
  return undefined
}

/** What was read already, then the rest. Its `next` is the iterator's own, so that looking cost nothing per token. */
function replay(
  read: readonly Uint8Array[],
  iterator: AsyncIterator<readonly Uint8Array[]>,
): AsyncIterable<readonly Uint8Array[]> {
  let replayed = read.length === 0
  const rest: AsyncIterator<readonly Uint8Array[]> = {
    next() {
      if (replayed) return iterator.next()
      replayed = true
      return Promise.resolve({ done: false, value: read })
    },
    return: (value) => iterator.return?.(value) ?? Promise.resolve({ done: true, value: undefined }),
  }
  return { [Symbol.asyncIterator]: () => rest }
}
