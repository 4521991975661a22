import fc from 'fast-check'

/** The bytes in one piece, one by one, and cut in two at every point. */
export function* everySplit(bytes: Uint8Array): Generator<{ readonly how: string; readonly reads: Uint8Array[] }> {
  yield { how: 'whole', reads: [bytes] }
  yield { how: 'byte by byte', reads: inPieces(bytes, 1) }
  for (let at = 0; at <= bytes.length; at++) {
    yield { how: `cut at ${at}`, reads: [bytes.subarray(0, at), bytes.subarray(at)] }
  }
}

/** The bytes in pieces of one size. */
export function inPieces(bytes: Uint8Array, size: number): Uint8Array[] {
  const reads: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) reads.push(bytes.subarray(at, at + size))
  return reads
}

/** Any way to cut `bytes`, empty reads among them. */
export function anySplit(bytes: Uint8Array): fc.Arbitrary<Uint8Array[]> {
  return fc.array(fc.nat(bytes.length), { maxLength: 40 }).map((points) => {
    const cuts = [0, ...points.toSorted((a, b) => a - b), bytes.length]
    return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end))
  })
}
