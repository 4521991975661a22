import type { CancelSignal } from '../../cancel.ts'
import { isObject, parseJson } from '../../completion/json.ts'
import { resultsIn, type FastGptAnswer } from '../../dialect/fastgpt-writer.ts'
import type { GatewayContext } from '../context.ts'
import type { LiveStream } from '../live.ts'
import { gather } from './chat.ts'

/** How a whole answer is wanted. */
export interface WholeForm extends FastGptAnswer {
  readonly chatId: string | undefined
  readonly signal: CancelSignal
}

/** FastGPT's answer to a request that is not streamed. Rejects with what ended the stream early. */
export async function wholeFastGpt(context: GatewayContext, stream: LiveStream, form: WholeForm): Promise<object> {
  const completion = await gather(context, stream.id, form.signal)
  await stream.outcome
  if (stream.failure !== undefined) throw stream.failure
  const events = await eventsOf(context, stream.id)
  const usage = completion.usage ?? { prompt_tokens: 1, completion_tokens: 1, total_tokens: 1 }
  const prompts = events.filter(({ name }) => name === 'interactive').map(({ data }) => parseJson(data))
  return {
    id: form.chatId ?? '',
    model: completion.model,
    usage,
    choices: completion.choices.map(({ index, message, finish_reason: reason }) => ({
      message: { ...message, content: contentOf(message.content, prompts, form.version) },
      finish_reason: reason,
      index,
    })),
    ...(form.detail
      ? { responseData: responseData(events, form, completion.model), newVariables: variables(events) }
      : {}),
  }
}

interface NamedEvent {
  readonly name: string
  readonly data: string
}

async function eventsOf({ log }: GatewayContext, id: string): Promise<readonly NamedEvent[]> {
  const events: NamedEvent[] = []
  for await (const { entries } of log.read(id, -1)) {
    for (const { kind, name, data } of entries) if (kind === 'event' && name !== undefined) events.push({ name, data })
  }
  return events
}

/** Text, or the text and the prompts as a list; only the first version names their types. */
function contentOf(text: string | null, prompts: readonly unknown[], version: FastGptAnswer['version']): unknown {
  if (prompts.length === 0) return text ?? ''
  const typed = (type: string): object => (version === 'v1' ? { type } : {})
  const said = text === null || text === '' ? [] : [{ ...typed('text'), text: { content: text } }]
  const asked = prompts
    .filter(isObject)
    .map((prompt) => ({ ...typed('interactive'), interactive: prompt['interactive'] }))
  return [...said, ...asked]
}

function responseData(events: readonly NamedEvent[], { node }: WholeForm, model: string): readonly unknown[] {
  if (node !== undefined)
    return [{ moduleName: node.name, moduleType: 'chatNode', runningTime: node.runningTime(), model }]
  return events.flatMap(({ name, data }) => {
    if (name === 'flowNodeResponse') return [parseJson(data)]
    return name === 'flowResponses' ? (resultsIn(data) ?? []).map((result) => parseJson(result)) : []
  })
}

function variables(events: readonly NamedEvent[]): object {
  const changed = events.filter(({ name }) => name === 'updateVariables').map(({ data }) => parseJson(data))
  return Object.assign({}, ...changed.filter(isObject))
}
