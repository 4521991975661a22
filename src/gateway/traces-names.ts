/**
 * Attribute names of our spans. The first ones are OpenTelemetry's GenAI conventions (semconv 1.38), which are not
 * stable yet: where they change, they change here. The rest is ours.
 */
export const ATTRIBUTE = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  errorType: 'error.type',
  streamId: 'sluice.stream.id',
  requestId: 'sluice.request.id',
  key: 'sluice.key.id',
  outcome: 'sluice.outcome',
  nanoDollars: 'sluice.cost.nano_dollars',
  isEstimated: 'sluice.usage.estimated',
  timeToFirstToken: 'sluice.time_to_first_token_ms',
} as const
