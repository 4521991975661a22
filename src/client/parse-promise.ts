import type { ParseEvent } from './tools/parse.ts'
import type { ParseCallRun } from './tools/parse-call.ts'
import type { ParsedChatCompletion } from './tools/parsed.ts'

/**
 * What `parse()` gives: the promise of the completion with its messages read, as with OpenAI's SDK; or, in a
 * loop, the value as it grows. The request is made when one of them is asked for.
 *
 * @example
 * for await (const event of client.chat.completions.parse(request)) {
 *   if (event.type === 'partial') show(event.partial)
 * }
 */
export class ParsePromise<T> implements PromiseLike<ParsedChatCompletion<T>>, AsyncIterable<ParseEvent<T>> {
  readonly #start: () => Promise<ParseCallRun<T>>
  #run: Promise<ParseCallRun<T>> | undefined = undefined

  constructor(start: () => Promise<ParseCallRun<T>>) {
    this.#start = start
  }

  /** The completion, once it is whole; reads the stream if no loop does. */
  async final(): Promise<ParsedChatCompletion<T>> {
    return (await this.#once()).final()
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a promise is what this is
  then<A = ParsedChatCompletion<T>, B = never>(
    onResult?: ((value: ParsedChatCompletion<T>) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.final().then(onResult, onError)
  }

  catch<B = never>(onError?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<ParsedChatCompletion<T> | B> {
    return this.final().catch(onError)
  }

  finally(onEnd?: (() => void) | null): Promise<ParsedChatCompletion<T>> {
    return this.final().finally(onEnd)
  }

  /** Chunks, and the value so far after each piece of it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ParseEvent<T>, void, undefined> {
    yield* await this.#once()
  }

  #once(): Promise<ParseCallRun<T>> {
    return (this.#run ??= this.#start())
  }
}
