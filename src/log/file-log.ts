import type { CancelSignal } from '../cancel.ts'
import { mkdir } from 'node:fs/promises'
import { SluiceError } from '../errors.ts'
import { Archive } from './archive.ts'
import type { ArchivedHead } from './archive-load.ts'
import { BlockCache } from './block-cache.ts'
import { Catalogue } from './catalogue.ts'
import { nodeDisk } from './disk.ts'
import type { FileLogOptions } from './file-log-options.ts'
import type { Draft } from './draft.ts'
import { FileStream } from './file-stream.ts'
import type { Account } from './origin.ts'
import { GroupCommit } from './group-commit.ts'
import { Journal } from './journal.ts'
import { Keeper } from './keeper.ts'
import { lockDirectory } from './lock.ts'
import type { DirectoryLock } from './lock.ts'
import { LogReader } from './reader.ts'
import { readJournal } from './recover.ts'
import type { JournalContents } from './recover.ts'
import type {
  BatchSource,
  ListFilter,
  LogHealth,
  StreamInit,
  StreamLog,
  StreamState,
  StreamWriter,
} from './stream-log.ts'
import { Tail } from './tail.ts'

/** The journal is held to about so many segments by moving what is in the oldest. */
const JOURNAL_SEGMENTS = 4

/**
 * A log in files. Readers are given an entry when it is as safe as `durability` says; where that
 * fails (a full disk), from memory, and `health()` says so. The layout is in docs/log-format.md.
 *
 * Throws `SluiceError` `log_unavailable` when another process has the directory, when it cannot be
 * written, or when a later version wrote it.
 *
 * @example
 * const log = await createFileLog({ dir: '.sluice', now: () => performance.timeOrigin + performance.now() })
 */
export async function createFileLog(options: FileLogOptions): Promise<StreamLog> {
  const { dir, now } = options
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const lock = await lockDirectory(dir, now)
    try {
      return await FileLog.open(options, lock)
    } catch (thrown) {
      await lock.release()
      throw thrown
    }
  } catch (thrown) {
    throw SluiceError.from(thrown, 'log_unavailable')
  }
}

class FileLog implements StreamLog {
  readonly #options: FileLogOptions
  readonly #lock: DirectoryLock
  readonly #journal: Journal
  readonly #archive: Archive
  readonly #keeper: Keeper
  readonly #commit: GroupCommit
  readonly #catalogue: Catalogue<FileStream>
  readonly #account: Account<FileStream>
  #nextKey: number
  #shut = false

