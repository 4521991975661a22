import type { ChatCompletion } from '../../completion/chunk.ts'
import type { ChatRequest } from '../../completion/request.ts'
import { OpenAIError } from '../errors.ts'
import { type Issue, type JsonSchema, type StandardSchema, toJsonSchema, toStrict } from './schema.ts'

/** A schema with what OpenAI wants to know beside it. */
export interface NamedSchema<S> {
  readonly schema: S
  /** Letters, digits, `_` and `-`; `answer` unless told. */
  readonly name?: string | undefined
  readonly description?: string | undefined
  /** For a schema that cannot say itself as JSON Schema. */
  readonly jsonSchema?: JsonSchema | undefined
  /** Whether the model is held to the schema; where the schema allows it unless told. */
  readonly strict?: boolean | undefined
}

/** Why an answer is no value. */
export type ParseFailure = 'refused' | 'length' | 'content_filter' | 'not_json' | 'invalid'

/** The answer came, and is not what was asked for. */
export class ParseError extends OpenAIError {
  override readonly name: string = 'ParseError'
  readonly reason: ParseFailure
  readonly completion: ChatCompletion
  /** What the schema did not like. */
  readonly issues: readonly Issue[]

  constructor(reason: ParseFailure, message: string, completion: ChatCompletion, issues: readonly Issue[] = []) {
    super(message)
    this.reason = reason
    this.completion = completion
    this.issues = issues
  }
}

/** The `response_format` that asks for a value of this schema. */
export function responseFormat(named: NamedSchema<StandardSchema>): NonNullable<ChatRequest['response_format']> {
  const { schema, name = 'answer', description } = named
  const own = named.jsonSchema ?? toJsonSchema(schema)
  const strict = named.strict === false ? undefined : toStrict(own)
  return {
    type: 'json_schema',
    json_schema: {
      name,
      ...(description === undefined ? {} : { description }),
      schema: strict ?? own,
      ...(strict === undefined && named.strict !== true ? {} : { strict: true }),
    },
  }
}
