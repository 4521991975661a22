import type { ChatCompletionChunk, ChunkChoice, ToolCallDelta } from '../completion/chunk.ts'
import { TextPath, type TextPlace } from '../completion/text-path.ts'

/** OpenAI's padding stands last, or the chunk is parsed. */
const PADDING = '"obfuscation":"'
const PADDING_END = '"}'

/** A chunk that was made, and what it brings. */
export interface MadeChunk {
  readonly chunk: ChatCompletionChunk
  readonly text: string
  /** The tool call whose arguments the text is; `undefined` when it is the answer's. */
  readonly call: number | undefined
}

/** What all chunks of one shape have in common. */
interface Template {
  readonly chunk: ChatCompletionChunk
  readonly choice: ChunkChoice
  readonly call: ToolCallDelta | undefined
  readonly isPadded: boolean
}

/**
 * Chunks that differ from the last parsed one in nothing but their text, or in a piece of a tool call's
 * arguments, made from that one instead of from their JSON. What is made is what parsing would give, each
 * time an object of its own.
 */
export class ChunkTemplate {
  readonly #contents = new TextPath('content')
  readonly #arguments = new TextPath('arguments')
  /** Where the last chunk had its text. */
  #place: TextPlace = 'content'
  #template: Template | undefined = undefined

  /** The text of a chunk of which only the text is wanted; `undefined` when it must be parsed. */
  text(data: string): string | undefined {
    return this.#place === 'content' ? take(this.#contents, data) : undefined
  }

  /** The chunk; `undefined` when it must be parsed. */
  make(data: string): MadeChunk | undefined {
    const template = this.#template
    if (template === undefined) return undefined
    const text = take(this.#place === 'content' ? this.#contents : this.#arguments, data)
    if (text === undefined) return undefined
    const { choice, call } = template
    const delta =
      call === undefined
        ? { ...choice.delta, content: text }
        : { ...choice.delta, tool_calls: [{ ...call, function: { arguments: text } }] }
    const choices = [{ ...choice, delta }]
    const chunk = template.isPadded
      ? { ...template.chunk, choices, obfuscation: paddingOf(data) }
      : { ...template.chunk, choices }
    return { chunk, text, call: call?.index }
  }

  /** Learns from a chunk that had to be parsed and brings something. */
  learn(data: string, chunk: ChatCompletionChunk): void {
    const choice = chunk.choices[0]
    if (choice === undefined) return
    const call = choice.delta.tool_calls?.[0]
    this.#place = call === undefined ? 'content' : 'arguments'
    this.#template = undefined
    const path = call === undefined ? this.#contents : this.#arguments
    path.learn(data)
    const isKnown = path.take(data) !== undefined && isFlat(chunk, 'choices') && isFlat(choice, 'delta')
    const isPadded = chunk.obfuscation !== undefined
    if (!isKnown || !isFlat(choice.delta, 'tool_calls') || (isPadded && paddingOf(data) !== chunk.obfuscation)) return
    // The caller may change the chunk it is given.
    this.#template = {
      chunk: { ...chunk },
      choice: { ...choice, delta: { ...choice.delta } },
      call: call && { ...call },
      isPadded,
    }
  }
}

function take(path: TextPath, data: string): string | undefined {
  const text = path.take(data)
  if (text !== undefined) path.hit()
  return text
}

/** Whether nothing in an object but one field is shared by its copies. */
function isFlat(object: object, except: string): boolean {
  return Object.entries(object).every(([name, value]) => name === except || typeof value !== 'object' || value === null)
}

/** The padding at the end of a chunk whose shape is known. */
function paddingOf(data: string): string {
  return data.slice(data.lastIndexOf(PADDING) + PADDING.length, data.length - PADDING_END.length)
}
