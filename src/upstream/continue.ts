import { SluiceError } from '../errors.ts'
import { estimateTokens } from '../limit/estimate.ts'
import type { Route, Target } from '../provider/provider.ts'
import { ask, type AttemptContext } from './ask.ts'
import { underPass } from './breakers.ts'
import { closingChunks } from './closing.ts'
import { Joiner } from './joiner.ts'
import type { ChatBody } from './outgoing.ts'
import type { Emit } from './read.ts'
import { continuationBody, isSpent, rescues, type Rescue } from './rescue.ts'
import type { Sent } from './sent.ts'

/** What holds where the route says nothing. */
const MAX_EXTRA_TOKENS = 100_000

/** A stream that broke off after its readers had seen some of it. */
export interface Broken {
  readonly route: Route
  readonly targets: readonly Target[]
  /** Index of the target that failed. */
  readonly failed: number
  readonly failure: SluiceError
  readonly body: ChatBody
  readonly sent: Sent
  /** Tries so far, of all targets. */
  readonly tries: number
}

/**
 * Goes on with a cut answer, by the first of the ways of PROTOCOL 8 that works. What it gives continues
 * what was sent, character by character. Rejects with `upstream_interrupted`, with the first failure as its
 * cause, when nothing works: text that was sent is never taken back.
 */
export async function continueAnswer(broken: Broken, context: AttemptContext, emit: Emit): Promise<void> {
  const { sent, body, targets } = broken
  let { failure, failed, tries } = broken
  let extra = 0
  while (canBeRescued(failure)) {
    const ways = rescues(targets, failed, body, sent.isPlain)
    context.observer.failed(failure, ways.length > 0 ? 'rescue' : 'give_up')
    sent.closeAttempt()
    // Cut just where the caller's own limit would have ended it: there is nothing left to ask for.
    if (sent.isPlain && isSpent(body, sent.tokens)) return void emit(closingChunks(sent, 'length'))
    let moved = false
    for (const way of ways) {
      if (tries >= broken.route.maxAttempts + ways.length) break
      // What is asked again is paid again: the prompt, and the text so far.
      extra += estimateTokens(JSON.stringify(body['messages'] ?? '')) + sent.tokens
      if (extra > (broken.route.maxExtraTokens ?? MAX_EXTRA_TOKENS)) break
      tries++
      const result = await oneWay(way, tries, broken, context, emit)
      if (result === undefined) return
      if (context.signal.aborted) throw result.error
      if (result.shown) {
        // It went on for a while and broke off as well: begin again from the new end.
        failure = result.error
        failed = targets.indexOf(way.target)
        moved = true
        break
      }
      context.observer.failed(result.error, 'rescue')
    }
    if (!moved || tries >= broken.route.maxAttempts) break
  }
  throw told(broken.failure)
}

/** One rescue: `undefined` when the answer is complete, else why not and whether any of it was shown. */
async function oneWay(
  way: Rescue,
  tries: number,
  { route, body, sent }: Broken,
  context: AttemptContext,
  emit: Emit,
): Promise<{ readonly error: SluiceError; readonly shown: boolean } | undefined> {
  const pass = context.breakers.pass(way.target, route.model)
  if (pass === undefined)
    return { error: new SluiceError('provider_unavailable', `${way.target.provider.name} is left out`), shown: false }
  const before = sent.length
  const joiner = new Joiner(sent, way.mode, body)
  context.observer.started(tries, way.target, way.mode)
  try {
    const request = continuationBody(body, way, sent.text, sent.tokens)
    const answer = await ask(underPass(way.target, pass), request, context)
    await answer.into((items) => {
      const joined = joiner.join(items)
      if (joined.length === 0) return true
      if (sent.length === before && joined.some(({ type }) => type === 'chunk')) {
        pass.well()
        context.observer.joined(way.mode, joiner.overlap)
      }
      sent.follow(joined)
      return emit(joined) && !joiner.isStopped
    })
    pass.well()
    return undefined
  } catch (error) {
    const failure = SluiceError.from(error)
    pass.ill(failure)
    return { error: failure, shown: sent.length > before }
  }
}

/** A caller's wish and a spent deadline are no accidents. */
function canBeRescued({ code }: SluiceError): boolean {
  return code !== 'cancelled' && code !== 'upstream_total_timeout' && code !== 'shutting_down'
}

/** The failure as the readers are told it: their answer was interrupted, and by what. */
function told(failure: SluiceError): SluiceError {
  // It was our own process that died, not the provider: that has a name of its own.
  const isNamed = failure.code === 'upstream_interrupted' || failure.code === 'producer_lost'
  if (isNamed || !canBeRescued(failure)) return failure
  return new SluiceError('upstream_interrupted', failure.message, { ...failure.facts, cause: failure })
}
