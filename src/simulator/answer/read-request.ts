import { SluiceError } from '../../errors.ts'
import type { ChatRequest, Effort, Format, Tool, Turn } from './chat-request.ts'
import { bad, flag, integerIn, isRecord, listOf, textOf } from './fields.ts'
import type { Body } from './fields.ts'

const EFFORTS: readonly Effort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']
const ROLES: Readonly<Record<string, Turn['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  function: 'tool',
}

/**
 * Checks the body of a chat request as OpenAI does, and keeps what an answer depends on.
 *
 * @throws SluiceError `invalid_value` with the `param` at fault.
 */
export function readChatRequest(body: unknown): ChatRequest {
  if (!isRecord(body)) throw bad('', 'the body must be a JSON object')
  const model = body['model']
  if (typeof model !== 'string' || model === '') throw bad('model', 'model must be a non-empty string')
  const turns = readTurns(body)
  const stream = flag(body, 'stream', false)
  const options = body['stream_options'] ?? undefined
  if (options !== undefined && !isRecord(options)) throw bad('stream_options', 'stream_options must be an object')
  if (options !== undefined && !stream)
    throw bad('stream_options', 'stream_options is only allowed when stream is true')
  const tools = readTools(body)
  integerOrNumber(body)
  return {
    model,
    stream,
    turns,
    n: integerIn(body, 'n', 1, 128) ?? 1,
    stop: readStop(body),
    maxTokens: integerIn(body, 'max_completion_tokens', 1, 1e9) ?? integerIn(body, 'max_tokens', 1, 1e9),
    seed: integerIn(body, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    tools,
    toolChoice: readToolChoice(body, tools),
    parallelTools: flag(body, 'parallel_tool_calls', true),
    format: readFormat(body),
    effort: readEffort(body),
    topLogprobs: readLogprobs(body),
    includeUsage: options !== undefined && flag(options, 'include_usage', false, 'stream_options.'),
    obfuscation: options !== undefined && flag(options, 'include_obfuscation', false, 'stream_options.'),
  }
}

function readTurns(body: Body): readonly Turn[] {
  const messages = body['messages']
  if (!Array.isArray(messages)) throw bad('messages', 'messages must be an array')
  if (messages.length === 0) throw bad('messages', 'messages must not be empty')
  const turns = messages.map((message: unknown, at) => readTurn(message, `messages.${at}`))
  const last = turns.at(-1)
  const where = `messages.${turns.length - 1}`
  if (last !== undefined && last.calls.length > 0) {
    throw bad(where, 'an assistant message with tool_calls must be followed by tool messages that answer each of them')
  }
  const continues = flag(body, 'continue_final_message', false)
  if (continues && last?.role !== 'assistant') {
    throw bad('continue_final_message', 'continue_final_message needs an assistant message at the end')
  }
  if (continues && body['add_generation_prompt'] === true) {
    throw bad('continue_final_message', 'continue_final_message and add_generation_prompt cannot both be true')
  }
  return turns
}

function readTurn(message: unknown, where: string): Turn {
  if (!isRecord(message)) throw bad(where, `${where} must be an object`)
  const role = typeof message['role'] === 'string' ? ROLES[message['role']] : undefined
  if (role === undefined) throw bad(`${where}.role`, `${where}.role must be one of ${Object.keys(ROLES).join(', ')}`)
  const calls = readCalls(message, where)
  if (message['content'] == null && !(role === 'assistant' && (calls.length > 0 || message['refusal'] != null))) {
    throw bad(`${where}.content`, `${where}.content must be a string or an array of content parts`)
  }
  const callId = message['tool_call_id']
  if (role === 'tool' && message['role'] === 'tool' && typeof callId !== 'string') {
    throw bad(`${where}.tool_call_id`, `${where}.tool_call_id must say which call is answered`)
  }
  return {
    role,
    text: textOf(message['content'], `${where}.content`),
    calls,
    callId: typeof callId === 'string' ? callId : undefined,
  }
}

function readCalls(message: Body, where: string): Turn['calls'] {
  const calls = listOf(message, 'tool_calls', `${where}.`)
  return calls.map((call, at) => {
    const target = isRecord(call) ? call['function'] : undefined
    if (!isRecord(call) || typeof call['id'] !== 'string' || !isRecord(target) || typeof target['name'] !== 'string') {
      throw bad(`${where}.tool_calls.${at}`, `${where}.tool_calls.${at} must have an id and a function with a name`)
    }
    return { id: call['id'], name: target['name'] }
  })
}

function readTools(body: Body): readonly Tool[] {
  return listOf(body, 'tools').flatMap((tool, at) => {
    if (!isRecord(tool)) throw bad(`tools.${at}`, `tools.${at} must be an object`)
    const target = tool['function']
    if (tool['type'] !== 'function') return []
    if (!isRecord(target) || typeof target['name'] !== 'string' || !/^[\w.-]{1,64}$/.test(target['name'])) {
      throw bad(`tools.${at}.function.name`, `tools.${at}.function.name must be 1 to 64 letters, digits, _ or -`)
    }
    const parameters = isRecord(target['parameters']) ? target['parameters'] : { type: 'object', properties: {} }
    const description = typeof target['description'] === 'string' ? target['description'] : ''
    return [{ name: target['name'], description, parameters }]
  })
}

function readToolChoice(body: Body, tools: readonly Tool[]): ChatRequest['toolChoice'] {
  const choice = body['tool_choice'] ?? undefined
  if (choice === undefined) return 'auto'
  if (choice === 'auto' || choice === 'none' || choice === 'required') {
    if (choice === 'required' && tools.length === 0) throw bad('tool_choice', 'tool_choice is only allowed with tools')
    return choice
  }
  const target = isRecord(choice) ? choice['function'] : undefined
  const name = isRecord(target) ? target['name'] : undefined
  if (typeof name !== 'string') throw bad('tool_choice', 'tool_choice must be none, auto, required or name a function')
  if (!tools.some((tool) => tool.name === name))
    throw bad('tool_choice', `tool_choice names “${name}”, which is not in tools`)
  return { name }
}

function readFormat(body: Body): Format {
  const format = body['response_format'] ?? undefined
  if (format === undefined) return { kind: 'text' }
  const type = isRecord(format) ? format['type'] : undefined
  if (type === 'text') return { kind: 'text' }
  if (type === 'json_object') return { kind: 'json' }
  const named = isRecord(format) ? format['json_schema'] : undefined
  if (type !== 'json_schema')
    throw bad('response_format.type', 'response_format.type must be text, json_object or json_schema')
  const schema = isRecord(named) ? named['schema'] : undefined
  if (!isRecord(named) || typeof named['name'] !== 'string') {
    throw bad('response_format.json_schema.name', 'response_format.json_schema must have a name')
  }
  return { kind: 'schema', schema: isRecord(schema) ? schema : {} }
}

function readStop(body: Body): readonly string[] {
  const stop = body['stop'] ?? undefined
  if (stop === undefined) return []
  const list: readonly unknown[] = Array.isArray(stop) ? stop : [stop]
  if (list.length > 4) throw bad('stop', `stop must be at most 4 strings, got ${list.length}`)
  return list
    .map((one) => {
      if (typeof one !== 'string') throw bad('stop', 'stop must be a string or an array of strings')
      return one
    })
    .filter((one) => one !== '')
}

function readEffort(body: Body): Effort | undefined {
  const effort = body['reasoning_effort'] ?? undefined
  if (effort === undefined) return undefined
  const found = EFFORTS.find((one) => one === effort)
  if (found === undefined) throw bad('reasoning_effort', `reasoning_effort must be one of ${EFFORTS.join(', ')}`)
  return found
}

function readLogprobs(body: Body): number | undefined {
  const wanted = flag(body, 'logprobs', false)
  const top = integerIn(body, 'top_logprobs', 0, 20)
  if (top !== undefined && !wanted) throw bad('top_logprobs', 'top_logprobs needs logprobs to be true')
  return wanted ? (top ?? 0) : undefined
}

/** Numbers that change nothing here but must be numbers. */
function integerOrNumber(body: Body): void {
  const ranges = [
    ['temperature', 0, 2],
    ['top_p', 0, 1],
    ['presence_penalty', -2, 2],
    ['frequency_penalty', -2, 2],
  ] as const
  for (const [key, least, most] of ranges) {
    const value = body[key] ?? undefined
    if (value === undefined || (typeof value === 'number' && value >= least && value <= most)) continue
    throw new SluiceError('invalid_value', `${key} must be a number from ${least} to ${most}`, { param: key })
  }
}
