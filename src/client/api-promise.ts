import type { Reply } from './transport.ts'

/**
 * What a call gives: the promise of its result, with ways to the HTTP response, as with OpenAI's SDK. The
 * request is under way at once; the answer's body is read when the result is asked for.
 *
 * @example
 * const { data, response } = await client.models.list().withResponse()
 */
export class APIPromise<T> implements Promise<T> {
  readonly [Symbol.toStringTag]: string = 'APIPromise'
  readonly #reply: Promise<Reply>
  readonly #parse: (reply: Reply) => Promise<T> | T
  #result: Promise<T> | undefined = undefined

  constructor(reply: Promise<Reply>, parse: (reply: Reply) => Promise<T> | T) {
    this.#reply = reply
    this.#parse = parse
  }

  /** The response itself, its body not read. */
  async asResponse(): Promise<Response> {
    const { response } = await this.#reply
    return response
  }

  /** The result beside the response it came with. */
  async withResponse(): Promise<{ readonly data: T; readonly response: Response; readonly request_id: string | null }> {
    const [data, { response }] = await Promise.all([this.#once(), this.#reply])
    return { data, response, request_id: response.headers.get('x-request-id') }
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a promise is what this is
  then<A = T, B = never>(
    onResult?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#once().then(onResult, onError)
  }

  catch<B = never>(onError?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.#once().catch(onError)
  }

  finally(onEnd?: (() => void) | null): Promise<T> {
    return this.#once().finally(onEnd)
  }

  #once(): Promise<T> {
    return (this.#result ??= this.#reply.then((reply) => this.#parse(reply)))
  }
}
