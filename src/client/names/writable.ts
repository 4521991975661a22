/**
 * The same type with fields and arrays that may be written to: what the names of OpenAI's SDK stand for, in which
 * requests and tool calls are put together piece by piece. Values of either kind go where the other is asked for, but
 * for our own requests with their readonly arrays.
 */
export type Writable<T> = T extends (...parameters: never[]) => unknown
  ? T
  : T extends object
    ? { -readonly [K in keyof T]: Writable<T[K]> }
    : T
