import type { Gateway } from '../../../src/gateway/gateway.ts'
import type { StreamReply, Transport } from '../../../src/gateway/http.ts'
import type { StreamLog } from '../../../src/log/stream-log.ts'
import type { Random } from '../random.ts'
import type { Connect, Connection } from './gather.ts'
import type { Told } from './pieces.ts'
import { errorEnvelope } from './producer.ts'

/** Readers that call the gateway without a socket in between: everything but `src/node/`. */
export function connectInMemory(gateway: Gateway, id: string): Connect {
  return async ({ after, inQuery, full }) => {
    const url = new URL(`http://127.0.0.1/v1/streams/${id}`)
    if (full) url.searchParams.set('replay', 'full')
    if (after !== undefined && inQuery) url.searchParams.set('after', after)
    const headers = after !== undefined && !inQuery ? { 'last-event-id': after } : {}
    const reader = new InMemoryReader()
    const response = await gateway.fetch(new Request(url, { headers }), reader)
    return reader.connection(response.status)
  }
}

/** One reader's side of one answer. */
class InMemoryReader implements Transport {
  readonly #abort = new AbortController()
  readonly #utf8 = new TextEncoder()
  #reply: StreamReply | undefined

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  send(reply: StreamReply): Response {
    this.#reply = reply
    return new Response(null, { status: reply.status })
  }

  body(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array())
  }

  connection(status: number): Connection {
    const frames = this.#reply?.frames[Symbol.asyncIterator]()
    return {
      status,
      read: async () => {
        if (frames === undefined) return 'end'
        try {
          const next = await frames.next()
          return next.done === true ? 'end' : this.#utf8.encode(next.value.text)
        } catch {
          return 'cut'
        }
      },
      leave: () => {
        this.#abort.abort()
        void frames?.return?.()
        this.#reply?.onLeave()
      },
    }
  }
}

/** Writes a story into a log, a few entries at a time, at most `pause` turns apart. Resolves when the end is in it. */
export async function produceInto(log: StreamLog, told: Told, random: Random, pause: number): Promise<void> {
  const { id, story } = told
  const writer = log.create({ id, owner: 'local', model: 'chaos', createdAt: 0 })
  const last = story.entries.at(-1)
  const error = errorEnvelope(story.status)
  const terminal = last?.kind === 'error' ? { kind: last.kind, data: JSON.stringify({ error }) } : last
  const entries = [...story.entries.slice(0, -1), ...(terminal === undefined ? [] : [terminal])]
  for (let at = 0; at < entries.length;) {
    const size = random.magnitude(1, 24)
    writer.append(entries.slice(at, at + size))
    at += size
    if (at < entries.length) await turns(random.chance(0.3) ? 0 : random.magnitude(1, pause))
  }
  await writer.close(story.status === 'completed' ? { status: story.status } : { status: story.status, error })
}

/** Calls `fire` after so many turns of the event loop; the result calls it off. */
export function afterTurns(count: number, fire: () => void): () => void {
  let left = count
  const turn = (): void => {
    if (left-- <= 0) fire()
    else pending = setImmediate(turn)
  }
  let pending = setImmediate(turn)
  return () => clearImmediate(pending)
}

/** So many turns of the event loop. */
function turns(count: number): Promise<void> {
  return new Promise((resolve) => void afterTurns(count, resolve))
}
