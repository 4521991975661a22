import { isAlias, isMap, isScalar, isSeq, parseDocument, visit } from 'yaml'
import type { Document, Node, Pair, Scalar } from 'yaml'
import type { Environment } from '../provider/environment.ts'
import { fillIn, hasMaskCharacters, lookUp, maskReferences, referencesIn, unmaskMessage } from './references.ts'

/** Where in a configuration: `['models', 'default', 'targets', 0]`. */
export type Path = readonly (string | number)[]

/** Something wrong with a configuration. */
export interface Problem {
  readonly path: Path
  readonly message: string
  /** The key is at fault, not its value. */
  readonly atKey?: boolean | undefined
  /** Where exactly, if not at the node of `path`: an offset in the text. */
  readonly offset?: number | undefined
}

/** A YAML text, read: its value and the places of everything in it. */
export interface Source {
  /** The value with references filled in; `undefined` when the text is not YAML. */
  readonly value: unknown
  readonly problems: readonly Problem[]
  /** Whether the value at `path` could not be filled in: what follows from that is no problem of its own. */
  isUnknown(path: Path): boolean
  /** The references the string at `path` was made from, as written: `${KEY}`. Its value may be a secret. */
  referencesAt(path: Path): readonly string[]
  /** Line and column, both from 1, of the nearest thing there is. */
  position(problem: Problem): readonly [line: number, column: number]
}

/** More aliases expanded than this is a bomb, and no configuration. */
const MAX_ALIASES = 100
const MAX_LENGTH = 1_000_000

/** Reads a YAML text and fills in its environment references. Never throws: what is wrong is in `problems`. */
export function readSource(text: string, env: Environment): Source {
  if (text.length > MAX_LENGTH) return unreadable(text, 'the configuration is longer than 1,000,000 characters')
  if (hasMaskCharacters(text)) {
    return unreadable(text, 'the characters U+E100 to U+E102 cannot be used', text.search(/[\uE100-\uE102]/))
  }
  const masked = maskReferences(text)
  try {
    const document = parseDocument(masked, { prettyErrors: false, logLevel: 'error' })
    // The parser recurses and reports its own stack overflow as a syntax error, once per bracket.
    const deep = document.errors.find((error) => error.message.includes('call stack'))
    if (deep !== undefined) return unreadable(text, 'the YAML is nested too deeply', deep.pos[0])
    return readDocument(document, text, masked, env)
  } catch (thrown) {
    const reason = thrown instanceof RangeError ? 'is nested too deeply' : 'cannot be read'
    return unreadable(text, `the YAML ${reason}`)
  }
}

function unreadable(text: string, message: string, offset?: number): Source {
  return {
    value: undefined,
    problems: [{ path: [], message, offset }],
    isUnknown: () => false,
    referencesAt: () => [],
    position: (problem) => place(text, problem.offset ?? 0),
  }
}

function readDocument(document: Document.Parsed, text: string, masked: string, env: Environment): Source {
  const syntax = [...document.errors, ...document.warnings].map((error) => ({
    path: [],
    message: unmaskMessage(error.message),
    offset: error.pos[0],
  }))
  const filled = syntax.length > 0 ? undefined : fillReferences(document, text, masked, env)
  const converted = filled === undefined ? { problems: [] } : toValue(document)
  return {
    value: converted.value,
    problems: [...syntax, ...(filled?.problems ?? []), ...converted.problems],
    isUnknown: (path) => filled?.unknown.has(nodeAt(document, path)) ?? false,
    referencesAt: (path) => filled?.references.get(nodeAt(document, path)) ?? [],
    position: (problem) => place(text, problem.offset ?? offsetOf(document, problem)),
  }
}

function toValue(document: Document.Parsed): { value?: unknown; problems: readonly Problem[] } {
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {}
    // An alias inside its own anchor makes a value that contains itself; such a one throws here.
    JSON.stringify(value)
    return { value, problems: [] }
  } catch {
    const message = `aliases expand to more than ${MAX_ALIASES} nodes, or to themselves`
    return { problems: [{ path: [], message }] }
  }
}

interface Filled {
  readonly problems: readonly Problem[]
  /** Nodes with a reference that stands for nothing. */
  readonly unknown: ReadonlySet<unknown>
  readonly references: ReadonlyMap<unknown, readonly string[]>
}

function fillReferences(document: Document.Parsed, text: string, masked: string, env: Environment): Filled {
  const problems: Problem[] = []
  const unknown = new Set<unknown>()
  const references = new Map<unknown, readonly string[]>()
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' && node.value === '__proto__') {
        const path = [...pathOf(ancestors), '__proto__']
        problems.push({ path, message: 'unknown key "__proto__"', offset: node.range?.[0] })
      }
      if (typeof node.value !== 'string' || !node.range) return
      const found = referencesIn(node.value, text, masked, [node.range[0], node.range[1]])
      if (found.length === 0) return
      const path = pathOf([...ancestors, node])
      const values = found.map((reference) => {
        const result =
          key === 'key' ? { problem: 'a reference can stand for a value, not for a key' } : lookUp(reference.text, env)
        if ('value' in result) return result.value
        problems.push({ path, message: result.problem, offset: reference.offset })
        unknown.add(node)
        return reference.text
      })
      node.value = fillIn(node.value, values)
      references.set(
        node,
        found.map((reference) => reference.text).filter((written) => !written.startsWith('$$')),
      )
    },
  })
  return { problems, unknown, references }
}

/** The path of the last of a chain of nodes, from its ancestors as `visit` gives them. */
function pathOf(chain: readonly (Document | Node | Pair)[]): Path {
  const path: (string | number)[] = []
  for (const [index, node] of chain.entries()) {
    const child = chain[index + 1]
    if (child === undefined) break
    if (isSeq(node)) path.push(node.items.indexOf(child))
    else if ('key' in node && isScalar(node.key) && child !== node.key) path.push(String(node.key.value))
  }
  return path
}

/** The node at a path, through aliases; the deepest one that is there when `nearest`. */
function nodeAt(document: Document.Parsed, path: Path, nearest = false): Node | undefined {
  let node: unknown = document.contents
  for (const step of path) {
    const child = childOf(isAlias(node) ? node.resolve(document) : node, step)?.value
    if (child === undefined || child === null) return nearest ? asNode(node) : undefined
    node = child
  }
  return asNode(node)
}

function childOf(node: unknown, step: string | number): { key?: Scalar; value: unknown } | undefined {
  if (isSeq(node)) return typeof step === 'number' ? { value: node.items[step] } : undefined
  if (!isMap(node)) return undefined
  for (const pair of node.items) {
    if (isScalar(pair.key) && String(pair.key.value) === String(step)) return { key: pair.key, value: pair.value }
  }
  return undefined
}

function offsetOf(document: Document.Parsed, problem: Problem): number {
  const last = problem.path.at(-1)
  if (problem.atKey === true && last !== undefined) {
    const parent = nodeAt(document, problem.path.slice(0, -1))
    const key = childOf(isAlias(parent) ? parent.resolve(document) : parent, last)?.key
    if (key?.range) return key.range[0]
  }
  return nodeAt(document, problem.path, true)?.range?.[0] ?? 0
}

function asNode(node: unknown): Node | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node : undefined
}

function place(text: string, offset: number): readonly [line: number, column: number] {
  const before = text.slice(0, offset).split('\n')
  return [before.length, (before.at(-1)?.length ?? 0) + 1]
}
