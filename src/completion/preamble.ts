/** What a model says before it goes on, asked to continue: `Sure, continuing:`. */

/** How such a line begins, in the languages our instructions are written in and some more. */
const OPENER =
  /^(?:sure|of course|certainly|absolutely|ok(?:ay)?|alright|got it|here(?:'s|’s| is| are)|continu|picking up|to continue|let me continue|i(?:'ll|’ll| will) (?:continue|pick)|sorry|apologies|конечно|хорошо|разумеется|продолж|вот |извин|好的|好，|当然|當然|继续|繼續|接着|以下|没问题|抱歉|はい|もちろん|続|では|네|물론|계속|이어|chắc chắn|được|tất nhiên|dĩ nhiên|tiếp tục|đây là|vâng|claro|¡claro|¡por supuesto|por supuesto|aquí|bien sûr|voici|je continue|natürlich|gerne|klar|hier |fortsetz|ich (?:setze|fahre)|tabii|elbette|devam|certo|ecco|continuando)/iu

/** The beginning of a line that OPENER could still match is this short. */
const LONGEST_OPENER = 16

/** That it is about going on. */
const ABOUT_CONTINUING =
  /contin[uú]|left off|stopped|the rest|remain|продолж|останов|остальн|继续|繼續|接着|剩余|剩下|后续|続き|続け|계속|이어|tiếp|còn lại|suite|reprend|fortsetz|weiter|fahre|der rest|el resto|sigo|seguir|segue|devam|kaldı/iu

const LONGEST_LINE = 160

/** Where the answer may begin in the text of a continuation. */
export interface Lead {
  /**
   * `open`: more text is needed to tell; `none`: there is no preamble; `line`: there is one, on a line of
   * its own; `inline`: there seems to be one on the answer's own line, to be believed only if what
   * follows repeats what was sent.
   */
  readonly kind: 'open' | 'none' | 'line' | 'inline'
  /** Where the answer may begin, the likeliest place first. */
  readonly starts: readonly number[]
}

const NONE: Lead = { kind: 'none', starts: [0] }
const OPEN: Lead = { kind: 'open', starts: [0] }

/**
 * Looks for a preamble at the start of `text`. Conservative: a line counts only if it begins like one,
 * speaks of continuing and ends like one.
 *
 * @param isWhole Nothing follows, so the verdict is never `open`.
 */
export function findLead(text: string, isWhole: boolean): Lead {
  const start = text.length - text.trimStart().length
  const body = text.slice(start)
  if (!OPENER.test(body)) return couldOpen(body) && !isWhole ? OPEN : NONE
  const lineEnd = body.indexOf('\n')
  const line = lineEnd === -1 ? body : body.slice(0, lineEnd)
  if (line.length > LONGEST_LINE) return NONE
  if (lineEnd === -1 && !isWhole) return OPEN
  if (lineEnd !== -1 && ABOUT_CONTINUING.test(line) && /[:：.。!！…—-][\s*_"'`)]*$/u.test(line)) {
    return { kind: 'line', starts: [afterLine(text, start + lineEnd)] }
  }
  const colon = /[:：…—]\s*/u.exec(line)
  if (colon === null || !ABOUT_CONTINUING.test(line.slice(0, colon.index))) return NONE
  const end = start + colon.index
  return { kind: 'inline', starts: [end + colon[0].length, end + 1] }
}

/** Whether `body` is so short that an opener may yet come of it. */
function couldOpen(body: string): boolean {
  return body.length < LONGEST_OPENER && OPENER_WORDS.some((word) => word.startsWith(body.toLowerCase()))
}

/** The alternatives of OPENER, without their optional parts. */
const OPENER_WORDS: readonly string[] = OPENER.source
  .slice(4, -1)
  .replaceAll(/\(\?:([^|)]*)(?:\|[^)]*)?\)\??/g, '$1')
  .split('|')

/** After the line and its blank line; what else of white space there is belongs to the answer. */
function afterLine(text: string, lineEnd: number): number {
  return text.startsWith('\n\n', lineEnd) ? lineEnd + 2 : lineEnd + 1
}
