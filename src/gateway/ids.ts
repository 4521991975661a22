const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
/** Random characters are drawn for so many ids at once, so that most ids are a piece cut off. */
const POOLED = 128
const LENGTH = 22

const pool = Buffer.alloc(LENGTH * POOLED)
let used = pool.length

/** 22 random characters of 64: 132 bits. */
export function randomId(): string {
  if (used === pool.length) {
    crypto.getRandomValues(pool)
    for (let at = 0; at < pool.length; at++) pool[at] = ALPHABET[(pool[at] ?? 0) & 63] ?? 0
    used = 0
  }
  const id = pool.toString('latin1', used, used + LENGTH)
  used += LENGTH
  return id
}

/** An unguessable stream id: `st_` and 132 random bits (PROTOCOL 5). */
export const newStreamId = (): string => `st_${randomId()}`

/** Names one request in logs and in `X-Request-Id`. */
export const newRequestId = (): string => `req_${randomId()}`
