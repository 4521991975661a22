const SPACES: ReadonlySet<number> = new Set([9, 10, 13, 32])

const NONE: readonly Uint8Array[] = []

/** A body of which the beginning was looked at. */
export class PeekedBody {
  /** The first byte that is not white space; `undefined` when there is none. */
  readonly first: number | undefined
  /** Where the rest comes from. */
  readonly source: AsyncIterable<readonly Uint8Array[]>
  /** The source's iterator, which has begun. */
  readonly rest: AsyncIterator<readonly Uint8Array[]>
  #read: readonly Uint8Array[]

  constructor(
    first: number | undefined,
    read: readonly Uint8Array[],
    source: AsyncIterable<readonly Uint8Array[]>,
    rest: AsyncIterator<readonly Uint8Array[]>,
  ) {
    this.first = first
    this.source = source
    this.rest = rest
    this.#read = read
  }

  /** What was read already; once, so that it does not stay in memory for as long as the stream. */
  takeRead(): readonly Uint8Array[] {
    const read = this.#read
    this.#read = NONE
    return read
  }
}

/** Looks at the beginning of a body. */
export async function peek(source: AsyncIterable<readonly Uint8Array[]>): Promise<PeekedBody> {
  const rest = source[Symbol.asyncIterator]()
  const read: Uint8Array[] = []
  for (;;) {
    const next = await rest.next()
    if (next.done === true) return new PeekedBody(undefined, read, source, rest)
    read.push(...next.value)
    const first = firstByte(next.value)
    if (first !== undefined) return new PeekedBody(first, read, source, rest)
  }
}

function firstByte(parts: readonly Uint8Array[]): number | undefined {
  for (const part of parts) {
    const byte = part.find((one) => !SPACES.has(one))
    if (byte !== undefined) return byte
  }
  return undefined
}

/** All of a peeked body, from its beginning. */
export async function* whole(body: PeekedBody): AsyncGenerator<readonly Uint8Array[], void> {
  yield body.takeRead()
  yield* body.source
}
