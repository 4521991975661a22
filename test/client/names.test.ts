/**
 * `OpenAI.*` of `openai` and of `sluice`, name by name: that ours has it, and that a value of either is a value of the
 * other. What differs is in the tables, each with its reason.
 */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import Official from 'openai'
import * as sluice from '../../src/client/index.ts'
import { complaints } from '../support/complaints.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Names of theirs that ours does not have. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  'stored completions cannot be read, changed, listed or deleted here': [
    'ChatCompletionDeleted',
    'ChatCompletionListParams',
    'ChatCompletionsPage',
    'ChatCompletionStoreMessage',
    'ChatCompletionUpdateParams',
    'MessageListParams',
    'Messages',
  ],
  'models cannot be deleted here': ['ModelDeleted'],
  'the older completions come whole': ['CompletionCreateParamsStreaming'],
  'what there are lists of comes on one page': [
    'ConversationCursorPage',
    'ConversationCursorPageParams',
    'ConversationCursorPageResponse',
    'CursorPage',
    'CursorPageParams',
    'CursorPageResponse',
    'NextCursorPage',
    'NextCursorPageParams',
    'NextCursorPageResponse',
    'Page',
    'PageResponse',
    'TokenPage',
    'TokenPageParams',
    'TokenPageResponse',
  ],
  'of Responses, Assistants, Decisions, vector stores and graders': [
    'ComparisonFilter',
    'CompoundFilter',
    'CustomToolInputFormat',
    'DecisionInputJSON',
    'DecisionQuestionInputImage',
    'DecisionQuestionInputPart',
    'DecisionQuestionInputText',
    'ErrorObject',
    'Reasoning',
    'ResponseFormatTextGrammar',
    'ResponseFormatTextPython',
    'ResponsesModel',
  ],
  'no workload identities, no regions': ['DataResidency', 'OAuthErrorCode'],
}

/** Names where a value of one is no value of the other. `ours`: ours is not theirs; `theirs`: theirs is not ours. */
const DIFFERENT: Readonly<Record<string, readonly [which: 'ours' | 'theirs' | 'both', reason: string]>> = {
  ChatCompletion: ['ours', 'finish_reason is null in a completion that is not finished, as stream.partial() gives it'],
  'ChatCompletion.Choice': ['ours', 'as ChatCompletion'],
  ParsedChatCompletion: ['ours', 'as ChatCompletion'],
  ParsedChoice: ['ours', 'as ChatCompletion'],
  ChatModel: ['ours', 'any name: services have their own models'],
  EmbeddingModel: ['ours', 'as ChatModel'],
  CompletionCreateParams: ['theirs', 'the older completions come whole'],
  RequestOptions: ['both', 'one timeout for each phase; headers are an object; no way around the methods'],
  ModelsPage: ['both', 'a list, not a page'],
  Chat: ['both', 'a class with private fields'],
  'Chat.Completions': ['both', 'as Chat'],
  Completions: ['both', 'as Chat'],
  Embeddings: ['both', 'as Chat'],
  Models: ['both', 'as Chat'],
}

/** Fields that ours has beside theirs: those of other providers, and what is counted here. */
const ADDED: Readonly<Record<string, readonly string[]>> = {
  ChatCompletionChunk: ['x_groq'],
  'ChatCompletionChunk.Choice.Delta': ['reasoning', 'reasoning_content', 'reasoning_details'],
  'ChatCompletionChunk.Choice.Delta.ToolCall': ['extra_content'],
  ChatCompletionMessage: ['reasoning_content'],
  ParsedChatCompletionMessage: ['reasoning_content'],
  CompletionUsage: ['cost', 'estimated', 'prompt_cache_hit_tokens', 'prompt_cache_miss_tokens'],
}

/** Statics of their class that ours does not have, and why. */
const STATICS: Readonly<Record<string, string>> = {
  OpenAI: 'for require() of a module that is a class',
  InvalidWebhookSignatureError: 'no webhooks',
  toFile: 'no files',
  toStreamingFile: 'no files',
}

