import { resolveModel } from '../config/config.ts'
import { parseEvent, type ParsedChunk } from '../completion/parse.ts'
import { SluiceError } from '../errors.ts'
import type { StreamState, StreamWriter } from '../log/stream-log.ts'
import type { Target } from '../provider/provider.ts'
import { attempt } from '../upstream/attempt.ts'
import { continueAnswer } from '../upstream/continue.ts'
import { isChatBody, type ChatBody } from '../upstream/outgoing.ts'
import { Sent } from '../upstream/sent.ts'
import { leaseAfterCrash } from './admission-request.ts'
import { withFallbacks } from './fallbacks.ts'
import type { GatewayContext } from './context.ts'
import { revoked } from './keys.ts'
import { produce } from './start.ts'
import type { Before } from './usage-charge.ts'

/** A stream whose producer died with the last process, and the writer that may go on with it. */
export interface Orphan {
  readonly state: StreamState
  readonly writer: StreamWriter
}

/** An answer older than this is not generated to its end: nobody waits for it any more. In milliseconds. */
const MAX_AGE = 600_000

/**
 * Goes on with a stream from where the log has it, by the same rescues as after a provider's failure
 * (PROTOCOL 8). One that cannot be continued honestly ends with `producer_lost`. If no reader comes back
 * within its grace, it is cancelled like any stream that was left.
 */
export async function takeUp(context: GatewayContext, { state, writer }: Orphan): Promise<void> {
  const lost = new SluiceError('producer_lost', 'The gateway process that produced this stream died')
  const body = bodyOf(state.request)
  const own = body === undefined ? undefined : resolveModel(context.config, state.model)
  const route = own === undefined || body === undefined ? undefined : withFallbacks(context.config, own, body)
  const isFresh = context.clock.date() - state.createdAt < MAX_AGE
  const shown = await chunksOf(context, state)
  const isFinished = shown.some((chunk) => chunk.finished)
  const lease =
    route === undefined || body === undefined
      ? undefined
      : leaseAfterCrash(context, { owner: state.owner, model: state.model, route, body })
  lease?.had(shown, route?.targets[0])
  produce(context, {
    order: {
      streamId: state.id,
      owner: state.owner,
      model: state.model,
      requestId: context.newRequestId(),
      onDisconnect: context.config.server.onDisconnect,
      isClaimed: true,
      lease,
    },
    writer,
    rewrite: undefined,
    billed: {
      streamId: state.id,
      owner: state.owner,
      model: state.model,
      createdAt: state.createdAt,
      body,
      before: beforeOf(shown, route?.targets[0]),
    },
    async source(attempts, emit) {
      // The end was said, and only its record was lost.
      if (isFinished) return
      if (!context.keys.isAlive(state.owner)) throw revoked()
      if (body === undefined || route === undefined || !isFresh) throw lost
      if (shown.length === 0) return attempt(route, body, attempts, emit)
      const sent = new Sent()
      sent.follow(shown)
      const broken = { route, targets: route.targets, failed: -1, failure: lost, body, sent, tries: 0 }
      return continueAnswer(broken, attempts, emit)
    },
  })
  // Whoever read it must come back within the grace.
  context.live.find(state.id)?.attach()()
}

/** What has to be paid of what the last process did. */
function beforeOf(shown: readonly ParsedChunk[], target: Target | undefined): Before | undefined {
  const usage = shown.findLast((chunk) => chunk.usage !== undefined)?.usage
  return target === undefined ? undefined : { chunks: shown.length, usage, target }
}

/** What the log has of the stream, as it was parsed the first time. */
async function chunksOf({ log }: GatewayContext, state: StreamState): Promise<readonly ParsedChunk[]> {
  const chunks: ParsedChunk[] = []
  if (state.last < state.first) return chunks
  for await (const { entries } of log.read(state.id, state.first - 1)) {
    for (const { kind, data } of entries) {
      if (kind !== 'chunk' && kind !== 'usage') continue
      const parsed = parseEvent({ type: 'event', name: '', data, id: undefined })
      if (parsed.type === 'chunk') chunks.push(parsed)
    }
    if ((entries.at(-1)?.offset ?? state.last) >= state.last) break
  }
  return chunks
}

function bodyOf(request: string | undefined): ChatBody | undefined {
  if (request === undefined) return undefined
  const body: unknown = JSON.parse(request)
  return isChatBody(body) ? body : undefined
}
