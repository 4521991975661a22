import { Buffer } from 'node:buffer'
import type { Around } from '../completion/text-path.ts'
import type { TextRun } from './text-run.ts'
import { commonEnds, compactFrame, fits, NOTHING, type Frame } from './text-frame.ts'

/** Pages double from this size up to the larger one, in bytes; a longer text gets a page of its own. */
const FIRST_PAGE = 512
const LARGEST_PAGE = 64 * 1024

/** A larger page is not kept to be used again. */
const REUSED_PAGE = 4 * 1024

/** Room for so many texts at first: V8 keeps a typed array of 64 bytes inside its object. */
const FIRST_TEXTS = 32
const GROWTH = 4

/** Places as small as they can be kept. */
type Places = Uint16Array | Uint32Array | Float64Array
const MOST_16 = 2 ** 16 - 1
const MOST_32 = 2 ** 32 - 1

/** A list that grows by itself has room for 17, and most stores have two pages and two frames. */
const SHORT = 8

/** So many frames are made in any case, and one for so many texts. */
const FRAMES_AT_LEAST = 4
const TEXTS_A_FRAME = 16

/** Bytes that follow each other; `base` is the place of the first among all bytes ever stored. */
interface Page {
  readonly base: number
  readonly bytes: Buffer
}

/**
 * Texts in order, kept outside V8's heap: what is kept for an hour and looked at seldom would otherwise be
 * copied and marked by the garbage collector for as long as it is kept. And what a text has in common with
 * the one before it is kept once: the chunks of a stream differ in a few characters of their JSON.
 */
export class TextStore {
  #pages: Page[] = []
  /** Where each text's own part ends, as a place among all bytes; it begins where the one before it ends. */
  #ends: Places = new Uint16Array(FIRST_TEXTS)
  /** The last place that fits in there. */
  #most = MOST_16
  /** Where the first one begins. */
  #start = 0
  #length = 0
  /** What stands around the own parts from a text on, by its number among all that were ever stored. */
  #frames: Frame[] = []
  /** The newest text that fitted no frame. */
  #last = ''
  /** Texts that UTF-8 cannot hold (a lone surrogate), by number. */
  #odd: Map<number, string> | undefined
  /** Texts dropped from the front. */
  #dropped = 0
  #end = 0

  /** How many texts there are. */
  get length(): number {
    return this.#length
  }

  /** What stands around the own parts; by number, which is the index while none was dropped. */
  get frames(): readonly Frame[] {
    return this.#frames
  }

  /** Whether UTF-8 holds every text. */
  get isPlain(): boolean {
    return this.#odd === undefined
  }

