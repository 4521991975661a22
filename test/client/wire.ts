import { OpenAI, type ClientOptions } from '../../src/client/index.ts'

/** A client whose every request is answered by these bytes, in these reads. */
export function clientOf(
  reads: readonly Uint8Array[],
  options: ClientOptions & { readonly headers?: HeadersInit; readonly breaks?: boolean } = {},
): OpenAI {
  const { headers, breaks, ...rest } = options
  const fetchBytes: typeof fetch = async () =>
    new Response(bodyOf(reads, breaks ?? false), { headers: headers ?? { 'content-type': 'text/event-stream' } })
  return new OpenAI({ baseURL: 'http://test.invalid/v1', apiKey: 'k', fetch: fetchBytes, ...rest })
}

function bodyOf(reads: readonly Uint8Array[], breaks: boolean): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      const bytes = reads[at++]
      if (bytes !== undefined) controller.enqueue(bytes)
      else if (breaks) controller.error(new TypeError('terminated'))
      else controller.close()
    },
  })
}

/** `text` as UTF-8. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** `bytes` in reads of the lengths that `length` gives. */
export function cut(bytes: Uint8Array, length: () => number): readonly Uint8Array[] {
  const reads: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + Math.max(1, length()))
    reads.push(bytes.slice(at, end))
    at = end
  }
  return reads
}

/** Numbers from 0 to 1 that look random and are the same in each run. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
}

/** The request that all these tests make: what it asks does not matter. */
export const ASK = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true } as const
