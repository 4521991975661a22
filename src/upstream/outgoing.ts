import type { Target } from '../provider/provider.ts'
import type { Outgoing } from './open.ts'

/** A chat request body: OpenAI's fields and whatever else the caller's provider understands. */
export type ChatBody = Readonly<Record<string, unknown>>

/** Where a request that came in FastGPT's words keeps those of its fields that only a FastGPT knows. */
export const FASTGPT_FIELDS = 'sluice_fastgpt'

/** Fields of ours, which no provider knows. */
const OWN_FIELDS = ['hold_tool_calls', FASTGPT_FIELDS] as const

/** MegaLLM's fields, which the route has honoured already. */
const FALLBACK_FIELDS = ['fallback_models', 'fallback_on_rate_limit', 'fallback_on_error', 'fallback_config'] as const

/**
 * The request as one target should get it: its model name and overrides; always streamed, always with
 * usage, so that every answer is cancellable and metered alike.
 */
export function outgoing(body: ChatBody, target: Target): Outgoing {
  const { quirks, dialect } = target.provider
  const fastgpt = dialect === 'fastgpt' ? body[FASTGPT_FIELDS] : undefined
  const sent: Record<string, unknown> = {
    ...body,
    ...(isRecord(fastgpt) ? fastgpt : {}),
    ...(target.model === undefined ? {} : { model: target.model }),
    ...target.overrides,
    stream: true,
  }
  for (const own of OWN_FIELDS) delete sent[own]
  if (quirks.fallbackModels !== true) for (const field of FALLBACK_FIELDS) delete sent[field]
  if (quirks.noStreamOptions === true) delete sent['stream_options']
  else {
    sent['stream_options'] = {
      ...(isRecord(body['stream_options']) ? body['stream_options'] : {}),
      include_usage: true,
      ...(quirks.obfuscation === true ? { include_obfuscation: false } : {}),
    }
  }
  return { method: 'POST', path: '/chat/completions', body: JSON.stringify(sent) }
}

/** Whether a value can be a chat request's body. */
export function isChatBody(value: unknown): value is ChatBody {
  return isRecord(value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
