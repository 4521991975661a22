import { PartialJson } from '../../completion/partial-json.ts'

/** JSON that services without structured output like to put into a code fence. */
export class FencedJson {
  readonly #reader = new PartialJson()
  /** Until the value begins: what came before it. */
  #before: string | undefined = ''

  /** The value so far: the same growing object every time. */
  get value(): unknown {
    return this.#reader.value
  }

  push(text: string): void {
    if (this.#before === undefined) {
      this.#reader.push(text)
      return
    }
    this.#before += text
    const isFenced = this.#before.trimStart().startsWith('`')
    const start = this.#before.search(isFenced ? /[{[]/ : /\S/)
    if (start === -1) return
    this.#reader.push(this.#before, start)
    this.#before = undefined
  }

  /** Whether it is a whole value. */
  end(): boolean {
    // Ends a number that stands alone.
    this.#reader.push(' ')
    return this.#reader.state === 'complete'
  }
}
