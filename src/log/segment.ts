import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { SluiceError } from '../errors.ts'
import type { Disk } from './disk.ts'

/** Version of the layout in docs/log-format.md. */
export const FORMAT_VERSION = 1

/** Size of a segment's header, in bytes. */
export const SEGMENT_HEADER_BYTES = 32

/** `journal`: what was appended, in order. `archive`: closed streams, each in one piece. `index`: an archive's heads. */
export type SegmentKind = 'journal' | 'archive' | 'index'

const MAGIC = 'SLUICE'
const KINDS: readonly SegmentKind[] = ['journal', 'archive', 'index']

/** A segment's header. */
export interface SegmentHeader {
  readonly kind: SegmentKind
  readonly number: number
  /** Random; every check in the segment starts from it. */
  readonly salt: number
  /** How long the segment before it is; what stands there beyond is the rest of a failed write. For an index, its archive's length. */
  readonly previousLength: number
}

/** A file's name: `journal-00000001.log`, `archive-00000001.log`, `archive-00000001.idx`. */
export function segmentPath(dir: string, kind: SegmentKind, number: number): string {
  const name = `${kind === 'index' ? 'archive' : kind}-${String(number).padStart(8, '0')}`
  return join(dir, `${name}.${kind === 'index' ? 'idx' : 'log'}`)
}

/** The numbers of the segments of a kind, ascending. */
export async function listSegments(dir: string, kind: SegmentKind): Promise<number[]> {
  const pattern = kind === 'index' ? /^archive-(\d{8,})\.idx$/ : new RegExp(`^${kind}-(\\d{8,})\\.log$`)
  const numbers: number[] = []
  for (const name of await readdir(dir)) {
    const digits = pattern.exec(name)?.[1]
    if (digits !== undefined) numbers.push(Number(digits))
  }
  return numbers.toSorted((a, b) => a - b)
}

/** A header's bytes. */
export function writeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  bytes.write(MAGIC, 0, 'latin1')
  bytes.writeUInt8(FORMAT_VERSION, 6)
  bytes.writeUInt8(KINDS.indexOf(header.kind), 7)
  bytes.writeUInt32LE(header.number, 8)
  bytes.writeUInt32LE(header.salt, 12)
  bytes.writeDoubleLE(header.previousLength, 16)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28)
  return bytes
}

/**
 * Reads a header back; undefined when the file is too short for one or it was changed.
 * Throws `log_unavailable` for a version that this program does not know.
 */
export function readSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES || bytes.toString('latin1', 0, 6) !== MAGIC) return undefined
  if (crc32(bytes.subarray(0, 28)) !== bytes.readUInt32LE(28)) return undefined
  const version = bytes.readUInt8(6)
  if (version !== FORMAT_VERSION) {
    throw new SluiceError(
      'log_unavailable',
      `The log has format version ${version}; this program reads ${FORMAT_VERSION}`,
    )
  }
  const kind = KINDS[bytes.readUInt8(7)]
  if (kind === undefined) return undefined
  return {
    kind,
    number: bytes.readUInt32LE(8),
    salt: bytes.readUInt32LE(12),
    previousLength: bytes.readDoubleLE(16),
  }
}

/** Makes a new segment with its header written; gives its descriptor. `power`: its name survives power loss. */
export async function createSegment(disk: Disk, path: string, header: SegmentHeader, power: boolean): Promise<number> {
  const fd = await disk.open(path, 'w+')
  try {
    await disk.write(fd, writeSegmentHeader(header), SEGMENT_HEADER_BYTES, 0)
    if (power) await disk.syncNames(dirname(path))
    return fd
  } catch (thrown) {
    await disk.close(fd)
    throw thrown
  }
}
