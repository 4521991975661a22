/** Failures that providers report in a body or in the middle of a stream, in all their shapes. */

import { isObject, parseJson, said, type JsonObject } from './json.ts'

/** A failure that the provider reported. Its words are the provider's; they may hold secrets. */
export interface ParsedError {
  readonly type: 'error'
  readonly message: string
  /** The provider's `type` (Google's `status`, FastGPT's `statusText`). */
  readonly providerType: string | null
  /** The provider's `code`; numbers as text. */
  readonly providerCode: string | null
  readonly param: string | null
  /** An HTTP status, where the body names one. */
  readonly status: number | undefined
  /** The text it was found in. */
  readonly data: string
}

/**
 * The failure reported at the top of an answer that may also hold choices: `error`, then `base_resp`
 * (MiniMax), then `x_groq.error`.
 */
export function findError(json: JsonObject, data: string): ParsedError | undefined {
  if (isFailure(json['error'])) return toError(json['error'], data)
  const minimax = json['base_resp']
  if (isObject(minimax) && typeof minimax['status_code'] === 'number' && minimax['status_code'] !== 0) {
    return { ...toError(minimax, data), providerCode: String(minimax['status_code']), status: undefined }
  }
  const groq = json['x_groq']
  return isObject(groq) && isFailure(groq['error']) ? toError(groq['error'], data) : undefined
}

/**
 * The failure that an answer without choices is as a whole: FastGPT's `{code, statusText, message}`,
 * vLLM's older `{object: 'error', …}`, FastAPI's `{detail}`, a bare `{message}`, any of these in a list.
 */
export function findWholeError(json: unknown, data: string): ParsedError | undefined {
  if (Array.isArray(json)) return json.length > 0 ? findWholeError(json[0], data) : undefined
  if (!isObject(json)) return undefined
  const found = findError(json, data)
  if (found !== undefined) return found
  // FastGPT wraps success in the same envelope.
  if (json['code'] === 200) return undefined
  const isError = json['object'] === 'error' || said(json['message']) !== undefined || isFailure(json['detail'])
  return isError ? toError(json, data) : undefined
}

/**
 * What follows `event: error` or a line `error:`: JSON in one of the known shapes, or words.
 */
export function errorOfText(text: string): ParsedError {
  const json = parseJson(text)
  return findWholeError(json, text) ?? toError(json ?? text, text)
}

/** An error by our own words: the provider gave none. */
export function plainError(message: string, data: string): ParsedError {
  return { type: 'error', message, providerType: null, providerCode: null, param: null, status: undefined, data }
}

/** `null`, '', false, {} and [] stand in good answers too. */
function isFailure(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return value === true || said(value) !== undefined
}

const UNNAMED = 'The provider reported an error without a message'

function toError(value: unknown, data: string): ParsedError {
  const error: unknown = Array.isArray(value) ? value[0] : value
  if (!isObject(error)) return plainError(said(error) ?? UNNAMED, data)
  const { code, status, type, statusText, param } = error
  return {
    type: 'error',
    message: messageOf(error),
    providerType: said(type) ?? said(status) ?? said(statusText) ?? null,
    providerCode: typeof code === 'number' ? String(code) : (said(code) ?? null),
    param: said(param) ?? null,
    status: toStatus(status) ?? toStatus(error['status_code']) ?? statusOfCode(code, statusText !== undefined),
    data,
  }
}

function messageOf(error: JsonObject): string {
  const { message, detail } = error
  const words = said(message) ?? said(error['msg']) ?? said(error['status_msg']) ?? said(error['error']) ?? said(detail)
  if (words !== undefined) return words
  // FastAPI lists what it does not like.
  if (typeof detail === 'object' && detail !== null) return JSON.stringify(detail).slice(0, 2_000)
  if (isObject(message)) return messageOf(message)
  return said(error['statusText']) ?? said(error['code']) ?? UNNAMED
}

function statusOfCode(code: unknown, isFastGpt: boolean): number | undefined {
  const status = toStatus(code)
  // 510 to 514 are FastGPT's own numbers, and no HTTP statuses.
  return isFastGpt && status !== undefined && status > 504 ? undefined : status
}

/** 400 to 599, as a number or as text. */
function toStatus(value: unknown): number | undefined {
  const status = typeof value === 'string' && value.length === 3 ? Number(value) : value
  return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599 ? status : undefined
}
