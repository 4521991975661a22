import { SluiceError } from '../../errors.ts'

/** Header fields of a response by lower-case name; a repeated field is joined by `, `. */
export type Fields = Record<string, string>

/** Where a response's body ends. RFC 9112, section 6.3. */
export type Framing = 'none' | 'chunked' | 'length' | 'close'

/** What a response head says of itself and its body. */
export interface Head {
  readonly status: number
  readonly fields: Fields
  readonly framing: Framing
  /** Of the body, where `framing` is `length`. */
  readonly length: number
  /** For how long the connection may be used again afterwards, in milliseconds; 0: not at all. */
  readonly keptMs: number
}

/** How long an idle connection is kept where the server does not say, and at most. In milliseconds. */
const KEPT = 30_000
const KEPT_MOST = 600_000
/** So much earlier than the server we let go of one, so that no request meets its end. In milliseconds. */
const KEPT_LESS = 2_000

const PROTOCOL = 'HTTP/1.'
const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: |$)/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Anything but a tab, visible ASCII and what was once ISO 8859-1. */
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/
const LENGTH = /^\d{1,15}$/
const KEPT_FOR = /(?:^|[,;\s])timeout=(\d{1,9})/i

/** The head of one response, line by line. Every refusal is an `upstream_malformed`. */
export class HeadLines {
  #minor = 1
  #status = 0
  #fields: Fields = Object.create(null)
  #last = ''

  /** Takes a line without its end. The empty one completes the head, which is given then. */
  take(line: string): Head | undefined {
    if (this.#status === 0) this.#takeStatus(line)
    else if (line === '') return this.#complete()
    else if (line.startsWith(' ') || line.startsWith('\t')) this.#goOn(line)
    else this.#takeField(line)
    return undefined
  }

  /** Refuses the beginning of a line that is no HTTP: its end may never come. */
  foresee(part: string): void {
    if (this.#status === 0 && !PROTOCOL.startsWith(part.slice(0, PROTOCOL.length))) throw noStatusLine()
  }

  #takeStatus(line: string): void {
    const match = STATUS_LINE.exec(line)
    if (match === null) throw noStatusLine()
    this.#minor = Number(match[1])
    this.#status = Number(match[2])
    if (this.#status < 100) throw malformed(`there is no status ${match[2]}`)
  }

  #takeField(line: string): void {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0))
    if (!TOKEN.test(name)) throw malformed('a header line is no "name: value"')
    const value = trimmed(line, colon + 1)
    if (NOT_IN_VALUE.test(value)) throw malformed('a header field has a control character')
    const key = name.toLowerCase()
    const before = this.#fields[key]
    this.#fields[key] = before === undefined ? value : `${before}, ${value}`
    this.#last = key
  }

  /** A line that begins with white space goes on with the field before it. RFC 9112, section 5.2. */
  #goOn(line: string): void {
    const before = this.#fields[this.#last]
    const more = trimmed(line, 0)
    if (before === undefined || NOT_IN_VALUE.test(more)) throw malformed('a header line is no "name: value"')
    this.#fields[this.#last] = `${before} ${more}`
  }

  #complete(): Head {
    const fields = this.#fields
    const status = this.#status
    if (status === 101) throw malformed('the server changes to a protocol that was not asked for')
    const framing = framingOf(status, fields)
    const length = framing === 'length' ? Number(fields['content-length']) : 0
    return { status, fields, framing, length, keptMs: keptMs(this.#minor, framing, fields) }
  }
}

/** Without a regular expression: one would take a second for 32 KiB of spaces in the middle. */
function trimmed(line: string, from: number): string {
  let start = from
  let end = line.length
  while (start < end && isSpace(line.charCodeAt(start))) start++
  while (end > start && isSpace(line.charCodeAt(end - 1))) end--
  return line.slice(start, end)
}

const isSpace = (code: number): boolean => code === 32 || code === 9

/** RFC 9112, sections 6.1 and 9.3: HTTP/1.0 keeps a connection only if it says so, and never behind chunks. */
function keptMs(minor: number, framing: Framing, fields: Fields): number {
  const said = fields['connection']?.toLowerCase() ?? ''
  if (framing === 'close' || said.includes('close')) return 0
  if (minor === 0 && (framing === 'chunked' || !said.includes('keep-alive'))) return 0
  const seconds = KEPT_FOR.exec(fields['keep-alive'] ?? '')?.[1]
  if (seconds === undefined) return KEPT
  return Math.max(0, Math.min(Number(seconds) * 1_000 - KEPT_LESS, KEPT_MOST))
}

/** A length beside a coding, or two lengths, are how responses are smuggled: neither is guessed at. */
function framingOf(status: number, fields: Fields): Framing {
  if (status < 200 || status === 204 || status === 304) return 'none'
  const coding = fields['transfer-encoding']
  const length = fields['content-length']
  if (coding !== undefined) {
    if (length !== undefined) throw malformed('the response has both a length and a transfer coding')
    if (coding.toLowerCase() !== 'chunked') throw malformed('the response has a transfer coding other than "chunked"')
    return 'chunked'
  }
  if (length === undefined) return 'close'
  if (!LENGTH.test(length)) throw malformed('the content-length is not one number')
  return 'length'
}

function noStatusLine(): SluiceError {
  return malformed('the response does not begin with an HTTP/1 status line')
}

/** What is sent back is not HTTP. The words of the server are not repeated: they may hold anything. */
export function malformed(what: string): SluiceError {
  return new SluiceError('upstream_malformed', what)
}