  private constructor(
    options: FileLogOptions,
    lock: DirectoryLock,
    journal: Journal,
    archive: Archive,
    nextKey: number,
  ) {
    const { now, retentionMs = 86_400_000, maxBytes = 2 ** 30, maxStreams = 100_000, hotBytes = 2 ** 28 } = options
    this.#options = options
    this.#lock = lock
    this.#journal = journal
    this.#archive = archive
    this.#nextKey = nextKey
    const cache = new BlockCache(archive)
    this.#keeper = new Keeper(archive, cache, {
      streams: () => this.#catalogue.values(),
      isExpired: (id) => this.#catalogue.expired.has(id),
    })
    this.#commit = new GroupCommit(journal, () => this.#shortenJournal())
    const isStuck = (): boolean => this.#commit.reason !== undefined || this.#keeper.reason !== undefined
    this.#catalogue = new Catalogue(
      { now, retentionMs, maxStreams },
      {
        isOverweight: () => archive.bytes > maxBytes || (isStuck() && this.#account.bytes > hotBytes),
        onExpire: (stream) => {
          stream.forget('expired')
          this.#keeper.expire(stream)
        },
      },
    )
    this.#account = {
      now,
      retentionMs,
      bytes: 0,
      load: (id, ref) => cache.load(id, ref),
      onDirty: (stream) => (this.#shut ? stream.relay() : this.#commit.add(stream)),
      onSaved: (stream) => {
        this.#keeper.consider(stream, this.#account.bytes > hotBytes)
        this.#moveOn(stream)
      },
      onEnd: (stream) => this.#catalogue.close(stream),
      onRelayed: (stream) => {
        if (this.#account.bytes <= hotBytes) return
        this.#catalogue.expire()
        if (this.#account.bytes > hotBytes) stream.trim()
      },
      pin: (segment) => journal.pin(segment),
      unpin: (segment) => journal.unpin(segment),
    }
  }

  static async open(options: FileLogOptions, lock: DirectoryLock): Promise<FileLog> {
    const { dir, maxBytes = 2 ** 30, durability = 'process', onDamage } = options
    const segmentBytes = Math.min(options.segmentBytes ?? 2 ** 25, Math.floor(maxBytes / 8))
    const { disk = nodeDisk, salt = randomSalt } = options
    const files = { dir, disk, segmentBytes, power: durability === 'power', salt }
    const { archive, contents } = await Archive.open(files)
    const found = await readJournal(dir, contents)
    const journal = await Journal.open(files, found.newestLength)
    for (const damage of [...contents.damages, ...found.damages]) onDamage?.(damage)
    const log = new FileLog(options, lock, journal, archive, found.highestKey + 1)
    log.#takeUp([...contents.heads.values()], found)
    for (const id of contents.expired) log.#catalogue.remember(id)
    journal.sweep()
    log.#keeper.sweep()
    // Where this fails the streams' ends are told from memory, as at any other time.
    await log.#commit.drain().catch(() => undefined)
    return log
  }

  create(init: StreamInit): StreamWriter {
    if (this.#shut) throw new SluiceError('log_unavailable', 'The log is closed')
    this.#catalogue.admit(init.id)
    const author = { key: this.#nextKey++, epoch: 0 }
    const stream = new FileStream(this.#account, { init, author, first: 0, tail: new Tail(), blocks: [] })
    this.#catalogue.add(stream)
    this.#commit.add(stream)
    return stream
  }

  find(id: string): Promise<StreamState | 'expired' | undefined> {
    const found = this.#catalogue.find(id)
    return Promise.resolve(typeof found === 'object' ? found.state() : found)
  }

  read(id: string, after: number, signal?: CancelSignal): BatchSource {
    return new LogReader(() => this.#catalogue.demand(id).body, after, signal)
  }

  list(owner: string, filter: ListFilter = {}): Promise<readonly StreamState[]> {
    return Promise.resolve(this.#catalogue.list(owner, filter))
  }

  listAll(filter: ListFilter = {}): Promise<readonly StreamState[]> {
    return Promise.resolve(this.#catalogue.list(undefined, filter))
  }

  async erase(id: string): Promise<void> {
    const found = this.#catalogue.find(id)
    if (typeof found !== 'object') return
    this.#catalogue.remove(found)
    await Promise.all([found.erase(), this.#keeper.erase(found)])
  }

  health(): LogHealth {
    const { durability = 'process' } = this.#options
    const { reason } = this.#commit
    return { durability, degraded: reason !== undefined, reason: reason ?? this.#keeper.reason }
  }

  async close(): Promise<void> {
    if (this.#shut) return
    this.#catalogue.stop()
    try {
      await this.#commit.drain()
      await this.#keeper.drain()
    } catch (thrown) {
      throw SluiceError.from(thrown, 'log_unavailable')
    } finally {
      this.#shut = true
      this.#keeper.stop()
      for (const stream of this.#catalogue.values()) stream.body.end()
      await Promise.allSettled([this.#archive.close(), this.#journal.close()])
      await this.#lock.release()
    }
  }

  /** Takes up what the last process left: kept streams, ended ones still to be kept, orphans. */
  #takeUp(heads: readonly ArchivedHead[], found: JournalContents): void {
    const ended: FileStream[] = []
    const orphans: FileStream[] = []
    for (const head of heads) ended.push(this.#adopt(head, found.kept.get(head.note.init.id)))
    for (const draft of found.drafts) {
      const { init, first, tail, blocks, cut, pinned, key, epoch } = draft
      const end = draft.end(this.#account.now())
      const author = { key, epoch: epoch + 1 }
      const stream = new FileStream(this.#account, { init, author, first, tail, blocks, cut, end, pinned })
      this.#keeper.adopt(stream)
      if (end === undefined) orphans.push(stream)
      else {
        ended.push(stream)
        this.#keeper.add(stream)
      }
    }
    for (const stream of ended.toSorted((a, b) => (a.closedAt ?? 0) - (b.closedAt ?? 0))) this.#catalogue.add(stream)
    for (const stream of orphans) this.#catalogue.add(stream)
    for (const stream of orphans) this.#orphan(stream)
  }

  #adopt({ note, segment, bytes }: ArchivedHead, draft: Draft | undefined): FileStream {
    const { init, first, last, blocks, cut } = note
    const origin = { init, author: draft?.author, first, tail: new Tail(last + 1), blocks, cut, end: note }
    const stream = new FileStream(this.#account, origin)
    stream.headAt = { segment, bytes }
    this.#keeper.adopt(stream)
    return stream
  }

  #orphan(stream: FileStream): void {
    try {
      if (this.#options.onOrphan !== undefined) return this.#options.onOrphan(stream.orphanState(), stream)
    } catch {
      // Who cannot take it up leaves it to be closed.
      if (stream.isClosing) return
    }
    const envelope = new SluiceError('producer_lost', 'The process that produced this stream ended').toEnvelope()
    stream.append([{ kind: 'error', data: JSON.stringify(envelope) }])
    void stream.close({ status: 'failed', error: envelope.error })
  }

  /** An idle stream must not hold the journal's oldest segment, and with it all that came after. */
  #shortenJournal(): void {
    if (this.#journal.count <= JOURNAL_SEGMENTS) return
    for (const stream of this.#catalogue.values()) this.#moveOn(stream)
  }

  #moveOn(stream: FileStream): void {
    const { oldest, count } = this.#journal
    if (count <= JOURNAL_SEGMENTS || stream.pinned !== oldest || stream.isEndSaved || stream.isMoving) return
    stream.isMoving = true
    this.#keeper.add(stream)
  }
}

function randomSalt(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
}
