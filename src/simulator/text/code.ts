/** A piece of example code: names are made from the question's words. */
interface Sample {
  /** The name after the fence. */
  readonly fence: string
  /** What in a question asks for this language. */
  readonly asked: RegExp
  readonly lines: readonly string[]
}

const SAMPLES: readonly Sample[] = [
  {
    fence: 'python',
    asked: /python|pandas|django/i,
    lines: [
      'def {snake}(items: list[int], limit: int = 10) -> list[int]:',
      '    """{note}"""',
      '    seen: set[int] = set()',
      '    result = []',
      '    for item in items:',
      '        if item in seen or len(result) == limit:',
      '            continue',
      '        seen.add(item)',
      '        result.append(item * 2)',
      '    return result',
      '',
      '',
      'print({snake}([3, 1, 3, 2]))  # [6, 2, 4]',
    ],
  },
  {
    fence: 'typescript',
    asked: /typescript|\bts\b|node\.?js/i,
    lines: [
      '/** {note} */',
      'export function {camel}(items: readonly string[], limit = 10): string[] {',
      '  const seen = new Set<string>()',
      '  for (const item of items) {',
      '    if (seen.size === limit) break',
      '    seen.add(item.trim().toLowerCase())',
      '  }',
      '  return [...seen].sort()',
      '}',
      '',
      "console.log({camel}(['Pear', 'apple', 'pear '])) // ['apple', 'pear']",
    ],
  },
  {
    fence: 'javascript',
    asked: /javascript|\bjs\b|react/i,
    lines: [
      '// {note}',
      'export function {camel}(items, limit = 10) {',
      '  const counts = new Map()',
      '  for (const item of items) {',
      '    counts.set(item, (counts.get(item) ?? 0) + 1)',
      '  }',
      '  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, limit)',
      '}',
      '',
      "console.log({camel}(['a', 'b', 'a'])) // [['a', 2], ['b', 1]]",
    ],
  },
  {
    fence: 'rust',
    asked: /\brust\b|cargo/i,
    lines: [
      '/// {note}',
      'fn {snake}(items: &[i64], limit: usize) -> Vec<i64> {',
      '    items.iter().filter(|n| **n > 0).take(limit).map(|n| n * 2).collect()',
      '}',
      '',
      'fn main() {',
      '    println!("{:?}", {snake}(&[3, -1, 2], 10)); // [6, 4]',
      '}',
    ],
  },
  {
    fence: 'go',
    asked: /\bgolang\b|\bgo (code|function|program)|\bin go\b|на go\b/i,
    lines: [
      '// {note}',
      'func {camel}(items []int, limit int) []int {',
      '\tvar result []int',
      '\tfor _, item := range items {',
      '\t\tif len(result) == limit {',
      '\t\t\tbreak',
      '\t\t}',
      '\t\tresult = append(result, item*2)',
      '\t}',
      '\treturn result',
      '}',
    ],
  },
  {
    fence: 'sql',
    asked: /\bsql\b|postgres|sqlite|mysql/i,
    lines: [
      '-- {note}',
      'WITH {snake} AS (',
      '  SELECT customer_id, count(*) AS orders, sum(amount) AS total',
      '  FROM orders',
      "  WHERE created_at >= date '2026-01-01'",
      '  GROUP BY customer_id',
      ')',
      'SELECT customer_id, orders, total',
      'FROM {snake}',
      'ORDER BY total DESC',
      'LIMIT 10;',
    ],
  },
  {
    fence: 'bash',
    asked: /\bbash\b|shell|\bcurl\b|terminal/i,
    lines: [
      '#!/usr/bin/env bash',
      '# {note}',
      'set -euo pipefail',
      '',
      '{snake}() {',
      '  local directory="${1:-.}"',
      '  find "$directory" -type f -name \'*.txt\' -print0 | xargs -0 wc -l | sort -n | tail -n 10',
      '}',
      '',
      '{snake} "$@"',
    ],
  },
]

/** True when a question names a programming language. */
export function namesCode(question: string): boolean {
  return SAMPLES.some((sample) => sample.asked.test(question))
}

/**
 * A fenced piece of code in the language the question names, Python when it names none.
 * `note` becomes its comment, `words` its function's name.
 */
export function codeBlock(question: string, note: string, words: readonly string[]): string {
  const sample = SAMPLES.find((candidate) => candidate.asked.test(question)) ?? SAMPLES[0]
  if (sample === undefined) return ''
  const parts = words
    .map((word) => word.toLowerCase())
    .filter((word) => /^[a-z][a-z0-9]{1,11}$/.test(word) && !sample.asked.test(word))
    .slice(0, 3)
  const named = parts.length === 0 ? ['small', 'example'] : parts
  const snake = named.join('_')
  const camel = named.map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('')
  const fill = (line: string): string =>
    line.replaceAll('{snake}', snake).replaceAll('{camel}', camel).replaceAll('{note}', note)
  return ['```' + sample.fence, ...sample.lines.map(fill), '```'].join('\n')
}
