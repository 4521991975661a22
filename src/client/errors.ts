/**
 * Errors as users of OpenAI's SDKs know them: the same classes by the same names, with the same fields and
 * messages, under one root.
 */
import type { ChatCompletion } from '../completion/chunk.ts'
import { isObject, said } from '../completion/json.ts'

/** The root of everything this SDK throws. Wrong use of the SDK is an `OpenAIError` itself. */
export class OpenAIError extends Error {
  // Written out in each class: minifiers rename classes, and logs should still say what happened.
  override readonly name: string = 'OpenAIError'
}

/** The name that the Evolution SDK's documentation gives to the root. */
export const EvolutionOpenAIError: typeof OpenAIError = OpenAIError
/** An instance of the root, by the Evolution SDK's name. */
export type EvolutionOpenAIError = OpenAIError

/** The service refused or failed, or could not be reached. */
export class APIError extends OpenAIError {
  override readonly name: string = 'APIError'
  /** HTTP status; `undefined` when there was no answer, or the error came within a stream. */
  readonly status: number | undefined
  /** Headers of the answer. */
  readonly headers: Headers | undefined
  /** The `error` object of the answer, as it was. */
  readonly error: unknown
  readonly code: string | null | undefined
  readonly param: string | null | undefined
  readonly type: string | undefined
  /** The answer's `x-request-id`, for the service's support. */
  readonly requestID: string | null | undefined

  constructor(status: number | undefined, error: unknown, message: string | undefined, headers: Headers | undefined) {
    super(messageOf(status, error, message))
    this.status = status
    this.headers = headers
    this.error = error
    this.requestID = headers?.get('x-request-id')
    const fields = isObject(error) ? error : {}
    this.code = textOrNull(fields['code'])
    this.param = textOrNull(fields['param'])
    this.type = said(fields['type'])
  }

  /** The error for an answer with a status of 400 or more; `body` is its JSON, if it had any. */
  static generate(status: number, body: unknown, text: string | undefined, headers: Headers): APIError {
    const inner = isObject(body) ? (body['error'] ?? body) : body
    const Class = BY_STATUS[status] ?? (status >= 500 ? InternalServerError : APIError)
    return new Class(status, inner, text, headers)
  }
}

/** 400: the request is wrong. */
export class BadRequestError extends APIError {
  override readonly name: string = 'BadRequestError'
}

/** 401: no key, or a wrong one. */
export class AuthenticationError extends APIError {
  override readonly name: string = 'AuthenticationError'
}

/** 403: not allowed with this key. */
export class PermissionDeniedError extends APIError {
  override readonly name: string = 'PermissionDeniedError'
}

/** 404: no such model, stream or address. */
export class NotFoundError extends APIError {
  override readonly name: string = 'NotFoundError'
}

/** 409: in conflict with another request. */
export class ConflictError extends APIError {
  override readonly name: string = 'ConflictError'
}

/** 422: understood and refused. */
export class UnprocessableEntityError extends APIError {
  override readonly name: string = 'UnprocessableEntityError'
}

/** 429: too many requests or tokens, or no quota left. */
export class RateLimitError extends APIError {
  override readonly name: string = 'RateLimitError'
}

/** 500 and above: the service failed. */
export class InternalServerError extends APIError {
  override readonly name: string = 'InternalServerError'
}

/** The caller's own signal, or `stream.cancel()`, ended it. */
export class APIUserAbortError extends APIError {
  override readonly name: string = 'APIUserAbortError'

  constructor({ message }: { readonly message?: string | undefined } = {}) {
    super(undefined, undefined, message ?? 'Request was aborted.', undefined)
  }
}

/** The service could not be reached, or the connection broke. `cause` is what the runtime said. */
export class APIConnectionError extends APIError {
  override readonly name: string = 'APIConnectionError'

  constructor({ message, cause }: { readonly message?: string | undefined; readonly cause?: unknown } = {}) {
    super(undefined, undefined, message ?? 'Connection error.', undefined)
    if (cause !== undefined) this.cause = cause
  }
}

/** A deadline passed; the message says which. */
export class APIConnectionTimeoutError extends APIConnectionError {
  override readonly name: string = 'APIConnectionTimeoutError'

  constructor({ message }: { readonly message?: string | undefined } = {}) {
    super({ message: message ?? 'Request timed out.' })
  }
}

/** The same class by the name that Python's SDK gives it. */
export const APITimeoutError: typeof APIConnectionTimeoutError = APIConnectionTimeoutError
/** An instance of it. */
export type APITimeoutError = APIConnectionTimeoutError

/** The answer ended before it was complete: its finish_reason never came. */
export class StreamTruncatedError extends APIConnectionError {
  override readonly name: string = 'StreamTruncatedError'
  /** What had arrived. */
  readonly partial: ChatCompletion

  constructor(
    partial: ChatCompletion,
    options: { readonly message?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super({ message: options.message ?? 'The stream ended before the answer was complete.', cause: options.cause })
    this.partial = partial
  }
}

/** The connection broke in the middle of an answer, and the answer could not be taken up again. */
export class StreamInterruptedError extends StreamTruncatedError {
  override readonly name: string = 'StreamInterruptedError'

  constructor(
    partial: ChatCompletion,
    options: { readonly message?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(partial, {
      message: options.message ?? 'The connection broke in the middle of the answer.',
      cause: options.cause,
    })
  }
}

const BY_STATUS: Readonly<Record<number, typeof APIError>> = {
  400: BadRequestError,
  401: AuthenticationError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  422: UnprocessableEntityError,
  429: RateLimitError,
}

function messageOf(status: number | undefined, error: unknown, message: string | undefined): string {
  const inner = isObject(error) ? error['message'] : undefined
  const words = inner
    ? typeof inner === 'string'
      ? inner
      : JSON.stringify(inner)
    : error
      ? JSON.stringify(error)
      : message
  if (status && words) return `${status} ${words}`
  if (status) return `${status} status code (no body)`
  return words || '(no status code or body)'
}

function textOrNull(value: unknown): string | null | undefined {
  // Some services send numbers; those who compare with a string mean the same.
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' || value === null ? value : undefined
}
