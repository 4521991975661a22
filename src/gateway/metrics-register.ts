import { Counter, Histogram, type Registry } from '@prometheus-io/client'

/** Where metrics are registered. */
export type Registers = readonly Registry[]

/** OpenTelemetry's name of the model that was asked for. */
export const MODEL = 'gen_ai_request_model'
/** And of who provides it. */
export const PROVIDER = 'gen_ai_provider_name'

/** A counter with these labels. */
export function counter(registers: Registers, name: string, help: string, labelNames: string[]): Counter<string> {
  return new Counter({ name, help, labelNames, registers: [...registers] })
}

/** A histogram with these labels. */
export function histogram(
  registers: Registers,
  name: string,
  help: string,
  labelNames: string[],
  buckets: number[],
): Histogram<string> {
  return new Histogram({ name, help, labelNames, buckets, registers: [...registers] })
}
