import { isObject } from '../completion/json.ts'
import type { ChatCompletion } from '../completion/chunk.ts'
import { APIPromise } from './api-promise.ts'
import { OpenAIError } from './errors.ts'
import type { CallOptions } from './options.ts'
import type {
  CompletionCreateParams,
  CreateEmbeddingResponse,
  EmbeddingCreateParams,
  Model,
  ModelList,
  TextCompletion,
} from './resource-types.ts'
import { EVENTS, type Session } from './session.ts'
import type { ChatStream } from './stream.ts'

/** `client.models`. */
export class Models {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** All models that this key may use. Its promise can be looped over too, as with OpenAI's SDK. */
  list(options: CallOptions = {}): APIPromise<ModelList> & AsyncIterable<Model> {
    const list = call(this.#session, ['GET', '/models'], options, ({ data }: Page<Model>) => ({
      object: 'list' as const,
      data,
      async *[Symbol.asyncIterator]() {
        yield* data
      },
    }))
    return Object.assign(list, {
      async *[Symbol.asyncIterator]() {
        yield* (await list).data
      },
    })
  }

  /** One model. */
  retrieve(id: string, options: CallOptions = {}): APIPromise<Model> {
    return call(this.#session, ['GET', `/models/${encodeURIComponent(id)}`], options, (model: Model) => model)
  }
}

/** `client.embeddings`. */
export class Embeddings {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** Embeds text. */
  create(
    body: EmbeddingCreateParams & { readonly encoding_format: 'base64' },
    options?: CallOptions,
  ): APIPromise<CreateEmbeddingResponse<string>>
  create(body: EmbeddingCreateParams, options?: CallOptions): APIPromise<CreateEmbeddingResponse>
  create(
    body: EmbeddingCreateParams,
    options: CallOptions = {},
  ): APIPromise<CreateEmbeddingResponse | CreateEmbeddingResponse<string>> {
    return call(this.#session, ['POST', '/embeddings', body], options, (answer: CreateEmbeddingResponse) => answer)
  }
}

/** `client.completions`: OpenAI's older completions of text, whole answers only. */
export class Completions {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** Completes text. */
  create(
    body: Open<CompletionCreateParams & { readonly stream?: false | null }>,
    options: CallOptions = {},
  ): APIPromise<TextCompletion> {
    return call(this.#session, ['POST', '/completions', body], options, (answer: TextCompletion) => answer)
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
    const { after, ...rest } = options
    const startedAt = this.#session.clock.now()
    const position = after === undefined ? {} : after.includes(':') ? { 'last-event-id': after } : undefined
    const query = position === undefined ? { ...rest.query, after } : rest.query
    const reply = this.#session.send('GET', path(id), undefined, { ...rest, query }, { ...EVENTS, ...position })
    return new APIPromise(reply, (answer) => this.#session.stream(answer, undefined, rest, startedAt))
  }

  /** The caller's streams, newest first. */
  list(
    options: CallOptions & { readonly status?: StreamEntry['status']; readonly conversation?: string } = {},
  ): APIPromise<readonly StreamEntry[]> {
    const { status, conversation, ...rest } = options
    const query = { ...rest.query, status, conversation }
    return call(this.#session, ['GET', '/streams'], { ...rest, query }, ({ data }: Page<StreamEntry>) => data)
  }

  /** The completion so far, without reading on. */
  retrieve(id: string, options: CallOptions = {}): APIPromise<StreamSnapshot> {
    const query = { ...options.query, format: 'json' }
    return call(this.#session, ['GET', path(id)], { ...options, query }, (stream: StreamSnapshot) => stream)
  }

  /** Ends a stream for everyone; what there is of it stays. Repeating it changes nothing. */
  cancel(id: string, options: CallOptions = {}): APIPromise<StreamEntry> {
    return call(this.#session, ['POST', `${path(id)}/cancel`], options, (stream: StreamEntry) => stream)
  }
}

function path(id: string): string {
  return `/streams/${encodeURIComponent(id)}`
}

/** Engines have many parameters of their own: a literal may have them, and no type is refused that lacks them. */
type Open<Params> = Params | (Params & { readonly [parameter: string]: unknown })

interface Page<Item> {
  readonly data: Item[]
}

/** A call whose answer is an object, and what is wanted of it. `undefined` is no answer. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it says what `pick` is given
function call<Answer extends object, T>(
  session: Session,
  [method, at, body]: readonly ['GET' | 'POST', string, unknown?],
  options: CallOptions,
  pick: (answer: Answer) => T | undefined,
): APIPromise<T> {
  const reply = session.send(method, at, body, options)
  return new APIPromise(reply, async (answer) => {
    const value = await session.read(answer)
    const picked = isAnswer<Answer>(value) ? pick(value) : undefined
    if (picked !== undefined) return picked
    throw new OpenAIError(`The answer to ${method} ${at} is not what it should be.`)
  })
}

/** Its type is what the service's documentation says; nothing but that it is an object is checked. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what it believes
function isAnswer<Answer>(value: unknown): value is Answer {
  return isObject(value)
}
