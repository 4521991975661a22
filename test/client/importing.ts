/**
 * A program that was written for `openai` with its imports from there, or from `sluice`: `openai` and its helpers and
 * resources are all in one module here, which has no default export. Nothing else of it is changed.
 *
 * @param ours What to import `sluice` by.
 */
export function importing(which: 'openai' | 'sluice', source: string, ours: string): string {
  // The repository's own examples import its sources.
  if (which === 'openai') return source.replaceAll("'openai/index'", "'openai'")
  return source
    .replaceAll(/import OpenAI(, \{ (\w+) \})? from 'openai(?:\/index)?'/g, (_all, _more, name: string | undefined) =>
      name === undefined ? `import { OpenAI } from '${ours}'` : `import { OpenAI, ${name} } from '${ours}'`,
    )
    .replace("import { Stream } from 'openai/streaming'", `import { ChatStream as Stream } from '${ours}'`)
    .replaceAll(/'openai(?:\/helpers\/zod|\/lib\/ChatCompletionStream|\/resources\/[\w/]+)?'/g, `'${ours}'`)
}
