import type { TimelineEvent } from '../log/stream-log.ts'

/** What an open stream is doing: `streaming` has given something and nothing is wrong. */
export type StreamState = 'starting' | 'connecting' | 'waiting' | 'streaming' | 'retrying' | 'rescuing'

/** What a timeline says of the way a stream took. */
export interface Journey {
  /** Who was asked last; null where nobody was. */
  readonly provider: string | null
  /** As the provider names it; null where the caller's name is sent. */
  readonly targetModel: string | null
  readonly attempts: number
  /** Another try went on with what a first one had begun. */
  readonly isRescued: boolean
  readonly state: StreamState
  /** Milliseconds; undefined where nothing came. */
  readonly ttft: number | undefined
  /** Milliseconds until its end. */
  readonly duration: number | undefined
}

/** Reads a timeline. `hasText`: something of the answer is there. */
export function journeyOf(timeline: readonly TimelineEvent[], hasText: boolean): Journey {
  const attempts = timeline.filter(({ type }) => type === 'attempt')
  const last = attempts.at(-1)
  const at = (type: string): number | undefined => timeline.find((event) => event.type === type)?.at
  return {
    provider: textOr(last?.['provider'], null),
    targetModel: textOr(last?.['model'], null),
    attempts: attempts.length,
    isRescued: timeline.some(({ type }) => type === 'seam'),
    state: stateAfter(timeline.at(-1)?.type, hasText),
    ttft: at('first_token'),
    duration: at('ended'),
  }
}

function stateAfter(type: string | undefined, hasText: boolean): StreamState {
  switch (type) {
    case undefined:
      return 'starting'
    case 'attempt':
      return hasText ? 'rescuing' : 'connecting'
    case 'opened':
      return hasText ? 'rescuing' : 'waiting'
    case 'failed':
      return hasText ? 'rescuing' : 'retrying'
    default:
      return 'streaming'
  }
}

function textOr<T>(value: unknown, otherwise: T): string | T {
  return typeof value === 'string' ? value : otherwise
}
