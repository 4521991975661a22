import type { HttpFault } from '../faults.ts'
import { atToken, withHead } from './at-token.ts'
import type { Exchange } from './exchange.ts'
import type { Behaviour } from './behaviour.ts'
import type { Headers, Op } from './op.ts'
import { BAD_GATEWAY_HTML, LOGIN_HTML, MID_STREAM_ERROR, rejection, REJECTIONS, whole } from './refusals.ts'

const RETRY_AFTER: Headers = { 'retry-after': '1' }
const CONTEXT_LENGTH = rejection(
  400,
  'invalid_request_error',
  'context_length_exceeded',
  'This model’s maximum context length is 128000 tokens. However, your messages resulted in 131072 tokens. (Simulated.)',
  'messages',
)
const CONTENT_FILTER = rejection(
  400,
  'invalid_request_error',
  'content_filter',
  'The response was filtered due to the prompt triggering the content management policy. (Simulated.)',
  'prompt',
)
const NO_PREFILL = rejection(
  400,
  'invalid_request_error',
  null,
  'This model does not support assistant message prefill. The conversation must end with a user message. (Simulated.)',
  'messages',
)

/** Faults that are visible in the status line or the headers. */
export const HTTP_FAULTS: Readonly<Record<HttpFault, Behaviour>> = {
  'http-400': always(400),
  'http-401': always(401),
  'http-403': always(403),
  'http-404': always(404),
  'http-429': always(429),
  'http-429-once': once(429),
  'http-429-retry-after': always(429, RETRY_AFTER),
  'http-429-retry-after-once': once(429, RETRY_AFTER),
  'http-500': always(500),
  'http-500-once': once(500),
  'http-502': { reply: () => whole(502, 'text/html', BAD_GATEWAY_HTML) },
  'http-503': always(503),
  'http-503-once': once(503),
  'http-204': { reply: () => [{ kind: 'head', status: 204, headers: {}, framing: 'none' }] },
  flapping: {
    reply: (x, at) => (Math.floor(x.before / at) % 2 === 0 ? undefined : status(503)),
  },
  'context-length': { reply: () => whole(400, 'application/json', CONTEXT_LENGTH.body) },
  'content-filter-400': { reply: () => whole(400, 'application/json', CONTENT_FILTER.body) },
  'refuse-prefill': {
    reply: (x) =>
      x.request.turns.at(-1)?.role === 'assistant' ? whole(400, 'application/json', NO_PREFILL.body) : undefined,
  },
  redirect: {
    reply: (x) => whole(302, 'text/plain', 'Moved.', { location: `${x.origin}/v1/elsewhere` }),
  },
  'set-cookie': {
    tune: (x) => ({
      ...x,
      headers: {
        ...x.headers,
        'set-cookie': ['session=simulated; Path=/; HttpOnly', '__cf_bm=simulated; Path=/; Secure'],
      },
    }),
  },
  'header-flood': { tune: (x) => ({ ...x, headers: { ...x.headers, ...flood() } }) },
  html: { reply: () => whole(200, 'text/html; charset=utf-8', LOGIN_HTML) },
  'json-200-error': { reply: () => jsonError() },
  empty: {
    reply: () => [
      {
        kind: 'head',
        status: 200,
        headers: { 'content-type': 'text/event-stream; charset=utf-8' },
        framing: 'chunked',
      },
    ],
  },
  'wrong-content-type': {
    wrap: (ops) =>
      withHead(ops, (head) => ({ ...head, headers: { ...head.headers, 'content-type': 'application/octet-stream' } })),
  },
  'json-for-stream': { tune: (x) => ({ ...x, events: false }) },
  'sse-for-json': { tune: (x) => ({ ...x, events: true }) },
  gzip: { wrap: (ops) => coded(ops, 'gzip') },
  'gzip-chain': { wrap: (ops) => coded(ops, 'gzip-gzip') },
  'gzip-bomb': { wrap: (ops, _, at) => coded(atToken(ops, at, bomb, true), 'gzip') },
}

/** 200 and an error in JSON, as some gateways answer. */
export function jsonError(): Iterable<Op> {
  return whole(200, 'application/json', JSON.stringify({ error: MID_STREAM_ERROR }))
}

function always(code: number, headers: Headers = {}): { readonly reply: () => Iterable<Op> } {
  return { reply: () => status(code, headers) }
}

function once(
  code: number,
  headers: Headers = {},
): { readonly reply: (exchange: Exchange) => Iterable<Op> | undefined } {
  return { reply: (exchange) => (exchange.before === 0 ? status(code, headers) : undefined) }
}

function status(code: number, headers: Headers = {}): Iterable<Op> {
  return whole(code, 'application/json', REJECTIONS[code]?.body ?? '{}', headers)
}

function coded(ops: Iterable<Op>, coding: 'gzip' | 'gzip-gzip'): Iterable<Op> {
  const named = coding === 'gzip' ? 'gzip' : 'gzip, gzip'
  return withHead(ops, (head) => ({
    ...head,
    framing: 'chunked',
    coding,
    headers: { ...head.headers, 'content-encoding': named },
  }))
}

const MEBIBYTE = 1024 * 1024
const GIBIBYTE_IN_MEBIBYTES = 1024

/** One comment line of 1 GiB; the same array every time, so that it has to be compressed only once. */
function* bomb(): Generator<Op> {
  const filling = new Uint8Array(MEBIBYTE).fill(0x61)
  yield { kind: 'send', part: 'other', data: ': ' }
  for (let i = 0; i < GIBIBYTE_IN_MEBIBYTES; i++) yield { kind: 'send', part: 'other', data: filling }
  yield { kind: 'send', part: 'other', data: '\n\n' }
}

/** 500 fields of 200 bytes. */
function flood(): Headers {
  const value = 'flood'.repeat(36)
  return Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`x-flood-${String(at).padStart(3, '0')}`, value]))
}
