import type { ChatCompletion, ChatCompletionChunk, Usage } from '../../completion/chunk.ts'
import type { ChatMessage, ChatRequest } from '../../completion/request.ts'
import { APIUserAbortError } from '../errors.ts'
import type { CallOptions } from '../options.ts'
import { callTool, type RequestedCall, requestedCalls, ToolArgumentsError } from './call-tool.ts'
import { type ChatClient, streamCompletion, type StreamOptions, textOf } from './chat-client.ts'
import { asCompleted } from './completed.ts'
import { EventRun } from './events.ts'
import type { RunnableTool } from './tool.ts'

/** A request whose tools are run. */
export interface RunToolsRequest extends Omit<ChatRequest, 'tools' | 'stream' | 'n' | 'functions' | 'function_call'> {
  readonly tools: readonly RunnableTool[]
  /** Completions at most; 10 unless told. */
  readonly maxSteps?: number | undefined
  /** Calls of one step run at the same time, unless this is false. */
  readonly parallel?: boolean | undefined
  /**
   * What a tool that fails does: `message` tells the model, which may try again; `stop` ends the run
   * with the tool's error, but for a call that could not be made (no such tool, wrong arguments), of which the
   * model is told. `message` unless told.
   */
  readonly onToolError?: 'message' | 'stop' | undefined
  readonly signal?: AbortSignal | undefined
}

/** What happens in a run, in order. */
export type ToolEvent =
  /** A completion is asked for, with these messages. Steps count from 1. */
  | { readonly type: 'step'; readonly step: number; readonly messages: readonly ChatMessage[] }
  | { readonly type: 'chunk'; readonly step: number; readonly chunk: ChatCompletionChunk }
  | { readonly type: 'text'; readonly step: number; readonly text: string }
  | { readonly type: 'completion'; readonly step: number; readonly completion: ChatCompletion }
  /** A call begins to run. */
  | { readonly type: 'tool_call'; readonly step: number; readonly call: RequestedCall }
  /** It is over; calls that run at the same time end in any order. */
  | {
      readonly type: 'tool_result'
      readonly step: number
      readonly call: RequestedCall
      readonly content: string
      readonly value: unknown
    }
  | {
      readonly type: 'tool_error'
      readonly step: number
      readonly call: RequestedCall
      readonly content: string
      readonly error: unknown
    }

/** What a run came to. */
export interface ToolRunResult {
  /** The last one. */
  readonly completion: ChatCompletion
  /** The request's messages, and all that came after them, the last answer included. */
  readonly messages: readonly ChatMessage[]
  readonly steps: number
  /**
   * Why it ended: the model `answered`; `max_steps` were made and it wants more tools; its calls were
   * `cut_off` (length, content filter), which are not run; or the one tool that it had to use was run (`forced`).
   */
  readonly reason: 'answered' | 'max_steps' | 'cut_off' | 'forced'
  /** The sum over the steps that told theirs. */
  readonly usage: Usage | undefined
}

/** A run: its events, once, or only what it comes to with `final()`. */
export type ToolRun = EventRun<ToolEvent, ToolRunResult>

/**
 * Lets a model use tools: streams a completion, runs the calls it asks for, gives their results back, and
 * so on until it answers. The caller's messages are not changed. Nothing happens before the events are
 * read or `final()` is called.
 *
 * @example
 * const run = runTools(client, { model, messages, tools: [weather], maxSteps: 5 })
 * for await (const event of run) if (event.type === 'text') show(event.text)
 * const { messages } = await run.final()
 */
export function runTools(
  client: ChatClient,
  request: RunToolsRequest,
  options: Omit<CallOptions, 'signal'> = {},
): ToolRun {
  return new EventRun((signal) => steps(client, request, { ...options, signal }), request.signal)
}

