import { SluiceError } from '../errors.ts'
import { Body } from './body.ts'
import { Flight } from './flight.ts'
import type { Account, Origin } from './origin.ts'
import { Listed } from './listed.ts'
import type { Committable } from './group-commit.ts'
import type { BlockRef, HeadNote } from './notes.ts'
import type { RecordWriter } from './record.ts'
import type { NewEntry, Outcome, StreamInit, StreamState, StreamWriter } from './stream-log.ts'
import { writeClose, writeEntries, writeErase, writeOpen } from './stream-records.ts'
import type { Author } from './stream-records.ts'

/** One stream of the file log: what its writer writes, and how far that is safe. */
export class FileStream extends Listed<FileStream> implements StreamWriter, Committable {
  readonly id: string
  readonly owner: string
  readonly createdAt: number
  readonly body: Body
  inLine = false
  /** Where its head is in the archive, once all of it is there. */
  headAt: { readonly segment: number; readonly bytes: number } | undefined
  /** Whether it has to leave the journal's oldest segment. */
  isMoving = false
  readonly #account: Account<FileStream>
  readonly #author: Author | undefined
  #init: StreamInit
  #outcome: Outcome | undefined
  #closedAt: number | undefined
  #isEndShown = false
  #isEndSaved = false
  #isEraseSaved = false
  #pinned: number | undefined
  /** Newest offset that is safe. */
  #saved: number
  /** Whether the journal has to be told (again) what stream this is. */
  #needsOpen: boolean
  /** What the write under way will have made safe. */
  #flight: Flight | undefined
  #waiting: (() => void)[] | undefined

