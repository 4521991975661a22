import { parentPort } from 'node:worker_threads'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { countPieces } from './count-tokens-pieces.ts'

/** The other end of count-tokens.ts: texts in, counts out; one empty message when it is ready. */
const port = parentPort
if (port !== null) {
  port.on('message', ({ texts, time }: { readonly texts: readonly string[]; readonly time: number }) => {
    const until = performance.now() + time
    const count = (text: string): number => countTokens(text, { disallowedSpecial: new Set() })
    port.postMessage(texts.map((text) => countPieces(text, count, () => performance.now() < until)))
  })
  port.postMessage(undefined)
}