async function* steps(
  client: ChatClient,
  asked: RunToolsRequest,
  options: StreamOptions,
): AsyncGenerator<ToolEvent, ToolRunResult, undefined> {
  const { tools, maxSteps = 10, parallel, onToolError, signal: _signal, ...request } = asked
  const { signal } = options
  const wire = tools.length === 0 ? {} : { tools: tools.map((each) => each.wire) }
  let messages: readonly ChatMessage[] = request.messages
  let usage: Usage | undefined
  for (let step = 1; ; step++) {
    yield { type: 'step', step, messages }
    const completion = yield* stream(client, { ...request, ...wire, messages }, step, options)
    usage = sum(usage, completion.usage)
    const choice = completion.choices[0]
    if (choice !== undefined) messages = [...messages, choice.message]
    const calls = requestedCalls(choice?.message)
    const reason =
      calls.length === 0
        ? 'answered'
        : isCutOff(choice?.finish_reason)
          ? 'cut_off'
          : step >= maxSteps
            ? 'max_steps'
            : undefined
    if (reason !== undefined) return { completion, messages, steps: step, reason, usage }
    const results = yield* runCalls(calls, { tools, step, signal, parallel, onToolError })
    messages = [...messages, ...results]
    // Asked again, it would have to use the tool again, and never come to an answer.
    if (isForced(request.tool_choice)) return { completion, messages, steps: step, reason: 'forced', usage }
  }
}

async function* stream(
  client: ChatClient,
  request: ChatRequest,
  step: number,
  options: StreamOptions,
): AsyncGenerator<ToolEvent, ChatCompletion, undefined> {
  const chunks = streamCompletion(client, request, options)
  let next = await chunks.next()
  try {
    while (next.done !== true) {
      yield { type: 'chunk', step, chunk: next.value }
      const text = textOf(next.value)
      if (text !== '') yield { type: 'text', step, text }
      next = await chunks.next()
    }
  } catch (error) {
    await chunks.throw(error).catch(() => undefined)
    throw error
  }
  yield { type: 'completion', step, completion: next.value }
  return next.value
}

interface Calling extends Pick<RunToolsRequest, 'tools' | 'parallel' | 'onToolError'> {
  readonly step: number
  readonly signal: AbortSignal
}

/** Runs the calls of one step; returns what the model is told of them, in the order of the calls. */
async function* runCalls(
  calls: readonly RequestedCall[],
  { tools, step, signal, parallel, onToolError }: Calling,
): AsyncGenerator<ToolEvent, readonly ChatMessage[], undefined> {
  const contents = new Map<RequestedCall, string>()
  const groups = parallel === false ? calls.map((call) => [call]) : [calls]
  for (const group of groups) {
    for (const call of group) yield { type: 'tool_call', step, call }
    const running = group.map((call) => callTool(call, tools, { signal, callId: call.id, step }))
    for await (const outcome of asCompleted(running, signal)) {
      yield { step, ...outcome }
      if (outcome.type === 'tool_error' && onToolError === 'stop' && !(outcome.error instanceof ToolArgumentsError))
        throw outcome.error
      contents.set(outcome.call, outcome.content)
    }
    if (signal.aborted) throw Object.assign(new APIUserAbortError(), { cause: signal.reason })
  }
  return calls.map((call) => ({ role: 'tool', tool_call_id: call.id, content: contents.get(call) ?? '' }))
}

function isForced(choice: ChatRequest['tool_choice']): boolean {
  return typeof choice === 'object' && choice.type !== 'allowed_tools'
}

/** Half a call may read like a whole one. */
function isCutOff(finishReason: string | null | undefined): boolean {
  return finishReason === 'length' || finishReason === 'content_filter'
}

function sum(a: Usage | undefined, b: Usage | undefined): Usage | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return {
    prompt_tokens: a.prompt_tokens + b.prompt_tokens,
    completion_tokens: a.completion_tokens + b.completion_tokens,
    total_tokens: a.total_tokens + b.total_tokens,
    prompt_tokens_details: {
      cached_tokens: (a.prompt_tokens_details?.cached_tokens ?? 0) + (b.prompt_tokens_details?.cached_tokens ?? 0),
    },
    completion_tokens_details: {
      reasoning_tokens:
        (a.completion_tokens_details?.reasoning_tokens ?? 0) + (b.completion_tokens_details?.reasoning_tokens ?? 0),
    },
  }
}
