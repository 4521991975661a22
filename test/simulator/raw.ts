import { connect } from 'node:net'
import { createParser } from 'eventsource-parser'
import type { ChatBody, Simulator } from '../../src/simulator/index.ts'

/** An HTTP answer as it came off the socket. */
export interface RawAnswer {
  readonly status: number
  readonly head: string
  /** Everything after the head, with its framing. */
  readonly body: Buffer
  /** How the connection ended; `open` when we stopped looking first. */
  readonly ended: 'fin' | 'reset' | 'open'
  /** What each read of the socket gave. */
  readonly reads: readonly Buffer[]
}

export interface AskOptions {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is, in place of the body. */
  readonly bytes?: string | Buffer
  /** Stop looking, and leave, as soon as this is true. */
  readonly until?: (received: Buffer, reads: number) => boolean
  /** Stop looking after so many milliseconds. */
  readonly within?: number
}

/** Sends one request over a socket of its own and reads what comes back until the connection ends. */
export function ask(simulator: Simulator, body?: unknown, options: AskOptions = {}): Promise<RawAnswer> {
  const { path = '/v1/chat/completions', method = 'POST', headers = {}, until, within = 10_000 } = options
  const bytes = options.bytes ?? (body === undefined ? '' : JSON.stringify(body))
  const fields = {
    host: 'localhost',
    connection: 'close',
    'content-length': String(Buffer.byteLength(bytes)),
    ...headers,
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return new Promise((resolve) => {
    const socket = connect(simulator.port, '127.0.0.1')
    const reads: Buffer[] = []
    let size = 0
    const finish = (ended: RawAnswer['ended']): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ ...split(Buffer.concat(reads)), ended, reads })
    }
    const timer = setTimeout(() => finish('open'), within)
    socket.on('data', (chunk: Buffer) => {
      reads.push(chunk)
      size += chunk.length
      if (until?.(size > 1_000_000 ? chunk : Buffer.concat(reads), reads.length) === true) finish('open')
    })
    socket.once('end', () => finish('fin'))
    socket.once('error', () => finish('reset'))
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    socket.write(bytes)
  })
}

function split(all: Buffer): { readonly status: number; readonly head: string; readonly body: Buffer } {
  const at = all.indexOf('\r\n\r\n')
  if (at < 0) return { status: 0, head: '', body: all }
  const head = all.subarray(0, at).toString('latin1')
  return { status: Number(head.split(' ')[1]), head, body: all.subarray(at + 4) }
}

/** The value of a header field; undefined when there is none. */
export function header(answer: RawAnswer, name: string): string | undefined {
  const line = answer.head.split('\r\n').find((one) => one.toLowerCase().startsWith(`${name}:`))
  return line?.slice(name.length + 1).trim()
}

/** The chunks of a chunked body. */
export interface Dechunked {
  readonly data: Buffer
  readonly chunks: readonly Buffer[]
  /** True when the last chunk was there. */
  readonly complete: boolean
  /** A chunk size that is no number. */
  readonly badSize: string | undefined
}

export function dechunk(body: Buffer): Dechunked {
  const chunks: Buffer[] = []
  const done = (complete: boolean, badSize?: string): Dechunked => ({
    data: Buffer.concat(chunks),
    chunks,
    complete,
    badSize,
  })
  for (let at = 0; ;) {
    const lineEnd = body.indexOf('\r\n', at)
    if (lineEnd < 0) return done(false)
    const line = body.subarray(at, lineEnd).toString('latin1')
    if (!/^[0-9a-f]+$/i.test(line)) return done(false, line)
    const size = Number.parseInt(line, 16)
    if (size === 0) return done(true)
    if (lineEnd + 2 + size > body.length) return done(false)
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}

/** The body without its framing. */
export function content(answer: RawAnswer): Buffer {
  return header(answer, 'transfer-encoding') === 'chunked' ? dechunk(answer.body).data : answer.body
}

/** What a stream said, read by a parser that is not ours. */
export interface Heard {
  /** `data` of each event, `[DONE]` included. */
  readonly data: readonly string[]
  readonly names: readonly (string | undefined)[]
  readonly comments: readonly string[]
  readonly chunks: readonly Chunk[]
  readonly text: string
  readonly reasoning: string
  readonly finish: readonly string[]
  readonly done: boolean
  readonly usage: readonly Usage[]
}

export interface Usage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
}

export interface Logprob {
  readonly token: string
  readonly logprob: number
  readonly bytes: readonly number[]
  readonly top_logprobs: readonly { readonly token: string; readonly logprob: number }[]
}

export interface Chunk {
  readonly id?: string
  readonly model?: string
  readonly usage?: Usage | null
  readonly error?: unknown
  readonly [field: string]: unknown
  readonly choices?: readonly {
    readonly index: number
    readonly finish_reason?: string | null
    readonly logprobs?: { readonly content: readonly Logprob[] } | null
    readonly [field: string]: unknown
    readonly delta?: {
      readonly role?: string
      readonly content?: unknown
      readonly reasoning_content?: string
      readonly reasoning?: string
      readonly tool_calls?: readonly {
        readonly index?: number
        readonly id?: string
        readonly function?: { readonly name?: string; readonly arguments?: string }
      }[]
    }
  }[]
}

export function hear(bytes: Buffer): Heard {
  const data: string[] = []
  const names: (string | undefined)[] = []
  const comments: string[] = []
  const parser = createParser({
    onEvent: (event) => {
      data.push(event.data)
      names.push(event.event)
    },
    onComment: (comment) => comments.push(comment),
  })
  parser.feed(bytes.toString('utf8'))
  const chunks = data.flatMap((one): Chunk[] => {
    try {
      return [JSON.parse(one)]
    } catch {
      return []
    }
  })
  const choices = chunks.flatMap((chunk) => chunk.choices ?? []).filter((choice) => choice.index === 0)
  return {
    data,
    names,
    comments,
    chunks,
    text: choices.map((choice) => textIn(choice.delta?.content)).join(''),
    reasoning: choices.map((choice) => choice.delta?.reasoning_content ?? choice.delta?.reasoning ?? '').join(''),
    finish: choices.flatMap((choice) => (choice.finish_reason ? [choice.finish_reason] : [])),
    done: data.includes('[DONE]'),
    usage: chunks.flatMap((chunk) => (chunk.usage ? [chunk.usage] : [])),
  }
}

/** Text content; empty for anything else. */
export function textIn(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A chat request that streams. */
export function chat(model: string, question: string = 'Explain the tides in detail', more: object = {}): ChatBody {
  return { model, stream: true, messages: [{ role: 'user', content: question }], ...more }
}

/** Asks and listens. */
export async function listen(simulator: Simulator, body: ChatBody, options: AskOptions = {}): Promise<Heard> {
  return hear(content(await ask(simulator, body, options)))
}

/** A completion in JSON, as far as tests look at it. */
export interface Completion {
  readonly error: { readonly message: string; readonly code: string; readonly param: string | null }
  readonly usage: Usage & { readonly completion_tokens_details: { readonly reasoning_tokens: number } }
  readonly choices: readonly [
    {
      readonly finish_reason: string
      readonly logprobs: { readonly content: readonly unknown[] } | null
      readonly message: {
        readonly content: string
        readonly reasoning_content?: string
        readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: string } }[]
      }
    },
  ]
}

/** The JSON of an answer. */
export function json(answer: RawAnswer): Completion {
  return JSON.parse(content(answer).toString())
}
