import hljs from 'highlight.js/lib/core'
import type { Emitter, LanguageFn } from 'highlight.js'
import bash from 'highlight.js/lib/languages/bash'
import c from 'highlight.js/lib/languages/c'
import cpp from 'highlight.js/lib/languages/cpp'
import csharp from 'highlight.js/lib/languages/csharp'
import css from 'highlight.js/lib/languages/css'
import diff from 'highlight.js/lib/languages/diff'
import dockerfile from 'highlight.js/lib/languages/dockerfile'
import go from 'highlight.js/lib/languages/go'
import java from 'highlight.js/lib/languages/java'
import javascript from 'highlight.js/lib/languages/javascript'
import json from 'highlight.js/lib/languages/json'
import kotlin from 'highlight.js/lib/languages/kotlin'
import markdown from 'highlight.js/lib/languages/markdown'
import php from 'highlight.js/lib/languages/php'
import python from 'highlight.js/lib/languages/python'
import ruby from 'highlight.js/lib/languages/ruby'
import rust from 'highlight.js/lib/languages/rust'
import sql from 'highlight.js/lib/languages/sql'
import swift from 'highlight.js/lib/languages/swift'
import typescript from 'highlight.js/lib/languages/typescript'
import xml from 'highlight.js/lib/languages/xml'
import yaml from 'highlight.js/lib/languages/yaml'

/** A piece of code: text, or pieces of one kind. */
export type Painted = string | { readonly scope: string; readonly children: readonly Painted[] }

const LANGUAGES: Readonly<Record<string, LanguageFn>> = {
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  dockerfile,
  go,
  java,
  javascript,
  json,
  kotlin,
  markdown,
  php,
  python,
  ruby,
  rust,
  sql,
  swift,
  typescript,
  xml,
  yaml,
}

/** What else people and models call them. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'c#': 'csharp',
  'c++': 'cpp',
  cc: 'cpp',
  cjs: 'javascript',
  console: 'bash',
  cs: 'csharp',
  cts: 'typescript',
  docker: 'dockerfile',
  golang: 'go',
  h: 'c',
  hpp: 'cpp',
  htm: 'xml',
  html: 'xml',
  js: 'javascript',
  json5: 'json',
  jsonc: 'json',
  jsx: 'javascript',
  kt: 'kotlin',
  kts: 'kotlin',
  md: 'markdown',
  mjs: 'javascript',
  mts: 'typescript',
  patch: 'diff',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  sh: 'bash',
  shell: 'bash',
  svg: 'xml',
  ts: 'typescript',
  tsx: 'typescript',
  vue: 'xml',
  yml: 'yaml',
  zsh: 'bash',
}

/** Languages within a language. */
const WITHIN: Readonly<Record<string, readonly string[]>> = {
  javascript: ['xml', 'css'],
  markdown: ['xml'],
  typescript: ['xml', 'css'],
  xml: ['javascript', 'css'],
}

interface Open {
  readonly scope: string
  readonly children: Painted[]
}

/** Keeps what highlight.js finds as data. Its own emitter makes HTML, which has no place in this page. */
class Pieces implements Emitter {
  readonly root: Open = { scope: '', children: [] }
  readonly #stack: Open[] = [this.root]

  addText(text: string): void {
    if (text !== '') this.#top.children.push(text)
  }

  startScope(name: string): void {
    const open = { scope: `hljs-${name.split('.')[0] ?? ''}`, children: [] }
    this.#top.children.push(open)
    this.#stack.push(open)
  }

  endScope(): void {
    if (this.#stack.length > 1) this.#stack.pop()
  }

  // The types know only the verbs above; highlight.js calls them by their older names too.
  openNode(name: string): void {
    this.startScope(name)
  }

  closeNode(): void {
    this.endScope()
  }

  __addSublanguage(emitter: Emitter, name: string): void {
    if (emitter instanceof Pieces)
      this.#top.children.push({ scope: `language-${name}`, children: emitter.root.children })
  }

  finalize(): void {}

  toHTML(): string {
    return ''
  }

  get #top(): Open {
    return this.#stack.at(-1) ?? this.root
  }
}

hljs.configure({ __emitter: Pieces })

/** Code in its pieces; `undefined` for a language that is not known. */
export function paint(code: string, language: string): readonly Painted[] | undefined {
  const name = OTHER_NAMES[language.toLowerCase()] ?? language.toLowerCase()
  if (!Object.hasOwn(LANGUAGES, name)) return undefined
  know(name)
  const { _emitter } = hljs.highlight(code, { language: name, ignoreIllegals: true })
  return _emitter instanceof Pieces ? _emitter.root.children : undefined
}

/** A language is made ready when it is first met: all of them at once would hold up a frame. */
function know(name: string): void {
  const language = LANGUAGES[name]
  if (language === undefined || hljs.getLanguage(name) !== undefined) return
  hljs.registerLanguage(name, language)
  for (const inner of WITHIN[name] ?? []) know(inner)
}
