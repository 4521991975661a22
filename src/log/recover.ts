import { readFile } from 'node:fs/promises'
import type { ArchiveContents } from './archive-load.ts'
import type { Damage } from './damage.ts'
import { Draft } from './draft.ts'
import { RecordType } from './record.ts'
import type { RecordHeader } from './record.ts'
import { scan } from './scan.ts'
import { SEGMENT_HEADER_BYTES, listSegments, readSegmentHeader, segmentPath } from './segment.ts'

/** How much a file is taken to have held that is not there at all. */
const UNKNOWN_BYTES = 256 * 1024 * 1024

/** What a start finds in the journal. */
export interface JournalContents {
  /** Streams that the archive does not have, by their number. */
  readonly drafts: readonly Draft[]
  /** Streams that the archive has as well, by id. */
  readonly kept: ReadonlyMap<string, Draft>
  /** Every number above this one is free. */
  readonly highestKey: number
  /** How much of the newest segment is sound, in bytes. */
  readonly newestLength: number
  readonly damages: readonly Damage[]
}

/** Reads the journal from its oldest segment on. Damage is never skipped over: it ends the streams it may have hurt. */
export async function readJournal(dir: string, archive: ArchiveContents): Promise<JournalContents> {
  const reading = new JournalReading(archive)
  const numbers = await listSegments(dir, 'journal')
  let next = await readSegment(dir, numbers[0])
  for (const [i, number] of numbers.entries()) {
    const bytes = next
    next = await readSegment(dir, numbers[i + 1])
    const follower = next === undefined ? undefined : readSegmentHeader(next)
    if (bytes !== undefined)
      reading.segment(segmentPath(dir, 'journal', number), number, bytes, follower?.previousLength)
  }
  return reading.contents()
}

async function readSegment(dir: string, number: number | undefined): Promise<Buffer | undefined> {
  return number === undefined ? undefined : await readFile(segmentPath(dir, 'journal', number))
}

class JournalReading {
  readonly #archive: ArchiveContents
  readonly #drafts = new Map<number, Draft>()
  readonly #damages: Damage[] = []
  #highestKey = 0
  #previous: number | undefined
  #lostBytes = 0
  #newestLength = 0

  constructor(archive: ArchiveContents) {
    this.#archive = archive
  }

  /** Takes in a segment. `end`: how long it was when the next one was begun; undefined for the newest. */
  segment(path: string, number: number, bytes: Buffer, end: number | undefined): void {
    if (this.#previous !== undefined && number !== this.#previous + 1) this.#lost(path, 0, UNKNOWN_BYTES)
    this.#previous = number
    this.#newestLength = bytes.length
    const header = readSegmentHeader(bytes)
    if (header?.kind !== 'journal' || header.number !== number) {
      // One that never came to have a whole header was never written to.
      if (Math.max(bytes.length, end ?? 0) >= SEGMENT_HEADER_BYTES) this.#lost(path, 0, bytes.length)
      return
    }
    for (const found of scan(bytes, header.salt, end)) {
      switch (found.type) {
        case 'record':
          this.#record(found.header, found.content, number)
          break
        case 'damaged':
          this.#damages.push({ path, at: found.at, bytes: found.header.length })
          this.#lostBytes += found.header.length
          this.#drafts.get(found.header.key)?.suspect()
          break
        case 'lost':
          this.#lost(path, found.at, found.bytes)
          break
        case 'torn':
          // At the very end it is a write that did not complete: nobody was given it.
          if (end === undefined) this.#newestLength = found.at
          else this.#lost(path, found.at, found.bytes)
          break
      }
    }
    if (end !== undefined && bytes.length < end) this.#lost(path, bytes.length, end - bytes.length)
  }

  contents(): JournalContents {
    const drafts: Draft[] = []
    const kept = new Map<string, Draft>()
    for (const draft of this.#drafts.values()) {
      const { id } = draft.init
      if (this.#archive.heads.has(id)) kept.set(id, draft)
      else if (!this.#archive.erased.has(id) && !this.#archive.expired.has(id)) drafts.push(draft)
      draft.conclude(this.#lostBytes)
    }
    return { drafts, kept, highestKey: this.#highestKey, newestLength: this.#newestLength, damages: this.#damages }
  }

  /** Nobody can say whose these bytes were: every stream that was open here may have lost something. */
  #lost(path: string, at: number, bytes: number): void {
    this.#damages.push({ path, at, bytes })
    this.#lostBytes += bytes
    for (const draft of this.#drafts.values()) draft.suspect()
  }

  #record(header: RecordHeader, content: Buffer, segment: number): void {
    this.#highestKey = Math.max(this.#highestKey, header.key)
    const draft = this.#drafts.get(header.key)
    if (draft !== undefined && header.epoch < draft.epoch) return
    switch (header.type) {
      case RecordType.open: {
        if (draft !== undefined) draft.reopen(header, content)
        else {
          const made = Draft.from(header, content, segment)
          if (made === undefined) break
          made.isNeeded = !this.#archive.heads.has(made.init.id)
          this.#drafts.set(header.key, made)
        }
        break
      }
      case RecordType.entries:
        draft?.entries(header, content)
        break
      case RecordType.close:
        draft?.close(content)
        break
      case RecordType.erase:
        this.#drafts.delete(header.key)
        break
    }
  }
}
