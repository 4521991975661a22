import { Buffer } from 'node:buffer'
import { SluiceError } from '../../../src/errors.ts'
import type { Head } from '../../../src/upstream/http/head.ts'
import { ResponseReader } from '../../../src/upstream/http/response.ts'

/** What a reader made of some reads. */
export interface Taken {
  readonly head: Head | undefined
  /** As Latin-1, a character for a byte. */
  readonly body: string
  /** How often the sink was given a piece of it. */
  readonly calls: number
  readonly isDone: boolean
  /** Bytes of all reads that were the response's; undefined when it was refused. */
  readonly used: number | undefined
  readonly keptMs: number
  /** The code of the error that it threw. */
  readonly refused: string | undefined
  /** What it says. */
  readonly why: string | undefined
}

/** What stale bytes of earlier reads look as if they could go on with. */
const STALE = [
  '\n',
  '\r\n',
  '\r\n\r\n',
  '0\r\n\r\n',
  '7\r\n',
  'a',
  '\r\n5\r\nstale\r\n',
  'HTTP/1.1 200 OK\r\n\r\n',
  ' x\r\n',
]

/** One buffer for all of them, as a connection has. */
const SCRATCH = Buffer.alloc(64 * 1024)
let staleAt = 0

/** Puts a piece at the start of the one buffer, and behind it what must not be looked at. */
function put(piece: Uint8Array): void {
  SCRATCH.set(piece, 0)
  let at = piece.length
  // Far enough for whatever is searched for, in another order each time; a long tail is left from the read before.
  for (let i = 0; i < 12 && at < SCRATCH.length; i++)
    at += SCRATCH.write(STALE[staleAt++ % STALE.length] ?? '', at, 'latin1')
}

/** Gives these reads to a new reader, then the server's close if told. Anything but `upstream_malformed` is thrown on. */
export function taken(reads: readonly Uint8Array[], closes = false): Taken {
  let head: Head | undefined
  const parts: Uint8Array[] = []
  let used = 0
  const reader = new ResponseReader({
    head: (given) => {
      if (head !== undefined) throw new Error('a second head')
      head = given
    },
    body: (bytes) => {
      if (head === undefined || bytes.length === 0) throw new Error('a body before its head, or nothing of one')
      // A copy, as a sink makes it; a view would be of the reads after it.
      parts.push(bytes.slice())
    },
  })
  const state = () => ({
    head,
    body: Buffer.concat(parts).toString('latin1'),
    calls: parts.length,
    isDone: reader.isDone,
    keptMs: reader.keptMs,
  })
  try {
    for (const piece of reads) {
      put(piece)
      used += reader.read(SCRATCH, piece.length)
    }
    if (closes) reader.close()
    return { ...state(), used, refused: undefined, why: undefined }
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    return { ...state(), used: undefined, refused: error.code, why: error.message }
  }
}

/** `taken` of a text in one read, a character for a byte. */
export function takenOf(text: string, closes = false): Taken {
  return taken([Buffer.from(text, 'latin1')], closes)
}

/** What no split may change. */
export function essence({ head, body, isDone, used, keptMs, refused }: Taken): unknown {
  return { head, body, isDone, used, keptMs, refused }
}
