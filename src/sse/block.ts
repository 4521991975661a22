import type { SseEvent, SseItem } from './event.ts'
import { endBefore, isDataLine, isIdLine, valueStart } from './scan.ts'

const CR = 13
const COLON = 58

/**
 * The block of lines that is being read: what its fields have said so far. Lines are given as a range
 * of a larger text, so that the common line costs one slice.
 */
export class Block {
  readonly #dispatchEmpty: boolean
  #isOpen = false
  #name = ''
  #data: string | undefined = undefined
  #id: string | undefined = undefined
  #error: string | undefined = undefined

  constructor(dispatchEmpty: boolean) {
    this.#dispatchEmpty = dispatchEmpty
  }

  /** Whether a line of the block has been kept. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /**
   * Reads the line `text[start, end)`, which is not empty. Comments and reconnection times become items
   * at once. Returns whether something of the line is kept until the block ends.
   */
  readLine(text: string, start: number, end: number, items: SseItem[]): boolean {
    if (isDataLine(text, start)) return this.#addData(text.slice(valueStart(text, start + 5), end))
    if (text.charCodeAt(start) === COLON) {
      items.push({ type: 'comment', text: text.slice(valueStart(text, start + 1), end) })
      return false
    }
    if (isIdLine(text, start)) return this.#readField('id', text.slice(valueStart(text, start + 3), end), items)
    const line = text.slice(start, end)
    const colon = line.indexOf(':')
    if (colon === -1) return this.#readField(line, '', items)
    return this.#readField(line.slice(0, colon), line.slice(valueStart(line, colon + 1)), items)
  }

  /** The blank line: gives the event, if the block is one. */
  dispatch(items: SseItem[]): void {
    if (!this.#isOpen) return
    const isEvent = this.#data !== undefined || this.#error !== undefined
    if (isEvent || (this.#dispatchEmpty && this.#name !== '')) {
      items.push(this.#event())
      this.clear()
    } else {
      // A block without data is no event, yet its id is the reader's position from now on.
      const id = this.#id
      this.clear()
      this.#id = id
      this.#isOpen = id !== undefined
    }
  }

  /** The end of the body, where the blank line should have come. */
  dispatchUnterminated(items: SseItem[]): void {
    if (this.#data !== undefined || this.#error !== undefined) items.push({ ...this.#event(), unterminated: true })
    this.clear()
  }

  clear(): void {
    this.#isOpen = false
    this.#name = ''
    this.#data = undefined
    this.#id = undefined
    this.#error = undefined
  }

  #readField(field: string, value: string, items: SseItem[]): boolean {
    switch (field) {
      case 'data':
        return this.#addData(value)
      case 'event':
        this.#name = value
        break
      case 'id':
        // An id with NUL is ignored; the block keeps the one it had.
        if (value.includes('\0')) return false
        this.#id = value
        break
      case 'error':
        this.#error = value
        break
      case 'retry':
        if (/^[0-9]+$/.test(value)) items.push({ type: 'retry', ms: Math.min(Number(value), Number.MAX_SAFE_INTEGER) })
        return false
      default:
        return false
    }
    this.#isOpen = true
    return true
  }

  #addData(value: string): boolean {
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
    this.#isOpen = true
    return true
  }

  #event(): SseEvent {
    const event: SseEvent = { type: 'event', name: this.#name, data: this.#data ?? '', id: this.#id }
    return this.#error === undefined ? event : { ...event, error: this.#error }
  }
}

/**
 * The event that a text consists of, if it is one event of at most an id line and one data line: what a
 * provider sends for a token, and what our own gateway does. `undefined` otherwise.
 */
export function soleEvent(text: string): SseEvent | undefined {
  const hasCr = text.includes('\r')
  let start = 0
  let lf = text.indexOf('\n')
  let lineEnd = endBefore(text, lf)
  let id: string | undefined = undefined
  if (isIdLine(text, 0)) {
    id = text.slice(valueStart(text, 3), lineEnd)
    if (id.includes('\0') || (hasCr && id.includes('\r'))) return undefined
    start = lf + 1
    lf = text.indexOf('\n', start)
    lineEnd = endBefore(text, lf)
  }
  if (!isDataLine(text, start)) return undefined
  const rest = text.length - lf
  if (rest !== 2 && !(rest === 3 && text.charCodeAt(lf + 1) === CR)) return undefined
  const data = text.slice(valueStart(text, start + 5), lineEnd)
  return hasCr && data.includes('\r') ? undefined : { type: 'event', name: '', data, id }
}
