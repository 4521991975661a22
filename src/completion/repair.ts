/** Makes of a provider's chunk what the types promise, where providers are known to differ. */

import type { ChatCompletionChunk } from './chunk.ts'
import { isObject, said, type JsonObject } from './json.ts'

/** OpenAI's largest `n`, and the number of tool calls that its own SDK takes. */
export const MAX_CHOICES = 128

/**
 * Repairs a chunk in place: '' for "absent" in id-like fields, a missing delta, text in `choices[].text`,
 * content as a list of parts. A chunk that is as it should be is only looked at, and repairing twice
 * changes nothing. Unknown fields stay.
 *
 * Indexes are never repaired but where there is only one choice: they are used as keys, and a wrong one
 * would mix two texts.
 *
 * @returns why the chunk cannot be taken; `undefined` when it is now a `ChatCompletionChunk`. Tool call
 * indexes may be missing even then.
 */
export function repairChunk(json: JsonObject, choiceLimit: number = MAX_CHOICES): string | undefined {
  const choices = json['choices']
  if (!Array.isArray(choices)) return 'choices is not a list'
  if (json['object'] !== 'chat.completion.chunk') json['object'] = 'chat.completion.chunk'
  if (typeof json['id'] !== 'string') json['id'] = ''
  if (typeof json['model'] !== 'string') json['model'] = ''
  if (typeof json['created'] !== 'number') json['created'] = 0
  for (const choice of choices) {
    if (!isObject(choice)) return 'a choice is not an object'
    if (choice['index'] === undefined && choices.length === 1) choice['index'] = 0
    const refused = repairChoice(choice, choiceLimit)
    if (refused !== undefined) return refused
  }
  return undefined
}

/** What `repairChunk` has found nothing against, by its type. */
export function isChunk(json: JsonObject): json is JsonObject & ChatCompletionChunk {
  return Array.isArray(json['choices'])
}

function repairChoice(choice: JsonObject, choiceLimit: number): string | undefined {
  if (!isIndex(choice['index'], choiceLimit))
    return `choice index ${shown(choice['index'])} is not from 0 to ${choiceLimit - 1}`
  const reason = choice['finish_reason']
  if (reason !== null && said(reason) === undefined) choice['finish_reason'] = null
  const delta = choice['delta']
  if (isObject(delta)) return repairDelta(delta)
  if (delta !== undefined && delta !== null) return 'a delta is not an object'
  // The older text completions have no delta at all; Azure's content filter chunk has neither.
  choice['delta'] = typeof choice['text'] === 'string' ? { content: choice['text'] } : {}
  return undefined
}

function repairDelta(delta: JsonObject): string | undefined {
  const { role, content, tool_calls: calls } = delta
  if (role !== undefined && said(role) === undefined) delete delta['role']
  if (typeof content === 'object' && content !== null) splitContent(delta, Array.isArray(content) ? content : [content])
  else if (content !== undefined && content !== null && typeof content !== 'string')
    delta['content'] = JSON.stringify(content)
  if (calls === undefined) return undefined
  if (!Array.isArray(calls)) {
    if (calls !== null) return 'tool_calls is not a list'
    delete delta['tool_calls']
    return undefined
  }
  for (const call of calls) {
    if (!isObject(call)) return 'a tool call is not an object'
    const index = call['index']
    if (index !== undefined && !isIndex(index, MAX_CHOICES))
      return `tool call index ${shown(index)} is not from 0 to ${MAX_CHOICES - 1}`
  }
  return undefined
}

/** Mistral's list of parts, FastGPT's list of results: text to `content`, thinking to `reasoning_content`. */
function splitContent(delta: JsonObject, parts: readonly unknown[]): void {
  let text = ''
  let reasoning = ''
  let refusal = ''
  for (const part of parts) {
    if (typeof part === 'string') text += part
    else if (isObject(part)) {
      switch (part['type']) {
        case 'thinking':
        case 'reasoning':
          reasoning += partText(part['thinking'] ?? part['text'] ?? part['reasoning'])
          break
        case 'refusal':
          refusal += partText(part['refusal'])
          break
        default:
          text += partText(part['text'])
      }
    }
  }
  delta['content'] = text === '' && (reasoning !== '' || refusal !== '') ? null : text
  if (reasoning !== '') delta['reasoning_content'] = (said(delta['reasoning_content']) ?? '') + reasoning
  if (refusal !== '') delta['refusal'] = (said(delta['refusal']) ?? '') + refusal
}

/** A part's text: the string itself, `{ content }` (FastGPT), or a list of text parts (Mistral's thinking). */
function partText(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map((part) => (isObject(part) ? (said(part['text']) ?? '') : '')).join('')
  return isObject(value) ? (said(value['content']) ?? '') : ''
}

function isIndex(value: unknown, limit: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < limit
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value).slice(0, 40)
}
