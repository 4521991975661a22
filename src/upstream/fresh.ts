import type { CancelSignal } from '../cancel.ts'
import { SluiceError } from '../errors.ts'
import type { Target } from '../provider/provider.ts'
import { readRefusal } from './body.ts'
import { open, type Dialer, type Exchange, type Outgoing } from './open.ts'

/**
 * `open`, and once more with fresh credentials when those that were sent turn out to be outdated (401, or
 * 403 in such words). Nothing of an answer has been read by then, so it costs the reader nothing but time,
 * and it counts as no try of its own. Refused a second time, it is refused.
 */
export async function openFresh(
  dialer: Dialer,
  target: Target,
  outgoing: Outgoing,
  signal: CancelSignal,
): Promise<Exchange> {
  const exchange = await open(dialer, target, outgoing, signal)
  const isRenewable = target.provider.credential.isOutdated !== undefined
  if (!isRenewable || (exchange.status !== 401 && exchange.status !== 403)) return exchange
  const refusal = await readRefusal(exchange, dialer.clock.date())
  exchange.abort(new SluiceError('cancelled', 'the refusal was read'))
  if (!exchange.isOutdated(refusal.message)) throw refusal
  return open(dialer, target, outgoing, signal)
}
