/**
 * What reading a stream costs with each SDK: CPU per event, as a multiple of the floor (lines scanned by
 * hand, JSON.parse). Every reader gets the same Response in the same run, in turns, and what it read is
 * checked.
 *
 *   npm run bench -- sdk [--events 20000] [--rounds 7] [--only sluice]
 */
import { parseArgs } from 'node:util'
import { createParser } from 'eventsource-parser'
import OfficialClient from 'openai'
import { OpenAI } from '../src/client/index.ts'
import { dataOf, DATA_KINDS, readsOf, SPLITS, toolCallData, type DataKind, type Split } from './sdk-data.ts'

/** Reads a response as an SDK does; gives the text, or the tool call's arguments. */
type Reader = (answer: () => Response) => Promise<string>

interface Chunk {
  readonly choices: readonly {
    readonly delta: {
      readonly content?: string | null
      readonly tool_calls?: readonly { readonly function?: { readonly arguments?: string } }[]
    }
  }[]
}

const ASK = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true } as const

/** What a chunk adds to the answer, whichever kind of answer it is. */
function said(chunk: Chunk): string {
  const delta = chunk.choices[0]?.delta
  return delta?.content ?? delta?.tool_calls?.[0]?.function?.arguments ?? ''
}

function fetchOf(answer: () => Response): typeof fetch {
  return async () => answer()
}

const ours = (answer: () => Response): OpenAI =>
  new OpenAI({ baseURL: 'http://x.invalid/v1', apiKey: 'k', fetch: fetchOf(answer) })

const floor: Reader = async (answer) => {
  const reader = answer().body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let rest = ''
  for (;;) {
    const result = await reader?.read()
    if (result === undefined || result.done) return text
    rest += decoder.decode(result.value, { stream: true })
    let start = 0
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n', start)) {
      const line = rest.slice(start, end)
      start = end + 1
      if (line.startsWith('data: ') && line !== 'data: [DONE]') text += said(JSON.parse(line.slice(6)))
    }
    rest = rest.slice(start)
  }
}

const { values } = parseArgs({
  options: { events: { type: 'string' }, rounds: { type: 'string' }, only: { type: 'string' } },
})

const READERS: Readonly<Record<string, Reader>> = {
  floor,
  'sluice chunks': async (answer) => {
    let text = ''
    for await (const chunk of await ours(answer).chat.completions.create(ASK)) text += said(chunk)
    return text
  },
  'sluice text()': async (answer) => {
    let text = ''
    for await (const piece of (await ours(answer).chat.completions.create(ASK)).text()) text += piece
    return text
  },
  'sluice completion()': async (answer) => {
    const { choices } = await (await ours(answer).chat.completions.create(ASK)).completion()
    const call = choices[0]?.message.tool_calls?.[0]
    return call?.type === 'function' ? call.function.arguments : (choices[0]?.message.content ?? '')
  },
  'eventsource-parser': async (answer) => {
    let text = ''
    const parser = createParser({
      onEvent: ({ data }) => {
        if (data !== '[DONE]') text += said(JSON.parse(data))
      },
    })
    const reader = answer().body?.getReader()
    const decoder = new TextDecoder()
    for (;;) {
      const result = await reader?.read()
      if (result === undefined || result.done) return text
      parser.feed(decoder.decode(result.value, { stream: true }))
    }
  },
  'openai create()': async (answer) => {
    let text = ''
    for await (const chunk of await official(answer).chat.completions.create({ ...ASK, messages: [...ASK.messages] }))
      text += said(chunk)
    return text
  },
  'openai .stream()': async (answer) => {
    const { stream: _stream, ...request } = ASK
    const runner = official(answer).chat.completions.stream({ ...request, messages: [...ASK.messages] })
    const { choices } = await runner.finalChatCompletion()
    const call = choices[0]?.message.tool_calls?.[0]
    return call?.type === 'function' ? call.function.arguments : (choices[0]?.message.content ?? '')
  },
  LangChain: async (answer) => {
    const { ChatOpenAI } = await import('@langchain/openai')
    const model = new ChatOpenAI({
      model: 'm',
      apiKey: 'k',
      streamUsage: false,
      configuration: { fetch: fetchOf(answer) },
    })
    let text = ''
    for await (const chunk of await model.stream('Hi')) {
      text +=
        typeof chunk.content === 'string' && chunk.content !== ''
          ? chunk.content
          : (chunk.tool_call_chunks?.[0]?.args ?? '')
    }
    return text
  },
  'ai textStream': async (answer) => {
    const [{ streamText }, { createOpenAICompatible }] = await Promise.all([
      import('ai'),
      import('@ai-sdk/openai-compatible'),
    ])
    const provider = createOpenAICompatible({ name: 'x', baseURL: 'http://x.invalid/v1', fetch: fetchOf(answer) })
    let text = ''
    for await (const piece of streamText({ model: provider('m'), prompt: 'Hi' }).textStream) text += piece
    return text
  },
}

