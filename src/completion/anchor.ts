/** The end of a cut answer that a model is asked to say again first, so that nobody has to guess where it goes on. */

/** Long enough to be no accident; languages without spaces say as much in fewer characters. */
const LEAST = 24
const LEAST_DENSE = 10
/** A text that repeats itself is quoted further back, but no further than this. */
const MOST = 160

const DENSE = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hangul}\p{sc=Thai}]/u

/** What a model may put before the anchor: our own mark, quotation marks, a fence, dots that say "going on". */
const BEFORE = /^(?:<end>|\.{3}|…|[\s"'`«“「])*(?:```[\w+#.-]*\n\s*)?$/
const LONGEST_BEFORE = 24

/**
 * The end of `sent` from a word's start on, without the white space behind it: what a model is to begin with.
 * Empty where there is nothing but white space.
 *
 * @example
 * anchorOf('It was a bright cold day in April, and the clo') // 'cold day in April, and the clo'
 */
export function anchorOf(sent: string): string {
  const text = sent.slice(-MOST * 2).trimEnd()
  const least = DENSE.test(text.slice(-LEAST_DENSE)) ? LEAST_DENSE : LEAST
  let start = wordStart(text, text.length - least)
  while (start > 0 && text.length - start < MOST && isRow(text.slice(start))) start = wordStart(text, start - 1)
  return text.slice(start).trimStart()
}

/**
 * Where the new text begins behind the anchor that `body` says again first; `undefined` when it does not
 * begin with it, `'open'` when more must be seen.
 */
export function behindAnchor(sent: string, body: string, isWhole: boolean): number | 'open' | undefined {
  const anchor = anchorOf(sent)
  if (anchor === '') return undefined
  const at = body.slice(0, LONGEST_BEFORE + anchor.length).indexOf(anchor)
  if (at === -1) return isWhole || !mayCome(body, anchor) ? undefined : 'open'
  if (!BEFORE.test(body.slice(0, at))) return undefined
  const end = at + anchor.length
  const mark = body.startsWith('<end>') ? '</end>' : ''
  // The white space behind the anchor was sent; a model may leave it out, or have it trimmed away.
  const space = sent.slice(sent.trimEnd().length)
  const rest = body.slice(end)
  if (!isWhole && rest.length < mark.length + space.length && (mark + space).startsWith(rest)) return 'open'
  const from = end + (rest.startsWith(mark) ? mark.length : 0)
  return from + commonStart(body.slice(from), space)
}

/** Whether the anchor may yet be said in a text that begins with `body`. */
function mayCome(body: string, anchor: string): boolean {
  if (body.length > LONGEST_BEFORE + anchor.length) return false
  for (let at = 0; at <= Math.min(body.length, LONGEST_BEFORE); at++) {
    if (BEFORE.test(body.slice(0, at)) && anchor.startsWith(body.slice(at))) return true
  }
  return '<end>'.startsWith(body)
}

/** Where a word begins at or before `at`; in a dense script, any character that is whole. */
function wordStart(text: string, at: number): number {
  let start = Math.max(0, at)
  if (DENSE.test(text.slice(start, start + 2))) return isLowSurrogate(text, start) ? start - 1 : start
  const least = Math.max(0, start - LEAST)
  while (start > least && !/\s/.test(text.charAt(start - 1))) start--
  return isLowSurrogate(text, start) ? start - 1 : start
}

/** `0, 0, 0, 0`: the same again is what comes next, and says nothing of where. */
function isRow(text: string): boolean {
  return (text + text).indexOf(text.slice(0, text.length >> 1), 1) < text.length >> 1
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}

function commonStart(text: string, other: string): number {
  let length = 0
  while (length < other.length && text[length] === other[length]) length++
  return length
}
