import type { ChatCompletionChunk } from '../completion/chunk.ts'
import type { ParsedChunk } from '../completion/parse.ts'
import type { ParsedError } from '../completion/provider-error.ts'
import type { ErrorCode } from '../errors.ts'

/*
 * FastGPT's wire as we read it (labring/FastGPT, packages/service/core/workflow/dispatch and
 * packages/service/common/response). What is an event, a chunk or an error is completion/parse.ts's to say;
 * here is what is FastGPT's alone.
 */

/** What a FastGPT error means to us. */
export interface Fault {
  readonly code: ErrorCode
  /** The status that our caller sees, where it is not the code's own. */
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined
  readonly shouldRetry: boolean | undefined
}

/**
 * What an error means, by the number in its body: 429 and 409 are HTTP's; 403 and 511 to 514 are refused
 * credentials, as are the teams' and datasets' (500000 and up); 510 is an empty account. Anything else, and
 * an error without a number, is a failure of the service.
 */
export function faultOf({ providerCode, message }: ParsedError): Fault {
  const number = Number(providerCode ?? Number.NaN)
  const fault = (code: ErrorCode, status?: number, retryAfterMs?: number, shouldRetry?: boolean): Fault => ({
    code,
    status,
    retryAfterMs,
    shouldRetry,
  })
  if (number === 429) return fault('provider_rate_limited', 429, secondsIn(message))
  if (number === 409) return fault('provider_rejected', 409, undefined, false)
  // No try of ours fills the account: somebody else is asked, or the caller is told.
  if (number === 510) return fault('provider_unavailable', undefined, undefined, false)
  if (number === 401 || number === 403 || (number >= 511 && number <= 514) || number >= 500_000)
    return fault('provider_auth')
  if (number >= 400 && number < 500) return fault('provider_rejected', number)
  return fault('provider_error')
}

/** `Please try again in 12 seconds`: FastGPT sends no Retry-After. In milliseconds. */
function secondsIn(message: string): number | undefined {
  const seconds = /try again in (\d{1,6}) second/i.exec(message)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1_000
}

/** What stands in a chunk of ours where FastGPT's is empty. */
export interface ChunkIdentity {
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
}

/**
 * A FastGPT chunk as OpenAI would have sent it: its id, object and model are empty and its time is 0, which
 * clients that validate refuse. `name`: the event it came in; `fastAnswer` (a whole piece, not to be shown
 * letter by letter) is kept with it.
 */
export function repairedChunk(parsed: ParsedChunk, name: string, identity: ChunkIdentity): ParsedChunk {
  const { chunk } = parsed
  const repaired = {
    ...chunk,
    id: chunk.id === '' ? identity.id : chunk.id,
    created: chunk.created === 0 ? identity.created : chunk.created,
    model: chunk.model === '' ? identity.model : chunk.model,
  }
  const data = JSON.stringify(repaired)
  return { ...parsed, chunk: repaired, data, ...(name === 'fastAnswer' ? { name } : {}) }
}

/** The end of an answer that FastGPT ended by `[DONE]` alone, as plugin applications do. */
export function closingChunk(identity: ChunkIdentity): ParsedChunk {
  const chunk: ChatCompletionChunk = {
    id: identity.id,
    object: 'chat.completion.chunk',
    created: identity.created,
    model: identity.model,
    choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
  }
  return {
    type: 'chunk',
    chunk,
    data: JSON.stringify(chunk),
    visible: false,
    finished: true,
    usage: undefined,
    bare: false,
  }
}
