import type { Archive } from './archive.ts'
import type { BlockCache } from './block-cache.ts'
import { keyOf, writeBlocks } from './block.ts'
import { copySegment } from './compaction.ts'
import type { FileStream } from './file-stream.ts'
import type { BlockRef, HeadNote } from './notes.ts'
import { RecordType, RecordWriter } from './record.ts'

/** One write to the archive is about so large. */
const WRITE_BYTES = 1024 * 1024

/**
 * What goes with one write is compressed without a pause, for about so long at most. When the journal's oldest segment
 * is cleared, all open streams are moved at once: with 500 of them that held the event loop for 0.25 s.
 */
const STEP_MS = 2

/** A stream with so much in memory is moved piece by piece while it is open, in bytes; less when memory is tight. */
const HOT_BYTES = 256 * 1024
const HOT_BYTES_TIGHT = 32 * 1024

const RETRY_MS = 1_000

/** A stream on its way to the archive. */
interface Job {
  readonly stream: FileStream
  readonly blocks: readonly BlockRef[]
  /** Set when the stream is closed and this makes it whole. */
  readonly head: { readonly note: HeadNote; readonly bytes: number } | undefined
}

/** A stream that has to be erased from the archive. */
interface Erasure {
  readonly id: string
  readonly blocks: readonly BlockRef[]
  readonly done: () => void
}

/** What the keeper asks of the log. */
export interface KeeperShelf {
  /** All streams there are, asked when a segment is cleared. */
  readonly streams: () => Iterable<FileStream>
  /** Whether this id is still to be remembered as expired. */
  readonly isExpired: (id: string) => boolean
}

/**
 * Moves streams from memory and journal into the archive, one write after another, behind the
 * readers' backs: closed ones whole, long open ones piece by piece. Also says there what is gone, and
 * copies what is left of segments that are mostly dead.
 */
export class Keeper {
  readonly #archive: Archive
  readonly #cache: BlockCache
  readonly #shelf: KeeperShelf
  readonly #writer = new RecordWriter()
  readonly #line = new Set<FileStream>()
  #expired: string[] = []
  #erasures: Erasure[] = []
  #running: Promise<void> | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #reason: string | undefined

  constructor(archive: Archive, cache: BlockCache, shelf: KeeperShelf) {
    this.#archive = archive
    this.#cache = cache
    this.#shelf = shelf
  }

  /** Why streams cannot be moved to the archive now; undefined when they can. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** Something of the stream was made safe: it may have ended, or have much in memory. */
  consider(stream: FileStream, isTight: boolean): void {
    const hot = stream.body.tail.bytes
    if (stream.isEndSaved || hot > HOT_BYTES || (isTight && hot > HOT_BYTES_TIGHT)) this.add(stream)
  }

  /** The stream has ended, or has to leave memory or journal. */
  add(stream: FileStream): void {
    this.#line.add(stream)
    this.#start()
  }

  /** The stream was taken from the archive at the start. */
  adopt(stream: FileStream): void {
    for (const block of stream.body.blocks) this.#archive.hold(block.segment, block.bytes)
    if (stream.headAt !== undefined) this.#archive.hold(stream.headAt.segment, stream.headAt.bytes)
  }

  /** The stream has expired: its place is free. */
  expire(stream: FileStream): void {
    this.#release(stream)
    this.#expired.push(stream.id)
    this.#start()
  }

