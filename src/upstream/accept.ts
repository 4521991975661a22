import { chunksOfBody, type ParsedChunk } from '../completion/parse.ts'
import { repairedChunk } from '../dialect/fastgpt.ts'
import type { Clock } from '../clock.ts'
import { SluiceError } from '../errors.ts'
import type { ReadOptions } from './ending.ts'
import type { Exchange } from './open.ts'
import type { Origin } from './origin.ts'
import { peek, whole, type PeekedBody } from './peek.ts'
import { readChunks, type Emit } from './read.ts'
import { providerError } from './refusal.ts'
import { readRefusal, readText } from './body.ts'

/** Bytes that a JSON answer may have. */
const MAX_JSON = 32 * 1024 * 1024

const BRACE = 123
const BRACKET = 91
const ANGLE = 60

/** An answer that has begun. */
export interface Answer {
  /** All of its chunks for `emit`, as they come; once. Rejects as `readChunks` does. */
  into(emit: Emit): Promise<void>
}

/**
 * What came back, whatever shape it has: an event stream, or a JSON answer to a request for one. The first byte
 * decides, not the content type: providers send either under any name.
 *
 * Rejects with what the provider refused (`provider_*`), or `provider_bad_response` where it is no answer.
 */
export async function accept(exchange: Exchange, options: ReadOptions, clock: Clock): Promise<Answer> {
  const body = await answered(exchange, options.provider, clock)
  if (body.first !== BRACE && body.first !== BRACKET)
    return { into: (emit) => readChunks(exchange, body, options, emit) }
  const chunks = jsonAnswer(await readText(whole(body), MAX_JSON, options.provider), exchange.origin, options.identity)
  for (const { usage, chunk } of chunks) {
    if (usage !== undefined) options.notes.usage = usage
    if (chunk.model !== '') options.notes.model ??= chunk.model
  }
  return {
    into(emit) {
      emit(chunks)
      return Promise.resolve()
    },
  }
}

/** The body of a response that said yes and can be an answer. */
async function answered(exchange: Exchange, provider: string, clock: Clock): Promise<PeekedBody> {
  try {
    if (exchange.status < 200 || exchange.status > 299) throw await readRefusal(exchange, clock.date())
    const body = await peek(exchange.bytes)
    if (body.first === undefined) throw noAnswer(provider, `HTTP ${exchange.status} with an empty body`)
    if (body.first === ANGLE) throw noAnswer(provider, 'the response is HTML, not a completion')
    return body
  } catch (error) {
    exchange.abort(SluiceError.from(error))
    throw error
  }
}

function noAnswer(provider: string, what: string): SluiceError {
  return new SluiceError('provider_bad_response', `${provider}: ${what}`, { provider })
}

function jsonAnswer(body: string, origin: Origin, identity: ReadOptions['identity']): readonly ParsedChunk[] {
  const parsed = chunksOfBody(body)
  const error = parsed.find((one) => one.type === 'error')
  if (error !== undefined) throw providerError(error, origin)
  const chunks = parsed.filter((one) => one.type === 'chunk')
  if (!chunks.some((chunk) => chunk.finished))
    throw noAnswer(origin.provider, 'the response is JSON, but no completion')
  return identity === undefined ? chunks : chunks.map((chunk) => repairedChunk(chunk, '', identity))
}