/** Compiles a line for each name and question; gives what tsc refuses. */
const PRELUDE = `import type { OpenAI as Theirs } from 'openai'
import type { OpenAI as Ours } from 'sluice'
type Is<From extends To, To> = From
type Keys<T> = T extends unknown ? Exclude<keyof T, number> : never
type None<T extends never> = T
type Typed<T> = 0 extends 1 & T ? 'any' : never`

type Question = 'named' | 'typed' | 'ours' | 'theirs' | 'lacking' | 'added'

/** Types that take another. */
const GENERIC = /Parsed(?:ChatCompletion|ChatCompletionMessage|Choice)$/

function asked(name: string): Readonly<Record<Question, string>> {
  const [ours, theirs] = ['Ours', 'Theirs'].map((of) => `${of}.${name}${GENERIC.test(name) ? '<{ a: 1 }>' : ''}`)
  const added = (ADDED[plain(name)] ?? []).map((field) => ` | '${field}'`).join('')
  return {
    named: `${ours}`,
    typed: `None<Typed<${ours}>>`,
    ours: `Is<${ours}, ${theirs}>`,
    theirs: `Is<${theirs}, ${ours}>`,
    lacking: `None<Exclude<Keys<${theirs}>, Keys<${ours}>>>`,
    added: `None<Exclude<Keys<${ours}>, Keys<${theirs}>${added}>>`,
  }
}

/** The name without where else it is found: `Chat.Completions.ChatCompletion` is `ChatCompletion`. */
function plain(name: string): string {
  return name.replace(/^(?:Chat\.Completions|Chat|Completions|Embeddings|Models)\.(?!Completions$)/, '')
}

