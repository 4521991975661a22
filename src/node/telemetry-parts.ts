import type { GatewayOptions } from '../gateway/gateway.ts'
import type { Environment } from '../provider/environment.ts'
import { loadPriceBook } from '../provider/price-package.ts'
import { createTokenCounter } from './count-tokens.ts'
import { measureProcess, startTracing } from './telemetry.ts'

/** What a gateway of this process is given to count, price and measure with. */
export interface TelemetryParts {
  readonly options: Pick<GatewayOptions, 'countTokens' | 'priceBook' | 'gauges'>
  /** After the gateway's own end. Never rejects. */
  stop(): Promise<void>
}

/** @param say Is given a line for whoever started it. */
export async function startTelemetry(env: Environment, say: (line: string) => void): Promise<TelemetryParts> {
  const tracing = await startTracing(env, say)
  const counter = createTokenCounter()
  const gauges = measureProcess()
  return {
    options: { countTokens: counter.count, priceBook: loadPriceBook, gauges: [gauges.add] },
    async stop() {
      gauges.stop()
      await Promise.all([counter.close(), tracing?.shutdown()])
    },
  }
}
