import type { StreamMeasure } from './meter.ts'

/** A try of a provider, as it is counted. */
export interface TriedProvider {
  readonly provider: string
  /** How a cut answer was to be continued; undefined for a first try. */
  readonly mode: string | undefined
  /** `ok`, or the code of its failure. */
  readonly result: string
}

/** What a stream's tries came to. */
export interface Tried {
  readonly tries: readonly TriedProvider[]
  /** How each continuation was joined to what had been sent. */
  readonly seams: readonly string[]
}

const NONE: readonly string[] = []

/** Reads a timeline once, for everybody who counts tries. */
export function triedOf({ timeline, error }: Pick<StreamMeasure, 'timeline' | 'error'>): Tried {
  let failed: TriedProvider[] | undefined
  let seams: string[] | undefined
  let provider: string | undefined
  let mode: string | undefined
  for (const event of timeline) {
    switch (event.type) {
      case 'attempt':
        provider = String(event['provider'])
        mode = typeof event['mode'] === 'string' ? event['mode'] : undefined
        break
      case 'failed':
        if (provider !== undefined) (failed ??= []).push({ provider, mode, result: String(event['code']) })
        provider = undefined
        break
      case 'seam':
        ;(seams ??= []).push(String(event['mode']))
        break
    }
  }
  const last = provider === undefined ? [] : [{ provider, mode, result: error?.code ?? 'ok' }]
  return { tries: failed === undefined ? last : [...failed, ...last], seams: seams ?? NONE }
}
