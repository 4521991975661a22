import { HEADER_BYTES, RECORD_MAGIC, contentIsWhole, readHeader } from './record.ts'
import type { RecordHeader } from './record.ts'
import { SEGMENT_HEADER_BYTES } from './segment.ts'

/** What a scan finds, in the order of the file. */
export type Found =
  /** A whole record. */
  | { readonly type: 'record'; readonly at: number; readonly header: RecordHeader; readonly content: Buffer }
  /** A record whose content was changed. Its header is whole, so it is known whose record it was. */
  | { readonly type: 'damaged'; readonly at: number; readonly header: RecordHeader }
  /** Bytes in which no record can be made out. */
  | { readonly type: 'lost'; readonly at: number; readonly bytes: number }
  /** The file ends within a record, or in zeros: a write that did not complete. Nothing follows. */
  | { readonly type: 'torn'; readonly at: number; readonly bytes: number }

/** Walks over the records of a segment from its header to `end`. Never throws, never gives changed content. */
export function* scan(bytes: Buffer, salt: number, end: number = bytes.length): Generator<Found, void, undefined> {
  const limit = Math.min(end, bytes.length)
  let at = SEGMENT_HEADER_BYTES
  while (at < limit) {
    const header = readHeader(bytes, at, salt)
    if (header === undefined) {
      const next = findRecord(bytes, at + 1, limit, salt)
      if (next === undefined) {
        yield { type: isTorn(bytes.subarray(at, limit)) ? 'torn' : 'lost', at, bytes: limit - at }
        return
      }
      yield { type: 'lost', at, bytes: next - at }
      at = next
      continue
    }
    const after = at + HEADER_BYTES + header.length
    if (after > limit) {
      yield { type: 'torn', at, bytes: limit - at }
      return
    }
    if (contentIsWhole(bytes, at, header, salt)) {
      yield { type: 'record', at, header, content: bytes.subarray(at + HEADER_BYTES, after) }
    } else {
      yield { type: 'damaged', at, header }
    }
    at = after
  }
}

/** The next place from here where a record with a whole header begins. */
function findRecord(bytes: Buffer, from: number, limit: number, salt: number): number | undefined {
  const magic = Buffer.alloc(4)
  magic.writeUInt32LE(RECORD_MAGIC)
  for (let at = bytes.indexOf(magic, from); at !== -1 && at < limit; at = bytes.indexOf(magic, at + 1)) {
    if (readHeader(bytes, at, salt) !== undefined) return at
  }
  return undefined
}

/** Less than a header, or zeros: what an append that did not complete leaves behind. */
function isTorn(rest: Buffer): boolean {
  if (rest.length < HEADER_BYTES) {
    const magic = Buffer.alloc(4)
    magic.writeUInt32LE(RECORD_MAGIC)
    const known = Math.min(4, rest.length)
    if (rest.subarray(0, known).equals(magic.subarray(0, known))) return true
  }
  return rest.every((byte) => byte === 0)
}
