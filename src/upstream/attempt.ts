import type { AnswerItem } from '../dialect/writer.ts'
import { SluiceError } from '../errors.ts'
import type { Route, Target } from '../provider/provider.ts'
import { ask, pause, type AttemptContext } from './ask.ts'
import { underPass } from './breakers.ts'
import { continueAnswer } from './continue.ts'
import { Gate } from './gate.ts'
import type { ChatBody } from './outgoing.ts'
import type { Pass } from './pass.ts'
import type { Emit } from './read.ts'
import { decide } from './retry.ts'
import { Sent } from './sent.ts'

/**
 * An answer's chunks for `emit`, from the first target of the route that gives it. Nothing is given out before
 * the first visible delta, so that until then a failure costs the reader nothing but time: it is
 * retried, then the next target is asked. After that delta a cut answer is continued where that can be
 * done honestly (PROTOCOL 8); else it rejects with the failure.
 */
export async function attempt(route: Route, body: ChatBody, context: AttemptContext, emit: Emit): Promise<void> {
  const targets = inOrder(route, context.random)
  const sent = new Sent()
  let tries = 0
  let index = 0
  let here = 0
  for (;;) {
    const next = admitted(targets, index, route.model, context)
    if (next.index !== index) here = 0
    index = next.index
    here++
    tries++
    context.observer.started(tries, next.target)
    const gate = new Gate(body)
    try {
      // What comes before the answer need not live as long as it.
      const answer = await ask(underPass(next.target, next.pass), body, context)
      await answer.into((items) => {
        const shown = gate.pass(items)
        if (shown.length === 0) return true
        if (sent.first === undefined && shown.some(isChunk)) next.pass.well()
        sent.follow(shown)
        return emit(shown)
      })
      return next.pass.well()
    } catch (error) {
      const failure = SluiceError.from(error)
      next.pass.ill(failure)
      if (context.signal.aborted) throw failure
      if (sent.first !== undefined) {
        return continueAnswer({ route, targets, failed: index, failure, body, sent, tries }, context, emit)
      }
      const left = {
        here,
        all: tries,
        max: route.maxAttempts,
        hasNext: mayFollow(targets[index + 1], failure),
        hasSpareKey: next.target.provider.credential.hasSpare?.() === true,
      }
      const decision = decide(failure, left, context.random)
      context.observer.failed(failure, decision.type)
      if (decision.type === 'give_up') throw failure
      if (decision.type === 'retry') await pause(decision.afterMs, context)
      else index++
    }
  }
}

/** Whether there is a next target, and its route lets it be asked after this failure. */
function mayFollow(next: Target | undefined, { code }: SluiceError): boolean {
  if (next?.fallbackOn === undefined) return next !== undefined
  return code === 'provider_rate_limited' ? next.fallbackOn.rateLimit : next.fallbackOn.error
}

const isChunk = (item: AnswerItem): boolean => item.type === 'chunk'

/** The next target that its breaker lets through. Throws `provider_unavailable` when none is left. */
function admitted(
  targets: readonly Target[],
  from: number,
  model: string,
  { breakers }: AttemptContext,
): { readonly target: Target; readonly index: number; readonly pass: Pass } {
  for (let index = from; index < targets.length; index++) {
    const target = targets[index]
    // One that is left out has failed, and not every target may be asked after a failure.
    if (index > from && target?.fallbackOn?.error === false) continue
    const pass = target === undefined ? undefined : breakers.pass(target, model)
    if (target !== undefined && pass !== undefined) return { target, index, pass }
  }
  const names = targets.map((target) => target.provider.name).join(', ')
  throw new SluiceError('provider_unavailable', `Left out after repeated failures, for some seconds: ${names}`, {
    retryAfterMs: 2_000,
  })
}

/** The targets in the order to try them: as written, or the first one drawn by weight. */
function inOrder(route: Route, random: () => number): readonly Target[] {
  if (route.strategy === 'ordered') return route.targets
  const total = route.targets.reduce((sum, target) => sum + target.weight, 0)
  let left = random() * total
  const first = route.targets.find((target) => (left -= target.weight) < 0) ?? route.targets[0]
  return first === undefined ? [] : [first, ...route.targets.filter((target) => target !== first)]
}
