import { z } from 'zod'
import { SluiceError } from '../../errors.ts'
import type { Turn } from '../chats.ts'

/** A request in FastGPT's words, checked. */
export interface FastGptRequest {
  readonly messages: readonly Turn[]
  readonly stream: boolean
  readonly detail: boolean
  readonly chatId: string | undefined
  readonly model: string | undefined
  /** FastGPT's own fields, for a provider that is one. */
  readonly own: Readonly<Record<string, unknown>>
  /** OpenAI's, for any other. */
  readonly rest: Readonly<Record<string, unknown>>
}

/** Fields that only a FastGPT understands (labring/FastGPT, packages/global/openapi/core/chat/completion). */
const OWN: ReadonlySet<string> = new Set([
  'chatId',
  'detail',
  'responseChatItemId',
  'variables',
  'appId',
  'customUid',
  'retainDatasetCite',
  'showSkillReferences',
  'outLinkAuthData',
  'authProxy',
])

const maybe = <T extends z.ZodType>(type: T) => type.nullable().optional()

const request = z.looseObject({
  messages: maybe(z.array(z.looseObject({ role: z.string() }))),
  stream: maybe(z.boolean()),
  detail: maybe(z.boolean()),
  chatId: maybe(z.string().max(1_024)),
  responseChatItemId: maybe(z.string().max(1_024)),
  variables: maybe(z.record(z.string(), z.unknown())),
  model: maybe(z.string().max(512)),
})

/** A body as a FastGPT request; `null` is the same as absent. Throws `invalid_value`. */
export function checkFastGptRequest(body: unknown): FastGptRequest {
  const checked = request.safeParse(body)
  if (!checked.success) {
    const [issue] = checked.error.issues
    const param = issue === undefined || issue.path.length === 0 ? undefined : issue.path.map(String).join('.')
    throw new SluiceError('invalid_value', `${param ?? 'The request body'}: ${issue?.message ?? 'invalid'}`, { param })
  }
  const { messages, stream, detail, chatId, model, ...others } = checked.data
  if (messages == null || messages.length === 0) {
    throw new SluiceError('invalid_value', 'messages is empty', { param: 'messages' })
  }
  const own: Record<string, unknown> = {}
  const rest: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(others)) {
    if (value !== null) (OWN.has(field) ? own : rest)[field] = value
  }
  const id = chatId?.trim() ?? ''
  return {
    messages,
    stream: stream === true,
    detail: detail === true,
    chatId: id === '' ? undefined : id,
    model: model ?? undefined,
    own,
    rest,
  }
}
