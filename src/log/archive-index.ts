import { rename, rm } from 'node:fs/promises'
import type { ArchivedSegment } from './archive-load.ts'
import type { ArchiveOptions } from './archive.ts'
import { SEGMENT_HEADER_BYTES, createSegment, segmentPath } from './segment.ts'

/**
 * Writes the index of a segment: written aside and renamed, so that there is a whole one or none. Without one the
 * segment is scanned, so a failure is no harm.
 */
export async function writeIndex(
  { dir, disk, power }: ArchiveOptions,
  { number, salt, size }: ArchivedSegment,
  records: Uint8Array,
): Promise<void> {
  const path = segmentPath(dir, 'index', number)
  const aside = `${path}.new`
  try {
    const fd = await createSegment(disk, aside, { kind: 'index', number, salt, previousLength: size }, false)
    try {
      await disk.write(fd, records, records.length, SEGMENT_HEADER_BYTES)
      if (power) await disk.sync(fd)
    } finally {
      await disk.close(fd)
    }
    await rename(aside, path)
  } catch {
    await rm(aside, { force: true })
  }
}
