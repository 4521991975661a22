import type { ParsedChunk } from '../completion/parse.ts'
import { SluiceError } from '../errors.ts'
import type { NewEntry, Outcome, StreamWriter } from '../log/stream-log.ts'
import type { Rewrite } from './rewrite.ts'

/** Is told what passes. Must not throw. */
export interface RelayObserver {
  chunks(chunks: readonly ParsedChunk[]): void
  /** The outcome that goes into the log, with what was counted. */
  sum(status: Outcome['status'], error: SluiceError | undefined): Outcome
  /** The outcome is in the log. */
  ended(outcome: Outcome, error: SluiceError | undefined): void
}

const DONE: readonly NewEntry[] = [{ kind: 'done', data: '[DONE]' }]

/**
 * The producer: chunks from the providers into the log, until the end is said. Never waits for a
 * reader, never throws: whatever goes wrong becomes the stream's terminal entry (PROTOCOL 4).
 */
export async function relay(
  source: AsyncIterable<readonly ParsedChunk[]>,
  writer: StreamWriter,
  observer: RelayObserver,
  rewrite?: Rewrite,
): Promise<Outcome> {
  let failure: SluiceError | undefined
  try {
    for await (const chunks of source) {
      observer.chunks(chunks)
      const kept = rewrite === undefined ? chunks : rewrite(chunks)
      if (kept.length > 0) writer.append(kept.map(toEntry))
    }
    writer.append(DONE)
  } catch (error) {
    failure = SluiceError.from(error)
    writer.append([{ kind: 'error', data: JSON.stringify(failure.toEnvelope()) }])
  }
  const outcome = observer.sum(statusOf(failure), failure)
  await writer.close(outcome)
  observer.ended(outcome, failure)
  return outcome
}

function statusOf(failure: SluiceError | undefined): Outcome['status'] {
  if (failure === undefined) return 'completed'
  return failure.code === 'cancelled' ? 'cancelled' : 'failed'
}

function toEntry(chunk: ParsedChunk): NewEntry {
  return { kind: chunk.bare ? 'usage' : 'chunk', data: chunk.data }
}
