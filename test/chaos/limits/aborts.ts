import { setImmediate as turn } from 'node:timers/promises'
import { parseEvent } from '../../../src/completion/parse.ts'
import { estimateTokens } from '../../../src/limit/estimate.ts'
import type { StreamState } from '../../../src/log/stream-log.ts'
import { chunk, EVENTS, sse } from '../../support/provider.ts'
import { Random } from '../random.ts'
import { calm, startLimitsRig, type LimitsRig } from './rig.ts'

/** What was seen. */
export interface AbortResult {
  readonly requests: number
  /** How many left when: `in line`, `before a token`, `in the middle`; `never`: read to the end. */
  readonly moments: Readonly<Record<string, number>>
  /** Tokens that the key's limit says were used. */
  readonly settled: number
  /** The same, counted from what the log holds. */
  readonly expected: number
  /** Requests that the limit says were made. */
  readonly counted: number
  /** Streams that the log knows. */
  readonly begun: number
  /** Places, waiters and streams that are left. */
  readonly left: number
}

const LIMIT = { requestsPerMinute: 100_000, tokensPerMinute: 100_000_000, maxConcurrent: 20 }
const AT_ONCE = 40
const QUESTION = 'What is the way of a token through the house?'
const WORDS = ['Water ', 'finds ', 'its ', 'way, ', 'вода ', '水は', '流れる ', '🙂 ']

/** Callers that come, and leave whenever they like. Afterwards the books must balance. */
export async function abortMany(seed: number, requests: number): Promise<AbortResult> {
  const random = new Random(seed)
  await using rig = await startLimitsRig({
    limits: { wait: 3_600_000 },
    // A piece per turn of the event loop; the end, and what was used, only if nobody has left.
    async answer(response, { body, url }) {
      if (url.endsWith('/embeddings')) return void response.end('{"data":[],"usage":{"prompt_tokens":0}}')
      const { model } = JSON.parse(body) as { model: string }
      const [, silent = '0', pieces = '0'] = model.split(':')
      for (let i = 0; i < Number(silent); i++) await turn()
      if (response.destroyed) return
      response.writeHead(200, EVENTS)
      response.write(sse(chunk({ role: 'assistant', content: '' })))
      for (let i = 0; i < Number(pieces); i++) {
        response.write(sse(chunk({ content: WORDS[i % WORDS.length] })))
        await turn()
      }
      const usage = { prompt_tokens: 7, completion_tokens: Number(pieces), total_tokens: 7 + Number(pieces) }
      const last = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage }
      response.end(sse(chunk({}, 'stop'), JSON.stringify(last), '[DONE]'))
    },
  })
  const { id, authorization } = rig.key({ limits: LIMIT })
  const moments: Record<string, number> = {}
  let rest = requests
  const lane = async (): Promise<void> => {
    while (rest-- > 0) await comeAndLeave(rig, authorization, random)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  await calm(() => rig.gateway.openStreams === 0)
  const streams = await rig.log.list(id, { limit: requests })
  let expected = 0
  for (const state of streams) {
    const { tokens, moment } = await bookOf(rig, state)
    expected += tokens
    moments[moment] = (moments[moment] ?? 0) + 1
  }
  moments['in line'] = requests - streams.length
  const left =
    rig.gateway.openStreams + (await rig.figure('sluice_limit_waiting')) + (await rig.figure('sluice_limit_places'))
  const { tokens, used } = await standing(rig, authorization)
  return { requests, moments, settled: tokens, expected, counted: used, begun: streams.length, left }
}

async function comeAndLeave(rig: LimitsRig, authorization: string, random: Random): Promise<void> {
  const abort = new AbortController()
  const model = `m:${random.between(0, 12)}:${random.between(1, 40)}`
  const messages = [{ role: 'user', content: QUESTION }]
  const body = { model, stream: random.chance(0.7), max_tokens: 1_000, messages }
  const headers = { authorization, 'x-stream-on-disconnect': 'cancel' }
  const patience = random.magnitude(1, 200)
  const request = { isOver: false }
  const read = async (): Promise<void> => {
    const response = await rig.ask('/v1/chat/completions', { body, headers, signal: abort.signal })
    const reader = response.body?.getReader()
    abort.signal.addEventListener('abort', () => void reader?.cancel())
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read());
  }
  const reading = read()
    .catch(() => undefined)
    .finally(() => (request.isOver = true))
  for (let turns = 0; turns < patience && !request.isOver; turns++) await turn()
  abort.abort()
  await reading
}

/** What a stream used, by what the log has of it. */
async function bookOf(rig: LimitsRig, state: StreamState): Promise<{ tokens: number; moment: string }> {
  if (state.status === 'completed') {
    const usage = state.outcome?.usage
    const tokens = usage !== undefined && 'total_tokens' in usage ? Number(usage.total_tokens) : Number.NaN
    return { tokens, moment: 'never' }
  }
  let text = ''
  for await (const { entries } of rig.log.read(state.id, -1)) {
    for (const { kind, data } of entries) {
      const parsed = kind === 'chunk' ? parseEvent({ type: 'event', name: '', data, id: undefined }) : undefined
      if (parsed?.type === 'chunk') text += parsed.chunk.choices[0]?.delta.content ?? ''
    }
  }
  const tokens = estimateTokens(QUESTION) + estimateTokens(text)
  return { tokens, moment: text === '' ? 'before a token' : 'in the middle' }
}

/** Where the key stands, by the header of a request that takes nothing of its own: it is over before it is asked. */
async function standing(rig: LimitsRig, authorization: string): Promise<{ tokens: number; used: number }> {
  const body = { model: 'm', input: '' }
  const answered = await rig.ask('/v1/embeddings', { body, headers: { authorization } })
  await answered.text()
  const remaining = (kind: string): number => Number(answered.headers.get(`x-ratelimit-remaining-${kind}`))
  return {
    tokens: LIMIT.tokensPerMinute - remaining('tokens'),
    used: LIMIT.requestsPerMinute - remaining('requests') - 1,
  }
}