  /** Deletes what nobody needs; which ids had expired is said again where that was written in it. */
  sweep(): void {
    for (const id of this.#archive.sweep()) if (this.#shelf.isExpired(id)) this.#expired.push(id)
    if (this.#expired.length > 0) this.#start()
  }

  /** The stream is forgotten; resolves when a restart would not bring it back. */
  erase(stream: FileStream): Promise<void> {
    const { blocks } = stream.body
    if (blocks.length === 0 && stream.headAt === undefined) return Promise.resolve()
    this.#release(stream)
    return new Promise((done) => {
      this.#erasures.push({ id: stream.id, blocks, done })
      this.#start()
    })
  }

  /** Finishes what there is to do; throws when that fails. */
  async drain(): Promise<void> {
    while (this.#hasWork() || this.#running !== undefined) {
      clearTimeout(this.#retry)
      this.#retry = undefined
      this.#start()
      await this.#running
      if (this.#reason !== undefined) throw new Error(this.#reason)
    }
  }

  stop(): void {
    clearTimeout(this.#retry)
  }

  #hasWork(): boolean {
    return this.#line.size > 0 || this.#expired.length > 0 || this.#erasures.length > 0
  }

  #start(): void {
    if (this.#running !== undefined || this.#retry !== undefined) return
    // A turn later, so that streams that end together share a write.
    this.#running = new Promise(setImmediate).then(() => this.#run())
  }

  async #run(): Promise<void> {
    try {
      while (this.#hasWork()) await this.#write()
      await this.#compact()
      this.#reason = undefined
    } catch (thrown) {
      this.#reason = thrown instanceof Error ? thrown.message : String(thrown)
      this.#retry = setTimeout(() => {
        this.#retry = undefined
        this.#start()
      }, RETRY_MS)
      this.#retry.unref()
    }
    this.#running = undefined
    if (this.#hasWork()) this.#start()
  }

  async #write(): Promise<void> {
    await this.#archive.prepare()
    const writer = this.#writer
    writer.reset(this.#archive.salt)
    const jobs: Job[] = []
    const until = performance.now() + STEP_MS
    for (const stream of this.#line) {
      if (writer.length >= WRITE_BYTES || performance.now() > until) break
      this.#line.delete(stream)
      const job = this.#encode(stream)
      if (job !== undefined) jobs.push(job)
    }
    const expired = this.#expired.splice(0)
    const erasures = this.#erasures.splice(0)
    const gone = { expired, erased: erasures.map((erasure) => erasure.id) }
    if (expired.length + erasures.length > 0) writer.json(RecordType.gone, 0, 0, 0, 0, gone)
    try {
      // There may be nothing to write for a stream that only has to leave the journal's oldest segment.
      if (writer.length > 0) await this.#archive.append(writer.bytes, writer.length)
    } catch (thrown) {
      for (const { stream } of jobs) this.#line.add(stream)
      this.#expired.unshift(...expired)
      this.#erasures.unshift(...erasures)
      // It cannot be promised for now; it is tried again all the same.
      for (const { done } of erasures) done()
      throw thrown
    }
    for (const job of jobs) this.#apply(job)
    if (expired.length + erasures.length > 0) this.#archive.indexGone(gone)
    for (const erasure of erasures) await this.#wipe(erasure)
    this.sweep()
  }

  #encode(stream: FileStream): Job | undefined {
    const { body, saved, isEndSaved } = stream
    if (body.gone !== undefined || stream.headAt !== undefined) return undefined
    const { tail } = body
    const place = this.#archive.place
    if (!isEndSaved) {
      if (!stream.isMoving && tail.bytes < HOT_BYTES_TIGHT) return undefined
      // An open stream keeps its newest entries in memory, at least one: it may turn out to be the end.
      const upTo = stream.isMoving ? saved - 1 : Math.floor((tail.base + saved) / 2)
      return { stream, blocks: writeBlocks(this.#writer, place, stream.id, tail, tail.base, upTo), head: undefined }
    }
    const blocks = writeBlocks(this.#writer, place, stream.id, tail, tail.base, tail.pushed)
    const note = stream.head(body.blocks.concat(blocks))
    if (note === undefined) return undefined
    this.#writer.json(RecordType.head, keyOf(stream.id), 0, 0, 0, note)
    return { stream, blocks, head: { note, bytes: this.#writer.recordLength } }
  }

  #apply({ stream, blocks, head }: Job): void {
    for (const block of blocks) this.#archive.hold(block.segment, block.bytes)
    if (head !== undefined) {
      const { segment } = this.#archive.place
      this.#archive.hold(segment, head.bytes)
      this.#archive.indexHead(head.note, keyOf(stream.id))
      stream.headAt = { segment, bytes: head.bytes }
      stream.kept(blocks)
    } else stream.spilled(blocks)
    // It may have gone while it was being written.
    if (stream.body.gone === 'expired') this.expire(stream)
    else if (stream.body.gone === 'erased') void this.erase(stream)
  }

  #release(stream: FileStream): void {
    for (const block of stream.body.blocks) {
      this.#archive.release(block.segment, block.bytes)
      this.#cache.forget(block)
    }
    if (stream.headAt !== undefined) this.#archive.release(stream.headAt.segment, stream.headAt.bytes)
    this.sweep()
  }

  async #wipe({ blocks, done }: Erasure): Promise<void> {
    // The stream is gone for every reader already; this only takes it off the disk.
    for (const block of blocks) await this.#archive.wipe(block).catch(() => undefined)
    done()
  }

  async #compact(): Promise<void> {
    const segment = this.#archive.sparse()
    if (segment === undefined) return
    await copySegment(segment, this.#archive, this.#cache, this.#writer, this.#shelf.streams())
    this.sweep()
  }
}
