import { isObject } from '../completion/json.ts'
import type { ChatCompletion } from '../completion/chunk.ts'
import { APIPromise } from './api-promise.ts'
import { OpenAIError } from './errors.ts'
import type { CallOptions } from './options.ts'
import { EVENTS, type Session } from './session.ts'
import type { ChatStream } from './stream.ts'

/** A model that a service has. Services add fields of their own. */
export interface Model {
  readonly id: string
  readonly object: 'model'
  /** Seconds since 1970. */
  readonly created: number
  readonly owned_by: string
}

/** All of a service's models; also an AsyncIterable, as OpenAI's SDK has it. */
export interface ModelList extends AsyncIterable<Model> {
  readonly object: 'list'
  readonly data: readonly Model[]
}

/** `client.models`. */
export class Models {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** All models that this key may use. */
  list(options: CallOptions = {}): APIPromise<ModelList> {
    const reply = this.#session.send('GET', '/models', undefined, options)
    return new APIPromise(reply, async (answer) => {
      const page = await this.#session.read(answer)
      if (!isModels(page)) throw new OpenAIError('The answer is no list of models.')
      const { data } = page
      const each = async function* (): AsyncGenerator<Model> {
        yield* data
      }
      return { object: 'list', data, [Symbol.asyncIterator]: each }
    })
  }

  /** One model. */
  retrieve(id: string, options: CallOptions = {}): APIPromise<Model> {
    return json(this.#session, ['GET', `/models/${encodeURIComponent(id)}`], options, isModel)
  }
}

/** What is to be embedded. */
export interface EmbeddingCreateParams {
  readonly model: string
  readonly input: string | readonly string[] | readonly number[] | readonly (readonly number[])[]
  readonly dimensions?: number
  readonly encoding_format?: 'float' | 'base64'
  readonly user?: string
}

/** Embeddings, in the order of the input. */
export interface CreateEmbeddingResponse {
  readonly object: 'list'
  readonly model: string
  readonly data: readonly {
    readonly object: 'embedding'
    readonly index: number
    /** Numbers, or text when base64 was asked for. */
    readonly embedding: readonly number[]
  }[]
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number }
}

/** `client.embeddings`. */
export class Embeddings {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** Embeds text. */
  create(body: EmbeddingCreateParams, options: CallOptions = {}): APIPromise<CreateEmbeddingResponse> {
    return json(this.#session, ['POST', '/embeddings', body], options, isEmbeddings)
  }
}

/** A stream as the gateway tells of it (PROTOCOL 1). */
export interface StreamEntry {
  readonly id: string
  readonly object: 'stream'
  readonly status: 'open' | 'completed' | 'failed' | 'cancelled'
  /** Where it stands: the id of its last event. */
  readonly cursor: string
  readonly model: string
  /** Seconds since 1970. */
  readonly created: number
  /** Seconds since 1970 after which a closed stream may be gone. */
  readonly expires_at?: number
  readonly conversation?: string
  /** Why it failed or was cancelled. */
  readonly error?: { readonly message: string; readonly type: string; readonly code: string | null }
}

/** A stream with what there is of its answer. */
export interface StreamSnapshot extends StreamEntry {
  readonly completion: ChatCompletion
}

/** `client.streams`: the streams that a gateway keeps. */
export class Streams {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /**
   * The stream with this id, from its start or after a cursor: what there is of it at once, then what comes.
   * Leaving it does not stop the model; `cancel` does.
   *
   * @param options.after A `stream.cursor`; `now` skips what there is.
   * @throws NotFoundError, or APIError with status 410 when it has expired.
   */
  resume(id: string, options: CallOptions & { readonly after?: string | undefined } = {}): APIPromise<ChatStream> {
    const { after, ...call } = options
    const startedAt = this.#session.clock.now()
    const position = after === undefined ? {} : after.includes(':') ? { 'last-event-id': after } : undefined
    const query = position === undefined ? { ...call.query, after } : call.query
    const reply = this.#session.send('GET', path(id), undefined, { ...call, query }, { ...EVENTS, ...position })
    return new APIPromise(reply, (answer) => this.#session.stream(answer, undefined, call, startedAt))
  }

  /** The caller's streams, newest first. */
  list(
    options: CallOptions & { readonly status?: StreamEntry['status']; readonly conversation?: string } = {},
  ): APIPromise<readonly StreamEntry[]> {
    const { status, conversation, ...call } = options
    const reply = this.#session.send('GET', '/streams', undefined, {
      ...call,
      query: { ...call.query, status, conversation },
    })
    return new APIPromise(reply, async (answer) => {
      const page = await this.#session.read(answer)
      if (!isStreams(page)) throw new OpenAIError('The answer is no list of streams.')
      return page.data
    })
  }

  /** The completion so far, without reading on. */
  retrieve(id: string, options: CallOptions = {}): APIPromise<StreamSnapshot> {
    return json(
      this.#session,
      ['GET', path(id)],
      { ...options, query: { ...options.query, format: 'json' } },
      isSnapshot,
    )
  }

  /** Ends a stream for everyone; what there is of it stays. Repeating it changes nothing. */
  cancel(id: string, options: CallOptions = {}): APIPromise<StreamEntry> {
    return json(this.#session, ['POST', `${path(id)}/cancel`], options, isStream)
  }
}

function path(id: string): string {
  return `/streams/${encodeURIComponent(id)}`
}

/** A call whose answer is an object of the type that its service promises; `is` looks at what tells it apart. */
function json<T>(
  session: Session,
  [method, at, body]: readonly ['GET' | 'POST', string, unknown?],
  options: CallOptions,
  is: (value: unknown) => value is T,
): APIPromise<T> {
  const reply = session.send(method, at, body, options)
  return new APIPromise(reply, async (answer) => {
    const value = await session.read(answer)
    if (is(value)) return value
    throw new OpenAIError(`The answer to ${method} ${at} is not what it should be.`)
  })
}

function isModel(value: unknown): value is Model {
  return isObject(value) && typeof value['id'] === 'string'
}

function isModels(value: unknown): value is { readonly data: readonly Model[] } {
  return isObject(value) && Array.isArray(value['data']) && value['data'].every(isModel)
}

function isEmbeddings(value: unknown): value is CreateEmbeddingResponse {
  return isObject(value) && Array.isArray(value['data'])
}

function isStream(value: unknown): value is StreamEntry {
  return isObject(value) && typeof value['id'] === 'string' && typeof value['status'] === 'string'
}

function isStreams(value: unknown): value is { readonly data: readonly StreamEntry[] } {
  return isObject(value) && Array.isArray(value['data']) && value['data'].every(isStream)
}

function isSnapshot(value: unknown): value is StreamSnapshot {
  return isStream(value) && 'completion' in value && isObject(value.completion)
}
