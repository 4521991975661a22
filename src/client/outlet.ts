/** Where an answer can be passed on to. */
import { EVENT_STREAM } from '../dialect/writer.ts'

/** The wires an answer can be passed on in. */
export type Dialect = 'openai' | 'relay' | 'text' | 'ui-message'

/** Node's `ServerResponse`, as much of it as is needed: Express and Fastify (`reply.raw`) have it too. */
export interface NodeResponse {
  readonly headersSent: boolean
  readonly destroyed: boolean
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown
  write(text: string): boolean
  end(): unknown
  once(event: 'drain' | 'close', listener: () => void): unknown
  removeListener(event: 'drain' | 'close', listener: () => void): unknown
}

/** Fields of the head before an answer in this dialect. */
export function headersOf(dialect: Dialect): Readonly<Record<string, string>> {
  return dialect === 'ui-message' ? { ...EVENT_STREAM, 'x-vercel-ai-ui-message-stream': 'v1' } : EVENT_STREAM
}

/** Texts as the body of a web Response. Its reader's cancel ends them. */
export function bodyOf(texts: AsyncIterator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await texts.next()
      if (done === true) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    async cancel() {
      await texts.return?.()
    },
  })
}

/** Things as lines of JSON. */
export function linesOf(things: AsyncIterator<object>): ReadableStream<Uint8Array> {
  return bodyOf({
    async next() {
      const { done, value } = await things.next()
      return done === true ? { done, value: undefined } : { done: false, value: `${JSON.stringify(value)}\n` }
    },
    async return() {
      await things.return?.()
      return { done: true, value: undefined }
    },
  })
}
