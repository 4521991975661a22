/**
 * An answer on its way out again, in one of the wires that readers speak. Loaded when first used: most
 * programs that read answers pass none on.
 */
import type { ErrorEnvelope } from '../errors.ts'
import { openaiWriter } from '../dialect/openai.ts'
import { relayWriter } from '../dialect/relay.ts'
import { textWriter } from '../dialect/text.ts'
import { uiMessageWriter } from '../dialect/ui-message.ts'
import type { AnswerItem, DialectWriter } from '../dialect/writer.ts'
import { APIError } from './errors.ts'
import type { Dialect, NodeResponse } from './outlet.ts'

const WRITERS: Readonly<Record<Dialect, () => DialectWriter>> = {
  openai: openaiWriter,
  relay: relayWriter,
  text: textWriter,
  'ui-message': uiMessageWriter,
}

/** The answer in a dialect's words. A failure is told in them too: the head has gone out already. */
export async function* written(
  items: AsyncIterator<AnswerItem>,
  dialect: Dialect,
): AsyncGenerator<string, void, undefined> {
  const writer = WRITERS[dialect]()
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

/** Writes texts into a Node response, as fast as its reader reads. `leave` ends the texts when the reader has gone. */
export async function pour(texts: AsyncIterable<string>, response: NodeResponse, leave: () => void): Promise<void> {
  let wake = (): void => undefined
  const onClose = (): void => {
    leave()
    wake()
  }
  response.once('close', onClose)
  try {
    for await (const text of texts) {
      if (response.destroyed) return
      if (response.write(text)) continue
      await new Promise<void>((resolve) => {
        wake = resolve
        response.once('drain', resolve)
        if (response.destroyed) resolve()
      })
      response.removeListener('drain', wake)
    }
    response.end()
  } finally {
    response.removeListener('close', onClose)
  }
}

/** What a reader may know of an error: the service's own words for its own errors, and no more. */
function publicError(error: unknown): ErrorEnvelope['error'] {
  if (!(error instanceof APIError)) return { message: 'Internal error', type: 'server_error', code: null, param: null }
  const { message, type, code, param } = error
  return { message, type: type ?? 'upstream_error', code: code ?? null, param: param ?? null }
}