function official(answer: () => Response): OfficialClient {
  return new OfficialClient({ baseURL: 'http://x.invalid/v1', apiKey: 'k', fetch: fetchOf(answer) })
}

/** LangChain joins a tool call anew with each piece: 20,000 pieces take it over a minute. */
const TEXT_ONLY: ReadonlySet<string> = new Set(['sluice text()', 'ai textStream', 'LangChain'])

/** What may not be exceeded, in floors. */
const BARS: Readonly<Record<string, number>> = { 'sluice chunks': 1.3, 'sluice text()': 0.8 }

/** Microseconds of CPU for one reading. */
async function cost(read: Reader, reads: readonly Uint8Array[], expected: string): Promise<number> {
  const before = process.cpuUsage()
  const text = await read(() => respond(reads))
  const { user, system } = process.cpuUsage(before)
  if (text !== expected) throw new Error(`read ${text.length} characters instead of ${expected.length}`)
  return user + system
}

function respond(reads: readonly Uint8Array[]): Response {
  let at = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const bytes = reads[at++]
      if (bytes === undefined) controller.close()
      else controller.enqueue(bytes)
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

function median(costs: readonly number[]): number {
  return costs.toSorted((a, b) => a - b)[Math.floor(costs.length / 2)] ?? Number.NaN
}

/** One table row: every reader's cost, in turns. */
async function compare(
  kind: DataKind,
  split: Split,
  events: number,
  rounds: number,
): Promise<ReadonlyMap<string, number>> {
  const { data, text } = dataOf(kind, events)
  const reads = readsOf(data, split)
  const names = Object.keys(READERS).filter(
    (name) => (kind !== 'tool call' || !TEXT_ONLY.has(name)) && (name === 'floor' || name.includes(values.only ?? '')),
  )
  const costs = new Map<string, number[]>(names.map((name) => [name, []]))
  for (let round = -2; round < rounds; round++) {
    for (const name of names) {
      const read = READERS[name]
      if (read === undefined) continue
      const each = await cost(read, reads, text)
      // The first two rounds warm up.
      if (round >= 0) costs.get(name)?.push(each / events)
    }
  }
  return new Map([...costs].map(([name, each]) => [name, median(each)]))
}

/** How the cost of one tool call grows with its number of pieces, reading `toolCalls()`. */
async function growth(rounds: number): Promise<number> {
  const sizes = [2_000, 20_000]
  const costs: number[][] = [[], []]
  for (let round = -1; round < rounds; round++) {
    for (const [at, size] of sizes.entries()) {
      const { data, text } = toolCallData(size)
      const read: Reader = async (answer) => {
        let last = ''
        for await (const { call, done } of (await ours(answer).chat.completions.create(ASK)).toolCalls()) {
          if (done && call.type === 'function') last = call.function.arguments
        }
        return last
      }
      const each = await cost(read, readsOf(data, 'event'), text)
      if (round >= 0) costs[at]?.push(each)
    }
  }
  return median(costs[1] ?? []) / median(costs[0] ?? [])
}

const events = Number(values.events ?? 20_000)
const rounds = Number(values.rounds ?? 7)
let failures = 0
console.log(`${events} events, median of ${rounds} rounds, Node ${process.version}; CPU in multiples of the floor`)
for (const kind of DATA_KINDS) {
  for (const split of SPLITS) {
    const costs = await compare(kind, split, events, rounds)
    const base = costs.get('floor') ?? Number.NaN
    console.log(
      `\n${kind}, ${split === 'event' ? 'one event per read' : split === '16k' ? 'reads of 16 KB' : 'reads of any size'}; floor ${base.toFixed(2)} µs per event`,
    )
    for (const [name, each] of costs) {
      const ratio = each / base
      const bar = BARS[name]
      const verdict = bar === undefined ? '' : ratio <= bar ? `  within ${bar}` : `  OVER ${bar}`
      if (bar !== undefined && ratio > bar) failures++
      console.log(`  ${name.padEnd(20)} ${ratio.toFixed(2).padStart(6)}${verdict}`)
    }
  }
}
const grown = await growth(rounds)
if (grown > 11) failures++
console.log(
  `\none tool call of 20,000 pieces costs ${grown.toFixed(1)} times one of 2,000${grown > 11 ? '  OVER 11' : '  within 11'}`,
)
if (failures > 0) process.exitCode = 1
