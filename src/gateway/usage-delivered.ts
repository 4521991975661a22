import { isObject } from '../completion/json.ts'
import { parseEvent } from '../completion/parse.ts'
import { TextPath } from '../completion/text-path.ts'
import type { StreamLog } from '../log/stream-log.ts'

/**
 * What a stream's readers were given, as text, cut before each of these chunks (counted from the stream's
 * start): what is counted where a provider told no usage. Reasoning and tool calls are in it. `undefined` when
 * the log has it no more.
 *
 * @param starts The first chunk of each part, in order.
 */
export async function deliveredTexts(
  log: StreamLog,
  id: string,
  starts: readonly number[],
): Promise<readonly string[] | undefined> {
  const parts = starts.map(() => '')
  const path = new TextPath()
  let chunk = 0
  let part = 0
  try {
    for await (const { entries } of log.read(id, -1)) {
      for (const { kind, data } of entries) {
        if (kind !== 'chunk' && kind !== 'usage') continue
        while ((starts[part + 1] ?? Infinity) <= chunk) part++
        parts[part] += path.take(data) ?? textOf(data, path)
        chunk++
      }
    }
    return parts
  } catch {
    // Erased by its owner meanwhile, or gone by size.
    return undefined
  }
}

function textOf(data: string, path: TextPath): string {
  const parsed = parseEvent({ type: 'event', name: '', data, id: undefined })
  if (parsed.type !== 'chunk') return ''
  path.learn(data)
  let text = ''
  for (const { delta } of parsed.chunk.choices) {
    const { content, refusal, reasoning_content: reasoning = delta.reasoning, tool_calls: calls } = delta
    for (const said of [content, refusal, reasoning]) if (typeof said === 'string') text += said
    for (const call of calls ?? []) text += madeText(call.function ?? call.custom)
    text += madeText(delta.function_call)
  }
  return text
}

/** A call's name and arguments. */
function madeText(made: object | undefined): string {
  return made === undefined
    ? ''
    : Object.values(made)
        .filter((value) => typeof value === 'string')
        .join('')
}

/** Tokens that a message costs beside its text, and an answer before its first one (OpenAI's own count). */
const PER_MESSAGE = 3
const PER_ANSWER = 3

/**
 * A request's prompt as text, and the tokens it costs beside that. Pictures and sound are not text: what they
 * cost is not counted.
 */
export function promptOf(body: Readonly<Record<string, unknown>>): { readonly text: string; readonly beside: number } {
  const { messages, tools } = body
  const list: readonly unknown[] = Array.isArray(messages) ? messages : []
  const texts = list.map((message) => (isObject(message) ? messageText(message) : ''))
  if (Array.isArray(tools) && tools.length > 0) texts.push(JSON.stringify(tools))
  return { text: texts.join('\n'), beside: list.length * PER_MESSAGE + PER_ANSWER }
}

function messageText({ role, content, tool_calls: calls }: Readonly<Record<string, unknown>>): string {
  const parts: readonly unknown[] = Array.isArray(content) ? content : [content]
  const said = parts.map((part) => (isObject(part) ? part['text'] : part)).filter((part) => typeof part === 'string')
  const made = Array.isArray(calls) ? JSON.stringify(calls) : ''
  return `${typeof role === 'string' ? role : ''}\n${said.join('\n')}${made}`
}
