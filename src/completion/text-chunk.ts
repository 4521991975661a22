import type { ChatCompletionChunk, Usage } from './chunk.ts'
import type { Around } from './text-path.ts'
import { parseEvent, type ParsedChunk } from './parse.ts'

/**
 * A chunk of which is known, without parsing it, that it brings a piece of the first choice's text and
 * nothing else (see `TextPath`). Its JSON is parsed when somebody asks for more.
 */
export class TextChunk implements ParsedChunk {
  readonly type = 'chunk'
  readonly data: string
  readonly text: string
  readonly around: Around | undefined
  readonly finished = false
  readonly usage: Usage | undefined = undefined
  readonly bare = false
  #chunk: ChatCompletionChunk | undefined

  /** `around`: what the data begins and ends with, the same object for chunks that are alike. */
  constructor(data: string, text: string, around: Around | undefined) {
    this.data = data
    this.text = text
    this.around = around
  }

  get visible(): boolean {
    return this.text !== ''
  }

  get chunk(): ChatCompletionChunk {
    this.#chunk ??= chunkOf(this.data)
    return this.#chunk
  }
}

function chunkOf(data: string): ChatCompletionChunk {
  const parsed = parseEvent({ type: 'event', name: '', data, id: undefined })
  if (parsed.type !== 'chunk') throw new TypeError('a text chunk is a chunk')
  return parsed.chunk
}
