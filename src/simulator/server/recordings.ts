import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SluiceError } from '../../errors.ts'

const SUFFIX = '.sse'
const MOST_FILES = 10_000
const MOST_BYTES = 64 * 1024 * 1024
/** Recordings kept in memory, by bytes. */
const KEPT_BYTES = 64 * 1024 * 1024

/** Recorded streams in a folder, served byte for byte. */
export class Recordings {
  readonly #folder: string
  /** Names without `.sse`. */
  readonly names: readonly string[]
  #kept = new Map<string, Buffer>()
  #keptBytes = 0

  private constructor(folder: string, names: readonly string[]) {
    this.#folder = folder
    this.names = names
  }

  /**
   * Lists the `.sse` files of a folder.
   *
   * @throws SluiceError `config_invalid` when the folder cannot be read or has none.
   */
  static async open(folder: string): Promise<Recordings> {
    const files = await readdir(folder).catch((cause: unknown) => {
      throw new SluiceError('config_invalid', `The recordings in ${folder} cannot be read`, { cause })
    })
    const names = files.filter((file) => file.endsWith(SUFFIX)).sort()
    if (names.length === 0) throw new SluiceError('config_invalid', `${folder} has no .sse files`)
    return new Recordings(
      folder,
      names.slice(0, MOST_FILES).map((file) => file.slice(0, -SUFFIX.length)),
    )
  }

  /** The name in the list that is meant, with or without `.sse`; undefined when there is none. */
  find(name: string): string | undefined {
    const bare = name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name
    // Only names from the list ever become paths.
    return this.names.find((known) => known === bare)
  }

  /** The bytes of a recording. */
  async read(name: string): Promise<Buffer> {
    const kept = this.#kept.get(name)
    if (kept !== undefined) return kept
    const path = join(this.#folder, name + SUFFIX)
    const { size } = await stat(path)
    if (size > MOST_BYTES)
      throw new SluiceError('invalid_value', `Recording ${name} is larger than 64 MiB`, { param: 'model' })
    const bytes = await readFile(path)
    if (this.#keptBytes + bytes.length > KEPT_BYTES) {
      this.#kept = new Map()
      this.#keptBytes = 0
    }
    this.#kept.set(name, bytes)
    this.#keptBytes += bytes.length
    return bytes
  }
}
