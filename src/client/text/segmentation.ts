/** Cuts a text into words, each with what follows it up to the next word. Joined, they are the text. */
export type Segmentation = (text: string) => readonly string[]

/** One word of letters, and marks around it: no need to ask the segmenter, which costs 20 times as much. */
const ONE_WORD = /^["'(*«„“]*[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0400-\u045f]+[\s.,;:!?)"'*»”…-]*$/u

/** `Intl.Segmenter` for words, or the next best thing where there is none. */
export function segmenter(locale: string | undefined): Segmentation {
  const cut = 'Segmenter' in Intl ? bySegmenter(locale) : byScript
  return (text) => (ONE_WORD.test(text) ? [text] : cut(text))
}

function bySegmenter(locale: string | undefined): Segmentation {
  const segments = new Intl.Segmenter(locale, { granularity: 'word' })
  return (text) => {
    const pieces: string[] = []
    let start = 0
    let inWord = false
    for (const { index, isWordLike } of segments.segment(text)) {
      if (isWordLike !== true) continue
      if (inWord) {
        pieces.push(text.slice(start, index))
        start = index
      }
      inWord = true
    }
    if (start < text.length) pieces.push(text.slice(start))
    return pieces
  }
}

/** Ideographs one by one, everything else as it stands between spaces. */
function byScript(text: string): readonly string[] {
  return (
    text.match(
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}][^\p{L}\p{N}]*|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[^])+/gu,
    ) ?? []
  )
}
