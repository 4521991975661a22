/**
 * Bytes to text. Node's own decoder is reached through Buffer's `utf8Slice`, which costs about half of
 * a TextDecoder on the few hundred bytes of an event; everywhere else one TextDecoder serves all.
 */

/** Node's, Bun's and Deno's Buffer has this method; it takes any Uint8Array as `this`. */
type Utf8Slice = (this: Uint8Array, start: number, end: number) => string

// `ignoreBOM` means: leave U+FEFF alone. A BOM is dropped once per stream, by the decoder, and not at
// the start of every piece that happens to be decoded on its own.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

const utf8Slice = findUtf8Slice()

/**
 * The text of `bytes[start, end)`. Invalid UTF-8 becomes U+FFFD as WHATWG Encoding says; a BOM is kept.
 * The range must not begin or end inside a character.
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (utf8Slice !== undefined) return utf8Slice.call(bytes, start, end)
  return decoder.decode(bytes.subarray(start, end))
}

function findUtf8Slice(): Utf8Slice | undefined {
  const buffer: unknown = Reflect.get(globalThis, 'Buffer')
  if (typeof buffer !== 'function') return undefined
  const prototype: unknown = buffer.prototype
  if (!(prototype instanceof Uint8Array)) return undefined
  const method: unknown = Reflect.get(prototype, 'utf8Slice')
  if (!isMethod(method)) return undefined
  // A polyfill by the same name might want a Buffer, drop a BOM or treat bad bytes in its own way.
  const sample = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xf0, 0x9f, 0x98, 0x62, 0xc3, 0xa9)
  try {
    return method.call(sample, 0, sample.length) === '\uFEFFa\uFFFDb\u00E9' ? method : undefined
  } catch {
    return undefined
  }
}

function isMethod(value: unknown): value is Utf8Slice {
  return typeof value === 'function'
}
