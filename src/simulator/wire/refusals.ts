import type { SluiceError } from '../../errors.ts'
import type { Headers, Op } from './op.ts'

/** A complete answer with a body of known length. */
export function* whole(status: number, type: string, body: string, headers: Headers = {}): Generator<Op> {
  const bytes = new TextEncoder().encode(body)
  yield { kind: 'head', status, headers: { 'content-type': type, ...headers }, framing: bytes.length }
  yield { kind: 'send', part: 'other', data: bytes }
}

/** A refusal in OpenAI's envelope. */
export function refuse(error: SluiceError, headers: Headers = {}): Iterable<Op> {
  return whole(error.status, 'application/json', JSON.stringify(error.toEnvelope()), headers)
}

/** A refusal as a provider words it. */
export function rejection(
  status: number,
  type: string,
  code: string | null,
  message: string,
  param: string | null = null,
): { readonly status: number; readonly body: string } {
  return { status, body: JSON.stringify({ error: { message, type, param, code } }) }
}

/** What providers answer with each status. */
export const REJECTIONS: Readonly<Record<number, { readonly status: number; readonly body: string }>> =
  Object.fromEntries(
    [
      rejection(400, 'invalid_request_error', null, 'The simulator refuses this request, as its model’s name asks.'),
      rejection(401, 'invalid_request_error', 'invalid_api_key', 'Incorrect API key provided. (Simulated.)'),
      rejection(403, 'permission_error', 'permission_denied', 'This key may not use this model. (Simulated.)'),
      rejection(404, 'invalid_request_error', 'model_not_found', 'The model does not exist. (Simulated.)', 'model'),
      rejection(429, 'rate_limit_error', 'rate_limit_exceeded', 'Rate limit reached for requests. (Simulated.)'),
      rejection(500, 'server_error', null, 'The server had an error while processing your request. (Simulated.)'),
      rejection(503, 'server_error', 'overloaded', 'The model is overloaded. Please try again later. (Simulated.)'),
    ].map((one) => [one.status, one]),
  )

/** What a proxy in front of a dead engine answers. */
export const BAD_GATEWAY_HTML =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n'

/** What a captive portal or a login page answers, with 200. */
export const LOGIN_HTML =
  '<!DOCTYPE html>\n<html lang="en">\n<head><title>Sign in</title></head>\n<body><h1>Please sign in</h1><script>document.title = "simulated"</script></body>\n</html>\n'

/** What a provider says when it fails in the middle of an answer. */
export const MID_STREAM_ERROR: Readonly<Record<string, unknown>> = {
  message: 'The server had an error while processing your request. Sorry about that! (Simulated.)',
  type: 'server_error',
  param: null,
  code: null,
}
