/** How a model is asked to go on with an answer that was cut (PROTOCOL 8, step 2). */
import type { ChatMessage, ChatRequest } from './request.ts'

const INSTRUCTIONS: readonly (readonly [script: RegExp, instruction: string])[] = [
  [
    /[ёа-я]/i,
    'Твой ответ оборвался. Продолжи точно с того места, где он обрывается: без повторов, без вступления и без пояснений.',
  ],
  [
    /[\u3041-\u30ff]/,
    '回答が途中で切れました。切れた箇所からそのまま続けてください。繰り返しや前置きは書かないでください。',
  ],
  [/[\u4e00-\u9fff]/, '你的回答中断了。请从中断处直接接着写，不要重复已有内容，不要加开场白或说明。'],
  [
    /[ăđơưạ-ỹ]/i,
    'Câu trả lời của bạn bị ngắt. Hãy viết tiếp ngay từ chỗ bị ngắt, không lặp lại, không mở đầu, không giải thích.',
  ],
]
const ENGLISH =
  'Your answer was cut off. Continue exactly where it stops: do not repeat anything, and write no introduction and no comment.'

/** The script that decides is that of the end of the text. */
const LOOKED_AT = 400

/**
 * The request that asks for the rest of an answer: the caller's own, with what was sent as the assistant's
 * turn and an instruction in its language as the user's. The caller's request and messages stay as they are.
 *
 * @param spent Tokens of the answer so far; the limit on tokens is reduced by them.
 */
export function continuationOf<Request extends ChatRequest>(request: Request, sent: string, spent: number): Request {
  const end = sent.slice(-LOOKED_AT)
  const instruction = INSTRUCTIONS.find(([script]) => script.test(end))?.[1] ?? ENGLISH
  const turns: readonly ChatMessage[] = [
    { role: 'assistant', content: sent },
    { role: 'user', content: instruction },
  ]
  return {
    ...request,
    messages: [...request.messages, ...turns],
    ...less('max_tokens', request.max_tokens, spent),
    ...less('max_completion_tokens', request.max_completion_tokens, spent),
  }
}

/**
 * Why an answer to this request cannot be continued by asking for it; `undefined` when it can. What was
 * sent of it is for the caller to look at: only text can be continued.
 */
export function whyNotContinuable(request: ChatRequest): string | undefined {
  if ((request.n ?? 1) > 1) return 'it has several choices'
  if (request.logprobs) return 'it has logprobs'
  if (request.response_format !== undefined && request.response_format.type !== 'text')
    return 'it has a response format'
  return undefined
}

function less(name: string, limit: number | null | undefined, spent: number): Readonly<Record<string, number>> {
  return typeof limit === 'number' ? { [name]: Math.max(1, limit - spent) } : {}
}
