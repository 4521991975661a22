import { SluiceError } from '../../errors.ts'
import { bad, integerIn, isRecord } from '../answer/fields.ts'
import { hash, seeded } from '../text/random.ts'
import { countTokens } from '../text/tokenize.ts'

const DIMENSIONS = 1_536
const MOST_DIMENSIONS = 4_096
const MOST_INPUTS = 2_048
const MOST_WORDS = 256
/** Places of a vector that one word moves. */
const PLACES = 24

/**
 * The body that answers an embeddings request: unit vectors, the same for the same text, and alike for
 * texts that share words.
 *
 * @throws SluiceError `invalid_value` with the `param` at fault.
 */
export function embeddingsBody(body: unknown): unknown {
  if (!isRecord(body)) throw bad('', 'the body must be a JSON object')
  const { model, encoding_format: format } = body
  if (typeof model !== 'string' || model === '') throw bad('model', 'model must be a non-empty string')
  if (format != null && format !== 'float' && format !== 'base64') {
    throw bad('encoding_format', 'encoding_format must be float or base64')
  }
  const inputs = readInputs(body['input'])
  const dimensions = integerIn(body, 'dimensions', 1, MOST_DIMENSIONS) ?? DIMENSIONS
  const data = inputs.map((text, index) => {
    const vector = embed(text, dimensions)
    return { object: 'embedding', index, embedding: format === 'base64' ? base64(vector) : [...vector] }
  })
  const tokens = inputs.reduce((sum, text) => sum + countTokens(text), 0)
  return { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } }
}

function readInputs(input: unknown): readonly string[] {
  if (typeof input === 'string' && input !== '') return [input]
  if (!Array.isArray(input) || input.length === 0) {
    throw bad('input', 'input must be a non-empty string or a non-empty array')
  }
  if (input.length > MOST_INPUTS && typeof input[0] !== 'number') {
    throw new SluiceError('invalid_value', `input must have at most ${MOST_INPUTS} entries`, { param: 'input' })
  }
  if (input.every((one) => typeof one === 'number')) return [input.join(' ')]
  return input.map((one: unknown, at) => {
    if (typeof one === 'string' && one !== '') return one
    if (Array.isArray(one) && one.length > 0 && one.every((id) => typeof id === 'number')) return one.join(' ')
    throw bad(`input.${at}`, `input.${at} must be a non-empty string or an array of token ids`)
  })
}

/** The vector of a text. */
export function embed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions)
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  for (const word of words.slice(0, MOST_WORDS)) {
    const random = seeded(hash(word))
    for (let i = 0; i < PLACES; i++) {
      const place = random.below(dimensions)
      vector[place] = (vector[place] ?? 0) + random.next() * 2 - 1
    }
  }
  const noise = seeded(hash(text, 0xe3bed))
  let square = 0
  for (let i = 0; i < dimensions; i++) {
    const value = (vector[i] ?? 0) + (noise.next() - 0.5) * 0.05
    vector[i] = value
    square += value * value
  }
  const length = Math.sqrt(square) || 1
  return vector.map((value) => value / length)
}

/** Little-endian 32-bit floats, as OpenAI encodes them. */
function base64(vector: Float32Array): string {
  const bytes = new Uint8Array(vector.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [at, value] of vector.entries()) view.setFloat32(at * 4, value, true)
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
