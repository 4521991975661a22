import type { Route } from '../provider/provider.ts'
import type { CheckedChatRequest } from './chat-request.ts'

/** Counted up when the same request would mean another answer: nothing older is found then. */
const VERSION = 'sluice cache 1'

/** A request as the cache sees it. */
export interface CacheableRequest {
  /** Who may share its answer; from the server, never from the request. */
  readonly scope: string
  readonly route: Route
  /** Whether its chunks are written anew (`X-Stream-Repair`). */
  readonly repair: boolean
  readonly body: CheckedChatRequest
}

/**
 * What an answer depends on, as one hash: whose it is before all else, where it is made, and every field of
 * the body, whatever the order of its keys. Left out are `stream` and `stream_options.include_usage`: how an
 * answer is delivered is no part of it.
 *
 * @param hash A cryptographic hash, as text.
 */
export function requestKey(hash: (bytes: Uint8Array) => string, request: CacheableRequest): string {
  const { scope, route, repair, body } = request
  // Lists, not joined texts: no value can reach into its neighbour.
  const text = canonical([VERSION, scope, repair, placesOf(route), withoutDelivery(body)])
  return hash(new TextEncoder().encode(text))
}

/** What makes an answer another one when the configuration changes. */
function placesOf({ targets, strategy }: Route): unknown {
  return [
    strategy,
    targets.map(({ provider, model, overrides }) => [
      provider.name,
      provider.baseUrl,
      provider.query,
      model ?? null,
      overrides,
    ]),
  ]
}

function withoutDelivery(request: CheckedChatRequest): unknown {
  const others = { ...request.stream_options, include_usage: undefined }
  const isEmpty = Object.values(others).every((value) => value === undefined)
  return { ...request, stream: undefined, stream_options: isEmpty ? undefined : others }
}

/**
 * JSON with sorted keys. A lone surrogate is written as its escape (well-formed `JSON.stringify`), so that no
 * two texts become the same bytes.
 */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}
