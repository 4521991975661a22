import { hash, seeded } from '../text/random.ts'

const utf8 = new TextEncoder()

/** Log probabilities for one token: plausible, and the same every time. */
export function logprobOf(
  token: string,
  at: number,
  top: number,
  alternatives: readonly string[],
): { readonly content: readonly unknown[]; readonly refusal: null } {
  const random = seeded(hash(token, at))
  const logprob = -random.next() * 0.6
  const others = new Set<string>()
  for (let tries = 0; others.size < top - 1 && tries < top * 4; tries++) {
    const other = alternatives.length === 0 ? '' : random.pick(alternatives)
    if (other !== token) others.add(other)
  }
  let next = logprob
  const rest = [...others].map((other) => entry(other, (next -= 0.5 + random.next() * 2)))
  const first = entry(token, logprob)
  return { content: [{ ...first, top_logprobs: top === 0 ? [] : [first, ...rest] }], refusal: null }
}

function entry(token: string, logprob: number): { token: string; logprob: number; bytes: number[] } {
  return { token, logprob: Number(logprob.toFixed(7)), bytes: [...utf8.encode(token)] }
}
