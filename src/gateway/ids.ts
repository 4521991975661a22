const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Random bytes are drawn for so many ids at once, so that most ids cost no call. */
const POOLED = 128
const LENGTH = 22

const pool = new Uint8Array(LENGTH * POOLED)
let used = pool.length

/** 22 random characters of 64: 132 bits. */
export function randomId(): string {
  if (used + LENGTH > pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  let id = ''
  for (let end = used + LENGTH; used < end; used++) id += ALPHABET[(pool[used] ?? 0) & 63]
  return id
}

/** An unguessable stream id: `st_` and 132 random bits (PROTOCOL 5). */
export const newStreamId = (): string => `st_${randomId()}`

/** Names one request in logs and in `X-Request-Id`. */
export const newRequestId = (): string => `req_${randomId()}`
