import { SluiceError } from '../errors.ts'
import type { Archive } from './archive.ts'
import { readBlock } from './block.ts'
import type { BlockRef } from './notes.ts'
import type { Batch } from './stream-log.ts'

/** Compressed bytes of the blocks kept in memory; each takes some 30 times as much when it is readable. */
const CACHE_BYTES = 1024 * 1024

/** At most so many blocks are kept in memory. */
const CACHE_BLOCKS = 128

/**
 * The blocks that were read last. Readers of the same place share one read, one batch object, and so
 * the frames that a deliverer keeps in it.
 */
export class BlockCache {
  readonly #archive: Archive
  readonly #batches = new Map<string, { readonly bytes: number; readonly batch: Promise<Batch> }>()
  #bytes = 0

  constructor(archive: Archive) {
    this.#archive = archive
  }

  /** The block's entries. Rejects with `log_damaged`, or what the disk throws. */
  load(id: string, ref: BlockRef): Promise<Batch> {
    const name = `${ref.segment}:${ref.at}`
    const kept = this.#batches.get(name)
    if (kept !== undefined) {
      // Last used goes last.
      this.#batches.delete(name)
      this.#batches.set(name, kept)
      return kept.batch
    }
    const batch = this.#read(id, ref)
    this.#batches.set(name, { bytes: ref.bytes, batch })
    this.#bytes += ref.bytes
    batch.catch(() => this.#drop(name))
    for (const oldest of this.#batches.keys()) {
      if (this.#bytes <= CACHE_BYTES && this.#batches.size <= CACHE_BLOCKS) break
      this.#drop(oldest)
    }
    return batch
  }

  /** Lets go of a block that is gone or elsewhere. */
  forget(ref: BlockRef): void {
    this.#drop(`${ref.segment}:${ref.at}`)
  }

  async #read(id: string, ref: BlockRef): Promise<Batch> {
    try {
      const { record, salt } = await this.#archive.read(ref)
      return readBlock(record, ref, id, salt)
    } catch (thrown) {
      if (!isLoss(thrown)) throw thrown
      throw new SluiceError('log_damaged', 'A part of this stream could not be read back', { cause: thrown })
    }
  }

  #drop(name: string): void {
    const kept = this.#batches.get(name)
    if (kept === undefined) return
    this.#batches.delete(name)
    this.#bytes -= kept.bytes
  }
}

/** Whether the content is lost, as opposed to a disk that cannot be asked now (too many open files). */
function isLoss(thrown: unknown): boolean {
  if (thrown instanceof SluiceError) return thrown.code === 'log_damaged'
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'EIO')
}
