import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { SluiceError } from '../../errors.ts'
import { planResponse } from '../answer/plan.ts'
import { readChatRequest } from '../answer/read-request.ts'
import type { ChatRequest } from '../answer/chat-request.ts'
import type { Compose } from '../answer/resolve.ts'
import { parseModel } from '../model-name.ts'
import type { ModelSpec } from '../model-name.ts'
import { DEFAULT_FIRST, DEFAULT_INTERVAL } from '../pace.ts'
import type { Pace } from '../pace.ts'
import { seeded } from '../text/random.ts'
import type { Random } from '../text/random.ts'
import { embeddingsBody } from '../wire/embeddings.ts'
import { makeExchange } from '../wire/exchange.ts'
import { responseTo } from '../wire/misbehave.ts'
import type { Op } from '../wire/op.ts'
import { refuse, whole } from '../wire/refusals.ts'
import { replayScript } from '../wire/replay.ts'
import { Player } from './player.ts'
import type { Recordings } from './recordings.ts'
import { readJson } from './read-body.ts'
import type { SeenDraft, SeenRequests } from './seen.ts'
import type { Wheel } from './wheel.ts'

/** What the routes share: one simulator. */
export interface House {
  readonly wheel: Wheel
  readonly seen: SeenRequests
  readonly recordings: Recordings | undefined
  readonly apiKey: string | undefined
  readonly seed: number
  readonly compose: Compose
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly random: Random
  /** Counts a request for a model name, and says how many came before. */
  readonly count: (model: string) => number
  readonly origin: () => string
  readonly playing: Set<Player>
}

/** A response decided upon. */
interface Answer {
  readonly script: Iterable<Op>
  readonly pace: Pace
  readonly spec?: ModelSpec | undefined
}

const AT_ONCE: Pace = { first: 0, interval: 0 }
const ROUTES = 'POST /v1/chat/completions, POST /v1/embeddings, GET /v1/models, GET /v1/models/{id}'

/** Answers one request. Never throws. */
export async function answerRequest(house: House, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/', headers } = request
  const seen = house.seen.arrived(method, url, headers, house.now())
  let answer: Answer
  try {
    answer = await route(house, request, seen)
  } catch (thrown) {
    answer = { script: refuse(SluiceError.from(thrown)), pace: AT_ONCE }
  }
  if (response.destroyed) {
    seen.state = 'left'
    seen.endedAt = house.now()
    return
  }
  const { socket } = response
  if (socket !== null) return play(house, answer, response, socket, seen)
  // A pipelined request has no socket before the responses ahead of it are done.
  response.once('socket', (own: Socket) => play(house, answer, response, own, seen))
}

function play(house: House, answer: Answer, response: ServerResponse, socket: Socket, seen: SeenDraft): void {
  const { script, pace, spec } = answer
  const random = seeded(spec?.seed ?? house.seed)
  const player = new Player({
    response,
    socket,
    script: noting(script, seen),
    pace,
    split: spec?.split ?? 'event',
    wheel: house.wheel,
    random,
    onEnd: (ending) => {
      seen.state = ending
      seen.endedAt = house.now()
      house.playing.delete(player)
    },
  })
  house.playing.add(player)
  player.start()
}

function* noting(script: Iterable<Op>, seen: SeenDraft): Generator<Op> {
  for (const op of script) {
    if (op.kind === 'head') seen.status = op.status
    yield op
  }
}

async function route(house: House, request: IncomingMessage, seen: SeenDraft): Promise<Answer> {
  const { method = 'GET', url = '/' } = request
  const path = (url.split('?')[0] ?? '/').replace(/^\/v1(?=\/)/, '')
  if (house.apiKey !== undefined && !keyFits(request, house.apiKey)) {
    throw new SluiceError('invalid_api_key', 'Incorrect API key provided')
  }
  if (path === '/chat/completions' && method === 'POST') return chat(house, request, seen)
  if (path === '/embeddings' && method === 'POST') return json(embeddingsBody((await body(house, request, seen)).value))
  if (path === '/models' && method === 'GET')
    return json({ object: 'list', data: modelNames(house).map((id) => modelOf(house, id)) })
  if (path.startsWith('/models/') && method === 'GET') return json(oneModel(house, path.slice('/models/'.length)))
  throw new SluiceError('route_not_found', `There is no ${method} ${path} here; there are ${ROUTES}`)
}

