import { describe, test } from 'node:test'
import assert from 'node:assert/strict'
import type OpenAI from 'openai'
import type * as ours from '../../src/completion/chunk.ts'
import type * as request from '../../src/completion/request.ts'

type theirs = OpenAI.Chat.Completions.ChatCompletion
type TheirChunk = OpenAI.Chat.Completions.ChatCompletionChunk
type TheirParams = OpenAI.Chat.Completions.ChatCompletionCreateParams

/** The same type without `readonly`, which is all that may differ: a request's arrays have it, an answer's have not. */
type Mutable<T> = T extends (...parameters: never[]) => unknown
  ? T
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T

/** A completion whose choices all ended; OpenAI's type knows no other. */
type Ended = Omit<ours.ChatCompletion, 'choices'> & {
  readonly choices: (Omit<ours.CompletionChoice, 'finish_reason'> & {
    readonly finish_reason: ours.FinishReason
  })[]
}

/** Compiles only when every `From` is a `To`. */
type Assignable<From extends To, To> = From

/** Names of fields that one has and the other lacks. */
type Missing<From, To> = Exclude<AllKeys<From>, AllKeys<To>>
type AllKeys<T> = T extends unknown ? keyof T : never
type Nothing<T extends never> = T

// Each line is a test: the type check fails where one side has moved.
export type Proofs = [
  Assignable<TheirChunk, ours.ChatCompletionChunk>,
  Assignable<ours.ChatCompletionChunk, TheirChunk>,
  Assignable<theirs, ours.ChatCompletion>,
  Assignable<Ended, theirs>,
  Assignable<TheirParams, request.ChatRequest>,
  Assignable<Mutable<request.ChatRequest> & { stream: true }, TheirParams>,
  Assignable<Mutable<request.ChatRequest> & { stream: false }, TheirParams>,
  Assignable<OpenAI.CompletionUsage, ours.Usage>,
  Assignable<ours.Usage, OpenAI.CompletionUsage>,
]

// Optional fields could be left out without an error above; their names may not.
export type Complete = [
  Nothing<Missing<TheirChunk, ours.ChatCompletionChunk>>,
  Nothing<Missing<TheirChunk['choices'][number], ours.ChunkChoice>>,
  Nothing<Missing<TheirChunk['choices'][number]['delta'], ours.Delta>>,
  Nothing<Missing<NonNullable<TheirChunk['choices'][number]['delta']['tool_calls']>[number], ours.ToolCallDelta>>,
  Nothing<Missing<theirs, ours.ChatCompletion>>,
  Nothing<Missing<theirs['choices'][number]['message'], ours.ChatCompletionMessage>>,
  Nothing<Missing<OpenAI.CompletionUsage, ours.Usage>>,
  Nothing<
    Missing<
      NonNullable<OpenAI.CompletionUsage['completion_tokens_details']>,
      NonNullable<ours.Usage['completion_tokens_details']>
    >
  >,
  Nothing<
    Missing<
      NonNullable<OpenAI.CompletionUsage['prompt_tokens_details']>,
      NonNullable<ours.Usage['prompt_tokens_details']>
    >
  >,
  Nothing<Missing<TheirParams, request.ChatRequest>>,
  Nothing<Missing<request.ChatRequest, TheirParams>>,
]

// What OpenAI's chunk does not have is ours to add, and is listed.
export type Added = [
  Assignable<Missing<ours.ChatCompletionChunk, TheirChunk>, 'x_groq'>,
  Assignable<
    Missing<ours.Delta, TheirChunk['choices'][number]['delta']>,
    'reasoning_content' | 'reasoning' | 'reasoning_details'
  >,
]

describe("the completion types and the openai package's", () => {
  test('a chunk of theirs is read by a function of ours without a cast', () => {
    const chunk: TheirChunk = {
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }],
    }
    const text = ({ choices }: ours.ChatCompletionChunk): string => choices.map(({ delta }) => delta.content).join('')
    assert.equal(text(chunk), 'Hi')
  })
})
