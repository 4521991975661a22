/** Faults of the connection and of HTTP's framing. */
export type ConnectionFault =
  | 'cut'
  | 'cut-once'
  | 'reset'
  | 'no-last-chunk'
  | 'stall'
  | 'reset-before-head'
  | 'no-answer'
  | 'slow-first'
  | 'slow'
  | 'drip'
  | 'wrong-content-length'
  | 'short-content-length'
  | 'bad-chunk-size'
  | 'truncated-utf8'

/** Faults in the status line, the headers or the kind of body. */
export type HttpFault =
  | 'http-400'
  | 'http-401'
  | 'http-403'
  | 'http-404'
  | 'http-429'
  | 'http-429-once'
  | 'http-429-retry-after'
  | 'http-429-retry-after-once'
  | 'http-500'
  | 'http-500-once'
  | 'http-502'
  | 'http-503'
  | 'http-503-once'
  | 'http-204'
  | 'flapping'
  | 'context-length'
  | 'content-filter-400'
  | 'refuse-prefill'
  | 'redirect'
  | 'set-cookie'
  | 'header-flood'
  | 'html'
  | 'json-200-error'
  | 'empty'
  | 'wrong-content-type'
  | 'json-for-stream'
  | 'sse-for-json'
  | 'gzip'
  | 'gzip-chain'
  | 'gzip-bomb'

/** Faults in the events of a stream. */
export type StreamFault =
  | 'malformed'
  | 'no-done'
  | 'no-finish'
  | 'error-object'
  | 'error-event'
  | 'error-field'
  | 'error-string'
  | 'error-then-done'
  | 'content-filter'
  | 'huge-event'
  | 'unterminated-line'
  | 'endless-comments'
  | 'endless'
  | 'comments-first'
  | 'duplicate-tool-index'

/** Lies about the number of tokens. */
export type UsageFault = 'usage-missing' | 'usage-cumulative' | 'usage-excludes-reasoning' | 'usage-each' | 'late-usage'

/** Everything the simulator can do wrong, by the name that goes into a model's name: `sim:fault=cut@57`. */
export type FaultName = ConnectionFault | HttpFault | StreamFault | UsageFault

/** What `@NUMBER` after a fault's name means. */
export type FaultPlace =
  /** After so many tokens of this response; 0 is before the first. */
  | { readonly unit: 'token'; readonly otherwise: 'half' | 'first' }
  /** Milliseconds. */
  | { readonly unit: 'ms'; readonly otherwise: number }
  /** So many requests. */
  | { readonly unit: 'requests'; readonly otherwise: number }

/** One thing the simulator can do wrong. */
export interface Fault {
  readonly what: string
  /** Absent when the fault takes no `@`. */
  readonly at?: FaultPlace
}

const HALF: FaultPlace = { unit: 'token', otherwise: 'half' }
const FIRST: FaultPlace = { unit: 'token', otherwise: 'first' }

/**
 * What each fault does. A place in tokens that the response never reaches means that nothing goes wrong;
 * a place left out is the middle of the answer, or its start, as the row says.
 */