async function chat(house: House, request: IncomingMessage, seen: SeenDraft): Promise<Answer> {
  const { value } = await body(house, request, seen)
  const checked = readChatRequest(value)
  seen.model = checked.model
  const spec = specOf(house, checked.model)
  if (spec.replay !== undefined) return replay(house, checked, spec, spec.replay)
  const plan = planResponse(checked, spec, { seed: house.seed, compose: house.compose })
  const exchange = makeExchange({
    request: checked,
    spec,
    plan,
    before: house.count(checked.model),
    origin: house.origin(),
    now: house.now(),
    random: house.random,
  })
  const answer = responseTo(exchange)
  const { first = DEFAULT_FIRST, interval = DEFAULT_INTERVAL } = spec
  // A completion in JSON has waited before its head; its pieces leave together.
  const pace = answer.exchange.events ? { first, interval } : AT_ONCE
  return { script: answer.script, pace, spec: answer.exchange.spec }
}

/** A bare name of a recording stands for its replay. */
function specOf(house: House, model: string): ModelSpec {
  const spec = parseModel(model)
  const found = house.recordings?.find(spec.replay ?? model)
  if (spec.replay === undefined) return found === undefined ? spec : { ...spec, replay: found }
  if (found !== undefined) return { ...spec, replay: found }
  const names = house.recordings?.names.slice(0, 20).join(', ')
  const known = names === undefined ? 'this simulator was started without recordings' : `there are ${names}`
  throw new SluiceError('model_not_found', `There is no recording “${spec.replay.slice(0, 100)}”; ${known}`, {
    param: 'model',
  })
}

async function replay(house: House, request: ChatRequest, spec: ModelSpec, name: string): Promise<Answer> {
  if (!request.stream) {
    const message = `${name} is a recorded stream and can only be served as one: set stream to true`
    throw new SluiceError('invalid_value', message, { param: 'stream' })
  }
  const bytes = (await house.recordings?.read(name)) ?? new Uint8Array()
  return { script: replayScript(bytes), pace: { first: spec.first ?? 0, interval: spec.interval ?? 0 }, spec }
}

async function body(house: House, request: IncomingMessage, seen: SeenDraft): Promise<{ readonly value: unknown }> {
  const read = await readJson(request)
  seen.bytes = read.bytes
  if (house.seen.keeps(read.bytes)) seen.body = read.value
  return read
}

function keyFits(request: IncomingMessage, key: string): boolean {
  const { authorization, 'api-key': apiKey } = request.headers
  return authorization === `Bearer ${key}` || apiKey === key
}

const EXAMPLES: readonly string[] = ['default', 'sim:tokens=200,interval=10ms,first=50ms', 'sim:fault=cut@57']

function modelNames(house: House): readonly string[] {
  return [...EXAMPLES, ...(house.recordings?.names ?? [])]
}

function oneModel(house: House, encoded: string): unknown {
  let id: string
  try {
    id = decodeURIComponent(encoded)
  } catch (cause) {
    throw new SluiceError('model_not_found', 'The model’s name is not valid percent-encoding', { cause })
  }
  specOf(house, id)
  return modelOf(house, id)
}

function modelOf(house: House, id: string): unknown {
  return {
    id,
    object: 'model',
    created: 1_763_596_800,
    owned_by: house.recordings?.find(id) === undefined ? 'simulator' : 'recording',
  }
}

function json(value: unknown): Answer {
  return { script: whole(200, 'application/json', JSON.stringify(value)), pace: AT_ONCE }
}
