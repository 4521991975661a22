import { Chat } from './chat.ts'
import type { ClientOptions } from './options.ts'
import { Embeddings, Models, Streams } from './resources.ts'
import { Session } from './session.ts'

/**
 * A client for any OpenAI-compatible service. What the options do not say, the environment does: `SLUICE_URL`
 * (a gateway; `SLUICE_API_KEY`), `OPENAI_API_KEY` and `OPENAI_BASE_URL`, `EVOLUTION_KEY_ID`,
 * `EVOLUTION_SECRET` and `EVOLUTION_BASE_URL`, else the first key of a service that is known
 * (`MEGALLM_API_KEY`, `HOLYSHEEP_API_KEY`, …).
 *
 * @throws OpenAIError when there is no key for the service, or one in a web page.
 *
 * @example
 * const client = new OpenAI({ baseURL: 'http://localhost:8787/v1', apiKey })
 * const stream = await client.chat.completions.create({ model, messages, stream: true })
 */
export class OpenAI {
  readonly chat: Chat
  readonly models: Models
  readonly embeddings: Embeddings
  /** The streams that a gateway keeps. */
  readonly streams: Streams
  /** Where requests go. */
  readonly baseURL: string
  readonly #options: ClientOptions

  constructor(options: ClientOptions = {}) {
    const session = new Session(options)
    this.#options = options
    this.baseURL = session.baseURL
    this.chat = new Chat(session)
    this.models = new Models(session)
    this.embeddings = new Embeddings(session)
    this.streams = new Streams(session)
  }

  /** A client like this one, but for these options. */
  withOptions(options: ClientOptions): OpenAI {
    return new OpenAI({ ...this.#options, ...options })
  }
}
