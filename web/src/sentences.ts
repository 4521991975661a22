/**
 * What a screen reader should hear next of an answer that grows: the sentences that are complete and were
 * not said yet, without code and marks. `said` counts characters of the text.
 */
export function nextSentences(
  text: string,
  said: number,
  isWhole: boolean,
): { readonly speech: string; readonly said: number } {
  const rest = text.slice(said)
  const end = isWhole ? rest.length : lastSentenceEnd(rest)
  if (end === 0) return { speech: '', said }
  return { speech: plain(rest.slice(0, end)), said: said + end }
}

/** Just behind the last sentence or line that is complete, never within a fence. */
function lastSentenceEnd(text: string): number {
  const fence = openFence(text)
  const readable = fence === -1 ? text : text.slice(0, fence)
  let end = 0
  for (const { index, 0: mark } of readable.matchAll(/[.!?…](?=\s)|[。！？]|\n/g)) end = index + mark.length
  return end
}

function openFence(text: string): number {
  const fences = [...text.matchAll(/^ {0,3}```/gm)]
  return fences.length % 2 === 1 ? (fences.at(-1)?.index ?? -1) : -1
}

function plain(text: string): string {
  return text
    .replace(/^ {0,3}```[^\n]*\n[^]*?^ {0,3}```/gm, ' ')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^\s*(?:(?:#{1,6}|[-*+]|>)\s|\|)/gm, '')
    .replace(/\*\*|__|`|\|/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}
