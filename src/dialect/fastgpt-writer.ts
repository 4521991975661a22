import { encodeEvent } from '../sse/encode.ts'
import { EVENT_STREAM, type AnswerItem, type DialectWriter } from './writer.ts'

/** What is told of the work on an answer whose provider tells nothing of it. */
export interface FastGptNode {
  readonly name: string
  /** Seconds since the request. */
  readonly runningTime: () => number
}

/** How a FastGPT client wants its answer. */
export interface FastGptAnswer {
  /** Where the results of the work stand: `v1` after `[DONE]`, all at once; `v2` before the end, one by one. */
  readonly version: 'v1' | 'v2'
  /** Typed events instead of un-named ones. */
  readonly detail: boolean
  /** Absent: the provider is a FastGPT, and its own events are passed on. */
  readonly node?: FastGptNode | undefined
}

/** FastGPT's answer to a failure, in a body and in an `error` event. */
export interface FastGptError {
  readonly code: number
  readonly statusText: string
  readonly message: string
  readonly data: null
}

/**
 * FastGPT's wire (labring/FastGPT, packages/service/core/workflow/dispatch). Without `detail` un-named
 * chunks; with it every event by its name. The end is said last, so that a stream's own order (finish_reason,
 * then usage) becomes FastGPT's: v1: stop, `[DONE]`, `flowResponses`; v2: `flowNodeResponse`s, stop, `[DONE]`.
 */
export function fastgptWriter(answer: FastGptAnswer): DialectWriter {
  return new FastGptWriter(answer)
}

class FastGptWriter implements DialectWriter {
  readonly headers: DialectWriter['headers'] = EVENT_STREAM
  readonly #answer: FastGptAnswer
  /** The chunks that say the end. */
  #stop = ''
  /** Results of nodes as JSON texts. */
  readonly #results: string[] = []
  /** All results as the provider gave them, verbatim. */
  #responses: string | undefined
  #model = ''
  #tokens: readonly [input: number, output: number] | undefined

  constructor(answer: FastGptAnswer) {
    this.#answer = answer
  }

  open(): string {
    const { detail, node } = this.#answer
    return detail && node !== undefined ? json('flowNodeStatus', { status: 'running', name: node.name }) : ''
  }

  write(item: AnswerItem): string {
    if (item.type === 'event') return this.#event(item.name, item.data)
    const { chunk, usage, finished } = item
    if (chunk.model !== '') this.#model = chunk.model
    if (usage !== undefined) this.#tokens = [usage.prompt_tokens, usage.completion_tokens]
    if (item.bare) return ''
    const name = item.name ?? 'answer'
    if (!finished) return this.#named(name, item.data)
    const saysMore = chunk.choices.some(({ delta }) =>
      Object.entries(delta).some(([field, value]) => field !== 'role' && value != null && value !== ''),
    )
    const ends = chunk.choices.map((choice) => ({ ...choice, delta: {} }))
    this.#stop += this.#named('answer', saysMore ? JSON.stringify({ ...chunk, choices: ends }) : item.data)
    if (!saysMore) return ''
    const rest = chunk.choices.map((choice) => ({ ...choice, finish_reason: null }))
    return this.#named(name, JSON.stringify({ ...chunk, choices: rest }))
  }

  close(): string {
    const { version, detail, node } = this.#answer
    const end = this.#stop + this.#named('answer', '[DONE]')
    if (!detail) return end
    if (node !== undefined) this.#results.push(JSON.stringify(this.#result(node)))
    if (version === 'v1') {
      const data = this.#responses ?? (this.#results.length === 0 ? undefined : `[${this.#results.join(',')}]`)
      return data === undefined ? end : end + encodeEvent({ name: 'flowResponses', data })
    }
    return (node === undefined ? '' : this.#results.map(nodeResponse).join('')) + end
  }

  fail(error: Parameters<DialectWriter['fail']>[0]): string {
    return json('error', { ...toFastGptError(error) })
  }

  #event(name: string, data: string): string {
    const { version, detail } = this.#answer
    if (!detail) return name === 'chatTitle' ? encodeEvent({ name, data }) : ''
    if (name === 'flowNodeResponse' && version === 'v1') {
      this.#results.push(data)
      return ''
    }
    if (name !== 'flowResponses') return encodeEvent({ name, data })
    if (version === 'v2') return resultsIn(data)?.map(nodeResponse).join('') ?? encodeEvent({ name, data })
    this.#responses = data
    return ''
  }

  #named(name: string, data: string): string {
    return this.#answer.detail ? encodeEvent({ name, data }) : encodeEvent({ data })
  }

  #result({ name, runningTime }: FastGptNode): object {
    const [inputTokens, outputTokens] = this.#tokens ?? []
    return {
      moduleName: name,
      moduleType: 'chatNode',
      runningTime: Math.round(runningTime() * 100) / 100,
      model: this.#model,
      ...(inputTokens === undefined || outputTokens === undefined
        ? {}
        : { inputTokens, outputTokens, tokens: inputTokens + outputTokens }),
    }
  }
}

/** An error of ours in FastGPT's words. `status`: the HTTP status it has, where it has one. */
export function toFastGptError(
  error: { readonly message: string; readonly code: string | null },
  status = 500,
  retryAfterMs?: number,
): FastGptError {
  const own = Number(error.code ?? Number.NaN)
  const code =
    error.code === 'invalid_api_key'
      ? 514
      : error.code === 'permission_denied'
        ? 403
        : error.code === 'insufficient_quota'
          ? 510
          : Number.isInteger(own)
            ? own
            : status
  const wait = retryAfterMs === undefined ? '' : `. Please try again in ${Math.ceil(retryAfterMs / 1_000)} seconds.`
  return {
    code,
    statusText: code === 514 ? 'unAuthApiKey' : (error.code ?? 'error'),
    message: error.message + wait,
    data: null,
  }
}

/**
 * The results that `flowResponses` carries, each as JSON text: a list, or an object with 0, 1 … (FastGPT
 * spreads lists); undefined when it is neither.
 */
export function resultsIn(data: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(data)
    if (typeof value !== 'object' || value === null) return undefined
    const entries = Object.entries(value).filter(([key]) => /^\d+$/.test(key))
    return entries.map(([, result]) => JSON.stringify(result))
  } catch {
    return undefined
  }
}

function nodeResponse(data: string): string {
  return encodeEvent({ name: 'flowNodeResponse', data })
}

function json(name: string, value: object): string {
  return encodeEvent({ name, data: JSON.stringify(value) })
}