  constructor(account: Account<FileStream>, origin: Origin) {
    super()
    const { init, tail, end } = origin
    this.#account = account
    this.id = init.id
    this.owner = init.owner
    this.createdAt = init.createdAt
    this.#init = init
    this.#author = origin.author
    this.#pinned = origin.pinned
    this.#saved = tail.pushed
    this.#needsOpen = end === undefined
    const { id } = init
    const { first, blocks, cut } = origin
    this.body = new Body({ id, first, tail, blocks, cut }, account.load, () => this.#cutShort())
    account.bytes += tail.bytes
    if (origin.pinned !== undefined) account.pin(origin.pinned)
    if (end !== undefined) {
      this.#outcome = end.outcome
      this.#closedAt = end.closedAt
      this.#isEndShown = this.#isEndSaved = true
      this.body.end()
      this.#forgetRequest()
    }
  }

  get closedAt(): number | undefined {
    return this.#isEndShown ? this.#closedAt : undefined
  }

  /** Newest offset that is safe. */
  get saved(): number {
    return this.#saved
  }

  /** Whether its writer has said the end. */
  get isClosing(): boolean {
    return this.#outcome !== undefined
  }

  /** Whether its end is safe, so that the archive may have it. */
  get isEndSaved(): boolean {
    return this.#isEndSaved
  }

  /** The oldest journal segment that is needed for it. */
  get pinned(): number | undefined {
    return this.#pinned
  }

  append(entries: readonly NewEntry[]): void {
    const { body } = this
    if (body.gone !== undefined) return
    if (this.#outcome !== undefined) throw new SluiceError('internal', `Stream ${this.id} is closed`)
    let cost = 0
    for (const entry of entries) cost += body.tail.push(entry)
    this.#account.bytes += cost
    this.#account.onDirty(this)
  }

  close(outcome: Outcome): Promise<void> {
    if (this.body.gone !== undefined) return Promise.resolve()
    if (this.#outcome === undefined) {
      this.#outcome = outcome
      this.#closedAt = this.#account.now()
    }
    return this.#settled(() => this.#isEndShown)
  }

  /** Forgets the content at once; resolves when a restart would not bring it back from the journal. */
  erase(): Promise<void> {
    this.forget('erased')
    return this.#settled(() => this.#author === undefined || this.#isEraseSaved)
  }

  /** Lets go of the content. */
  forget(why: 'expired' | 'erased'): void {
    this.#account.bytes -= this.body.forget(why)
    if (why === 'expired') this.#unpin()
    this.#resolve()
  }

  /** The archive has these entries now, and the journal is told so. */
  spilled(blocks: readonly BlockRef[]): void {
    this.#account.bytes -= this.body.keep(blocks)
    this.#needsOpen = true
    this.#account.onDirty(this)
  }

  /** The archive has all of it; the journal is no longer needed. */
  kept(blocks: readonly BlockRef[]): void {
    this.#account.bytes -= this.body.keep(blocks)
    this.#unpin()
  }

  /** Gives up the older half of what is in memory. */
  trim(): void {
    this.#account.bytes -= this.body.trim()
    this.#needsOpen = true
  }

  state(): StreamState {
    const { request: _, ...init } = this.#init
    return this.#stateWith(init)
  }

  /** As `state`, with the request that it is the answer to. */
  orphanState(): StreamState {
    return this.#stateWith(this.#init)
  }

  /** What the archive is told of it, once it has ended; `blocks` are those it has and those to come. */
  head(blocks: readonly BlockRef[]): HeadNote | undefined {
    const { first, cut, tail } = this.body
    const { request: _, ...init } = this.#init
    if (this.#outcome === undefined || this.#closedAt === undefined) return undefined
    return { init, outcome: this.#outcome, closedAt: this.#closedAt, first, last: tail.readable, blocks, cut }
  }

  encode(into: RecordWriter, room: number): boolean {
    const { tail, gone, first, blocks } = this.body
    const author = this.#author
    const flight = (this.#flight ??= new Flight())
    flight.begin(this.#saved)
    if (author === undefined || gone === 'expired') return true
    if (gone === 'erased') {
      writeErase(into, author)
      flight.erases = true
      return true
    }
    flight.opens = this.#needsOpen
    if (flight.opens) writeOpen(into, author, { init: this.#init, first, blocks })
    this.#needsOpen = false
    // A stream that leaves the oldest segment states again what only that one might hold.
    const moves = flight.opens && this.isMoving
    const from = moves ? tail.base : Math.max(this.#saved + 1, tail.base)
    flight.saved = writeEntries(into, author, tail, from, into.length + room)
    flight.moves = moves && flight.saved >= this.#saved
    if (flight.saved < tail.pushed) return false
    if (this.#outcome !== undefined && this.#closedAt !== undefined && !this.#isEndSaved) {
      writeClose(into, author, { outcome: this.#outcome, closedAt: this.#closedAt, last: flight.saved })
      flight.ends = true
    }
    return true
  }

  onSaved(segment: number): void {
    const flight = this.#flight
    if (flight?.end() !== true) return
    if (flight.erases) this.#isEraseSaved = true
    if (this.body.gone !== undefined) {
      this.#unpin()
      if (this.body.gone === 'erased' && !this.#isEraseSaved && this.#author !== undefined) this.#account.onDirty(this)
      else this.#resolve()
      return
    }
    this.#saved = flight.saved
    if (flight.moves) {
      this.isMoving = false
      this.#unpin()
    }
    if (this.#pinned === undefined) {
      this.#pinned = segment
      this.#account.pin(segment)
    }
    this.body.tail.publish(flight.saved)
    if (flight.ends) {
      this.#isEndSaved = true
      this.#flight = undefined
      this.#showEnd()
    }
    this.#account.onSaved(this)
  }

  onUnsaved(): void {
    if (this.#flight?.end() === true && this.#flight.opens) this.#needsOpen = true
  }

  relay(): void {
    const { body } = this
    if (body.gone === undefined) {
      body.tail.publish(body.tail.pushed)
      if (this.#outcome !== undefined) this.#showEnd()
      this.#account.onRelayed(this)
    }
    this.#resolve()
  }

  /** The end is known to readers from now on. */
  #showEnd(): void {
    if (!this.#isEndShown) {
      this.#isEndShown = true
      this.#forgetRequest()
      this.body.end()
      this.#account.onEnd(this)
    }
    this.#resolve()
  }

  /** The request is of use only while the stream can be taken up again. */
  #forgetRequest(): void {
    const { request: _, ...init } = this.#init
    this.#init = init
  }

  /** Resolves when `isDone`, or when nothing can be made safe for now. */
  #settled(isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting ??= []
      this.#waiting.push(resolve)
      this.#account.onDirty(this)
    })
  }

  #resolve(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const resolve of waiting) resolve()
  }

  #unpin(): void {
    if (this.#pinned === undefined) return
    this.#account.unpin(this.#pinned)
    this.#pinned = undefined
  }

  /** A closed stream turned out to be damaged: from now on it ends like that for everybody. */
  #cutShort(): void {
    const { cut } = this.body
    if (cut !== undefined) this.#outcome = { status: 'failed', error: cut.error }
  }

  #stateWith(init: StreamInit): StreamState {
    const closedAt = this.closedAt
    const outcome = this.#isEndShown ? this.#outcome : undefined
    return {
      ...init,
      status: outcome?.status ?? 'open',
      outcome,
      first: this.body.first,
      last: this.body.last,
      expiresAt: closedAt === undefined ? undefined : closedAt + this.#account.retentionMs,
    }
  }
}
