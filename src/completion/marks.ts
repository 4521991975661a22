/**
 * Whether marks (brackets, quotation marks, signs) at a seam are repeated or meant twice. The line tells:
 * brackets close what was opened, quotation marks come in pairs, a fence has three. In doubt they are kept.
 */

const OPENING = '([{'
const CLOSING = ')]}'
const BRACKET = /[()[\]{}]/
/** Signs that code, Markdown or Chinese doubles on purpose, with the longest row of them that is usual. */
const ROWS: Readonly<Record<string, number>> = {
  '#': 3,
  '-': 4,
  '=': 3,
  '*': 2,
  _: 2,
  '~': 3,
  '+': 2,
  '&': 2,
  '|': 2,
  '<': 2,
  '>': 2,
  '/': 2,
  ':': 2,
  '\\': 2,
  $: 2,
  '—': 2,
  '…': 2,
}
/** Lines that are looked at, in characters: an expression may go over several. */
const SCOPE = 600

/**
 * How much of `overlap`, which has no letter and no digit, is repeated, in UTF-16 units; `undefined` when more
 * must be seen.
 */
export function repeatedMarks(sent: string, text: string, overlap: string, isWhole: boolean): number | undefined {
  const marks = overlap.trim()
  const first = marks.charAt(0)
  if (hasBrackets(marks)) return byBrackets(sent, text, overlap, isWhole)
  // A cell of a table's row may be empty.
  if (marks === '|' && /^\s*\|[^\n]*$/.test(sent.slice(sent.lastIndexOf('\n') + 1)) && /^\s*\|\s*\n/.test(text))
    return 0
  if (marks !== overlap || marks !== first.repeat(marks.length)) return overlap.length
  if (/["'`]/.test(first)) return byQuotes(sent, text, overlap, isWhole)
  const past = sent.slice(0, -overlap.length)
  if (first === '.') return isDots(past, text) ? 0 : overlap.length
  const row = ROWS[first]
  if (row === undefined) return past.includes(overlap + overlap) ? 0 : overlap.length
  const tooMany = rowAtEnd(sent, first) + rowAtStart(text, first) - row
  if (tooMany > 0) return Math.min(tooMany, overlap.length)
  const verdict = mayBeRow(first, sent, text, isWhole)
  return verdict === undefined ? undefined : verdict ? 0 : overlap.length
}

function hasBrackets(marks: string): boolean {
  return BRACKET.test(marks)
}

/** As many brackets are closed as were opened: the reading that is balanced at the line's end is right. */
function byBrackets(sent: string, text: string, overlap: string, isWhole: boolean): number | undefined {
  const line = lineOf(text, isWhole)
  if (line === undefined) return undefined
  const depth = depthOf(blockOf(sent) + line.slice(overlap.length))
  const more = depthOf(overlap)
  const isMeant = more > 0 ? depth < 0 : more < 0 && depth > 0
  return isMeant ? 0 : overlap.length
}

function depthOf(text: string): number {
  let depth = 0
  for (const mark of text) {
    if (OPENING.includes(mark)) depth++
    else if (CLOSING.includes(mark)) depth--
  }
  return depth
}

function byQuotes(sent: string, text: string, overlap: string, isWhole: boolean): number | undefined {
  const mark = overlap.charAt(0)
  const had = rowAtEnd(sent, mark)
  const row = had + rowAtStart(text, mark)
  // `""""` and four backticks are nobody's intention.
  if (row > 3) return Math.min(row - 3, overlap.length)
  const begun = sent.slice(0, sent.length - had)
  if (row === 3 && mark !== "'" && (/(?:^|\n)\s*$/.test(begun) || isOpen(begun, mark.repeat(3)))) return 0
  if (mark === "'") return /[=([,:]\s*$/.test(begun) ? 0 : overlap.length
  return inPairs(mark, sent, text, overlap.length, isWhole)
}

/** These come in pairs on a line: what makes their number odd is repeated. */
function inPairs(mark: string, sent: string, text: string, length: number, isWhole: boolean): number | undefined {
  const line = lineOf(text, isWhole)
  if (line === undefined) return undefined
  return isOpen(sent.slice(sent.lastIndexOf('\n') + 1) + line.slice(length), mark) ? 0 : length
}

/** An odd number of these is in the text. */
function isOpen(text: string, mark: string): boolean {
  return text.split(mark).length % 2 === 0
}

/** Three dots, or `..` at the start of a path; nobody ends a sentence twice. */
function isDots(past: string, text: string): boolean {
  const dots = rowAtEnd(past, '.') + 1 + rowAtStart(text, '.')
  if (dots > 3) return false
  return dots === 3 || (/(?:^|[\s"'`(/])$/.test(past) && /^\.[/\s]/.test(text))
}

/** Whether a row of these, no longer than usual, may be meant. */
function mayBeRow(mark: string, sent: string, text: string, isWhole: boolean): boolean | undefined {
  const had = rowAtEnd(sent, mark)
  const begun = sent.slice(0, sent.length - had)
  const line = begun.slice(begun.lastIndexOf('\n') + 1)
  const after = text.charAt(rowAtStart(text, mark))
  const isFirst = line.trim() === ''
  switch (mark) {
    case '-':
    case '+':
    case '*':
      // A list's mark and an operator stand alone between spaces.
      if (after === ' ' && (isFirst || line.endsWith(' '))) return false
      if (mark === '-' && /\p{L}$/u.test(line) && /\p{L}/u.test(after)) return false
      return mark === '*' ? not(inPairs(mark, sent, text, 1, isWhole)) : true
    case '>':
      return !/[-=]$/.test(line) && !isFirst
    case '|':
      return !line.trimStart().startsWith('|') && !isFirst
    case ':':
      return /[\p{L}\p{N}>]$/u.test(line) && /[\p{L}<*~]/u.test(after)
    case '/':
      return isFirst || /[\s:]$/.test(line)
    case '_':
      return !/[\p{L}\p{N}]$/u.test(line) || /__\w*$/.test(line)
    case '=':
      return /^\s*(?:if|elif|else if|while|assert|return|when|unless|\}|\)|.*(?:&&|\|\||[!?]|\band\b|\bor\b))/.test(
        line,
      )
    default:
      return true
  }
}

function not(length: number | undefined): boolean | undefined {
  return length === undefined ? undefined : length === 0
}

function rowAtEnd(text: string, mark: string): number {
  let length = 0
  while (length < text.length && text.at(-1 - length) === mark) length++
  return length
}

function rowAtStart(text: string, mark: string): number {
  let length = 0
  while (text.charAt(length) === mark) length++
  return length
}

/** The rest of the line; `undefined` while it has no end. */
function lineOf(text: string, isWhole: boolean): string | undefined {
  const end = text.indexOf('\n', 1)
  if (end === -1) return isWhole ? text : undefined
  return text.slice(0, end)
}

/** The paragraph or the piece of code that is being written. */
function blockOf(sent: string): string {
  const start = Math.max(sent.lastIndexOf('\n\n'), sent.lastIndexOf('```'), sent.length - SCOPE, 0)
  return sent.slice(start)
}
