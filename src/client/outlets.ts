/** An answer on its way out again: to a browser as a web Response, or into Node's. */
import type { ErrorEnvelope } from '../errors.ts'
import type { AnswerItem, DialectWriter } from '../dialect/writer.ts'
import { APIError } from './errors.ts'

/** The wires an answer can be passed on in. */
export type Dialect = 'openai' | 'relay' | 'text' | 'ui-message'

/** What is passed on. */
export interface Outgoing {
  readonly items: AsyncIterator<AnswerItem>
  readonly dialect: Dialect
}

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

const WRITERS: Readonly<Record<Dialect, () => DialectWriter>> = {
  openai: openaiWriter,
  relay: relayWriter,
  text: textWriter,
  'ui-message': () => uiMessageWriter(),
}

/** A web Response that streams the answer. The reader's cancel ends the answer. */
export function toResponse({ items, dialect }: Outgoing, init: ResponseInit = {}): Response {
  const writer = WRITERS[dialect]()
  const headers = new Headers(writer.headers)
  new Headers(init.headers).forEach((value, name) => headers.set(name, value))
  const texts = written(items, writer)
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await texts.next()
      if (done === true) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    async cancel() {
      await texts.return(undefined)
    },
  })
  return new Response(body, { ...init, headers })
}

/** Writes the answer into a Node response, as fast as its reader reads; a reader that leaves ends the answer. */
export async function pipeTo(outgoing: Outgoing, response: NodeResponse): Promise<void> {
  const { items, dialect } = outgoing
  const writer = WRITERS[dialect]()
  let wake = (): void => undefined
  const onClose = (): void => {
    wake()
    // The pending read is what has to end; `return` of a generator would wait for it.
    items.return?.().catch(() => undefined)
  }
  response.once('close', onClose)
  try {
    if (!response.headersSent) response.writeHead(200, writer.headers)
    for await (const text of written(items, writer)) {
      if (response.destroyed) return
      if (response.write(text)) continue
      await new Promise<void>((resolve) => {
        wake = resolve
        response.once('drain', resolve)
      })
      response.removeListener('drain', wake)
    }
    response.end()
  } finally {
    response.removeListener('close', onClose)
    await items.return?.()
  }
}

/** The answer in the writer's words. A failure is told in them too: the head has gone out already. */
async function* written(
  items: AsyncIterator<AnswerItem>,
  writer: DialectWriter,
): AsyncGenerator<string, void, undefined> {
  try {
    const head = writer.open()
    if (head !== '') yield head
    for (;;) {
      const { done, value } = await items.next()
      if (done === true) break
      const text = writer.write(value)
      if (text !== '') yield text
    }
    yield writer.close()
  } catch (error) {
    yield writer.fail(publicError(error))
  } finally {
    await items.return?.()
  }
}

/** What a reader may know of an error: the service's own words for its own errors, and no more. */
function publicError(error: unknown): ErrorEnvelope['error'] {
  if (!(error instanceof APIError)) return { message: 'Internal error', type: 'server_error', code: null, param: null }
  const { message, type, code, param } = error
  return { message, type: type ?? 'upstream_error', code: code ?? null, param: param ?? null }
}
