import { useEffect, useEffectEvent, useState } from 'react'
import { asFields, textOf } from './fields.ts'

/** Why something could not be had: what the gateway said, or `''` where it did not answer. */
export class Refusal extends Error {
  /** 0 where it did not answer. */
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Asks the gateway; with a body as a POST. Throws `Refusal`. */
export async function ask(path: string, body?: object, signal?: AbortSignal): Promise<unknown> {
  const init: RequestInit =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(path, { ...init, signal: signal ?? null }).catch(() => undefined)
  if (response === undefined) throw new Refusal(0, '')
  const answer: unknown = await response.json().catch(() => undefined)
  if (response.ok) return answer
  throw new Refusal(response.status, textOf(asFields(asFields(answer)['error'])['message']))
}

/** What was heard last, and since when nothing has been. */
export interface Heard<T> {
  readonly data: T | undefined
  /** Why the last try failed; `undefined` when it did not. */
  readonly refusal: Refusal | undefined
  /** When `data` came, by `performance.now()`. */
  readonly at: number
  /** Asks at once. */
  readonly refresh: () => void
}

/**
 * Asks again and again, as long as somebody looks: a page in the background asks nothing. One question at a
 * time, so that a slow gateway is not asked more than it answers.
 *
 * @param everyMs From an answer to the next question.
 */
export function useHeard<T>(path: string | undefined, read: (answer: unknown) => T, everyMs: number): Heard<T> {
  const [heard, setHeard] = useState<Omit<Heard<T>, 'refresh'> & { readonly path: string | undefined }>()
  const [turn, setTurn] = useState(0)
  const onAnswer = useEffectEvent((answer: unknown) =>
    setHeard({ path, data: read(answer), refusal: undefined, at: performance.now() }),
  )
  const onRefusal = useEffectEvent((thrown: unknown) => {
    const refusal = thrown instanceof Refusal ? thrown : new Refusal(0, String(thrown))
    setHeard((before) => ({ path, data: before?.data, at: before?.at ?? performance.now(), refusal }))
  })
  useEffect(() => {
    if (path === undefined) return
    const aborter = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let isAsking = false
    const once = async (): Promise<void> => {
      isAsking = true
      try {
        const answer = await ask(path, undefined, aborter.signal)
        if (!aborter.signal.aborted) onAnswer(answer)
      } catch (thrown) {
        if (!aborter.signal.aborted) onRefusal(thrown)
      }
      isAsking = false
      if (!aborter.signal.aborted) timer = setTimeout(next, everyMs)
    }
    const next = (): void => {
      timer = undefined
      if (document.visibilityState === 'visible') void once()
    }
    const onSight = (): void => {
      if (!isAsking && timer === undefined) next()
    }
    document.addEventListener('visibilitychange', onSight)
    void once()
    return () => {
      aborter.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onSight)
    }
  }, [path, everyMs, turn])
  // What was heard of another path is not shown for this one.
  const current = heard?.path === path ? heard : undefined
  return {
    data: current?.data,
    refusal: current?.refusal,
    at: current?.at ?? performance.now(),
    refresh: () => setTurn((before) => before + 1),
  }
}