export const FAULTS: Readonly<Record<FaultName, Fault>> = {
  cut: { what: 'the connection is closed (FIN) in a body that only the end of the connection ends', at: HALF },
  'cut-once': { what: 'cut, in the answer to the first request only', at: HALF },
  reset: { what: 'the connection is reset (RST)', at: HALF },
  'no-last-chunk': { what: 'the connection is closed (FIN) without the last chunk of a chunked body', at: HALF },
  stall: { what: 'silence, for ever, on an open connection', at: HALF },
  'reset-before-head': { what: 'the connection is reset before any byte of the answer' },
  'no-answer': { what: 'the request is read and never answered' },
  'slow-first': {
    what: 'the head at once, the first token only after @ milliseconds',
    at: { unit: 'ms', otherwise: 30_000 },
  },
  slow: { what: '@ milliseconds more between every two tokens', at: { unit: 'ms', otherwise: 2_000 } },
  drip: { what: 'every byte in a chunk and a packet of its own' },
  'wrong-content-length': { what: 'a Content-Length greater than the whole answer that is then sent' },
  'short-content-length': { what: 'a Content-Length smaller than the answer: the rest spills onto the connection' },
  'bad-chunk-size': { what: 'a chunk whose size is not a number', at: HALF },
  'truncated-utf8': { what: 'the body ends in the middle of a character', at: HALF },
  'http-400': { what: '400, a bad request' },
  'http-401': { what: '401, a key that is not valid' },
  'http-403': { what: '403, a key that may not do this' },
  'http-404': { what: '404, no such model' },
  'http-429': { what: '429 for ever, without Retry-After' },
  'http-429-once': { what: '429 to the first request only' },
  'http-429-retry-after': { what: '429 for ever, with Retry-After: 1' },
  'http-429-retry-after-once': { what: '429 with Retry-After: 1 to the first request only' },
  'http-500': { what: '500 for ever' },
  'http-500-once': { what: '500 to the first request only' },
  'http-502': { what: '502 for ever, with a proxy’s HTML' },
  'http-503': { what: '503 for ever' },
  'http-503-once': { what: '503 to the first request only' },
  'http-204': { what: '204, no content' },
  flapping: {
    what: '@ requests answered, the next @ refused with 503, and so on',
    at: { unit: 'requests', otherwise: 3 },
  },
  'context-length': { what: '400 with code context_length_exceeded' },
  'content-filter-400': { what: '400 with code content_filter' },
  'refuse-prefill': { what: '400 when the conversation ends with an assistant message' },
  redirect: { what: '302 to another address' },
  'set-cookie': { what: 'a whole answer with Set-Cookie headers' },
  'header-flood': { what: 'a whole answer under 100 KB of headers' },
  html: { what: '200 with an HTML page' },
  'json-200-error': { what: '200 with an error in JSON' },
  empty: { what: '200, the right type, and no body' },
  'wrong-content-type': { what: 'a whole stream as application/octet-stream' },
  'json-for-stream': { what: 'a whole completion in JSON although a stream was asked for' },
  'sse-for-json': { what: 'a stream although JSON was asked for' },
  gzip: { what: 'a whole answer, gzip although identity was asked for' },
  'gzip-chain': { what: 'a whole answer, gzip within gzip' },
  'gzip-bomb': { what: 'from here on 1 GiB of one line in 1 MB of gzip', at: HALF },
  malformed: { what: 'one event whose JSON is broken, and then the rest as if nothing had been', at: HALF },
  'no-done': { what: 'a whole answer with finish_reason, but no [DONE]' },
  'no-finish': { what: 'all the text, then the end: no finish_reason and no [DONE]' },
  'error-object': { what: 'data: {"error":{…}} and the end', at: FIRST },
  'error-event': { what: 'event: error, and the end', at: FIRST },
  'error-field': { what: 'the line error: {…} as old llama.cpp sent it, then [DONE]', at: FIRST },
  'error-string': { what: 'data: {"error":"text"} and the end', at: FIRST },
  'error-then-done': { what: 'data: {"error":{…}}, then [DONE], as vLLM does', at: FIRST },
  'content-filter': { what: 'the answer ends with finish_reason content_filter', at: HALF },
  'huge-event': { what: 'one event of 16 MiB, and then the rest as if nothing had been', at: HALF },
  'unterminated-line': { what: 'a data line that goes on for ever without a line end', at: HALF },
  'endless-comments': { what: 'comments for ever and nothing else', at: FIRST },
  endless: { what: 'the answer again and again, without an end' },
  'comments-first': {
    what: 'nothing but comments for @ milliseconds, then the answer',
    at: { unit: 'ms', otherwise: 3_000 },
  },
  'duplicate-tool-index': { what: 'every tool call has index 0' },
  'usage-missing': { what: 'no usage, asked for or not' },
  'usage-cumulative': { what: 'in every chunk the usage so far, and no chunk of its own for it' },
  'usage-excludes-reasoning': { what: 'completion_tokens without the reasoning tokens (total_tokens has them)' },
  'usage-each': { what: 'in every chunk a usage of zeros, and at the end the true one twice' },
  'late-usage': { what: 'the usage @ milliseconds after the finish_reason', at: { unit: 'ms', otherwise: 2_000 } },
}

/** True for the name of a fault. */
export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name)
}
