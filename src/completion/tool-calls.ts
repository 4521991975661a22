import type { ToolCall, ToolCallDelta } from './chunk.ts'
import { isObject, said, type JsonObject } from './json.ts'
import { keep } from './keep.ts'

/** One tool call so far. */
interface Gathered {
  readonly index: number
  id: string
  type: string
  name: string
  /** Arguments of a function, input of a custom tool. Grows by `+=`: V8 joins the pieces when they are read. */
  input: string
  readonly others: JsonObject
}

const KNOWN: ReadonlySet<string> = new Set(['index', 'id', 'type', 'function', 'custom'])

/**
 * Gathers the tool calls of one choice. A piece belongs to the call with its index; without an index, to
 * the one with its id; without both, to the last one, unless it brings a name, which starts a call. An
 * index that comes again with another id is another call (proxies in front of Gemini).
 */
export class ToolCalls {
  readonly #calls: Gathered[] = []
  readonly #byIndex = new Map<number, Gathered>()
  readonly #byId = new Map<string, Gathered>()
  #nextIndex = 0

  /** How many calls were begun. */
  get size(): number {
    return this.#calls.length
  }

  /** Whether a call has no name, so that nobody could run it. */
  get hasNameless(): boolean {
    return this.#calls.some((call) => call.name === '')
  }

  /** Adds a piece whose index, if it has one, was checked (see `repairChunk`). */
  add(delta: ToolCallDelta): void {
    const isCustom = isObject(delta.custom)
    const part: unknown = isCustom ? delta.custom : delta.function
    const name = isObject(part) ? said(part['name']) : undefined
    const call = this.#find(delta, name) ?? this.#begin(delta)
    const id = said(delta.id)
    if (id !== undefined && call.id === '') {
      call.id = id
      this.#byId.set(id, call)
    }
    call.type = said(delta.type) ?? (isCustom ? 'custom' : call.type)
    call.name = name ?? call.name
    const input = isObject(part) ? part[isCustom ? 'input' : 'arguments'] : undefined
    if (typeof input === 'string') call.input += input
    // Some engines send the arguments as an object, whole.
    else if (isObject(input)) call.input += JSON.stringify(input)
    for (const key in delta) {
      if (!KNOWN.has(key)) keep(call.others, key, Reflect.get(delta, key))
    }
  }

  /** The calls in the order of their indexes. A call without an id is given one by `idOf`. */
  list(idOf: (position: number) => string): ToolCall[] {
    return this.#calls
      .toSorted((a, b) => a.index - b.index)
      .map(({ id, type, name, input, others }, position) => {
        const own = id === '' ? idOf(position) : id
        return type === 'custom'
          ? { id: own, type, custom: { name, input }, ...others }
          : { id: own, type: 'function', function: { name, arguments: input }, ...others }
      })
  }

  #find(delta: ToolCallDelta, name: string | undefined): Gathered | undefined {
    const index: number | undefined = delta.index
    const id = said(delta.id)
    if (index !== undefined) {
      const call = this.#byIndex.get(index)
      return call !== undefined && id !== undefined && call.id !== '' && call.id !== id ? undefined : call
    }
    if (id !== undefined) return this.#byId.get(id)
    return name === undefined ? this.#calls.at(-1) : undefined
  }

  #begin(delta: ToolCallDelta): Gathered {
    const given: number | undefined = delta.index
    const index = given ?? this.#nextIndex
    this.#nextIndex = Math.max(this.#nextIndex, index + 1)
    const call: Gathered = { index, id: '', type: 'function', name: '', input: '', others: {} }
    this.#calls.push(call)
    this.#byIndex.set(index, call)
    return call
  }
}
