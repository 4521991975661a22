import type { Provider } from '../provider/provider.ts'
import { isObject } from './is-object.ts'

/** The part of `fetch` that is used here. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** What stands at an address: an engine with models, something else, or nothing in time. */
export type Answer =
  | { readonly kind: 'models'; readonly models: readonly string[] }
  | { readonly kind: 'other'; readonly what: string }
  | { readonly kind: 'silent' }

/** What listens on a well-known port need not be an engine: no more than this is read or listed. */
const MAX_BYTES = 1_000_000
const MAX_MODELS = 200

/** Asks for `GET /models`, for at most `timeout` milliseconds in all. Never throws. */
export async function askForModels(provider: Provider, fetch: Fetch, timeout: number): Promise<Answer> {
  try {
    const headers = { ...(await provider.credential.headers()), accept: 'application/json' }
    const signal = AbortSignal.timeout(timeout)
    const response = await fetch(`${provider.baseUrl}/models`, { headers, signal, redirect: 'error' })
    if (!response.ok) {
      await response.body?.cancel()
      return { kind: 'other', what: `answers ${response.status}` }
    }
    const models = modelsIn(await readText(response))
    if (models === undefined) return { kind: 'other', what: 'answers, but not with a list of models' }
    return models.length === 0 ? { kind: 'other', what: 'lists no model' } : { kind: 'models', models }
  } catch {
    return { kind: 'silent' }
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_BYTES) return ''
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

function modelsIn(text: string): readonly string[] | undefined {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return undefined
  }
  const data = isObject(body) ? body['data'] : undefined
  if (!Array.isArray(data)) return undefined
  return data
    .map((item: unknown) => (isObject(item) ? item['id'] : undefined))
    .filter((id) => typeof id === 'string')
    .filter((id) => /^[^\s*\p{Cc}]{1,200}$/u.test(id))
    .slice(0, MAX_MODELS)
}
