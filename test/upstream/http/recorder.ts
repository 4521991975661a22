import { Buffer } from 'node:buffer'
import type { ExchangeSink } from '../../../src/upstream/http/connection.ts'
import type { Connections } from '../../../src/upstream/http/connections.ts'
import type { Head } from '../../../src/upstream/http/head.ts'
import { requestText } from '../../../src/upstream/http/request.ts'

/** What may be done with an event besides. */
export type Hooks = Partial<ExchangeSink>

/** Keeps what becomes of one request. Anything after its end is an error of its own. */
export class Recorder implements ExchangeSink {
  readonly #hooks: Hooks
  readonly #over = Promise.withResolvers<Error | undefined>()
  readonly #begun = Promise.withResolvers<void>()
  readonly #parts: Uint8Array[] = []
  /** In the order in which it was told. */
  readonly events: string[] = []
  /** All that was told after the end. */
  readonly late: string[] = []
  response: Head | undefined
  #isOver = false

  constructor(hooks: Hooks = {}) {
    this.#hooks = hooks
  }

  /** Resolves at the end, with what it failed with if it did. */
  get over(): Promise<Error | undefined> {
    return this.#over.promise
  }

  /** Resolves with the first byte of the body. */
  get begun(): Promise<void> {
    return this.#begun.promise
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  /** As Latin-1. */
  get text(): string {
    return this.bytes.toString('latin1')
  }

  /** Bytes of the body so far. */
  get length(): number {
    return this.#parts.reduce((sum, { length }) => sum + length, 0)
  }

  connected(): void {
    this.#note('connected')
    this.#hooks.connected?.()
  }

  head(head: Head): void {
    this.#note('head')
    this.response = head
    this.#hooks.head?.(head)
  }

  body(bytes: Uint8Array): void {
    this.#note('body')
    this.#parts.push(bytes.slice())
    this.#begun.resolve()
    this.#hooks.body?.(bytes)
  }

  end(): void {
    this.#note('end')
    this.#isOver = true
    this.#over.resolve(undefined)
    this.#hooks.end?.()
  }

  failed(error: Error): void {
    this.#note('failed')
    this.#isOver = true
    this.#over.resolve(error)
    this.#hooks.failed?.(error)
  }

  #note(event: string): void {
    if (this.#isOver) this.late.push(event)
    else if (event !== 'body' || this.events.at(-1) !== 'body') this.events.push(event)
  }
}

/** A request without anything special. */
export function request(path = '/', body?: string): string {
  const method = body === undefined ? 'GET' : 'POST'
  return requestText({ method, path, host: 'test', fields: { 'x-test': 'yes' }, body })
}

/** Sends one, and waits for what becomes of it. */
export async function exchange(connections: Connections, origin: string, path = '/', body?: string): Promise<Recorder> {
  const recorder = new Recorder()
  connections.send(origin, request(path, body), recorder)
  await recorder.over
  return recorder
}

/** Sends one, and gives the text of the body; throws what it failed with. */
export async function ask(connections: Connections, origin: string, path = '/', body?: string): Promise<string> {
  const recorder = await exchange(connections, origin, path, body)
  const error = await recorder.over
  if (error !== undefined) throw error
  return recorder.text
}

/** The code of what an exchange failed with. */
export async function codeOf(recorder: Recorder): Promise<string | undefined> {
  const error: unknown = await recorder.over
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
