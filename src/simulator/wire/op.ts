/** What a response consists of: steps in order, which a player carries out on a socket. */
export type Op =
  /** The status line and headers. */
  | Head
  /** Bytes of the body. */
  | Send
  /** Bytes past the framing of the body. */
  | { readonly kind: 'raw'; readonly data: string }
  /** Silence. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** An end other than the proper one: FIN, RST, or silence for ever. */
  | { readonly kind: 'stop'; readonly how: 'fin' | 'reset' | 'hang' }

/** The status line and headers. */
export interface Head {
  readonly kind: 'head'
  readonly status: number
  readonly headers: Headers
  /** `close`: the end of the connection ends the body; a number is the Content-Length; `none`: no body. */
  readonly framing: 'chunked' | 'close' | 'none' | number
  /** The body is compressed, once or twice. */
  readonly coding?: 'gzip' | 'gzip-gzip' | undefined
}

/** Bytes of the body. */
export interface Send {
  readonly kind: 'send'
  /**
   * What it is. `token` waits for its time, and the place of a fault is counted in them; `role` waits
   * for the first token's time; the rest follows at once.
   */
  readonly part: 'role' | 'token' | 'finish' | 'usage' | 'done' | 'other'
  readonly data: string | Uint8Array
}

/** Header fields; a list is sent as several lines. */
export type Headers = Readonly<Record<string, string | readonly string[]>>
