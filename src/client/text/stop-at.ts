import { StopAt } from '../../completion/stop-at.ts'
import { OpenAIError } from '../errors.ts'
import { type TextStage, type TextStep, textStage } from './stage.ts'

/** What else `stopAt` can do. */
export interface StopAtStageOptions {
  /** Called with the sequence that ended the text. */
  readonly onStop?: ((sequence: string) => void) | undefined
}

/**
 * Ends the text before the first of the sequences, wherever the pieces are cut, and closes the source:
 * for services that ignore `stop`, or know fewer of them. Only what may be the beginning of a sequence
 * is held back.
 *
 * @throws OpenAIError for no sequence or an empty one.
 * @example
 * for await (const text of stopAt(['КОНЕЦ', 'END'])(stream.text())) show(text)
 */
export function stopAt(sequences: readonly string[] | string, options: StopAtStageOptions = {}): TextStage {
  const all = typeof sequences === 'string' ? [sequences] : [...sequences]
  if (all.length === 0 || all.includes('')) {
    throw new OpenAIError('stopAt needs at least one sequence, and no empty one')
  }
  return textStage(() => new Stopping(new StopAt(all), options.onStop))
}

class Stopping implements TextStep<string> {
  readonly #stop: StopAt
  readonly #onStop: ((sequence: string) => void) | undefined
  #finished = false

  constructor(stop: StopAt, onStop: ((sequence: string) => void) | undefined) {
    this.#stop = stop
    this.#onStop = onStop
  }

  get finished(): boolean {
    return this.#finished
  }

  push(text: string): readonly string[] {
    const shown = this.#stop.push(text)
    if (this.#stop.sequence !== undefined) {
      this.#finished = true
      this.#onStop?.(this.#stop.sequence)
    }
    return shown === '' ? [] : [shown]
  }

  end(): readonly string[] {
    const held = this.#stop.end()
    return held === '' ? [] : [held]
  }
}
