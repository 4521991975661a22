import type { AnswerItem } from '../dialect/writer.ts'
import { SluiceError } from '../errors.ts'
import type { NewEntry, Outcome, StreamWriter } from '../log/stream-log.ts'
import type { Emit } from '../upstream/read.ts'
import type { Rewrite } from './rewrite.ts'

/** Is told what passes. Must not throw. */
export interface RelayObserver {
  items(items: readonly AnswerItem[]): void
  /** The outcome that goes into the log, with what was counted. */
  sum(status: Outcome['status'], error: SluiceError | undefined): Outcome
  /** The outcome is in the log. */
  ended(outcome: Outcome, error: SluiceError | undefined): void
}

const DONE: readonly NewEntry[] = [{ kind: 'done', data: '[DONE]' }]

/**
 * The producer: chunks and named events from the providers into the log, in the turn in which they arrived,
 * until the end is said. Never waits for a reader, never throws: whatever goes wrong becomes the stream's terminal entry (PROTOCOL 4).
 */
export async function relay(
  source: (emit: Emit) => Promise<void>,
  writer: StreamWriter,
  observer: RelayObserver,
  rewrite?: Rewrite,
): Promise<Outcome> {
  let failure: SluiceError | undefined
  try {
    await source((items) => {
      observer.items(items)
      const kept = rewrite === undefined ? items : rewrite(items)
      const [first] = kept
      // A token, mostly: `map` costs ten times what the literal does.
      if (first !== undefined) writer.append(kept.length === 1 ? [toEntry(first)] : kept.map(toEntry))
      return true
    })
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

function toEntry(item: AnswerItem): NewEntry {
  if (item.type === 'event') return { kind: 'event', name: item.name, data: item.data }
  const kind = item.bare ? 'usage' : 'chunk'
  const { data, name, around } = item
  return name === undefined ? { kind, data, around } : { kind, name, data }
}
