/** Chunks as server-sent events, in the shape of one provider. */
import type { ChoicePlan, Plan } from '../answer/plan.ts'
import type { UsageMode } from '../model-name.ts'
import type { Random } from '../text/random.ts'
import type { Chunk, ChunkChoice, ChunkPart } from './decorate.ts'
import { randomText } from './shape.ts'
import type { Shape } from './shape.ts'
import { usageAt, usageOf, ZERO_USAGE } from './usage.ts'
import type { Progress, Usage } from './usage.ts'

/** What all chunks of one stream share. */
export interface Identity {
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
}

/** What a stream's frames depend on. */
export interface FrameOptions {
  readonly shape: Shape
  readonly identity: Identity
  readonly plan: Plan
  readonly usage: UsageMode
  readonly includeUsage: boolean
  readonly obfuscation: boolean
  readonly random: Random
}

/** One call of a delta. */
export interface CallDelta {
  readonly index: number
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly arguments: string
}

/** Stands for the text in a template; cannot be part of one, since nothing else here has it. */
const GAP = '\u0000gap\u0000'
const GAP_JSON = JSON.stringify(GAP)

/** Makes the events of one stream. */
export class Frames {
  readonly #options: FrameOptions
  readonly #templates = new Map<string, readonly string[]>()
  readonly #started = new Set<number>()
  #first = true

  constructor(options: FrameOptions) {
    this.#options = options
  }

  /** The chunk that opens a choice; empty for providers that put the role in the first token. */
  role(index: number): string {
    const { roleDelta } = this.#options.shape
    if (roleDelta === undefined) return ''
    this.#started.add(index)
    return this.#chunk(index, roleDelta, 'role')
  }

  /** One token of text. */
  token(index: number, field: 'content' | 'reasoning', text: string, logprobs: unknown, progress: Progress): string {
    if (logprobs !== undefined || this.#varies || !this.#started.has(index)) {
      return this.#chunk(index, this.#delta(index, field, text), 'token', { logprobs, progress })
    }
    const key = `${field}${index}`
    let template = this.#templates.get(key)
    if (template === undefined) {
      template = this.#chunk(index, this.#delta(index, field, GAP), 'token', { progress }).split(GAP_JSON)
      this.#templates.set(key, template)
    }
    return template.join(JSON.stringify(text))
  }

  /** A piece of a tool call. */
  call(index: number, call: CallDelta, progress: Progress): string {
    const { shape } = this.#options
    const target = { ...(call.name !== undefined && { name: call.name }), arguments: call.arguments }
    const head = call.id === undefined ? {} : { id: call.id, type: 'function' }
    const delta = { ...(shape.calls === 'bare' ? {} : { index: call.index }), ...head, function: target }
    return this.#chunk(index, { ...this.#roleOnce(index), tool_calls: [delta] }, 'call', { progress })
  }

  /** The chunk that says why a choice ended. */
  finish(index: number, choice: ChoicePlan, last: boolean, reason: string): string {
    const { shape, plan, usage, includeUsage } = this.#options
    const said = choice.calls.length > 0 && reason === 'tool_calls' ? shape.callFinish : reason
    const owed = shape.usage !== 'chunk' || usage === 'cumulative' || usage === 'each'
    const whole = last && owed && usage !== 'none' && (includeUsage || shape.usageUnasked || usage !== 'asked')
    const text = shape.decorate === undefined ? '' : choice.content.join('')
    const delta = this.#roleOnce(index)
    return this.#chunk(index, delta, 'finish', {
      finish: said,
      text,
      ...(whole && { usage: usageOf(plan, this.#mode) }),
    })
  }

  /** The chunk of token counts; empty where there is none. */
  usage(): string {
    const { shape, plan, usage, includeUsage } = this.#options
    if (usage === 'none' || usage === 'cumulative' || shape.usage !== 'chunk') return ''
    if (!includeUsage && !shape.usageUnasked && usage === 'asked') return ''
    return this.#event({ ...this.#top(), choices: [], usage: usageOf(plan, this.#mode) }, 'usage', '')
  }

  /** The closing `[DONE]`; empty for providers that send none. */
  done(): string {
    const { done, eol } = this.#options.shape
    if (done === 'none') return ''
    return done === 'open' ? `data: [DONE]${eol}` : this.data('[DONE]')
  }

  /** An event with this data, whatever it is. */
  data(data: string): string {
    const { eol, gap } = this.#options.shape
    return `data:${gap}${data}${eol}${eol}`
  }

  /** A comment and a blank line. */
  comment(text: string): string {
    const { eol } = this.#options.shape
    return `: ${text}${eol}${eol}`
  }

  get #mode(): UsageMode {
    const { shape, usage } = this.#options
    return shape.usageExcludesReasoning && usage === 'asked' ? 'no-reasoning' : usage
  }

  /** True when two chunks differ in more than their text. */
  get #varies(): boolean {
    const { shape, usage, obfuscation } = this.#options
    return obfuscation || usage === 'cumulative' || (shape.usage === 'each' && usage !== 'none')
  }

  #delta(index: number, field: 'content' | 'reasoning', text: string): Readonly<Record<string, unknown>> {
    const role = this.#roleOnce(index)
    if (field === 'content') return { ...role, content: text }
    const name = this.#options.shape.reasoning
    if (name !== 'thinking') return { ...role, [name]: text }
    return { ...role, content: [{ type: 'thinking', thinking: [{ type: 'text', text }] }] }
  }

  #roleOnce(index: number): { readonly role?: string } {
    const { roleEverywhere } = this.#options.shape
    if (this.#started.has(index) && !roleEverywhere) return {}
    this.#started.add(index)
    return { role: 'assistant' }
  }

  #chunk(
    index: number,
    delta: Readonly<Record<string, unknown>>,
    part: ChunkPart,
    more: {
      readonly finish?: string
      readonly logprobs?: unknown
      readonly usage?: Usage
      readonly progress?: Progress
      readonly text?: string
    } = {},
  ): string {
    const { shape, plan, usage: mode, includeUsage } = this.#options
    const choice: ChunkChoice = {
      index,
      delta,
      ...((shape.nulls || more.logprobs !== undefined) && { logprobs: more.logprobs ?? null }),
      ...((shape.nulls || more.finish !== undefined) && { finish_reason: more.finish ?? null }),
    }
    const running = mode === 'cumulative' || (shape.usage === 'each' && mode !== 'none')
    const counted = running && more.progress !== undefined ? usageAt(plan, more.progress, this.#mode) : undefined
    const usage =
      more.usage ?? counted ?? (mode === 'each' ? ZERO_USAGE : includeUsage && shape.nulls ? null : undefined)
    const chunk = { ...this.#top(), choices: [choice], ...(usage !== undefined && mode !== 'none' && { usage }) }
    return this.#event(chunk, part, more.text ?? '')
  }

  #top(): Readonly<Record<string, unknown>> {
    const { identity, shape, obfuscation, random } = this.#options
    const { id, created, model } = identity
    const padding = obfuscation ? { obfuscation: randomText(random, 2 + random.below(14)) } : {}
    return { id, object: 'chat.completion.chunk', created, model, ...shape.fields, ...padding }
  }

  #event(chunk: Chunk, part: ChunkPart, whole: string): string {
    const { decorate } = this.#options.shape
    const first = this.#first
    this.#first = false
    return this.data(JSON.stringify(decorate === undefined ? chunk : decorate(chunk, part, first, whole)))
  }
}
