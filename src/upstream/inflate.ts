import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { Transform } from 'node:stream'
import { SluiceError } from '../errors.ts'

/** Decoded bytes one response may have; a bomb is stopped here. */
const MAX_DECODED_BYTES = 64 * 1024 * 1024

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
])

/**
 * The body as the provider meant it. We ask for `identity`; one that encodes all the same is decoded,
 * one level deep and up to 64 MiB. Throws `provider_bad_response` for an unknown or chained encoding,
 * `upstream_too_large` for a bomb, `upstream_malformed` for damaged data.
 */
export function inflate(
  bytes: AsyncIterable<readonly Uint8Array[]>,
  encoding: string | undefined,
  provider: string,
): AsyncIterable<readonly Uint8Array[]> {
  if (encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity') return bytes
  return decoded(bytes, encoding.toLowerCase(), provider)
}

async function* decoded(
  bytes: AsyncIterable<readonly Uint8Array[]>,
  encoding: string,
  provider: string,
): AsyncGenerator<readonly Uint8Array[]> {
  const create = DECODERS.get(encoding)
  if (create === undefined)
    throw new SluiceError('provider_bad_response', `${provider}: content-encoding "${encoding}" was not asked for`, {
      provider,
    })
  const decoder = create()
  const fed = feed(bytes, decoder)
  // Awaited only after the loop below; its failure also destroys the decoder, which ends that loop.
  fed.catch(() => {})
  let total = 0
  try {
    for await (const part of decoder) {
      if (!(part instanceof Uint8Array)) continue
      total += part.length
      if (total > MAX_DECODED_BYTES)
        throw new SluiceError(
          'upstream_too_large',
          `${provider}: over ${MAX_DECODED_BYTES} bytes after decoding ${encoding}`,
          { provider },
        )
      yield [part]
    }
    await fed
  } catch (error) {
    throw SluiceError.from(error, 'upstream_malformed')
  } finally {
    decoder.destroy()
  }
}

async function feed(bytes: AsyncIterable<readonly Uint8Array[]>, decoder: Transform): Promise<void> {
  try {
    for await (const parts of bytes) {
      for (const part of parts) {
        if (decoder.destroyed) return
        if (!decoder.write(part)) await new Promise<void>((resolve) => drained(decoder, resolve))
      }
    }
    decoder.end()
  } catch (error) {
    decoder.destroy(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

function drained(decoder: Transform, resolve: () => void): void {
  const done = (): void => {
    decoder.off('drain', done)
    decoder.off('close', done)
    resolve()
  }
  decoder.on('drain', done)
  decoder.on('close', done)
}
