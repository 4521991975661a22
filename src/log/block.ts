import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { SluiceError } from '../errors.ts'
import { IN_RUNS, readEntries, writeRuns } from './entries.ts'
import type { BlockRef } from './notes.ts'
import { HEADER_BYTES, RecordType, RecordWriter, contentIsWhole, readHeader } from './record.ts'
import type { Batch } from './stream-log.ts'
import type { Tail } from './tail.ts'

/** Data in one block, in UTF-16 units: compressed and read back in one step of some 0.1 ms. */
const BLOCK_CHARS = 128 * 1024

/** The flag of a block whose content is compressed. */
const ZSTD = 1

/** Contents shorter than this are kept as they are. */
const WORTH_COMPRESSING = 256

/** A chunk of a completion repeats all but its delta; the fastest level takes 95 % away. */
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

const scratch = new RecordWriter()

/** The key of a stream's records in the archive: blocks are never taken for another stream's. */
export function keyOf(id: string): number {
  return crc32(id)
}

/** Where a record is going to be written: a segment, and the place of the writer's first byte in it. */
export interface Place {
  readonly segment: number
  readonly base: number
}

/** Writes the entries `first` to `last`, which are in memory, as blocks; gives where they will be. */
export function writeBlocks(
  into: RecordWriter,
  place: Place,
  id: string,
  tail: Tail,
  first: number,
  last: number,
): BlockRef[] {
  const refs: BlockRef[] = []
  let offset = first
  while (offset <= last) {
    const from = offset
    scratch.reset(0)
    offset = writeRuns(scratch, tail, from, last, BLOCK_CHARS) + 1
    refs.push(writeBlock(into, place, id, from, offset - from, scratch.bytes.subarray(0, scratch.length)))
  }
  return refs
}

function writeBlock(
  into: RecordWriter,
  place: Place,
  id: string,
  first: number,
  count: number,
  content: Buffer,
): BlockRef {
  const at = place.base + into.length
  const compress = content.length >= WORTH_COMPRESSING
  into.begin(RecordType.block, keyOf(id), 0, first, count, compress ? ZSTD | IN_RUNS : IN_RUNS)
  into.raw(compress ? zstdCompressSync(content, FAST) : content)
  into.finish()
  return { segment: place.segment, at, bytes: into.recordLength, first, count }
}

/** Reads a block's record back. Throws `log_damaged` when it is not what was written. */
export function readBlock(record: Buffer, ref: BlockRef, id: string, salt: number): Batch {
  const header = checkBlock(record, ref, id, salt)
  const content = record.subarray(HEADER_BYTES)
  try {
    const plain = (header.flags & ZSTD) === 0 ? content : zstdDecompressSync(content)
    const entries = readEntries(plain, ref.count, header.flags)
    return { entries: entries.map((entry, i) => ({ offset: ref.first + i, ...entry })) }
  } catch (thrown) {
    throw damaged(ref, thrown)
  }
}

/** Throws `log_damaged` when a block's record is not what was written. */
export function checkBlock(record: Buffer, ref: BlockRef, id: string, salt: number): { readonly flags: number } {
  const header = readHeader(record, 0, salt)
  const isIts =
    header?.type === RecordType.block &&
    header.key === keyOf(id) &&
    header.first === ref.first &&
    header.count === ref.count &&
    header.length === record.length - HEADER_BYTES
  if (!isIts || !contentIsWhole(record, 0, header, salt)) throw damaged(ref)
  return header
}

function damaged(ref: BlockRef, cause?: unknown): SluiceError {
  return new SluiceError('log_damaged', `Entries from ${ref.first} on could not be read back`, { cause })
}
