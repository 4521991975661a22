import { z } from 'zod'
import type { ErrorEnvelope } from '../errors.ts'
import type { Outcome, StreamInit } from './stream-log.ts'

/** Where a block of entries is. */
export interface BlockRef {
  /** Number of the archive segment, and the record's place and size in it, header included. */
  readonly segment: number
  readonly at: number
  readonly bytes: number
  /** Its entries. */
  readonly first: number
  readonly count: number
}

/** Where a stream was cut because a part of it was damaged. */
export interface Cut {
  /** Entries from this offset on cannot be read. */
  readonly at: number
  /** The closing error's offset: above every offset that a reader can have been given. */
  readonly offset: number
  readonly error: ErrorEnvelope['error']
}

/** A stream's beginning, as it stands in the journal. */
export interface OpenNote {
  readonly init: StreamInit
  /** Offset of the first entry that can be read. */
  readonly first: number
  /** The entries that are in the archive already. */
  readonly blocks: readonly BlockRef[]
}

/** A stream's end, as it stands in the journal. */
export interface CloseNote {
  readonly outcome: Outcome
  /** Milliseconds since 1970. */
  readonly closedAt: number
  /** Offset of the last entry: tells whether entries are missing before the end. */
  readonly last: number
}

/** A closed stream, as it stands in the archive. */
export interface HeadNote extends OpenNote, CloseNote {
  readonly cut?: Cut | undefined
}

/** Streams that are gone, as they stand in the archive. */
export interface GoneNote {
  readonly erased: readonly string[]
  readonly expired: readonly string[]
}

const blocks = z.array(
  z.object({ segment: z.number(), at: z.number(), bytes: z.number(), first: z.number(), count: z.number() }),
)

const init = z.object({
  id: z.string(),
  owner: z.string(),
  model: z.string(),
  createdAt: z.number(),
  conversation: z.optional(z.string()),
  request: z.optional(z.string()),
})

const failure = z.object({
  message: z.string(),
  type: z.string(),
  code: z.nullable(z.string()),
  param: z.nullable(z.string()),
})

const outcome = z.object({ status: z.enum(['completed', 'failed', 'cancelled']), error: z.optional(failure) })

const cut = z.object({ at: z.number(), offset: z.number(), error: failure })

const openNote = z.object({ init, first: z.number(), blocks })

const closeNote = z.object({ outcome, closedAt: z.number(), last: z.number() })

const headNote = z.object({ ...openNote.shape, ...closeNote.shape, cut: z.optional(cut) })

const goneNote = z.object({ erased: z.array(z.string()), expired: z.array(z.string()) })

/** An `open` record's content; undefined when it is none. */
export function parseOpen(json: Buffer): OpenNote | undefined {
  return parse(openNote, json)
}

/** A `close` record's content; undefined when it is none. */
export function parseClose(json: Buffer): CloseNote | undefined {
  return parse(closeNote, json)
}

/** A `head` record's content; undefined when it is none. */
export function parseHead(json: Buffer): HeadNote | undefined {
  return parse(headNote, json)
}

/** A `gone` record's content; undefined when it is none. */
export function parseGone(json: Buffer): GoneNote | undefined {
  return parse(goneNote, json)
}

/** The error of an `error` entry, when its data is OpenAI's envelope. */
export function parseEnvelope(data: string): ErrorEnvelope['error'] | undefined {
  return parse(z.object({ error: failure }), Buffer.from(data))?.error
}

function parse<Note>(schema: z.ZodType<Note>, json: Buffer): Note | undefined {
  try {
    return schema.safeParse(JSON.parse(json.toString('utf8'))).data
  } catch {
    return undefined
  }
}
