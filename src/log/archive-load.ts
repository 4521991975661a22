import { readFile, stat } from 'node:fs/promises'
import { parseGone, parseHead } from './notes.ts'
import type { HeadNote } from './notes.ts'
import { RecordType, RecordWriter } from './record.ts'
import type { Damage } from './damage.ts'
import { scan } from './scan.ts'
import { listSegments, readSegmentHeader, segmentPath } from './segment.ts'

/** What is known of an archive segment. */
export interface ArchivedSegment {
  readonly number: number
  readonly salt: number
  /** In bytes. */
  size: number
  /** Bytes of it that streams still need. */
  live: number
  /** How many records of it streams still need. */
  streams: number
  /** Whether it says that something was erased. */
  erases: boolean
  /** The ids that it says have expired. */
  readonly expired: string[]
}

/** A segment of which nothing more is known. */
export function createArchived(number: number, salt: number, size: number): ArchivedSegment {
  return { number, salt, size, live: 0, streams: 0, erases: false, expired: [] }
}

/** A closed stream in the archive. */
export interface ArchivedHead {
  readonly note: HeadNote
  /** The segment in which its head is, and the head's size. */
  readonly segment: number
  readonly bytes: number
}

/** What a start finds in the archive. */
export interface ArchiveContents {
  readonly segments: Map<number, ArchivedSegment>
  readonly heads: Map<string, ArchivedHead>
  readonly erased: Set<string>
  readonly expired: Set<string>
  readonly damages: Damage[]
  /** Segments without an index, and the records it should have. */
  readonly unindexed: { readonly segment: ArchivedSegment; readonly index: Buffer }[]
}

/** Reads what the archive says of its streams: from the indexes, and by a scan where there is none. */
export async function loadArchive(dir: string): Promise<ArchiveContents> {
  const contents: ArchiveContents = {
    segments: new Map(),
    heads: new Map(),
    erased: new Set(),
    expired: new Set(),
    damages: [],
    unindexed: [],
  }
  for (const number of await listSegments(dir, 'archive')) {
    if (!(await loadIndex(dir, number, contents))) await loadSegment(dir, number, contents)
  }
  return contents
}

async function loadIndex(dir: string, number: number, contents: ArchiveContents): Promise<boolean> {
  const path = segmentPath(dir, 'index', number)
  const bytes = await readFile(path).catch(() => undefined)
  const header = bytes === undefined ? undefined : readSegmentHeader(bytes)
  if (bytes === undefined || header?.kind !== 'index' || header.number !== number) return false
  for (const found of scan(bytes, header.salt)) if (found.type !== 'record') return false
  const size = (await stat(segmentPath(dir, 'archive', number))).size
  const segment = createArchived(number, header.salt, size)
  contents.segments.set(number, segment)
  readNotes(bytes, segment, contents, path)
  return true
}

async function loadSegment(dir: string, number: number, contents: ArchiveContents): Promise<void> {
  const path = segmentPath(dir, 'archive', number)
  const bytes = await readFile(path)
  const header = readSegmentHeader(bytes)
  if (header?.kind !== 'archive' || header.number !== number) {
    // A segment that was begun and not yet written to, or one whose salt is gone with its header.
    if (bytes.length > 0) contents.damages.push({ path, at: 0, bytes: bytes.length })
    contents.segments.set(number, createArchived(number, 0, bytes.length))
    return
  }
  const segment = createArchived(number, header.salt, bytes.length)
  contents.segments.set(number, segment)
  const index = new RecordWriter()
  index.reset(segment.salt)
  readNotes(bytes, segment, contents, path, index)
  contents.unindexed.push({ segment, index: index.bytes.subarray(0, index.length) })
}

/** Takes in the notes among these records, and repeats them in `index`. */
function readNotes(
  bytes: Buffer,
  segment: ArchivedSegment,
  contents: ArchiveContents,
  path: string,
  index?: RecordWriter,
): void {
  for (const found of scan(bytes, segment.salt)) {
    if (found.type === 'torn') break
    if (found.type !== 'record') {
      contents.damages.push({ path, at: found.at, bytes: found.type === 'lost' ? found.bytes : found.header.length })
      continue
    }
    const { header, content } = found
    if (header.type === RecordType.head) readHead(content, segment, contents)
    else if (header.type === RecordType.gone) readGone(content, segment, contents)
    else continue
    index?.begin(header.type, header.key, 0, 0, 0)
    index?.raw(content)
    index?.finish()
  }
}

function readHead(content: Buffer, segment: ArchivedSegment, contents: ArchiveContents): void {
  const note = parseHead(content)
  if (note === undefined) return
  const { id } = note.init
  // The newest head counts: a stream's records may have been copied into a later segment.
  contents.heads.delete(id)
  contents.heads.set(id, { note, segment: segment.number, bytes: content.length })
}

function readGone(content: Buffer, segment: ArchivedSegment, contents: ArchiveContents): void {
  const note = parseGone(content)
  if (note === undefined) return
  if (note.erased.length > 0) segment.erases = true
  for (const id of note.erased) {
    contents.heads.delete(id)
    contents.erased.add(id)
  }
  for (const id of note.expired) {
    segment.expired.push(id)
    contents.heads.delete(id)
    contents.expired.add(id)
  }
}
