import { type TextStage, type TextStep, textStage } from './stage.ts'

/** How lines are given. */
export interface LinesOptions {
  /** Lines keep their line end, so that they join to the text again. False unless told. */
  readonly keepEnds?: boolean | undefined
}

/**
 * The text line by line. A line ends with LF, CRLF or CR, also when a CRLF is cut in two; the last one
 * may have no end. A line is given when its end is certain: after a CR, that is one character later.
 *
 * @example
 * for await (const line of lines()(stream.text())) console.log(line)
 */
export function lines(options: LinesOptions = {}): TextStage {
  return textStage(() => new Lines(options.keepEnds === true))
}

class Lines implements TextStep<string> {
  readonly #keepEnds: boolean
  /** The line so far. Kept in pieces: joining and searching it at each one would cost its square. */
  #open: string[] = []
  /** The last piece ended with a CR that may be half of a CRLF. */
  #cr = false

  constructor(keepEnds: boolean) {
    this.#keepEnds = keepEnds
  }

  push(text: string): readonly string[] {
    if (text === '') return []
    const found: string[] = []
    let start = 0
    if (this.#cr) {
      this.#cr = false
      const lf = text.startsWith('\n')
      found.push(this.#line('', lf ? '\r\n' : '\r'))
      start = lf ? 1 : 0
    }
    const end = /\r\n|\n|\r/g
    end.lastIndex = start
    for (let match = end.exec(text); match !== null; match = end.exec(text)) {
      if (match[0] === '\r' && end.lastIndex === text.length) {
        this.#open.push(text.slice(start, match.index))
        this.#cr = true
        return found
      }
      found.push(this.#line(text.slice(start, match.index), match[0]))
      start = end.lastIndex
    }
    if (start < text.length) this.#open.push(text.slice(start))
    return found
  }

  end(): readonly string[] {
    if (this.#cr) return [this.#line('', '\r')]
    return this.#open.length === 0 ? [] : [this.#line('', '')]
  }

  #line(rest: string, end: string): string {
    const line = this.#open.join('') + rest
    this.#open = []
    return this.#keepEnds ? line + end : line
  }
}
