import { hash, seeded } from '../text/random.ts'
import type { ChatRequest, Tool } from './chat-request.ts'
import { isRecord } from './fields.ts'
import { hintsOf } from './hints.ts'
import type { Hints } from './hints.ts'
import { schemaInstance } from './schema.ts'

/** A call the answer makes. */
export interface ToolCall {
  readonly name: string
  /** JSON text. */
  readonly arguments: string
}

const MOST_CALLS = 6
/** Words of tools that say nothing about what they are for. */
const EMPTY_WORDS: ReadonlySet<string> = new Set(
  'get set the and for with from given return returns tool function use used call value values name type data information current a an of to in on by is user users'.split(
    ' ',
  ),
)
/** What tools are usually named after, as it is said elsewhere. */
const ABROAD: readonly (readonly [RegExp, string])[] = [
  [/погод|天气|天気|thời tiết|wetter|clima|tiempo|الطقس/iu, 'weather'],
  [/врем[яе]|котор.. час|几点|时间|何時|mấy giờ|uhrzeit|qué hora|الساعة/iu, 'time'],
  [/найди|поиск|搜索|搜一下|検索|tìm|suche|busca|ابحث/iu, 'search'],
  [/посчитай|вычисли|计算|計算|tính|berechne|calcula|احسب/iu, 'calculate'],
  [/новост|新闻|ニュース|tin tức|nachrichten|noticias|أخبار/iu, 'news'],
]

/** The calls a question asks for; none when it asks for none of the tools. */
export function chooseCalls(request: ChatRequest, question: string, seed: number): readonly ToolCall[] {
  const { tools, toolChoice, parallelTools } = request
  if (tools.length === 0 || toolChoice === 'none') return []
  const hints = hintsOf(question)
  const random = seeded(hash(question, seed ^ 0x7001))
  const chosen = chooseTools(tools, toolChoice, hints)
  const calls = chosen.flatMap((tool) => {
    const wholes = splitByName(tool, hints).map((one) => schemaInstance(tool.parameters, one, random))
    return wholes.map((value) => ({ name: tool.name, arguments: JSON.stringify(value) }))
  })
  return calls.slice(0, parallelTools ? MOST_CALLS : 1)
}

function chooseTools(tools: readonly Tool[], choice: ChatRequest['toolChoice'], hints: Hints): readonly Tool[] {
  if (typeof choice === 'object') return tools.filter((tool) => tool.name === choice.name).slice(0, 1)
  const asked = askedWords(hints)
  const scored = tools.map((tool) => ({ tool, score: scoreOf(tool, asked) })).sort((a, b) => b.score - a.score)
  const fitting = scored.filter(({ score }) => score >= 3).map(({ tool }) => tool)
  if (fitting.length > 0 || choice === 'auto') return fitting
  return scored.slice(0, 1).map(({ tool }) => tool)
}

/** "Weather in Paris and Tokyo" is one call each: the hints once per name, when a field asks for a name. */
function splitByName(tool: Tool, hints: Hints): readonly Hints[] {
  const properties = tool.parameters['properties']
  const keys = isRecord(properties) ? Object.keys(properties) : []
  const placed = keys.some((key) => /city|location|place|town|country|symbol|person|^name$/i.test(key))
  if (!placed || hints.names.length < 2) return [hints]
  return hints.names.map((name) => ({ ...hints, names: [name] }))
}

function askedWords(hints: Hints): ReadonlySet<string> {
  const words = (hints.text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map(stem)
  const abroad = ABROAD.filter(([pattern]) => pattern.test(hints.text)).map(([, word]) => stem(word))
  return new Set([...words, ...hints.words.map(stem), ...abroad])
}

/** Three for a word of the tool's name, one for a word of its description or parameters. */
function scoreOf(tool: Tool, asked: ReadonlySet<string>): number {
  const named = wordsOf(tool.name.replace(/([a-z])([A-Z])/g, '$1 $2'))
  const properties = tool.parameters['properties']
  const told = wordsOf(`${tool.description} ${isRecord(properties) ? Object.keys(properties).join(' ') : ''}`)
  const count = (words: ReadonlySet<string>): number => [...words].filter((word) => asked.has(word)).length
  return count(named) * 3 + Math.min(count(told), 4)
}

function wordsOf(text: string): ReadonlySet<string> {
  const words =
    text
      .slice(0, 2_000)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  return new Set(words.filter((word) => word.length > 2 && !EMPTY_WORDS.has(word)).map(stem))
}

/** Crude, but enough for "searches" and "search", "погода" and "погоду". */
function stem(word: string): string {
  return word.length > 5 ? word.slice(0, 5) : word.replace(/s$/, '')
}