async function declarations(file: string): Promise<string> {
  const text = await readFile(join(root, 'node_modules/openai', `${file}.d.ts`), 'utf8')
  return text.replaceAll(/\/\*\*[^]*?\*\//g, '')
}

/** The types of a file with those in their namespaces: `ChatCompletionChunk.Choice.Delta`. */
async function typesOf(file: string): Promise<readonly string[]> {
  const found: string[] = []
  const within: { readonly name: string; readonly depth: number }[] = []
  let depth = 0
  for (const line of (await declarations(file)).split('\n')) {
    const space = /^\s*(?:export )?(?:declare )?namespace (\w+) \{/.exec(line)?.[1]
    const type = /^\s*(?:export )?(?:declare )?(?:interface|type|class) (\w+)/.exec(line)?.[1]
    if (space !== undefined) within.push({ name: space, depth })
    else if (type !== undefined && depth === within.length)
      found.push([...within.map(({ name }) => name), type].join('.'))
    depth += line.split('{').length - line.split('}').length
    while ((within.at(-1)?.depth ?? -1) >= depth) within.pop()
  }
  return found
}

/** What a namespace exports, in its groups: one for each `export`. */
async function exportsOf(file: string, space: string): Promise<readonly (readonly string[])[]> {
  const text = await declarations(file)
  const body = new RegExp(`declare namespace ${space} \\{([^]*?)\\n\\}`).exec(text)?.[1] ?? assert.fail(space)
  return body
    .split('\n')
    .map((line) => [...line.matchAll(/(?:as|export import|export type) (\w+)/g)].map(([, name = '']) => name))
    .filter((names) => names.length > 0)
}

/** All that is under their `OpenAI`, of what we have. */
async function official(): Promise<readonly string[]> {
  const PARTS = ['Chat', 'Completions', 'Embeddings', 'Models']
  const own = await exportsOf('client', 'OpenAI')
  // A group with a class is a part of the client; a few first lines and the last ones have what all share.
  const isOther = (names: readonly string[]): boolean =>
    names.some((name) => Reflect.get(Official, name) !== undefined) && !names.some((name) => PARTS.includes(name))
  const isPage = (names: readonly string[]): boolean => /Page$|^Page/.test(names[0] ?? '')
  const tops = own.filter((names) => !isOther(names) || isPage(names)).flat()
  const of = async (prefix: string, file: string, space: string): Promise<readonly string[]> =>
    (await exportsOf(`resources/${file}`, space)).flat().map((name) => `${prefix}.${name}`)
  const names = [
    ...tops,
    ...(await of('Chat', 'chat/chat', 'Chat')),
    ...(await of('Chat.Completions', 'chat/completions/completions', 'Completions')),
    ...(await of('Completions', 'completions', 'Completions')),
    ...(await of('Embeddings', 'embeddings', 'Embeddings')),
    ...(await of('Models', 'models', 'Models')),
  ]
  const nested: string[] = []
  // Those of shared.d.ts are aliases under OpenAI, which have nothing in them.
  for (const file of ['chat/completions/completions', 'completions', 'embeddings', 'models'])
    nested.push(...(await typesOf(`resources/${file}`)).filter((name) => name.includes('.')))
  return names.flatMap((name) => [
    name,
    ...nested
      .filter((each) => each.startsWith(`${plain(name)}.`))
      .map((each) => name.slice(0, name.length - plain(name).length) + each),
  ])
}

describe('the names under OpenAI', () => {
  const answers = new Map<string, Set<Question>>()
  let names: readonly string[]
  let folder: string

  before(async () => {
    names = await official()
    folder = await mkdtemp(join(root, 'test/client/.names-'))
    const lines = PRELUDE.split('\n')
    const questions = new Map<number, readonly [name: string, question: Question]>()
    for (const name of names) {
      answers.set(name, new Set())
      for (const [question, type] of Object.entries(asked(name))) {
        lines.push(`export type L${lines.length} = ${type}`)
        questions.set(lines.length, [name, question as Question])
      }
    }
    const file = join(folder, 'names.ts')
    await writeFile(file, `${lines.join('\n')}\n`)
    for (const { line, text } of await complaints(folder, [file])) {
      const [name, question] = questions.get(line) ?? assert.fail(text)
      answers.get(name)?.add(question)
    }
  })
  after(() => rm(folder, { recursive: true, force: true }))

  /** The plain names that failed a question, of those that ours has unless told. */
  const failing = (question: Question, all = false): readonly string[] => {
    const failed = names.filter((name) => {
      const found = answers.get(name)
      return found?.has(question) === true && (all || !found.has('named'))
    })
    return [...new Set(failed.map(plain))].toSorted()
  }

  test("are openai's, but for those of what is not here", () => {
    assert.deepEqual(failing('named', true).filter(isOwnName), Object.values(LEFT_OUT).flat().toSorted())
    assert.ok(names.length > 300, String(names.length))
  })

  test('are types, not any', () => {
    assert.deepEqual(failing('typed'), [])
  })

  test("stand for types whose values are openai's, but where a reason is given", () => {
    const expected = Object.keys(DIFFERENT).filter((name) => DIFFERENT[name]?.[0] !== 'theirs')
    assert.deepEqual(failing('ours'), expected.toSorted())
  })

  test("stand for types that openai's values are of, but where a reason is given", () => {
    const expected = Object.keys(DIFFERENT).filter((name) => DIFFERENT[name]?.[0] !== 'ours')
    assert.deepEqual(failing('theirs'), expected.toSorted())
  })

  test("have openai's fields", () => {
    const whole = failing('lacking').filter((name) => DIFFERENT[name]?.[0] !== 'both')
    assert.deepEqual(whole, [])
  })

  test('have no others, but those of other providers', () => {
    const more = failing('added').filter((name) => DIFFERENT[name]?.[0] !== 'both')
    assert.deepEqual(more, [])
  })

  test("are followed by openai's statics at run time", () => {
    const values = Object.getOwnPropertyNames(Official).filter((name) => /Error$|^[a-z]|^[A-Z_]+$|^OpenAI$/.test(name))
    const lacking = values.filter((name) => !Object.hasOwn(sluice.OpenAI, name))
    assert.deepEqual(lacking.toSorted(), Object.keys(STATICS).toSorted())
  })

  test('come with no default export', () => {
    assert.equal('default' in sluice, false)
  })
})

/** A name that is left out, but not what is in its namespace. */
function isOwnName(name: string): boolean {
  return !name.includes('.')
}