  /** Writes all own parts one after the other. None may have been dropped. */
  copyTo(target: Buffer, at: number): void {
    for (const { base, bytes } of this.#pages)
      bytes.copy(target, at + base, 0, Math.min(bytes.length, this.#end - base))
  }

  /** Forgets everything; there is a page to be used again. */
  clear(): void {
    const only = this.#pages.length === 1 ? this.#pages[0]?.bytes : undefined
    // What was too small for this stream is too small for the next one.
    const bytes = only !== undefined && only.length <= REUSED_PAGE ? only : Buffer.allocUnsafeSlow(REUSED_PAGE)
    this.#pages = [{ base: 0, bytes }]
    if (this.#ends.length > FIRST_TEXTS * GROWTH || this.#most > MOST_16) this.#makeRoom(FIRST_TEXTS, 0)
    this.#frames = []
    this.#odd = undefined
    this.#last = ''
    this.#start = this.#length = this.#dropped = this.#end = 0
  }

  /** Adds a text. Gives the bytes it takes. `around`: what it begins and ends with, if that is known. */
  push(text: string, around?: Around): number {
    const number = this.#dropped + this.#length
    if (!text.isWellFormed()) {
      this.#odd ??= new Map()
      this.#odd.set(number, text)
      this.#note(this.#end)
      return 0
    }
    const { before, after } = this.#frameFor(text, number, around)
    const own = text.slice(before.length, text.length - after.length)
    const page = this.#roomFor(own)
    const start = this.#end
    this.#end += page.bytes.write(own, start - page.base)
    this.#note(this.#end)
    return this.#end - start
  }

  /** The text at this index, from 0 for the oldest that was not dropped; `undefined` beyond the last. */
  get(index: number): string | undefined {
    if (index < 0 || index >= this.#length) return undefined
    const number = this.#dropped + index
    const odd = this.#odd?.get(number)
    if (odd !== undefined) return odd
    const { before, after } = this.#frameOf(number)
    const start = this.endOf(index - 1)
    const end = this.endOf(index)
    if (start === end) return before + after
    const page = this.#pageOf(start)
    return before + page.bytes.toString('utf8', start - page.base, end - page.base) + after
  }

  /**
   * The texts from this index on that stand in one frame and lie on one page: up to and without `end`, and no more
   * once they have so many characters. Undefined for a text that UTF-8 cannot hold.
   */
  run(index: number, end: number, characters: number): TextRun | undefined {
    const number = this.#dropped + index
    if (this.#odd?.has(number) === true) return undefined
    const start = this.endOf(index - 1)
    const frameAt = this.#frameAt(number)
    const pageAt = this.#pageAt(start)
    const frame = this.#frames[frameAt]
    const page = this.#pages[pageAt]
    if (frame === undefined || page === undefined) return undefined
    const { before, after } = frame
    const until = Math.min(end, this.#length, (this.#frames[frameAt + 1]?.from ?? Infinity) - this.#dropped)
    const pageEnd = this.#pages[pageAt + 1]?.base ?? Infinity
    const sizes: number[] = []
    let place = start
    for (let at = index, size = 0; at < until && size < characters; at++) {
      const next = this.endOf(at)
      if (next > pageEnd || (at > index && this.#odd?.has(this.#dropped + at) === true)) break
      size += before.length + after.length + next - place
      sizes.push(next - place)
      place = next
    }
    return { before, after, sizes, bytes: page.bytes, start: start - page.base, end: place - page.base }
  }

  /** Forgets the oldest `count` texts. Gives the bytes they took. */
  drop(count: number): number {
    const start = this.endOf(Math.min(count, this.#length) - 1)
    const freed = start - this.#start
    for (const number of this.#odd?.keys() ?? []) if (number < this.#dropped + count) this.#odd?.delete(number)
    this.#ends = this.#ends.slice(count)
    if (this.#ends.length === 0) this.#makeRoom(FIRST_TEXTS, this.#end)
    this.#length = Math.max(0, this.#length - count)
    this.#start = start
    this.#dropped += count
    const first = this.#dropped
    this.#frames = this.#frames.filter((_, at) => (this.#frames[at + 1]?.from ?? Infinity) > first)
    const isEmpty = this.#length === 0
    this.#pages = isEmpty ? [] : this.#pages.filter((_, at) => (this.#pages[at + 1]?.base ?? Infinity) > start)
    return freed
  }

  /** No more texts will come: gives back what the last page has too much. */
  trim(): void {
    this.#last = ''
    this.#ends = this.#ends.slice(0, Math.max(1, this.#length))
    // Lists that grew have room for more, and a piece of a text keeps the whole of it.
    this.#frames = this.#frames.map(compactFrame)
    const last = this.#pages.at(-1)
    if (last === undefined || this.#end - last.base === last.bytes.length) return
    // A copy of its own: `subarray` would keep the whole page, and small buffers share a pool.
    const bytes = Buffer.allocUnsafeSlow(this.#end - last.base)
    last.bytes.copy(bytes)
    this.#pages = [...this.#pages.slice(0, -1), { base: last.base, bytes }]
  }

  /** The newest frame where the text fits into it, else one that is told or that it has in common with the last one. */
  #frameFor(text: string, number: number, around: Around | undefined): Frame {
    const newest = this.#frames.at(-1)
    if (newest !== undefined && (around === undefined ? fits(text, newest) : newest.around === around)) return newest
    // Texts that have little in common with each other are kept whole.
    const isHopeless = this.#frames.length > FRAMES_AT_LEAST + this.#length / TEXTS_A_FRAME
    if (around !== undefined && !isHopeless)
      return this.#frame({ from: number, before: around.before, after: around.after, around })
    const common = isHopeless ? NOTHING : commonEnds(this.#last, text)
    this.#last = isHopeless ? '' : text
    const isBare = common.before === '' && common.after === ''
    if (isBare && newest?.before === '' && newest.after === '') return newest
    return this.#frame({ from: number, ...common })
  }

  #frame(frame: Frame): Frame {
    this.#frames = added(this.#frames, frame)
    return frame
  }

  #frameOf(number: number): Frame {
    const found = this.#frames[this.#frameAt(number)]
    if (found === undefined) throw new RangeError(`no frame for text ${number}`)
    return found
  }

  /** Mostly it is the newest. */
  #frameAt(number: number): number {
    let at = this.#frames.length - 1
    while (at > 0 && (this.#frames[at]?.from ?? 0) > number) at--
    return at
  }

  /** Where this text's own part ends, as a place among all bytes. */
  endOf(index: number): number {
    return index < 0 ? this.#start : (this.#ends[index] ?? this.#end)
  }

  #note(end: number): void {
    if (this.#length === this.#ends.length || end > this.#most) {
      const before = this.#ends.subarray(0, this.#length)
      this.#makeRoom(this.#length === this.#ends.length ? this.#length * GROWTH : this.#ends.length, end)
      this.#ends.set(before)
    }
    this.#ends[this.#length++] = end
  }

  /** For so many places, of which this is the last one known. */
  #makeRoom(texts: number, end: number): void {
    if (end <= MOST_16) this.#ends = new Uint16Array(texts)
    else this.#ends = end <= MOST_32 ? new Uint32Array(texts) : new Float64Array(texts)
    if (end <= MOST_16) this.#most = MOST_16
    else this.#most = end <= MOST_32 ? MOST_32 : Infinity
  }

  /** The last page, or a new one where the text does not fit there. */
  #roomFor(text: string): Page {
    const last = this.#pages.at(-1)
    const room = last === undefined ? 0 : last.base + last.bytes.length - this.#end
    // To count its bytes is a walk over the text; most are so short that there is no need to.
    if (last !== undefined && (room >= text.length * 3 || room >= Buffer.byteLength(text))) return last
    const next = this.#pages.length < 2 ? FIRST_PAGE : Math.min((last?.bytes.length ?? 0) * 2, LARGEST_PAGE)
    const page = { base: this.#end, bytes: Buffer.allocUnsafeSlow(Math.max(next, Buffer.byteLength(text))) }
    this.#pages = added(this.#pages, page)
    return page
  }

  #pageOf(place: number): Page {
    const page = this.#pages[this.#pageAt(place)]
    if (page === undefined) throw new RangeError(`no page holds place ${place}`)
    return page
  }

  #pageAt(place: number): number {
    let low = 0
    let high = this.#pages.length - 1
    // Mostly it is the newest.
    if ((this.#pages[high]?.base ?? Infinity) <= place) return high
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#pages[middle]?.base ?? Infinity) <= place) low = middle
      else high = middle - 1
    }
    return low
  }
}

function added<T>(list: T[], item: T): T[] {
  if (list.length < SHORT) return list.concat([item])
  list.push(item)
  return list
}
