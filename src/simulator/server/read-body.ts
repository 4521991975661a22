import type { IncomingMessage } from 'node:http'
import { SluiceError } from '../../errors.ts'

const MOST_BYTES = 10 * 1024 * 1024

/** A JSON body, parsed, and its size. */
export interface JsonBody {
  readonly value: unknown
  readonly bytes: number
}

/**
 * Reads a JSON body of at most 10 MiB.
 *
 * @throws SluiceError `body_too_large`, `invalid_utf8`, `invalid_json`; `cancelled` when the peer leaves.
 */
export async function readJson(request: IncomingMessage): Promise<JsonBody> {
  const bytes = await readBytes(request)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new SluiceError('invalid_utf8', 'The body is not valid UTF-8', { cause })
  }
  try {
    return { value: JSON.parse(text), bytes: bytes.length }
  } catch (cause) {
    throw new SluiceError('invalid_json', 'The body is not valid JSON', { cause })
  }
}

function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      // Read on without keeping anything, so that the answer can be read by a peer that is still writing.
      if (size > MOST_BYTES) chunks.length = 0
      else chunks.push(chunk)
    })
    request.once('end', () => {
      if (size > MOST_BYTES) reject(new SluiceError('body_too_large', 'The body is larger than 10 MiB'))
      else resolve(Buffer.concat(chunks, size))
    })
    const left = (): void => reject(new SluiceError('cancelled', 'The caller left before the body was complete'))
    request.once('error', left)
    request.once('close', left)
  })
}
