import type { Colors } from 'picocolors/types.js'
import { formatDuration } from '../config/duration.ts'
import type { Start } from '../config/start.ts'

/** What the start-up text tells. */
export interface StartTextOptions {
  readonly version: string
  /** `http://127.0.0.1:8787` */
  readonly url: string
  readonly start: Start
  /** Whether it asks for keys or tokens. */
  readonly isGuarded?: boolean | undefined
  /** Where the operator's routes are, if they have a listener of their own. */
  readonly adminUrl?: string | undefined
  /** Where the documentation is. */
  readonly docs: string
  readonly colors: Colors
}

/** No more model names than this are listed. */
const MOST_MODELS = 6

/** The text of a gateway that has started: where, what with and why, how to try it, where to read on. */
export function startText(options: StartTextOptions): string {
  const { version, url, start, docs, colors, isGuarded = false, adminUrl } = options
  const rows: (readonly [string, readonly string[]])[] = [
    ['providers', start.reasons],
    ['models', [modelsOf(start)]],
    ['log', [logOf(start)]],
  ]
  if (isGuarded) rows.push(['keys', ['asked for; sluice keys list shows which there are']])
  if (adminUrl !== undefined) rows.push(['admin', [`${adminUrl}/admin/v1`]])
  rows.push(['try', curlLines(url, firstModel(start), isGuarded)], ['docs', [docs]])
  const lines = rows.flatMap(([name, [first = '', ...more]]) => [
    `  ${colors.dim(name.padEnd(11))}${first}`,
    ...more.map((line) => `  ${' '.repeat(11)}${line}`),
  ])
  return `\n  ${colors.bold('Sluice')} ${version} listens on ${colors.cyan(`${url}/v1`)}\n\n${lines.join('\n')}\n`
}

function modelsOf({ config }: Start): string {
  const names = [...config.routes.keys(), ...[...config.prefixes.keys()].map((prefix) => `${prefix}*`)]
  const listed = names.slice(0, MOST_MODELS)
  if (names.length > MOST_MODELS) listed.push(`and ${names.length - MOST_MODELS} more`)
  if (config.passthrough !== undefined) listed.push(listed.length === 0 ? 'every name' : 'every other name')
  return listed.join('  ')
}

function firstModel({ config }: Start): string {
  const [first] = config.routes.keys()
  return config.routes.has('default') ? 'default' : (first ?? 'MODEL')
}

function logOf({ config: { log } }: Start): string {
  const kept = `kept ${formatDuration(log.retention)} after their end`
  if (log.kind === 'memory') return `in memory: streams are ${kept}, and gone after a restart`
  return `in ${log.dir}: streams are ${kept} and survive the end of ${log.durability === 'power' ? 'the machine' : 'the process'}`
}

/** Quoted for a POSIX shell: a model's name may hold a quote. */
function curlLines(url: string, model: string, isGuarded: boolean): readonly string[] {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Tell me a story' }] })
  return [
    `curl -N ${url}/v1/chat/completions -H 'content-type: application/json' \\`,
    ...(isGuarded ? [`  -H "authorization: Bearer $KEY" \\`] : []),
    `  -d '${body.replaceAll("'", String.raw`'\''`)}'`,
  ]
}
