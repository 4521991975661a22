import { SluiceError } from '../errors.ts'
import type { Archive } from './archive.ts'
import type { BlockCache } from './block-cache.ts'
import { checkBlock, keyOf } from './block.ts'
import type { FileStream } from './file-stream.ts'
import type { BlockRef } from './notes.ts'
import { HEADER_BYTES, RecordType } from './record.ts'
import type { RecordWriter } from './record.ts'

/**
 * Copies what is still needed of a segment to the end of the archive, so that the next sweep deletes the segment.
 * Each stream's new head is written behind its blocks in the same write: a crash leaves the old one in
 * force. A stream that cannot be copied (open, or damaged) stays where it is, and the segment with it.
 */
export async function copySegment(
  segment: number,
  archive: Archive,
  cache: BlockCache,
  writer: RecordWriter,
  streams: Iterable<FileStream>,
): Promise<void> {
  for (const stream of streams) {
    const { headAt, body } = stream
    if (headAt === undefined || body.gone !== undefined) continue
    if (headAt.segment !== segment && body.blocks.every((block) => block.segment !== segment)) continue
    try {
      await copyStream(segment, archive, cache, writer, stream)
    } catch (thrown) {
      if (!(thrown instanceof SluiceError)) throw thrown
    }
  }
  archive.leave(segment)
}

async function copyStream(
  segment: number,
  archive: Archive,
  cache: BlockCache,
  writer: RecordWriter,
  stream: FileStream,
): Promise<void> {
  const before = stream.body.blocks
  await archive.prepare()
  writer.reset(archive.salt)
  const after: BlockRef[] = []
  for (const block of before)
    after.push(block.segment === segment ? await copyBlock(archive, writer, stream, block) : block)
  const note = stream.head(after)
  const { headAt } = stream
  if (note === undefined || headAt === undefined) return
  writer.json(RecordType.head, keyOf(stream.id), 0, 0, 0, note)
  const bytes = writer.recordLength
  await archive.append(writer.bytes, writer.length)
  if (stream.body.gone !== undefined) {
    for (const block of after) if (!before.includes(block)) await archive.wipe(block)
    return
  }
  archive.indexHead(note, keyOf(stream.id))
  for (const block of before) {
    archive.release(block.segment, block.bytes)
    cache.forget(block)
  }
  for (const block of after) archive.hold(block.segment, block.bytes)
  archive.release(headAt.segment, headAt.bytes)
  stream.headAt = { segment: archive.place.segment, bytes }
  archive.hold(stream.headAt.segment, bytes)
  stream.body.relocate(after)
}

async function copyBlock(
  archive: Archive,
  writer: RecordWriter,
  stream: FileStream,
  block: BlockRef,
): Promise<BlockRef> {
  const { record, salt } = await archive.read(block)
  const { flags } = checkBlock(record, block, stream.id, salt)
  const { segment, base } = archive.place
  const at = base + writer.length
  writer.begin(RecordType.block, keyOf(stream.id), 0, block.first, block.count, flags)
  writer.raw(record.subarray(HEADER_BYTES))
  writer.finish()
  return { segment, at, bytes: writer.recordLength, first: block.first, count: block.count }
}
