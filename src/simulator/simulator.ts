import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { Compose } from './answer/resolve.ts'
import { seedNumber } from './answer/plan.ts'
import { Recordings } from './server/recordings.ts'
import { answerRequest } from './server/routes.ts'
import type { House } from './server/routes.ts'
import { SeenRequests } from './server/seen.ts'
import type { SeenRequest } from './server/seen.ts'
import { Wheel } from './server/wheel.ts'
import { composeAnswer } from './text/compose.ts'
import { fromNext } from './text/random.ts'

/** How to start a simulator. */
export interface SimulatorOptions {
  /** 0, the default, takes any free one. */
  readonly port?: number | undefined
  /** 127.0.0.1 unless told. */
  readonly host?: string | undefined
  /** Seed of the answers where neither the model's name nor the request has one; text is hashed. 0 unless told. */
  readonly seed?: number | string | undefined
  /** A folder of recorded `.sse` streams to serve. */
  readonly replayDir?: string | undefined
  /** The only API key that is accepted; any, and none, unless told. */
  readonly apiKey?: string | undefined
  /** Milliseconds since 1970; `Date.now` unless told. */
  readonly now?: (() => number) | undefined
  /** From 0 up to 1, for ids; `Math.random` unless told. The text of answers never depends on it. */
  readonly random?: (() => number) | undefined
}

/** A running simulator. */
export interface Simulator {
  /** The base URL for OpenAI clients: `http://127.0.0.1:PORT/v1`. */
  readonly url: string
  readonly port: number
  /** The newest requests, oldest first: at least the last 1,000. */
  readonly requests: readonly SeenRequest[]
  /** Responses being sent now. */
  readonly open: number
  /** Closes every connection and stops. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Model names whose requests are counted; the oldest is forgotten. */
const COUNTED_NAMES = 10_000
/** Tokens and characters of answers remembered: a load of equal requests composes one. */
const REMEMBERED = 1_000_000

/**
 * Starts an OpenAI-compatible provider on this machine: it generates answers, replays recordings, and
 * goes wrong in the ways its models' names ask for (`FAULTS`).
 *
 * @example
 * await using simulator = await startSimulator()
 * const client = new OpenAI({ baseURL: simulator.url, apiKey: 'any' })
 * await client.chat.completions.create({ model: 'sim:tokens=50,fault=cut@20', stream: true, messages })
 * @throws SluiceError `config_invalid` when `replayDir` cannot be read; Node's error when the port is taken.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, host = '127.0.0.1', replayDir } = options
  const recordings = replayDir === undefined ? undefined : await Recordings.open(replayDir)
  let origin = ''
  const house: House = {
    wheel: new Wheel(),
    seen: new SeenRequests(),
    recordings,
    apiKey: options.apiKey,
    seed: seedNumber(options.seed),
    compose: remembering(composeAnswer),
    now: options.now ?? Date.now,
    random: fromNext(options.random ?? Math.random),
    count: counter(),
    origin: () => origin,
    playing: new Set(),
  }
  const server = createServer(
    // Under a flood of headers of ours the peer's limits are what is tested, not these.
    { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 60_000, maxHeaderSize: 64 * 1024 },
    (request, response) => void answerRequest(house, request, response),
  )
  await listen(server, port, host)
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  origin = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
  return running(server, house, origin, bound)
}

function running(server: Server, house: House, origin: string, port: number): Simulator {
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        house.wheel.clear()
        resolve()
      })
      server.closeAllConnections()
    })
  return {
    url: `${origin}/v1`,
    port,
    get requests() {
      return house.seen.all
    },
    get open() {
      return house.playing.size
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function counter(): (model: string) => number {
  const counts = new Map<string, number>()
  return (model) => {
    const before = counts.get(model) ?? 0
    counts.delete(model)
    counts.set(model, before + 1)
    const [oldest] = counts.keys()
    if (counts.size > COUNTED_NAMES && oldest !== undefined) counts.delete(oldest)
    return before
  }
}

function remembering(compose: Compose): Compose {
  const known = new Map<string, readonly string[]>()
  let size = 0
  return (question, seed, tokens) => {
    if (question.results !== undefined) return compose(question, seed, tokens)
    const key = `${seed} ${tokens} ${question.text}`
    const found = known.get(key)
    if (found !== undefined) return found
    const answer = compose(question, seed, tokens)
    const weight = answer.length + key.length
    if (weight > REMEMBERED / 2) return answer
    if (size + weight > REMEMBERED) {
      known.clear()
      size = 0
    }
    known.set(key, answer)
    size += weight
    return answer
  }
}
