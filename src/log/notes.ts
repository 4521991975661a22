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

/*
 * Read back by hand and not by a schema: a start reads one note for every kept stream, and a schema
 * would copy each of them.
 */

/** An `open` record's content; undefined when it is none. */
export function parseOpen(json: Buffer): OpenNote | undefined {
  const value = parse(json)
  return isOpen(value) ? value : undefined
}

/** A `close` record's content; undefined when it is none. */
export function parseClose(json: Buffer): CloseNote | undefined {
  const value = parse(json)
  return isClose(value) ? value : undefined
}

/** A `head` record's content; undefined when it is none. */
export function parseHead(json: Buffer): HeadNote | undefined {
  const value = parse(json)
  return isOpen(value) && isClose(value) && isCut(value) ? value : undefined
}

/** A `gone` record's content; undefined when it is none. */
export function parseGone(json: Buffer): GoneNote | undefined {
  const value = parse(json)
  return isObject(value) && isArrayOf(isString, value['erased']) && isArrayOf(isString, value['expired'])
    ? { erased: value['erased'], expired: value['expired'] }
    : undefined
}

/** The error of an `error` entry, when its data is OpenAI's envelope. */
export function parseEnvelope(data: string): ErrorEnvelope['error'] | undefined {
  const value = parse(data)
  return isObject(value) && isFailure(value['error']) ? value['error'] : undefined
}

function parse(json: Buffer | string): unknown {
  try {
    return JSON.parse(String(json))
  } catch {
    return undefined
  }
}

function isOpen(value: unknown): value is OpenNote {
  return isObject(value) && isInit(value['init']) && isNumber(value['first']) && isArrayOf(isBlock, value['blocks'])
}

function isClose(value: unknown): value is CloseNote {
  return isObject(value) && isOutcome(value['outcome']) && isNumber(value['closedAt']) && isNumber(value['last'])
}

function isCut(value: unknown): value is { cut?: Cut } {
  if (!isObject(value)) return false
  const { cut } = value
  if (cut === undefined) return true
  return isObject(cut) && isNumber(cut['at']) && isNumber(cut['offset']) && isFailure(cut['error'])
}

function isInit(value: unknown): value is StreamInit {
  if (!isObject(value)) return false
  const { id, owner, model, createdAt, conversation, request } = value
  return (
    isString(id) &&
    isString(owner) &&
    isString(model) &&
    isNumber(createdAt) &&
    (conversation === undefined || isString(conversation)) &&
    (request === undefined || isString(request))
  )
}

function isOutcome(value: unknown): value is Outcome {
  if (!isObject(value)) return false
  const { status, error } = value
  const isKnown = status === 'completed' || status === 'failed' || status === 'cancelled'
  return isKnown && (error === undefined || isFailure(error))
}

function isFailure(value: unknown): value is ErrorEnvelope['error'] {
  if (!isObject(value)) return false
  const { message, type, code, param } = value
  return isString(message) && isString(type) && isStringOrNull(code) && isStringOrNull(param)
}

function isBlock(value: unknown): value is BlockRef {
  if (!isObject(value)) return false
  const { segment, at, bytes, first, count } = value
  return isNumber(segment) && isNumber(at) && isNumber(bytes) && isNumber(first) && isNumber(count)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isArrayOf<Item>(isItem: (value: unknown) => value is Item, value: unknown): value is Item[] {
  return Array.isArray(value) && value.every((item) => isItem(item))
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

function isStringOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}
